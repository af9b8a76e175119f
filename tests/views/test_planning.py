"""The date of an interview as it is typed and read."""

from __future__ import annotations

from datetime import date

import pytest

from sayback.errors import SaybackError
from sayback.views.planning import day, planned

TODAY = date(2026, 3, 20)


def test_without_a_date_it_says_how_to_set_one() -> None:
    assert "`sayback plan 2026-12-24` spreads them until your interview" in planned(None, TODAY)


def test_a_plan_is_a_sentence() -> None:
    assert planned(date(2026, 3, 29), TODAY).startswith("Sunday, 29 March 2026, in 9 days: ")
    assert "set a new one" in planned(date(2026, 3, 19), TODAY)


def test_only_a_day_to_come_is_one() -> None:
    assert day(" 2026-03-20 ", TODAY) == TODAY
    for text in ("soon", "2026-03-19"):
        with pytest.raises(SaybackError, match=text):
            day(text, TODAY)
