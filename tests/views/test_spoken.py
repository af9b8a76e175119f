"""What is read aloud of a scorecard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sayback.model import (
    Coverage,
    Fillers,
    KeyPoint,
    Pace,
    Pauses,
    PointScore,
    Question,
    Scorecard,
    Status,
    Transcript,
)
from sayback.views.spoken import duration, number, spoken_result

SAID = {
    "EfficientNet: it scales depth and width": Status.COVERED,
    "An encoder and a decoder": Status.COVERED,
    "It works in patches": Status.PARTIAL,
    "Compound scaling of all three": Status.MISSED,
    "CLIP: an image encoder and a text encoder": Status.MISSED,
}
PACE = Pace(64.0, 1.2, 52.3, 134.0, 165.0, 3.8, Pauses(7, 0.6, 2.1, 6.0), Fillers(0, {}), None)


def card(said: dict[str, Status]) -> Scorecard:
    points = tuple(PointScore(text, status, 0.5, None) for text, status in said.items())
    question = Question("Why?", "why", (), tuple(map(KeyPoint, said)), 90)
    return Scorecard(question, Transcript("words"), Coverage.of(points), PACE, "v")


def test_what_was_covered_what_was_not_and_for_how_long() -> None:
    assert spoken_result(card(SAID)) == (
        "You covered two of five key points, one partly. Not said: Compound scaling; CLIP."
        " You spoke for fifty two seconds."
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"A": Status.COVERED, "B": Status.COVERED}, "You covered both key points."),
        (dict.fromkeys("ABC", Status.COVERED), "You covered all three key points."),
        (
            {"A": Status.PARTIAL, "B": Status.MISSED},
            "You covered none of two key points, one partly. Not said: B.",
        ),
        ({"A": Status.COVERED}, "You covered the one key point."),
        ({"A": Status.PARTIAL}, "You partly covered the one key point."),
        ({"A": Status.MISSED}, "You did not cover the one key point. Not said: A."),
        (
            {"Adam: momentum": Status.CONTRADICTED},
            "You did not cover the one key point. Check what you said about Adam.",
        ),
    ],
)
def test_every_outcome_is_a_sentence(said: dict[str, Status], expected: str) -> None:
    assert spoken_result(card(said)).startswith(expected)


def test_it_stays_short_however_much_was_missed() -> None:
    said = {f"Point {n} about something that takes many words": Status.MISSED for n in range(40)}
    text = spoken_result(replace(card(said), pace=replace(PACE, on_target=False)))
    assert "and thirty seven more" in text
    assert text.endswith("You spoke for fifty two seconds, shorter than your aim.")
    assert len(text.split()) <= 40


def test_an_answer_that_could_not_be_judged_says_why() -> None:
    silent = replace(card(SAID), coverage=None, pace=None, warnings=("nothing was said",))
    assert spoken_result(silent) == "This answer could not be judged: nothing was said."


def test_without_key_points_there_is_the_time() -> None:
    plain = replace(card(SAID), coverage=None, question=Question("Why?", "why"))
    assert spoken_result(plain) == "You spoke for fifty two seconds."


def test_numbers_are_words() -> None:
    assert [number(n) for n in (0, 13, 20, 52, 99, 100)] == [
        "zero", "thirteen", "twenty", "fifty two", "ninety nine", "100",
    ]  # fmt: skip


def test_durations_are_words() -> None:
    assert [duration(s) for s in (0.2, 1, 60, 65.2, 119.6)] == [
        "zero seconds",
        "one second",
        "one minute",
        "one minute and five seconds",
        "two minutes",
    ]
