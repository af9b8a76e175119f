"""A small cross-encoder that reads a passage of an answer together with a claim."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib import resources
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LONGEST_PAIR = 128
"""Word pieces of passage and claim together; the rest is cut off the longer one."""
LONGEST_TEXT = 1000
"""Characters of a passage or claim that are read: the splitting of odd signs is quadratic."""
THREADS = 2
_LOADING = Lock()

Pair = tuple[str, str]
"""A passage of an answer, and a claim of a key point."""


class Verdict(NamedTuple):
    """Log-odds that the passage says the claim, and that it says the opposite."""

    said: float
    contradicted: float


_SIGNS = tuple(
    (re.compile(sign, re.IGNORECASE), spelt)
    for sign, spelt in (
        (r"\bw/o\b", "without"),
        (r"^([^<>]*\w)\s*>\s*(?=\w)(?!.*>)", r"\1 is more than "),
        (r"^([^<>]*\w)\s*<\s*(?=\w)(?!.*<)", r"\1 is less than "),
        (r"(?<=[\w)])\s*=\s*(?=[\w(])", " is "),
    )
)
"""Signs of notes that are judged better in words; of "A > B > C" who knows what is meant."""


def as_read(passage: str, claim: str) -> Pair:
    """Both as the judge reads them: a passage with a full stop as its last mark, a claim without
    one and with its signs in words."""
    for sign, spelt in _SIGNS:
        claim = sign.sub(spelt, claim)
    return passage.rstrip(" .,;:!?") + ".", claim.rstrip(" .")


@lru_cache(maxsize=1)
def tokenizer() -> Tokenizer:
    """Word pieces of the model, lower-cased."""
    from tokenizers import Tokenizer as Loader

    data = resources.files("sayback.scoring").joinpath("judge_tokenizer.json").read_text("utf-8")
    loaded = Loader.from_str(data)
    loaded.enable_truncation(LONGEST_PAIR)
    loaded.no_padding()  # the file asks for 128 pieces, and the judge reads all it is given
    return loaded


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """The words that are one word piece: common ones."""
    return frozenset(tokenizer().get_vocab())


class Judge:
    """all-MiniLM-L6-v2 trained by `scripts/train_judge.py`, with weights of 8 bits."""

    def __init__(self, model: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # two pairs at once are quicker than two threads a pair
        self._session = onnxruntime.InferenceSession(
            os.fspath(model),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],  # slower than the two steps it joins
        )
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="judge")
        self._read = lru_cache(maxsize=20_000)(self._verdict)

    def read(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """One verdict a pair. Each is read alone: in a batch, 8-bit sums depend on the others."""
        return list(self._pool.map(self._read, pairs))

    def _verdict(self, pair: Pair) -> Verdict:
        encoded = tokenizer().encode(*as_read(*(text[:LONGEST_TEXT] for text in pair)))
        (logits,) = self._session.run(
            None,
            {
                "input_ids": np.array([encoded.ids], dtype=np.int64),
                "token_type_ids": np.array([encoded.type_ids], dtype=np.int64),
            },
        )
        said, neither, contradicted = (float(value) for value in logits[0])
        return Verdict(
            said=said - float(np.logaddexp(neither, contradicted)),
            contradicted=contradicted - float(np.logaddexp(said, neither)),
        )


def judge() -> Judge:
    """The judge that the package ships; loaded once, 0.1 s."""
    with _LOADING:
        return _loaded()


@lru_cache(maxsize=1)
def _loaded() -> Judge:
    # From a file: of bytes the session would keep a copy.
    with resources.as_file(resources.files("sayback.scoring") / "judge.onnx") as model:
        return Judge(model)
