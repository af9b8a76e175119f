"""The key points while one speaks, and those to work on."""

from __future__ import annotations

from dataclasses import replace

from tests.views.panels.scenes import coverage, scene, scored

from sayback.model import KeyPoint, Question, Status
from sayback.views.panels.points import MOST_ROWS, missed, points
from sayback.views.panels.scene import Phase, Turn

NOTHING = [Status.MISSED] * 4
SOME = (Status.COVERED, Status.MISSED, Status.PARTIAL, Status.CONTRADICTED)


def test_what_was_not_said_is_hidden() -> None:
    assert points(scene(), 78).plain == "key points     · · · ·"
    assert points(scene(coverage=coverage(*NOTHING)), 78).plain == "key points     · · · ·"


def test_what_was_said_has_a_mark_and_a_name() -> None:
    said = scene(coverage=coverage(*SOME), lit=(2, 0, 3))
    assert points(said, 78).plain == "key points     ◐ Mask R-CNN   ✓ U-Net   ! EfficientNet   ·"


def test_nothing_is_shown_in_an_exam_or_without_key_points() -> None:
    said = scene(coverage=coverage(*SOME), lit=(2, 0, 3))
    assert points(replace(said, is_exam=True), 78).plain == ""
    assert points(scene(turn=Turn(Question("Q", "q"))), 78).plain == ""


def test_many_points_take_no_more_than_a_few_rows() -> None:
    many = tuple(KeyPoint(f"Point {number}: text") for number in range(40))
    question = Question("Q", "q", (), many)
    hidden = scene(turn=Turn(question))
    assert points(hidden, 78).plain.endswith("· · and 28 more")
    all_said = scored(*SOME).scorecard.coverage
    assert all_said is not None
    all_said = replace(all_said, points=all_said.points * 10)
    shown = points(replace(hidden, coverage=all_said, lit=tuple(range(40))), 60).plain
    assert len(shown.splitlines()) == MOST_ROWS
    assert shown.endswith(" …")


def test_a_long_scorecard_has_a_line_of_what_to_work_on() -> None:
    card = scene(Phase.CARD, scored=scored(*SOME), is_tall=True)
    assert missed(card, 78).plain == "to work on     ✗ ViT   ! EfficientNet   ◐ Mask R-CNN"
    assert points(card, 78).plain == ""
    assert missed(replace(card, is_tall=False), 78).plain == ""
    assert missed(replace(card, phase=Phase.LISTENING), 78).plain == ""
