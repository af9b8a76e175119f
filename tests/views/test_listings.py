"""Attempts as a table, and what is left of it where there is little room."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sayback.history.summary import Summary
from sayback.views import listings
from sayback.views.charts import bar
from sayback.views.listings import attempts

QUESTION = "What is U-Net and when would you use it?"
SUMMARIES = (
    Summary(7, datetime(2026, 3, 2, 12, tzinfo=UTC), "u-net", QUESTION, True, 0.38, 47.0),
    Summary(12, datetime(2026, 3, 3, 12, tzinfo=UTC), "u-net", QUESTION, False, None, None),
)


def printed(width: int) -> list[str]:
    return [" ".join(line.split()) for line in shown(width, *attempts(SUMMARIES))]


def shown(width: int, *what: RenderableType) -> list[str]:
    out = io.StringIO()
    for each in what:
        Console(file=out, width=width, highlight=False).print(each)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_an_attempt_is_a_line() -> None:
    first, second = printed(100)
    assert first.startswith("7 02 Mar ")
    assert first.endswith(f"38% ████░░░░░░ 0:47 {QUESTION}")
    assert second.endswith(f"not finished {QUESTION}")


@pytest.mark.parametrize("width", [40, 59])
def test_where_there_is_little_room_the_numbers_stay(width: int) -> None:
    text = " ".join(printed(width))
    assert "…" not in text
    assert f"38% 0:47 {QUESTION} 12 03 Mar" in text
    assert text.endswith(f"not finished {QUESTION}")


def test_no_attempts_are_no_lines() -> None:
    assert not [*attempts(())]


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("question", ["Why?", QUESTION, "Was ist 語 " * 12, f"{'long' * 30} word"])
def test_lines_are_laid_out_as_a_table_is(width: int, question: str) -> None:
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    summaries = (
        Summary(7, at, "q", question, True, 0.38, 47.0),
        Summary(1200, at, "q", QUESTION, False, None, None, set_aside=True),
        Summary(3, at, "q", question, True, 1.0, 600.0),
    )
    when = f"{at.astimezone():%d %b %H:%M}"
    table = Table.grid(padding=(0, 2))
    for justify in ("right", "left", "right", "left", "right"):
        table.add_column(justify=justify, no_wrap=True)
    table.add_column()
    table.add_row("7", when, "38%", bar(0.38, 10), "0:47", Text(question))
    table.add_row("1200", when, "", "set aside", "", Text(QUESTION))
    table.add_row("3", when, "100%", bar(1, 10), "10:00", Text(question))
    assert shown(width, *attempts(summaries)) == shown(width, Padding(table, (0, 1)))


def test_many_attempts_stand_in_the_same_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = shown(80, *attempts(SUMMARIES))
    monkeypatch.setattr(listings, "AT_ONCE", 1)
    assert len([*attempts(SUMMARIES)]) == len(SUMMARIES)
    assert shown(80, *attempts(SUMMARIES)) == at_once
