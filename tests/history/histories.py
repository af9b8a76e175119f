"""Histories for the tests of what is made of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from sayback.history.store import Store
from sayback.model import (
    Coverage,
    Fillers,
    KeyPoint,
    Pace,
    Pauses,
    PointScore,
    Question,
    Scorecard,
    Status,
    Transcript,
)

PACE = Pace(
    total_s=31.0,
    response_latency_s=1.0,
    speaking_s=24.0,
    speech_rate_wpm=120.0,
    articulation_rate_wpm=150.0,
    articulation_rate_syllables_s=4.0,
    pauses=Pauses(count=5, median_s=0.5, longest_s=2.0, total_s=6.0),
    fillers=Fillers(1, {"um": 1}),
    on_target=None,
)
STATUSES = {
    "c": Status.COVERED,
    "p": Status.PARTIAL,
    "m": Status.MISSED,
    "x": Status.CONTRADICTED,
}


def question(name: str, points: int = 0) -> Question:
    return Question(
        name.upper(), name, (), tuple(KeyPoint(f"{name} {number}") for number in range(points))
    )


def card(asked: Question, statuses: str = "", pace: Pace | None = PACE) -> Scorecard:
    """A scorecard with a status a letter, see STATUSES; without letters it was not judged."""
    points = tuple(
        PointScore(point.text, STATUSES[letter], float(letter == "c"), None)
        for point, letter in zip(asked.key_points, statuses, strict=bool(statuses))
    )
    mean = sum(point.score for point in points) / max(1, len(points))
    return Scorecard(asked, Transcript("t"), Coverage(mean, points) if points else None, pace, "v")


def answered(store: Store, at: datetime, scorecard: Scorecard) -> int:
    """The number of an attempt that was asked at this time and scored so."""
    asked = scorecard.question
    number = store.begin(asked, store.path.parent / f"{uuid4()}.wav", at)
    store.scored(number, scorecard)
    return number


def faster(pace: Pace, factor: float) -> Pace:
    return replace(
        pace,
        speech_rate_wpm=pace.speech_rate_wpm * factor,
        articulation_rate_wpm=pace.articulation_rate_wpm * factor,
    )


def multiply(store: Store, count: int, gap: timedelta) -> None:
    """Copies of attempt 1, as if asked before it, until there are `count` attempts in all.

    In one go: a thousand transactions would take longer than what they are there to test.
    """
    ((asked_at,),) = store.rows("SELECT asked_at FROM attempt WHERE id = 1")
    start = datetime.fromisoformat(asked_at)
    with store.transaction() as database:
        for number in range(2, count + 1):
            at = (start - number * gap).isoformat(timespec="milliseconds")
            database.execute(
                "INSERT INTO attempt SELECT ?, ?, question_id, question, ?, recording"
                " FROM attempt WHERE id = 1",
                (number, at, f"{number}.wav"),
            )
            database.execute(
                "INSERT INTO score SELECT ?, ?, transcript_id, scored_at, scorer_version,"
                " coverage, content FROM score WHERE id = 1",
                (number, number),
            )
            database.execute(
                "INSERT INTO measure SELECT ?, name, value FROM measure WHERE score_id = 1",
                (number,),
            )


def processor_time_s(work: Callable[[], object]) -> float:
    """The least of several runs: what else the machine does can only add."""

    def once() -> float:
        begun = time.process_time()
        work()
        return time.process_time() - begun

    return min(once() for _ in range(5))
