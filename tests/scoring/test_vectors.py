from __future__ import annotations

import numpy as np
import pytest

from sayback.scoring.vectors import vectors


@pytest.mark.parametrize(
    ("word", "near", "far"),
    [("picture", "image", "banana"), ("fast", "quick", "yellow"), ("four", "4", "learning")],
)
def test_near_meanings_are_nearer(word: str, near: str, far: str) -> None:
    first, second, third = vectors([word, near, far])
    assert first @ second > first @ third


def test_each_vector_has_length_one() -> None:
    assert np.linalg.norm(vectors(["upsampling", "x", "255"]), axis=1) == pytest.approx(1.0)


def test_no_words_no_vectors() -> None:
    assert vectors([]).shape == (0, vectors(["word"]).shape[1])
