from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayback.history.interview import brought_forward, days_left, interview, set_interview
from sayback.history.store import Store

DAY = timedelta(days=1)
NOW = datetime(2026, 1, 12, 12).astimezone()  # a time of the year when no clock is changed


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def test_the_date_is_kept_replaced_and_forgotten(store: Store) -> None:
    assert interview(store) is None
    set_interview(store, date(2026, 5, 1))
    set_interview(store, date(2026, 4, 1))
    assert interview(store) == date(2026, 4, 1)
    set_interview(store, None)
    assert interview(store) is None


@pytest.mark.parametrize(
    ("on", "days"),
    [(None, None), (NOW.date() - DAY, None), (NOW.date(), 0), (date(2026, 1, 19), 7)],
)
def test_days_left(on: date | None, days: int | None) -> None:
    assert days_left(on, NOW) == days


@pytest.mark.parametrize(
    ("due_in", "interview_in_days", "expected"),
    [
        (timedelta(days=60), 20, timedelta(days=5.85)),  # 30% of 19 days and a half
        (timedelta(days=2), 20, timedelta(days=2)),
        (timedelta(days=60), 1, timedelta(days=1)),
        (timedelta(minutes=10), 1, timedelta(minutes=10)),
        (timedelta(days=60), 0, timedelta(days=60)),
    ],
    ids=["capped", "soon enough", "not on the same day", "missed", "over"],
)
def test_an_interview_brings_a_point_forward(
    due_in: timedelta, interview_in_days: int, expected: timedelta
) -> None:
    on = NOW.date() + interview_in_days * DAY
    assert brought_forward(NOW + due_in, NOW, on) == NOW + expected


@given(st.floats(24, 45 * 24), st.integers(0, 400))
def test_what_was_asked_before_the_last_day_comes_back_before_the_interview(
    hours: float, due_in_days: int
) -> None:
    on = NOW.date() + 46 * DAY
    begins = datetime.combine(on, time.min).astimezone()
    reviewed = begins - timedelta(hours=hours)
    assert brought_forward(reviewed + due_in_days * DAY, reviewed, on) <= begins
