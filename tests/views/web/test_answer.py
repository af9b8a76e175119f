"""One answer as its page shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.views.web.examples import PACE, answer, point, question

from sayback.history.store import Store
from sayback.model import Interval, Status
from sayback.views.web.answer import Column, Point, view

COVERED, PARTIAL, OPPOSITE, MISSED = (
    Status.COVERED, Status.PARTIAL, Status.CONTRADICTED, Status.MISSED,
)  # fmt: skip
ASKED = question("What is U-Net?", "An encoder", "A decoder")


@pytest.mark.parametrize(
    ("status", "values"),
    [(COVERED, ["no"]), (MISSED, ["yes"]), (PARTIAL, ["yes", "no"]), (OPPOSITE, ["yes", "no"])],
)
def test_what_can_be_answered_to_a_judgement(status: Status, values: list[str]) -> None:
    assert [value for value, _ in Point(1, point("p", status)).choices] == values


def test_a_mark_can_be_taken_back() -> None:
    marked = replace(point("p", COVERED), judged=PARTIAL)
    assert Point(1, marked).choices == (("scorer", "Undo: the scorer says partly said"),)


def test_only_what_was_partly_said_lists_what_was_not() -> None:
    partly = replace(point("p", PARTIAL), missing=("p", "bilinear"))
    assert Point(1, partly).missing == ("bilinear",)
    assert Point(1, replace(partly, status=MISSED)).missing == ()


def test_a_scored_answer_has_all_its_parts(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        number = answer(store, ASKED, point("An encoder", COVERED, 0.25), point("A", PARTIAL, 2.25))
        found = view(store.attempt(number), (0.2, 0.4))
    assert found.audio == f"audio-{number}.wav"
    assert found.summary == "1 of 2 key points said, 1 partly"
    assert [each.text for each in found.fillers] == ["um,"]
    assert [each.duration_s for each in found.pauses] == [1.5]
    assert found.pace == ((0.0, 5), (5.0, 1))
    assert [each.evidence for each in found.points] == [Interval(0.25, 2.0), Interval(2.25, 4.0)]
    assert " ".join(word.text for word in found.words) == "The encoder, um, shrinks the image"
    assert found.wave.startswith("<svg")


def test_an_answer_whose_sound_is_gone_can_be_read(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        attempt = store.attempt(answer(store, ASKED, point("An encoder", COVERED, 0.25)))
        attempt.audio.unlink()
        found = view(attempt, ())
    assert (found.audio, found.wave, found.pace) == (None, "", ())
    assert len(found.words) == 6


@pytest.mark.parametrize(
    ("on_target", "target_s", "said"),
    [(True, 8.0, "on target"), (False, 2.0, "too long"), (False, 60.0, "too short")],
)
def test_the_length_is_held_against_its_target(
    tmp_path: Path, on_target: bool, target_s: float, said: str
) -> None:
    with Store(tmp_path) as store:
        attempt = store.attempt(answer(store, ASKED))
    assert attempt.scorecard is not None
    card = replace(
        attempt.scorecard,
        question=replace(ASKED, target_s=target_s),
        pace=replace(PACE, on_target=on_target),
    )
    assert view(replace(attempt, scorecard=card), ()).target == said
    untimed = replace(card, question=replace(ASKED, target_s=None))
    assert view(replace(attempt, scorecard=untimed), ()).target == ""


def test_a_column_knows_the_points_that_were_judged_in_it(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        judged = Column(store.attempt(answer(store, ASKED, point("An encoder", COVERED))))
        unjudged = Column(store.attempt(answer(store, ASKED, days_ago=2)))
    assert (judged.coverage, judged.status("An encoder"), judged.status("new")) == (
        1,
        COVERED,
        None,
    )
    assert (unjudged.coverage, unjudged.status("An encoder")) == (None, None)
