"""Short names of key points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayback.model import KeyPoint
from sayback.views.labels import LONGEST, label


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("U-Net is for semantic segmentation", ("segmentation",), "segmentation"),
        ("Mask R-CNN: ROIAlign, Feature Pyramid Network", (), "Mask R-CNN"),
        ("For a pure shift, the peak gives the offset", (), "pure shift"),
        ("An encoder shrinks the image and extracts features", (), "encoder shrinks"),
        ("It reduces overfitting.", (), "reduces overfitting"),
        ("It is", (), "It is"),
        ("Donaudampfschifffahrtsgesellschaft", (), "Donaudampfschifffahrt…"),
    ],
)  # fmt: skip
def test_the_telling_part_is_kept(text: str, terms: tuple[str, ...], expected: str) -> None:
    assert label(KeyPoint(text, terms)) == expected


@given(st.text(min_size=1).filter(str.strip), st.lists(st.text(), max_size=2).map(tuple))
def test_a_label_is_never_empty_and_never_long(text: str, terms: tuple[str, ...]) -> None:
    assert 0 < len(label(KeyPoint(text, terms))) <= LONGEST
