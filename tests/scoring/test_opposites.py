from __future__ import annotations

import pytest

from sayback.scoring.opposites import are_opposite, candidates
from sayback.scoring.words import stem


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("large", "small"),
        ("lower", "higher"),
        ("bigger", "smaller"),
        ("overfitting", "underfits"),
        ("encoder", "decoder"),
        ("upsampling", "downsample"),
        ("include", "excluded"),
        ("increases", "decreasing"),
        ("homogeneous", "heterogeneous"),
        ("supervised", "unsupervised"),
        ("linear", "nonlinear"),
        ("balanced", "imbalanced"),
        ("reversible", "irreversible"),
    ],
)
def test_opposites(word: str, other: str) -> None:
    assert are_opposite(word, other)
    assert are_opposite(other, word)
    assert stem(other) in candidates(word)
    assert stem(word) in candidates(other)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("large", "larger"),
        ("large", "big"),
        ("form", "inform"),
        ("code", "decode"),
        ("tail", "detail"),
        ("part", "depart"),
        ("vision", "division"),
        ("fit", "overfit"),
        ("sample", "upsampling"),
        ("momentum", "momentum"),
        ("importance", "exported"),
        ("intensity", "extension"),
        ("definition", "infinitely"),
        ("union", "ion"),
    ],
)
def test_likeness_is_no_opposite(word: str, other: str) -> None:
    assert not are_opposite(word, other)
    assert not are_opposite(other, word)
