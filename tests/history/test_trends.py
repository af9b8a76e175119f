"""Sessions, their measures, and what may be called a change."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.history.histories import (
    PACE,
    answered,
    card,
    faster,
    multiply,
    processor_time_s,
    question,
)

from sayback.history.store import Store
from sayback.history.trends import (
    MEASURES,
    Change,
    Noticeable,
    Session,
    change,
    of_question,
    series,
    sessions,
)
from sayback.model import Pauses

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TWO = question("two", points=2)
BY_NAME = {measure.name: measure for measure in MEASURES}
COVERAGE, RATE = BY_NAME["coverage"], BY_NAME["speech_rate_wpm"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "recordings") as opened:
        yield opened


def course(name: str, *values: float) -> tuple[Session, ...]:
    return tuple(
        Session(NOW + number * timedelta(days=1), (number,), {name: value})
        for number, value in enumerate(values)
    )


def test_nothing_scored_is_no_session(store: Store) -> None:
    store.begin(TWO, store.path.parent / "a.wav", NOW)
    assert sessions(store) == ()
    assert of_question(store, "two") == ()


def test_a_session_ends_with_an_hour_without_an_attempt(store: Store) -> None:
    minutes = (0, 59, 118, 178, 300)
    numbers = [answered(store, NOW + at * MINUTE, card(TWO, "cm")) for at in minutes]
    found = sessions(store)
    assert [session.attempts for session in found] == [
        tuple(numbers[:3]), (numbers[3],), (numbers[4],),
    ]  # fmt: skip
    assert [session.started_at for session in found] == [NOW + at * MINUTE for at in (0, 178, 300)]


def test_the_measures_of_an_attempt(store: Store) -> None:
    answered(store, NOW, card(TWO, "cm"))
    (session,) = sessions(store)
    assert session.values == pytest.approx({
        "coverage": 0.5, "speaking_s": 24, "speech_rate_wpm": 120, "articulation_rate_wpm": 150,
        "pauses_per_min": 10, "pauses.median_s": 0.5, "fillers_per_min": 2,
    })  # fmt: skip
    assert session.values.keys() == BY_NAME.keys()


def test_a_session_has_the_means_of_those_that_have_the_measure(store: Store) -> None:
    answered(store, NOW, card(TWO, "cc"))
    answered(store, NOW + MINUTE, card(TWO, "mm", pace=faster(PACE, 1.5)))
    answered(store, NOW + 2 * MINUTE, card(TWO, pace=None))
    answered(store, NOW + 3 * MINUTE, card(question("free"), pace=None))
    (session,) = sessions(store)
    assert len(session.attempts) == 4
    assert session.values["coverage"] == 0.5
    assert session.values["speech_rate_wpm"] == 150


def test_without_words_or_pauses_there_is_no_rate_and_no_length(store: Store) -> None:
    answered(store, NOW, card(TWO, "cc", pace=replace(PACE, speech_rate_wpm=0.0)))
    assert sessions(store)[0].values == {"coverage": 1.0}
    fluent = replace(PACE, pauses=Pauses(0, 0.0, 0.0, 0.0))
    answered(store, NOW + 99 * MINUTE, card(TWO, pace=fluent))
    values = sessions(store)[1].values
    assert values["pauses_per_min"] == 0
    assert "pauses.median_s" not in values
    assert "coverage" not in values


def test_the_newest_score_counts(store: Store) -> None:
    number = answered(store, NOW, card(TWO, "mm"))
    store.scored(number, card(TWO, "cc"))
    assert [session.values["coverage"] for session in sessions(store)] == [1.0]


def test_a_question_has_a_session_an_attempt(store: Store) -> None:
    first = answered(store, NOW, card(TWO, "cm"))
    answered(store, NOW + MINUTE, card(question("other", 1), "c"))
    last = answered(store, NOW + 2 * MINUTE, card(TWO, "cc"))
    found = of_question(store, "two")
    assert [session.attempts for session in found] == [(first,), (last,)]
    assert series(found, COVERAGE) == (0.5, 1.0)


def test_few_sessions_are_compared_first_with_last_and_never_called_a_change() -> None:
    assert change((), RATE) is None
    assert change(course("speech_rate_wpm", 100), RATE) is None
    assert change(course("coverage", 0.1, 0.9), RATE) is None
    found = change(course("speech_rate_wpm", 100, 300, 200), RATE)
    assert found is not None
    assert (found.before, found.now) == (100, 200)
    assert (found.sessions_before, found.sessions_now) == (1, 1)
    assert not found.is_noticeable


def test_three_sessions_are_too_few_also_where_rounding_says_otherwise() -> None:
    even_steps = (33.44984656518256, 65.89723188175248, 98.3446171983224)
    found = change(course("speech_rate_wpm", *even_steps), RATE)
    assert found is not None
    assert found.now - found.before > found.floor
    assert not found.is_noticeable


@pytest.mark.parametrize(
    ("values", "before", "now", "is_noticeable"),
    [
        ((100, 100, 100, 105, 105, 105), 100, 105, False),
        ((100, 100, 100, 106, 106, 106), 100, 106, True),
        ((100, 100, 100, 94, 94, 94), 100, 94, True),
        ((100, 140, 90, 130, 95, 135), 110, 120, False),
        ((100, 120, 140, 160, 180, 200), 120, 180, True),
    ],
    ids=["under the difference", "over it", "down", "within the scatter", "a steady rise"],
)
def test_a_change_of_tempo(
    values: Sequence[float], before: float, now: float, is_noticeable: bool
) -> None:
    found = change(course("speech_rate_wpm", *values), RATE)
    assert found is not None
    assert (found.before, found.now) == (before, now)
    assert (found.sessions_before, found.sessions_now) == (3, 3)
    assert found.is_noticeable is is_noticeable


def test_sessions_without_the_measure_are_left_out() -> None:
    mixed = (
        course("coverage", 0.1, 0.1)
        + course("speech_rate_wpm", 9)
        + course("coverage", 0.8, 0.8, 0.8)
    )
    found = change(mixed, COVERAGE)
    assert found is not None
    assert (found.sessions_before, found.sessions_now) == (2, 3)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 8, 12, 30])
def test_chance_alone_is_seldom_called_a_change(count: int) -> None:
    chance = random.Random(count)
    found = [
        change(course("speech_rate_wpm", *(chance.gauss(130, 30) for _ in range(count))), RATE)
        for _ in range(1000)
    ]
    assert sum(each is not None and each.is_noticeable for each in found) < 150


def test_differences_are_shares_or_absolute() -> None:
    assert Noticeable(0.05, True, "").difference(-200) == 10
    assert Noticeable(0.05, False, "").difference(200) == 0.05
    assert Change(1, 2, 3, 3, floor=1).is_noticeable is False


def test_every_measure_is_defined_with_its_source() -> None:
    assert len(BY_NAME) == len(MEASURES)
    for measure in MEASURES:
        assert measure.definition.endswith(".")
        assert measure.definition.count(". ") == 0
        assert "20" in measure.definition or "our own" in measure.definition
        assert "Quené" in measure.noticeable.reason or "our choice" in measure.noticeable.reason


def test_the_time_grows_with_the_attempts_and_no_faster(tmp_path: Path) -> None:
    def taken_s(count: int) -> float:
        with Store(tmp_path / str(count)) as store:
            answered(store, NOW, card(TWO, "cm"))
            multiply(store, count, 20 * MINUTE)
            return processor_time_s(lambda: sessions(store))

    assert taken_s(4000) < 10 * taken_s(1000)
