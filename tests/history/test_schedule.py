from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sayback.history.schedule import order
from sayback.history.store import Summary
from sayback.model import Question

QUESTIONS = [Question(text=name.upper(), id=name) for name in "abc"]


def attempt(number: int, question: str, coverage: float | None) -> Summary:
    asked_at = datetime(2026, 1, number, tzinfo=UTC)
    return Summary(number, asked_at, question, question.upper(), True, coverage, 1.0)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], "abc"),
        ([attempt(1, "a", 0.2)], "bca"),
        ([attempt(1, "a", 0.9), attempt(2, "b", 0.1), attempt(3, "c", 0.5)], "bca"),
        ([attempt(1, "a", 0.9), attempt(2, "a", 0.1), attempt(3, "b", 0.5)], "cab"),
        ([attempt(1, "a", None), attempt(2, "b", 1.0), attempt(3, "c", 0.0)], "cab"),
        ([attempt(1, "gone", 0.0)], "abc"),
        ([replace(attempt(1, "a", None), scored=False)], "abc"),
    ],
    ids=[
        "nothing asked",
        "new ones first",
        "least covered",
        "newest counts",
        "unjudged",
        "gone",
        "not finished",
    ],
)
def test_order(history: list[Summary], expected: str) -> None:
    assert "".join(question.id for question in order(QUESTIONS, history)) == expected
