"""Attempts as a table, and what is left of it where there is little room."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from sayback.history.summary import Summary
from sayback.views.listings import Attempts

QUESTION = "What is U-Net and when would you use it?"
SUMMARIES = (
    Summary(7, datetime(2026, 3, 2, 12, tzinfo=UTC), "u-net", QUESTION, True, 0.38, 47.0),
    Summary(12, datetime(2026, 3, 3, 12, tzinfo=UTC), "u-net", QUESTION, False, None, None),
)


def printed(width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(Attempts(SUMMARIES))
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


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
