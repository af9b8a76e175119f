"""A transcript cut into runs: nothing is lost, and each mark stands where it belongs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.history.histories import processor_time_s
from tests.views.web.examples import point, words

from sayback.model import Evidence, Interval, PointScore, Status, Word
from sayback.views.web.spoken import Gap, Run, Said, evidence, filler_places, pauses, runs

COVERED, PARTIAL, OPPOSITE, MISSED = (
    Status.COVERED, Status.PARTIAL, Status.CONTRADICTED, Status.MISSED,
)  # fmt: skip


OVERLAPPING = [("a", 0.0, 1.0), ("b", 3.0, 6.0), ("c", 1.0, 2.0), ("d", 6.0, 7.0)]
"""Words with the times that an engine may give them."""


def text_of(run: Run) -> str:
    return " ".join(item.text for item in run.items if isinstance(item, Said))


def test_evidence_is_a_run_of_its_own() -> None:
    found = runs(words("a", "b", "c", "d"), [point("p", COVERED, 1.25)], ())
    assert [(text_of(run), run.points, run.status) for run in found] == [
        ("a", (), None), ("b c", (1,), COVERED), ("d", (), None),
    ]  # fmt: skip


def test_evidence_that_overlaps_takes_the_gravest_sign_and_opens_once() -> None:
    scores = [point("p", COVERED, 0.25), point("q", OPPOSITE, 1.25)]
    found = runs(words("a", "b", "c"), scores, ())
    assert [(run.points, run.opens, run.status) for run in found] == [
        ((1,), (1,), COVERED), ((1, 2), (2,), OPPOSITE), ((2,), (), OPPOSITE),
    ]  # fmt: skip


def test_a_point_that_was_not_said_underlines_nothing() -> None:
    said = point("p", COVERED, 0.25)
    marked = replace(said, status=MISSED, judged=COVERED)
    assert (evidence(said), evidence(marked)) == (Interval(0.25, 2.0), None)
    assert [run.points for run in runs(words("a", "b"), [marked], ())] == [()]


def test_a_text_without_times_underlines_nothing() -> None:
    untimed = PointScore("p", COVERED, 1.0, Evidence("a", None, None))
    assert evidence(untimed) is None
    assert [run.points for run in runs(words("a", "b"), [untimed], ())] == [()]


def test_a_moment_without_length_is_evidence_too() -> None:
    assert evidence(PointScore("p", COVERED, 1.0, Evidence("a", 0.0, 0.0))) == Interval(0.0, 0.0)


def test_a_long_pause_stands_between_its_words_and_outside_of_evidence() -> None:
    found = runs(words("a", "b", "c"), [point("p", COVERED, 1.25)], [Interval(0.75, 1.875)])
    assert [type(item) for run in found for item in run.items] == [Said, Gap, Said, Said]
    assert (found[1].points, found[1].items) == ((), (Gap(1.125),))


def test_a_pause_stands_before_the_first_word_that_is_late_enough_though_words_overlap() -> None:
    said = [Word(text, start_s, end_s, 1.0) for text, start_s, end_s in OVERLAPPING]
    (run,) = runs(said, (), [Interval(2.5, 3.9)])
    assert [type(item) for item in run.items] == [Said, Gap, Said, Said, Said]


def test_an_answer_of_hours_takes_no_longer_a_word() -> None:
    def time_s(count: int) -> float:
        said = words(*["word"] * count)
        silences = [Interval(4.0 * number, 4.0 * number + 1.5) for number in range(count // 4)]
        return processor_time_s(lambda: runs(said, (), silences))

    assert time_s(10_000) < 17 * time_s(1_000)


def test_a_short_pause_is_not_shown() -> None:
    assert not [
        item
        for run in runs(words("a", "b"), (), [Interval(0.7, 1.2)])
        for item in run.items
        if isinstance(item, Gap)
    ]


def test_pauses_join_what_is_no_pause() -> None:
    speech = (Interval(0, 1), Interval(1.1, 2), Interval(3, 4))
    assert pauses(speech) == (Interval(2, 3),)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("So um, it works", {1}),
        ("It is, you know, simple", {2, 3}),
        ("I mean, it is", {0, 1}),
        ("you know what the loss is", set()),
        ("Well, like, yes", {1}),
        ("An ER diagram", set()),
        ("um, uh, um,", {0, 1, 2}),
    ],
)
def test_the_words_of_fillers_are_found(text: str, places: set[int]) -> None:
    assert filler_places(text.split()) == places


def test_a_corrected_word_keeps_what_was_heard() -> None:
    first, second = words("by", "linear")
    fixed = replace(second, text="bilinear", heard="linear")
    removed = replace(first, text="", heard="by")
    said = [item for run in runs((removed, fixed), (), ()) for item in run.items]
    assert [(item.text, item.heard, item.is_corrected) for item in said] == [  # type: ignore[union-attr]
        ("", "by", True), ("bilinear", "linear", True),
    ]  # fmt: skip


def test_a_word_that_the_engine_doubted_is_marked_until_it_is_corrected() -> None:
    (word,) = words("a")
    doubted = replace(word, probability=0.3)
    marks = [
        item.is_unsure
        for each in (word, doubted, replace(doubted, heard="b"))
        for run in runs((each,), (), ())
        for item in run.items
        if isinstance(item, Said)
    ]
    assert marks == [False, True, False]


@given(
    st.lists(st.sampled_from(["um,", "you", "know,", "a", "b."]), max_size=12),
    st.lists(st.tuples(st.sampled_from(list(Status)), st.floats(0, 12)), max_size=4),
    st.lists(st.floats(0, 12), max_size=4),
)
def test_no_word_is_lost_or_moved(
    texts: list[str], evidence: list[tuple[Status, float]], silences: list[float]
) -> None:
    scores = [point("p", status, start_s) for status, start_s in evidence]
    found = runs(words(*texts), scores, [Interval(start, start + 1.2) for start in silences])
    said = [item.text for run in found for item in run.items if isinstance(item, Said)]
    assert said == texts
    opened = [number for run in found for number in run.opens]
    assert len(opened) == len(set(opened))
