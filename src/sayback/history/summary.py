"""A line of the history for each attempt, of which a damaged one does not hide the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sayback.history.stored import DAMAGE, moment
from sayback.model import Ending

QUERY = """
    SELECT attempt.id, asked_at, question_id,
           iif(json_valid(question), question ->> '$.text', NULL), score.id, coverage,
           measure.value, iif(json_valid(recording), recording ->> '$.ending', NULL)
    FROM attempt
    LEFT JOIN score ON score.id =
        (SELECT max(id) FROM score WHERE score.attempt_id = attempt.id)
    LEFT JOIN measure ON measure.score_id = score.id AND name = 'speaking_s'
    WHERE ?1 IS NULL OR question_id = ?1
    ORDER BY asked_at, attempt.id
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the history; `coverage` and `speaking_s` are None where not judged.

    `set_aside` is an answer that was skipped or started over.
    """

    id: int
    asked_at: datetime
    question_id: str
    question: str
    scored: bool
    coverage: float | None
    speaking_s: float | None
    set_aside: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The attempts in the order of time, and the numbers of those that cannot be read."""

    summaries: tuple[Summary, ...]
    damaged: tuple[int, ...]


def listing(rows: Iterable[tuple[Any, ...]]) -> Listing:
    """What QUERY gives."""
    readable, damaged = [], []
    for row in rows:
        try:
            readable.append(_summary(*row))
        except DAMAGE:
            damaged.append(row[0])
    return Listing(tuple(readable), tuple(damaged))


def _summary(
    number: int,
    asked_at: str,
    question_id: str,
    text: str | None,
    score_id: int | None,
    coverage: float | None,
    speaking_s: float | None,
    ending: str | None,
) -> Summary:
    """One row as a value. Raises one of DAMAGE."""
    if not (isinstance(question_id, str) and isinstance(text, str)):
        raise TypeError(text)
    return Summary(
        id=number,
        asked_at=moment(asked_at),
        question_id=question_id,
        question=text,
        scored=score_id is not None,
        coverage=None if coverage is None else float(coverage),
        speaking_s=None if speaking_s is None else float(speaking_s),
        set_aside=ending == Ending.SET_ASIDE,
    )
