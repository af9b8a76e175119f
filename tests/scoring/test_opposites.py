from __future__ import annotations

import pytest

from sayback.scoring.opposites import are_related, opposites
from sayback.scoring.words import stem


def are_opposite(word: str, other: str) -> bool:
    is_sure = opposites(word).get(stem(other))
    return is_sure is not None and (is_sure or are_related(word, other))


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("large", "small"),
        ("lower", "higher"),
        ("more", "less"),
        ("before", "after"),
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
        ("of", "off"),
    ],
)
def test_likeness_is_no_opposite(word: str, other: str) -> None:
    assert not are_opposite(word, other)
    assert not are_opposite(other, word)
