"""Text that would command a terminal."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.views.panels.scenes import RECORDING, scored

from sayback.model import KeyPoint, Question, Status
from sayback.views.panels.harmless import harmless, harmless_lines


def test_escape_sequences_are_shown_wherever_they_are() -> None:
    evil = Question("\x1b[2Jclear\x07", "q", ("\u202eback",), (KeyPoint("a\nb", ("\x9b1m",)),))
    assert harmless(evil) == Question("␛[2Jclear␇", "q", ("�back",), (KeyPoint("a b", ("�1m",)),))


def test_other_values_stay_as_they_are() -> None:
    card = scored(Status.COVERED, Status.MISSED, Status.PARTIAL, Status.MISSED)
    assert harmless(card) == card
    assert harmless(card).scorecard.coverage.points[0].status is Status.COVERED  # type: ignore[union-attr]
    assert harmless(replace(RECORDING, warnings=("\x1b",))).warnings == ("␛",)


@given(st.text())
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    assert not {unicodedata.category(each) for each in harmless(text)} & {"Cc", "Cs"}
    assert len(harmless(text)) == len(text)


@given(st.text())
def test_lines_stay_lines(text: str) -> None:
    shown = harmless_lines(text)
    assert shown.count("\n") == text.count("\n")
    assert harmless(shown) == harmless(text)
