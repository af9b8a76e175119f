"""Meaning of single words, as vectors distilled from the judge's base model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from sayback.scoring.judge import tokenizer

Vectors = NDArray[np.float32]


@lru_cache(maxsize=1)
def _table() -> NDArray[np.int8]:
    """The vector of each word piece, shape (pieces, dimensions)."""
    with resources.files("sayback.scoring").joinpath("word_vectors.npy").open("rb") as file:
        return np.asarray(np.load(file), dtype=np.int8)


@lru_cache(maxsize=50_000)
def _vector(word: str) -> Vectors:
    pieces = tokenizer().encode(word, add_special_tokens=False).ids
    summed = _table()[pieces].sum(axis=0, dtype=np.float32)
    return np.asarray(summed / max(float(np.linalg.norm(summed)), 1e-6), dtype=np.float32)


def vectors(words: Sequence[str]) -> Vectors:
    """Unit vectors of words, shape (words, dimensions); a word of unknown signs is zero."""
    if not words:
        return np.zeros((0, _table().shape[1]), dtype=np.float32)
    return np.stack([_vector(word) for word in words])
