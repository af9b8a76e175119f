"""The keys of each phase."""

from __future__ import annotations

import pytest
from tests.views.panels.scenes import scene

from sayback.remote import Wish
from sayback.views.panels.keys import OnCard, keys, keys_line
from sayback.views.panels.scene import Phase


@pytest.mark.parametrize(
    ("phase", "line"),
    [
        (Phase.READING, "enter answer now  q read it again  s skip  esc stop"),
        (
            Phase.LISTENING,
            "enter done  space pause  r start over  q hear the question  s skip  esc stop",
        ),
        (
            Phase.PAUSED,
            "enter done  space go on  r start over  q hear the question  s skip  esc stop",
        ),
        (Phase.AWAY, "enter done  s skip  esc stop"),
        (Phase.SCORING, "esc stop"),
        (Phase.CARD, "enter next  r again  p hear it  w words  o open in review  esc stop"),
    ],
)
def test_the_keys_fit_into_80_columns(phase: Phase, line: str) -> None:
    assert keys_line(scene(phase, has_review=True), 78).plain == line


@pytest.mark.parametrize(
    ("phase", "label"), [(Phase.LISTENING, "go on"), (Phase.PAUSED, "end the reading")]
)
def test_enter_ends_a_reading_in_the_middle_of_an_answer(phase: Phase, label: str) -> None:
    enter, *others = keys(scene(phase, is_asking_again=True))
    assert (enter.label, enter.act) == (label, Wish.DONE)
    assert others == [*keys(scene(phase))][1:]


def test_a_narrow_terminal_breaks_between_keys() -> None:
    assert keys_line(scene(), 40).plain.splitlines() == [
        "enter done  space pause  r start over",
        "q hear the question  s skip  esc stop",
    ]


def test_the_last_card_finishes() -> None:
    last = scene(Phase.CARD, is_last=True)
    assert [key.label for key in keys(last)] == ["finish", "again", "hear it", "words", "stop"]
    assert OnCard.REVIEW not in [key.act for key in keys(last)]


def test_somebody_who_leaves_can_still_leave_at_once() -> None:
    assert [key.act for key in keys(scene(is_leaving=True))] == [Wish.LEAVE]


@pytest.mark.parametrize("phase", tuple(Phase))
def test_no_key_means_two_things(phase: Phase) -> None:
    names = [key.name for key in keys(scene(phase, has_review=True))]
    assert len(names) == len(set(names))
