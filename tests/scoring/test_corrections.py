"""What a person corrects lies over what was heard and judged, and can be taken off again."""

from __future__ import annotations

import pytest

from sayback.model import (
    Coverage,
    Evidence,
    PointCorrection,
    PointScore,
    Status,
    Transcript,
    Word,
    WordCorrection,
)
from sayback.scoring.corrections import correct_words, mark_points

WORDS = (
    Word("by", 1.0, 1.2, 0.9),
    Word("linear", 1.2, 1.6, 0.5),
    Word("by", 5.0, 5.2, 0.9),
)
HEARD = Transcript("by linear by", WORDS, "faster-whisper", "base")


def word(text: str, *, heard: str = "by", start_s: float = 1.0) -> WordCorrection:
    return WordCorrection(start_s=start_s, heard=heard, text=text)


def test_a_corrected_word_keeps_what_was_heard() -> None:
    fixed = correct_words(HEARD, [word("bilinear"), word("", heard="linear", start_s=1.2)])
    assert fixed.text == "bilinear by"
    assert fixed.words is not None
    assert [(each.text, each.heard) for each in fixed.words] == [
        ("bilinear", "by"), ("", "linear"), ("by", None),
    ]  # fmt: skip
    assert [each.start_s for each in fixed.words] == [1.0, 1.2, 5.0]


def test_the_word_at_that_moment_is_meant() -> None:
    assert correct_words(HEARD, [word("buy", start_s=4.9)]).text == "by linear buy"


def test_the_newest_correction_of_a_word_counts_and_the_same_word_takes_it_back() -> None:
    once = correct_words(HEARD, [word("buy")])
    assert correct_words(once, [word("buy"), word("bye")]).text == "bye linear by"
    assert correct_words(once, [word("buy"), word("by")]) == HEARD


def test_a_correction_of_what_another_engine_heard_is_left_out() -> None:
    assert correct_words(HEARD, [word("tea", heard="bee"), word("buy", start_s=9.0)]) == HEARD


def test_text_that_was_not_heard_has_no_words_to_correct() -> None:
    typed = Transcript("by linear")
    assert correct_words(typed, [word("bilinear")]) is typed


COVERED = PointScore("A", Status.COVERED, 0.9, Evidence("a", 1.0, 2.0))
MISSED = PointScore("B", Status.MISSED, 0.1, None, ("B",))
COVERAGE = Coverage(0.5, (COVERED, MISSED))


@pytest.mark.parametrize(
    ("point", "said", "statuses", "score"),
    [
        ("B", True, (Status.COVERED, Status.COVERED), 1.0),
        ("A", False, (Status.MISSED, Status.MISSED), 0.0),
        ("A", True, (Status.COVERED, Status.MISSED), 0.5),
        ("B", None, (Status.COVERED, Status.MISSED), 0.5),
        ("C", True, (Status.COVERED, Status.MISSED), 0.5),
    ],
)
def test_a_persons_word_counts_over_the_scorers(
    point: str, said: bool | None, statuses: tuple[Status, ...], score: float
) -> None:
    marked = mark_points(COVERAGE, [PointCorrection(point=point, said=said)])
    assert tuple(each.status for each in marked.points) == statuses
    assert marked.score == pytest.approx(score)


def test_a_mark_keeps_what_the_scorer_said() -> None:
    marked = mark_points(COVERAGE, [PointCorrection(point="B", said=True)])
    assert [each.judged for each in marked.points] == [None, Status.MISSED]
    assert marked.points[1].missing == ()


def test_the_last_mark_of_a_point_counts() -> None:
    marks = [PointCorrection(point="B", said=True), PointCorrection(point="B", said=None)]
    assert mark_points(COVERAGE, marks) == COVERAGE
