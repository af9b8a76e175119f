"""openai-whisper: the reference engine, run by torch."""

from __future__ import annotations

import base64
import ctypes
import gzip
import math
import os
import pickle
import warnings
from contextlib import suppress
from copy import deepcopy
from functools import partial
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from sayback.errors import TranscriptionError, reason
from sayback.model import SAMPLE_RATE_HZ, Transcript, Word
from sayback.transcript import models
from sayback.transcript.fetching import could_not_fetch, require_network, unknown_model
from sayback.transcript.openai_alignment import lighten
from sayback.transcript.transcriber import Samples
from sayback.transcript.turns import Turns
from sayback.transcript.words import (
    LEAD_S,
    TEMPERATURES,
    is_invented,
    tidy_words,
    window_transcript,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor
    from torch.nn import Module
    from whisper import Whisper
    from whisper.model import TextDecoder

NAME = "openai-whisper"

OVERTAKING = 2
"""A caption overtakes the window in full, and the last words overtake both when the answer is over.
"""

_GIVEN_BACK_BYTES = 1 << 20
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of malloc.h
_BAD_FILE = (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError)


class OpenAIWhisper:
    """A `Transcriber` that runs OpenAI's own code."""

    lanes = 1  # torch uses all cores for a window
    overtaking = OVERTAKING

    def __init__(self, model: str, *, compute: str) -> None:
        """Load `model` (name, folder or .pt file) for `compute`: auto, cpu or cuda.

        Raises TranscriptionError.
        """
        # Such as "Failed to launch Triton kernels": nothing the user could do anything about.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"whisper\.")
        self._name = model
        _give_memory_back()
        loaded = _load(model, _device(compute))
        lighten()
        self._turns = Turns()
        self._models: SimpleQueue[Whisper] = SimpleQueue()  # those that nobody uses
        for _ in range(self.lanes + self.overtaking):
            self._models.put(_for_one_lane(loaded, self._turns))

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        """See `Transcriber`; quick gives words of a sentence time by their length."""
        lead = np.zeros(round(LEAD_S * SAMPLE_RATE_HZ), np.float32)
        model = self._models.get()  # waits where an answer that was set aside is still at work
        try:
            model.decode = partial(_decoder(quick=quick), model)
            with self._turns.turn(quick=quick):
                # Greedy: a beam of 5 takes three times as long here and mends 1 word in 100.
                result = model.transcribe(
                    np.concatenate([lead, samples]),
                    language="en",
                    temperature=TEMPERATURES,
                    logprob_threshold=None,
                    no_speech_threshold=None,
                    condition_on_previous_text=False,
                    word_timestamps=not quick,  # they take another run of the decoder
                    fp16=model.device.type == "cuda",
                )
        except Exception as error:  # short of memory it raises anything
            for block in model.decoder.blocks:  # that whisper leaves if it fails at word times
                block.cross_attn._forward_hooks.clear()
            raise TranscriptionError(
                f"{self._name}: {NAME} failed ({reason(error)})",
                "try --compute cpu, or another model with --model",
            ) from error
        finally:
            model.encoder.last.clear()
            self._models.put(model)
        pieces = _pieces(result["segments"])
        words = tidy_words(pieces, lead_s=LEAD_S, duration_s=len(samples) / SAMPLE_RATE_HZ)
        return window_transcript(words, engine=NAME, model=self._name)


def _decoder(*, quick: bool) -> Callable[..., Any]:
    from whisper.decoding import decode

    from sayback.transcript.openai_one_run import decode_in_one_run

    return decode_in_one_run if quick else decode


def _for_one_lane(model: Whisper, turns: Turns) -> Whisper:
    """A copy with the same weights, as whisper keeps the state of a transcription in its model.

    It gives way before each layer of its encoder and before each token; not while it looks for the
    times of words, for which whisper switches something in all models.
    """
    weights = chain(model.parameters(), model.buffers())
    copied = deepcopy(model, {id(each): each for each in weights})

    def before_a_layer(*_: object) -> None:
        turns.give_way()

    def before_a_token(decoder: TextDecoder, _: object, options: dict[str, Any]) -> None:
        if "kv_cache" in options and turns.is_wanted:  # no cache where word times are looked for
            _forget_sound(decoder, options["kv_cache"])
            turns.give_way()

    for layer in copied.encoder.blocks:
        layer.register_forward_pre_hook(before_a_layer)
    copied.decoder.register_forward_pre_hook(before_a_token, with_kwargs=True)
    _encode_once(copied)
    return copied


def _forget_sound(decoder: TextDecoder, cache: dict[Module, Tensor]) -> None:
    """Drop what the decoder keeps of the encoded sound, 37 MB with base; it works it out again."""
    for layer in decoder.blocks:
        for kept in (layer.cross_attn.key, layer.cross_attn.value):
            cache.pop(kept, None)


def _encode_once(model: Whisper) -> None:
    """Let the encoder return what it has made of the same sound just before: it keeps the `last`.

    Whisper runs it once for the words and once more for their times, and again for each
    temperature: of a window of 28 s that is a fifth of the time and 150 MB.
    """
    import torch

    encode = model.encoder.forward
    last: list[tuple[Tensor, Tensor]] = []

    def forward(mel: Tensor) -> Tensor:
        if not last or not torch.equal(last[0][0], mel):
            last[:] = [(mel, encode(mel))]
        return last[0][1]

    model.encoder.forward, model.encoder.last = forward, last


def _give_memory_back() -> None:
    """Let nobody keep the memory of large tensors: in the end 250 MB. Before torch is imported.

    Not glibc: see mallopt(3), a limit that is set is no longer raised by what is freed. Nor MKL,
    which keeps it for each thread, and there are three lanes. And let these use the same heap, as
    one works at a time: 13 MB.
    """
    os.environ.setdefault("MKL_DISABLE_FAST_MM", "1")
    with suppress(AttributeError, OSError, TypeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _GIVEN_BACK_BYTES)
        mallopt(_M_ARENA_MAX, 1)


def _pieces(segments: Iterable[dict[str, Any]]) -> Iterable[Word]:
    for segment in segments:
        if is_invented(
            no_speech_probability=segment["no_speech_prob"],
            average_log_probability=segment["avg_logprob"],
        ):
            continue
        words = segment.get("words")
        if not words:
            yield from _spread(segment)
        for word in words or ():
            times_s = float(word["start"]), float(word["end"])
            yield Word(word["word"], *times_s, float(word["probability"]))


def _spread(segment: dict[str, Any]) -> Iterable[Word]:
    """The words of a segment without word times, each as long as its share of letters."""
    words, start_s = segment["text"].split(), float(segment["start"])
    step_s = (float(segment["end"]) - start_s) / max(sum(map(len, words)), 1)
    for word in words:
        end_s = start_s + step_s * len(word)
        yield Word(f" {word}", start_s, end_s, math.exp(segment["avg_logprob"]))
        start_s = end_s


def _load(model: str, device: str) -> Whisper:
    import whisper

    if not models.is_local(model):
        return _fetch(model, device)
    checkpoint = models.openai_checkpoint(model)
    try:
        loaded = whisper.load_model(str(checkpoint), device=device)
    except _BAD_FILE as error:
        raise TranscriptionError(
            f"{checkpoint}: not a checkpoint that {NAME} can load ({reason(error)})",
            "try --model base",
        ) from error
    if heads := models.alignment_heads(model):
        loaded.set_alignment_heads(_encoded(heads, loaded))
    elif table := whisper._ALIGNMENT_HEADS.get(Path(model).stem):
        loaded.set_alignment_heads(table)
    return loaded


def _encoded(heads: models.Heads, model: Whisper) -> bytes:
    """Heads as `set_alignment_heads` takes them: a zipped table (layer, head) of booleans."""
    table = np.zeros((model.dims.n_text_layer, model.dims.n_text_head), bool)
    for layer, head in heads:
        table[layer, head] = True
    return base64.b85encode(gzip.compress(table.tobytes()))


def _fetch(model: str, device: str) -> Whisper:
    """A model that whisper has in its own cache or downloads there."""
    import whisper

    names = whisper.available_models()
    if model not in names:
        raise unknown_model(model, names)
    url = whisper._MODELS[model]
    if not _kept_by_whisper(url):
        require_network(model, url)
    try:
        return whisper.load_model(model, device=device)
    except _BAD_FILE as error:
        raise could_not_fetch(model, error) from error


def _kept_by_whisper(url: str) -> bool:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(cache) / "whisper" / Path(url).name).is_file()


def _device(compute: str) -> str:
    import torch

    available = torch.cuda.is_available()
    if compute == "cuda" and not available:
        raise TranscriptionError("cuda: no CUDA device found by torch", "use --compute cpu")
    return "cuda" if available and compute != "cpu" else "cpu"
