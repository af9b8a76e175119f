"""What is remembered of each key point, and that the cache never says anything else."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.history.histories import (
    PACE,
    answered,
    card,
    multiply,
    processor_time_s,
    question,
)

from sayback.history.interview import set_interview
from sayback.history.memory import QuestionMemory, memories
from sayback.history.schedule import due
from sayback.history.store import Store
from sayback.model import Question, Status

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOON = datetime(2026, 1, 12, 12).astimezone()  # here, when no clock is changed
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ONE = question("one", points=1)
TWO = question("two", points=2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "recordings") as opened:
        yield opened


def after(store: Store, asked: Question, *answers: tuple[timedelta, str]) -> QuestionMemory:
    for since, statuses in answers:
        answered(store, NOW + since, card(asked, statuses))
    return memories(store, NOW)[asked.id]


def test_nothing_asked_is_nothing_known(store: Store) -> None:
    assert memories(store, NOW) == {}
    store.begin(ONE, store.path.parent / "a.wav", NOW)  # begun only
    assert memories(store, NOW) == {}


@pytest.mark.parametrize(
    ("answers", "due_in"),
    [
        ([(0 * DAY, "c")], 2 * DAY),
        ([(0 * DAY, "p")], 2 * DAY),
        ([(0 * DAY, "m")], 10 * MINUTE),
        ([(0 * DAY, "x")], 10 * MINUTE),
        ([(0 * DAY, "c"), (2 * DAY, "c")], 13 * DAY),
        ([(0 * DAY, "c"), (2 * DAY, "p")], 10 * DAY),
        ([(0 * DAY, "p"), (2 * DAY, "p")], 10 * DAY),
        ([(0 * DAY, "m"), (HOUR, "p")], HOUR + DAY),
        ([(0 * DAY, "c"), (2 * DAY, "m"), (3 * DAY, "p")], 5 * DAY),
        ([(0 * DAY, "c"), (2 * DAY, "c"), (13 * DAY, "m")], 13 * DAY + 10 * MINUTE),
        ([(0 * DAY, "m"), (HOUR, "c")], HOUR + DAY),
    ],
    ids=lambda value: str(len(value)) if isinstance(value, list) else str(value),
)
def test_when_a_point_is_due(
    store: Store, answers: list[tuple[timedelta, str]], due_in: timedelta
) -> None:
    memory = after(store, ONE, *answers)
    assert memory.due - NOW == due_in
    assert memory.points[0].due == memory.due


@pytest.mark.parametrize(
    ("statuses", "days"),
    [
        ("c" * 99, [0, 2, 13]),
        ("p" * 99, [0, 2, 10, 29]),
        ("m" + "p" * 99, [0, 0, 1, 2, 3, 5, 8, 12, 18, 26]),
        ("mm" + "c" * 99, [0, 0, 1, 2, 3, 5, 9, 17]),
        ("ccm" + "p" * 99, [0, 2, 13, 13, 15, 18, 23]),
        ("m" * 99, [day for day in range(30) for _ in ("noon", "an hour later")]),
    ],
    ids=lambda value: value[:5] if isinstance(value, str) else "",
)
def test_a_month_with_a_session_at_noon_and_an_hour_later(
    store: Store, statuses: str, days: list[int]
) -> None:
    remaining = iter(statuses)
    asked_on: list[int] = []
    for hour in (24 * day + later for day in range(30) for later in (0, 1)):
        now = NOON + hour * HOUR
        if not asked_on or due([ONE], memories(store, now), now):
            answered(store, now, card(ONE, next(remaining)))
            asked_on.append(hour // 24)
    assert asked_on == days


def test_each_point_is_remembered_by_itself(store: Store) -> None:
    memory = after(store, TWO, (0 * DAY, "mc"), (DAY, "mm"), (2 * DAY, "cx"))
    first, second = memory.points
    assert (first.text, first.last, first.asked, first.missed, first.missed_in_row) == (
        "two 0", Status.COVERED, 3, 2, 0,
    )  # fmt: skip
    assert (second.text, second.last, second.asked, second.missed, second.missed_in_row) == (
        "two 1", Status.CONTRADICTED, 3, 2, 2,
    )  # fmt: skip
    assert memory.due == second.due < first.due
    assert (memory.attempts, memory.coverage) == (3, 0.5)
    assert (memory.first_asked_at, memory.last_asked_at) == (NOW, NOW + 2 * DAY)
    assert memory.question == TWO.text


def test_answers_are_replayed_in_the_order_of_time(store: Store, tmp_path: Path) -> None:
    memory = after(store, ONE, (5 * DAY, "m"), (0 * DAY, "c"))
    with Store(tmp_path / "in order") as other:
        assert memory == after(other, ONE, (0 * DAY, "c"), (5 * DAY, "m"))


def test_an_answer_that_could_not_be_judged_changes_no_point(store: Store) -> None:
    before = after(store, ONE, (0 * DAY, "c"))
    memory = after(store, ONE, (DAY, ""))
    assert memory.points == before.points
    assert memory.due == before.due
    assert (memory.attempts, memory.coverage) == (2, 1.0)


def test_what_was_never_judged_is_due_at_once(store: Store) -> None:
    memory = after(store, ONE, (0 * DAY, ""))
    assert (memory.points, memory.due, memory.coverage) == ((), NOW, None)


def test_a_question_without_key_points_comes_back_when_it_was_answered(store: Store) -> None:
    free = question("free")
    assert after(store, free, (0 * DAY, "")).due == NOW + 2 * DAY
    assert after(store, free, (2 * DAY, "")).due == NOW + 13 * DAY


def test_silence_is_no_answer_to_a_question_without_key_points(store: Store) -> None:
    free = question("free")
    answered(store, NOW, card(free, pace=None))
    assert memories(store, NOW)["free"].due == NOW
    answered(store, NOW + HOUR, card(free, pace=replace(PACE, speech_rate_wpm=0.0)))
    assert memories(store, NOW)["free"].due == NOW + HOUR


def test_key_points_that_left_the_bank_are_forgotten(store: Store) -> None:
    after(store, TWO, (0 * DAY, "mm"))
    shorter = replace(TWO, text="Reworded", key_points=TWO.key_points[1:])
    memory = after(store, shorter, (DAY, "m"))
    assert [(point.text, point.asked) for point in memory.points] == [("two 1", 2)]
    assert memory.question == "Reworded"


def test_a_key_point_that_stands_twice_in_the_bank_is_one(store: Store) -> None:
    twice = replace(TWO, key_points=TWO.key_points[:1] * 2)
    (point,) = after(store, twice, (0 * DAY, "mm")).points
    assert (point.asked, point.missed) == (1, 1)


def test_a_new_score_of_an_old_answer_counts_instead_of_the_old_one(store: Store) -> None:
    number = answered(store, NOW, card(ONE, "m"))
    assert memories(store, NOW)["one"].points[0].last is Status.MISSED
    store.scored(number, card(ONE, "c"))
    (point,) = memories(store, NOW)["one"].points
    assert (point.last, point.asked, point.missed) == (Status.COVERED, 1, 0)


def test_correcting_an_old_answer_brings_no_old_key_points_back(store: Store) -> None:
    old = answered(store, NOW, card(TWO, "mm"))
    newer = replace(TWO, key_points=TWO.key_points[:1])
    answered(store, NOW + DAY, card(newer, "c"))
    store.scored(old, card(TWO, "cc"))
    assert [point.text for point in memories(store, NOW)["two"].points] == ["two 0"]


def test_only_questions_with_a_new_score_are_replayed(store: Store) -> None:
    store.scored(answered(store, NOW, card(ONE, "m")), card(ONE, "c"))
    after(store, TWO, (0 * DAY, "cc"))
    with store.transaction() as database:  # what a replay would now give is another thing
        database.execute("UPDATE score SET content = replace(content, 'covered', 'missed')")
    answered(store, NOW + DAY, card(TWO, "cc"))
    known = memories(store, NOW)
    assert [point.missed for point in known["one"].points] == [0]
    assert [point.missed for point in known["two"].points] == [1, 1]


@pytest.mark.parametrize(
    "content", ["", "{}", '{"format": 0}', "null", "x"], ids=["empty", "{}", "old", "null", "x"]
)
def test_a_cache_of_another_version_is_renewed(store: Store, content: str) -> None:
    memory = after(store, ONE, (0 * DAY, "c"))
    with store.transaction() as database:
        database.execute("UPDATE memory SET content = ?", (content,))
    assert memories(store, NOW)["one"] == memory
    assert store.rows("SELECT content FROM memory") != [(content,)]


def test_a_cache_of_an_older_format_is_renewed(store: Store) -> None:
    memory = after(store, ONE, (0 * DAY, "c"))
    with store.transaction() as database:
        database.execute(
            "UPDATE memory SET content ="
            " json_set(content, '$.format', 0, '$.memory.question', 'wrong')"
        )
    assert memories(store, NOW)["one"] == memory


def test_what_was_erased_is_not_remembered(store: Store) -> None:
    after(store, ONE, (0 * DAY, "c"))
    answered(store, NOW - DAY, card(TWO, "mm"))
    before = after(store, TWO, (0 * DAY, "cc"))
    assert before.points[0].asked == 2
    with store.transaction() as database:
        database.execute(
            "DELETE FROM attempt WHERE question_id = 'one' OR asked_at < ?", ("2026-03-02",)
        )
    known = memories(store, NOW)
    assert known.keys() == {"two"}
    assert known["two"].points[0].asked == 1


def test_an_interview_to_come_shortens_the_gaps(store: Store) -> None:
    free = after(store, question("free"), (0 * DAY, ""), (2 * DAY, ""))
    later = after(store, ONE, (0 * DAY, "c"), (2 * DAY, "c"))
    set_interview(store, date(2026, 3, 14))
    known = memories(store, NOW + 2 * DAY)
    for memory in (known["one"], known["free"]):
        assert NOW + 4 * DAY < memory.due < NOW + 6 * DAY
        assert memory.due < later.due == free.due
    assert known["one"].points[0].due == known["one"].due
    assert memories(store, NOW + 40 * DAY)["one"] == later  # it is over
    set_interview(store, None)
    assert memories(store, NOW)["one"] == later


def test_a_stored_score_that_cannot_be_read_hides_no_other(store: Store) -> None:
    answered(store, NOW, card(ONE, "c"))
    first = memories(store, NOW)
    damaged = answered(store, NOW + DAY, card(ONE, "m"))
    with store.transaction() as database:
        database.execute("UPDATE score SET content = '[]' WHERE attempt_id = ?", (damaged,))
    assert memories(store, NOW) == first


ANSWERS = st.lists(
    st.tuples(st.integers(0, 40 * 24), st.sampled_from(["cc", "cm", "xp", "mm", "pc", ""])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15, deadline=None)
@given(ANSWERS)
def test_the_cache_gives_what_a_replay_gives(
    tmp_path_factory: pytest.TempPathFactory, answers: list[tuple[int, str]]
) -> None:
    with Store(tmp_path_factory.mktemp("history")) as store:
        for hours, statuses in answers:
            memory = after(store, TWO, (hours * HOUR, statuses))
        with store.transaction() as database:
            database.execute("DELETE FROM memory")
        assert memories(store, NOW) == {"two": memory}
        assert memories(store, NOW) == {"two": memory}
        for point in memory.points:
            assert point.missed_in_row <= point.missed <= point.asked <= memory.attempts
            assert point.due > point.judged_at


def test_a_cached_memory_is_far_quicker_than_a_replay(store: Store) -> None:
    answered(store, NOW, card(TWO, "cm"))
    multiply(store, 1500, HOUR)

    def replayed() -> None:
        with store.transaction() as database:
            database.execute("DELETE FROM memory")
        memories(store, NOW)

    assert processor_time_s(lambda: memories(store, NOW)) * 5 < processor_time_s(replayed)


def test_while_another_writes_nobody_waits_to_cache(store: Store) -> None:
    memory = after(store, ONE, (0 * DAY, "c"))
    with store.transaction() as database:
        database.execute("DELETE FROM memory")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        assert memories(store, NOW) == {"one": memory}
        assert time.monotonic() - begun < 5
        writer.execute("ROLLBACK")
    assert store.rows("SELECT * FROM memory") == []
    assert memories(store, NOW) == {"one": memory}
    assert store.rows("SELECT question_id FROM memory") == [("one",)]


def test_fsrs_is_loaded_only_where_something_is_new(store: Store) -> None:
    after(store, ONE, (0 * DAY, "c"))
    code = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path;"
        "from sayback.history.memory import memories; from sayback.history.store import Store;"
        "memories(Store(Path(sys.argv[1])), datetime.now(UTC)); sys.exit('fsrs' in sys.modules)"
    )
    folder = str(store.path.parent)
    assert subprocess.run([sys.executable, "-c", code, folder], check=False).returncode == 0
