"""Which question comes next: due and new ones mixed, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.history.histories import question

from sayback.history.memory import PointMemory, QuestionMemory
from sayback.history.schedule import Choice, Today, choose, due, judged, next_due
from sayback.model import KeyPoint, Question, Status

NOW = datetime(2026, 3, 11, 12).astimezone()  # a Wednesday, here
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FAR = 30 * DAY
TODAY = Today(NOW)


def point(text: str, due_in: timedelta, missed: int = 0, last: Status | None = None) -> PointMemory:
    """Judged two days ago, and missed so often in a row."""
    status = last or (Status.MISSED if missed else Status.COVERED)
    return PointMemory(text, NOW + due_in, status, 9, missed, missed, NOW - 2 * DAY)


def memory(
    asked: Question, *points: PointMemory, due_in: timedelta = FAR, coverage: float | None = None
) -> QuestionMemory:
    return QuestionMemory(
        question_id=asked.id,
        question=asked.text,
        points=points,
        attempts=9,
        first_asked_at=NOW - 9 * DAY,
        last_asked_at=NOW - 2 * DAY,
        due=min((each.due for each in points), default=NOW + due_in),
        coverage=coverage,
    )


def by_id(*known: QuestionMemory) -> dict[str, QuestionMemory]:
    return {each.question_id: each for each in known}


def ids(choices: Iterable[Choice]) -> str:
    return "".join(choice.question.id for choice in choices)


def reasons(choices: Iterable[Choice]) -> list[str]:
    return [choice.reason for choice in choices]


A, B, C, D, E, F = QUESTIONS = tuple(question(name) for name in "abcdef")
ONE, TWO = question("one", points=1), question("two", points=2)


def waiting(questions: Iterable[Question]) -> dict[str, QuestionMemory]:
    """All of them due, the first for the longest time."""
    return by_id(
        *(memory(each, due_in=(number - 20) * DAY) for number, each in enumerate(questions))
    )


def test_new_ones_come_in_the_order_of_the_bank() -> None:
    chosen = choose(QUESTIONS, {}, TODAY, 4)
    assert ids(chosen) == "abcd"
    assert reasons(chosen) == ["new"] * 4


def test_one_in_five_is_new_and_stands_among_the_due_ones() -> None:
    assert ids(choose(QUESTIONS, waiting([B, C, D, E, F]), TODAY, 5)) == "bcade"


def test_new_ones_fill_up_where_little_is_due() -> None:
    assert ids(choose(QUESTIONS, waiting([F]), TODAY, 4)) == "afbc"


def test_the_least_covered_fill_up_unless_only_due() -> None:
    known = by_id(
        memory(A, coverage=0.9),
        memory(B, coverage=0.314),
        memory(C),
        replace(memory(D, coverage=0.9), last_asked_at=NOW - 5 * DAY),
    )
    chosen = choose([A, B, C, D], known, TODAY, 9)
    assert ids(chosen) == "bdac"
    assert reasons(chosen)[0] == "least covered so far (31%)"
    assert reasons(chosen)[-1] == "last asked 9 March"
    assert choose([A, B, C, D], known, TODAY, 9, only_due=True) == ()
    assert ids(choose(QUESTIONS, known, TODAY, 9, only_due=True)) == "ef"


def test_the_same_question_is_never_asked_twice() -> None:
    assert ids(choose([A, A, B], {}, TODAY, 9)) == "ab"


def test_a_single_question_is_a_new_one_once_in_five_answers() -> None:
    (due_one,) = waiting([A]).values()
    assert ids(choose([A, B], by_id(replace(due_one, attempts=4)), TODAY, 1)) == "a"
    assert ids(choose([A, B], by_id(replace(due_one, attempts=6)), TODAY, 1)) == "b"


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([point("two 0", -DAY, 1), point("two 1", FAR)], "due: missed last time"),
        ([point("two 0", -DAY, 2), point("two 1", -DAY, 1)], "due: missed twice"),
        ([point("two 0", -DAY, 3), point("two 1", FAR)], "due: missed 3 times"),
        (
            [point("two 0", -DAY, last=Status.PARTIAL), point("two 1", -DAY)],
            "due: partly said last time",
        ),
        ([point("two 0", FAR)], "due: 1 key point not judged yet"),
        ([], "due: 2 key points not judged yet"),
        ([point("two 0", -HOUR), point("two 1", FAR)], "due today"),
        ([point("two 0", -DAY), point("two 1", FAR)], "due since yesterday"),
        ([point("two 0", -2 * DAY), point("two 1", FAR)], "due since Monday"),
        ([point("two 0", -6 * DAY), point("two 1", FAR)], "due since Thursday"),
        ([point("two 0", -7 * DAY), point("two 1", FAR)], "due since 4 March"),
        ([point("two 0", HOUR), point("two 1", FAR)], "due today"),
        ([point("two 0", DAY), point("two 1", FAR)], None),
        ([point("two 0", FAR, 5), point("two 1", DAY)], None),
        ([point("two 0", FAR), point("two 1", FAR), point("gone", -DAY, 3)], None),
    ],
    ids=lambda value: value or "not due" if not isinstance(value, list) else "",
)
def test_why_a_question_is_due(points: list[PointMemory], reason: str | None) -> None:
    found = due([TWO], by_id(memory(TWO, *points)), NOW)
    assert reasons(found) == ([reason] if reason else [])


def test_what_was_judged_today_is_not_due_before_its_time() -> None:
    missed = replace(point("one 0", timedelta(minutes=5), 1), judged_at=NOW)
    known = by_id(memory(ONE, missed))
    assert due([ONE], known, NOW) == ()
    assert reasons(due([ONE], known, NOW + timedelta(minutes=5))) == ["due: missed last time"]


def test_urgent_is_what_waited_long_or_was_missed_often() -> None:
    first, second, third, fourth = (question(name, points=1) for name in "abcd")
    known = by_id(
        memory(first, point("a 0", -DAY)),
        memory(second, point("b 0", -DAY, 4)),
        memory(third, point("c 0", -9 * DAY)),
        memory(fourth, point("d 0", -3 * DAY)),
    )
    assert ids(due([first, second, third, fourth], known, NOW)) == "cbda"


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (9, "new: 6 left, 9 days to the interview"),
        (1, "new: 6 left, 1 day to the interview"),
        (0, "new: 6 left, the interview is today"),
        (None, "new"),
    ],
)
def test_a_new_one_says_what_is_left_to_the_interview(days: int | None, reason: str) -> None:
    assert reasons(choose(QUESTIONS, {}, Today(NOW, days), 1)) == [reason]


@pytest.mark.parametrize(
    ("days", "new"), [(None, 1), (60, 1), (9, 3), (3, 4), (0, 4)], ids=lambda value: str(value)
)
def test_an_interview_makes_more_of_a_session_new(days: int | None, new: int) -> None:
    bank = [question(f"new {number}") for number in range(8)] + list(QUESTIONS)
    chosen = choose(bank, waiting(QUESTIONS), Today(NOW, days), 5)
    assert sum(choice.reason.startswith("new") for choice in chosen) == new


def test_new_ones_of_earlier_today_count_for_the_day() -> None:
    bank = [question(f"new {number}") for number in range(8)] + list(QUESTIONS)
    known = waiting(QUESTIONS)
    for name in "ab":
        known[name] = replace(known[name], first_asked_at=NOW - HOUR)
    chosen = choose(bank, known, Today(NOW, 6), 5)  # five a day, two are done
    assert sum(choice.reason.startswith("new") for choice in chosen) == 3


def test_what_is_not_to_be_asked_from_counts_for_nothing() -> None:
    other = by_id(
        *(replace(memory(question(f"other {at}")), first_asked_at=NOW) for at in range(9))
    )
    bank = [question(f"new {number}") for number in range(8)] + list(QUESTIONS)
    known = waiting(QUESTIONS)
    for today in (TODAY, Today(NOW, 6)):
        for count in (1, 5):
            assert choose(bank, known | other, today, count) == choose(bank, known, today, count)
    chosen = choose(bank, known | other, Today(NOW, 9), 5)
    assert sum(choice.reason.startswith("new") for choice in chosen) == 3


@pytest.mark.parametrize(("new", "days"), [(35, 30), (35, 21), (12, 9), (35, 60), (3, 40)])
def test_all_are_asked_before_the_last_third_of_the_time_left(new: int, days: int) -> None:
    bank = [question(f"new {number}") for number in range(new)] + list(QUESTIONS)
    known = waiting(QUESTIONS)  # enough of them to fill every session
    day = 0
    while len(known) < len(bank):
        now = NOW + day * DAY
        for choice in choose(bank, known, Today(now, days - day), 5):
            if choice.reason.startswith("new"):
                asked = memory(choice.question)
                known[choice.question.id] = replace(asked, first_asked_at=now, last_asked_at=now)
        day += 1
    assert day <= days * 2 / 3


def test_when_the_next_one_is_due() -> None:
    known = by_id(memory(A, due_in=DAY), memory(B, due_in=HOUR))
    assert next_due(QUESTIONS, {}) is None
    assert next_due(QUESTIONS, known) == NOW + HOUR
    assert next_due([A, C], known) == NOW + DAY


def test_the_next_one_is_due_by_the_key_points_that_the_bank_has_now() -> None:
    known = by_id(memory(TWO, point("gone", HOUR), point("two 0", 2 * DAY), point("two 1", DAY)))
    assert due([TWO], known, NOW) == ()
    assert next_due([TWO], known) == NOW + DAY
    assert [each.text for each in judged(TWO, known["two"])] == ["two 0", "two 1"]
    more = replace(TWO, key_points=(*TWO.key_points, KeyPoint("added")))
    assert next_due([more], known) == known["two"].last_asked_at
    bare = replace(TWO, key_points=())
    assert next_due([bare], known) == known["two"].due


@st.composite
def histories(draw: st.DrawFn) -> tuple[Sequence[Question], dict[str, QuestionMemory]]:
    bank = [
        question(f"q{number}", draw(st.integers(0, 2)))
        for number in range(draw(st.integers(0, 12)))
    ]
    known = {}
    for each in bank:
        if draw(st.booleans()):
            points = [
                point(known_point.text, draw(st.integers(-90, 30)) * DAY, draw(st.integers(0, 4)))
                for known_point in each.key_points
            ]
            due_in = draw(st.integers(-30, 30)) * DAY
            known[each.id] = memory(
                each, *points, due_in=due_in, coverage=draw(st.none() | st.floats(0, 1))
            )
    return bank, known


@settings(deadline=None)
@given(
    histories(),
    st.integers(1, 15),
    st.none() | st.integers(0, 60),
)
def test_whatever_the_history_a_session_is_a_sound_one(
    history: tuple[Sequence[Question], dict[str, QuestionMemory]],
    count: int,
    days_left: int | None,
) -> None:
    bank, known = history
    today = Today(NOW, days_left)
    chosen = choose(bank, known, today, count)
    asked = [choice.question.id for choice in chosen]
    assert len(asked) == len(set(asked)) == min(count, len(bank))
    assert all(choice.reason for choice in chosen)
    new = len(bank) - len(known)
    if count > 1:
        taken = sum(choice.reason.startswith("new") for choice in chosen)
        assert taken >= min(new, count // 5)
    fewer = choose(bank, known, today, count, only_due=True)
    assert fewer == chosen[: len(fewer)]
    waits = due(bank, known, NOW)
    assert len(fewer) == min(count, new + len(waits))
    assert sum(choice in waits for choice in fewer) >= min(len(waits), count // 5)
    if not waits:
        comes_back = next_due(bank, known)
        assert comes_back is None or comes_back > NOW


def test_a_key_point_that_the_bank_has_twice_is_one() -> None:
    twice = replace(ONE, key_points=(KeyPoint("one 0"), KeyPoint("one 0")))
    assert reasons(due([twice], by_id(memory(twice)), NOW)) == ["due: 1 key point not judged yet"]
