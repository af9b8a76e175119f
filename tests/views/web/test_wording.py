"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sayback.model import Status
from sayback.views.web.wording import (
    STATUSES,
    capital,
    count,
    date,
    day,
    percent,
    seconds,
    short_date,
    time_of_day,
    upcoming,
)

NOW = datetime(2026, 3, 20, 12, 0).astimezone()


def test_numbers_have_their_units() -> None:
    assert (percent(0.474), percent(None), seconds(1.25)) == ("47%", "–", "1.2 s")
    assert (count(1, "answer"), count(2, "answer")) == ("1 answer", "2 answers")


def test_only_the_beginning_gets_a_capital() -> None:
    assert (capital("yesterday"), capital("1 January"), capital("")) == (
        "Yesterday",
        "1 January",
        "",
    )


@pytest.mark.parametrize(
    ("days", "name"),
    [(0, "today"), (1, "yesterday"), (3, "Tuesday"), (7, "13 March"), (100, "10 December 2025")],
)
def test_a_day_is_named_as_shortly_as_it_is_clear(days: int, name: str) -> None:
    assert day(NOW - timedelta(days=days), NOW) == name


@pytest.mark.parametrize(
    ("hours", "name"),
    [(-1, "now"), (2, "at 14:00"), (24, "tomorrow"), (72, "on Monday"), (24 * 20, "on 9 April")],
)
def test_a_moment_to_come(hours: int, name: str) -> None:
    assert upcoming(datetime.fromtimestamp(NOW.timestamp() + 3600 * hours, NOW.tzinfo), NOW) == name


def test_dates_for_charts_and_tables() -> None:
    assert (date(NOW, NOW), short_date(NOW), time_of_day(NOW)) == ("20 March", "20 Mar", "12:00")


def test_every_status_has_a_name() -> None:
    assert set(STATUSES) == set(Status)
