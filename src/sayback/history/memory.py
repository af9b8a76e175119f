"""What a person still knows, by key point: the attempts replayed through FSRS.

Each key point is a card of its own. A question without key points is one card, which every answer
that was heard counts as known: coming back to it is all that can be scheduled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING

import msgspec

from sayback.errors import CannotKeep
from sayback.history.interview import brought_forward, days_left, interview
from sayback.history.store import Store
from sayback.history.stored import DAMAGE, decode, moment, readable
from sayback.model import Status

if TYPE_CHECKING:
    from fsrs import Card, Rating, Scheduler

AGAIN_AFTER = timedelta(minutes=10)
"""A point that was missed is due in the next session, also on the same day."""
FORMAT = 2
"""Goes up with every change of what is cached or of how it comes about."""

MISSED = frozenset({Status.MISSED, Status.CONTRADICTED})
"""What counts as not known."""


@dataclass(frozen=True, slots=True)
class PointMemory:
    """How a key point went so far; only answers that could be judged count.

    `missed` is how often it was missed or contradicted of the times it was `asked`,
    `missed_in_row` how often since it was last said.
    """

    text: str
    due: datetime
    last: Status
    asked: int
    missed: int
    missed_in_row: int
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class QuestionMemory:
    """How a question went so far: `due` with the first of its points.

    `question` is its text and `points` its key points as last asked, less those never judged;
    `attempts` counts answers that were scored, `coverage` is that of the last one judged.
    """

    question_id: str
    question: str
    points: tuple[PointMemory, ...]
    attempts: int
    first_asked_at: datetime
    last_asked_at: datetime
    due: datetime
    coverage: float | None


@dataclass(frozen=True, slots=True)
class _Key:
    """What changes with every new score of a question and with every attempt that is erased."""

    score_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class _Cached:
    """The content of a row of table `memory`, before an interview brings anything forward."""

    format: int
    memory: QuestionMemory


class _KeyPoint(msgspec.Struct):
    text: str


class _Question(msgspec.Struct):
    text: str
    key_points: tuple[_KeyPoint, ...] = ()


class _Point(msgspec.Struct):
    text: str
    status: Status


class _Coverage(msgspec.Struct):
    score: float
    points: tuple[_Point, ...]


class _Pace(msgspec.Struct):
    speech_rate_wpm: float


class _Score(msgspec.Struct):
    """What a replay needs of a stored score."""

    question: _Question
    coverage: _Coverage | None
    pace: _Pace | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """An attempt with its newest score."""

    asked_at: datetime
    score: _Score


_Reviews = Sequence[tuple[datetime, Status]]


def memories(store: Store, now: datetime) -> dict[str, QuestionMemory]:
    """The memory of every question that was asked, by its id.

    What has not changed since the last time comes from the cache; `now` decides whether an
    interview is still to come. Raises HistoryError.
    """
    keys = _keys(store)
    known = _cached(store, keys)
    if stale := keys.keys() - known.keys():
        known |= _renewed(store, stale)
    on = interview(store)
    if on is None or days_left(on, now) is None:
        return known
    return {name: _with_interview(memory, on) for name, memory in known.items()}


def _keys(store: Store) -> dict[str, _Key]:
    rows = store.rows(
        "SELECT question_id, max(score.id), count(DISTINCT attempt.id) FROM attempt"
        " JOIN score ON score.attempt_id = attempt.id GROUP BY question_id"
    )
    return {question_id: _Key(score_id, attempts) for question_id, score_id, attempts in rows}


def _cached(store: Store, keys: dict[str, _Key]) -> dict[str, QuestionMemory]:
    """The cached memories that are as new as `keys`."""
    found: dict[str, QuestionMemory] = {}
    for question_id, score_id, content in store.rows(
        "SELECT question_id, score_id, content FROM memory"
    ):
        try:
            cached = decode(content, _Cached)
        except DAMAGE:  # of another version of sayback, which is as good as none
            continue
        key = _Key(score_id, cached.memory.attempts)
        if cached.format == FORMAT and keys.get(question_id) == key:
            found[question_id] = cached.memory
    return found


def _renewed(store: Store, question_ids: Iterable[str]) -> dict[str, QuestionMemory]:
    """Memories computed anew and cached, in one transaction: nothing is erased in between.

    While another process writes, they are not cached: looking at a history waits for nobody. Nor
    are they on a disk that is full or read-only.
    """
    made: dict[str, QuestionMemory] = {}
    rows: list[tuple[str, int, str]] = []
    with suppress(CannotKeep), store.at_once() as database:
        for question_id in question_ids:
            score_id, answers = _answers(store, question_id)
            if not answers:  # erased since the keys were read
                continue
            made[question_id] = _replay(question_id, answers)
            content = msgspec.json.encode(_Cached(FORMAT, made[question_id])).decode()
            rows.append((question_id, score_id, content))
        if database is not None:
            database.executemany(
                "INSERT OR REPLACE INTO memory (question_id, score_id, content) VALUES (?, ?, ?)",
                rows,
            )
    return made


def _answers(store: Store, question_id: str) -> tuple[int, list[_Answer]]:
    """The newest of the scores, and the answers to a question in the order of time."""
    rows = store.rows(
        """
        SELECT score.id, asked_at, score.content FROM attempt
        JOIN score ON score.id = (SELECT max(id) FROM score WHERE score.attempt_id = attempt.id)
        WHERE question_id = ? ORDER BY asked_at, attempt.id
        """,
        (question_id,),
    )
    answers = list(readable(rows, _answer))
    return max((score_id for score_id, _, _ in rows), default=0), answers


def _answer(_: int, asked_at: str, content: str) -> _Answer:
    score = decode(content, _Score)
    return _Answer(moment(asked_at), score)


def _replay(question_id: str, answers: Sequence[_Answer]) -> QuestionMemory:
    """The memory of a question after its answers, oldest first, of which there is one or more."""
    newest = answers[-1]
    question = newest.score.question
    points = tuple(_points(question, answers))
    heard = [(answer.asked_at, Status.COVERED) for answer in answers if _was_heard(answer.score)]
    coverages = [answer.score.coverage.score for answer in answers if answer.score.coverage]
    if question.key_points:
        due = min((point.due for point in points), default=newest.asked_at)
    else:
        due = _due(heard) if heard else newest.asked_at
    return QuestionMemory(
        question_id=question_id,
        question=question.text,
        points=points,
        attempts=len(answers),
        first_asked_at=answers[0].asked_at,
        last_asked_at=newest.asked_at,
        due=due,
        coverage=coverages[-1] if coverages else None,
    )


def _was_heard(score: _Score) -> bool:
    return score.pace is not None and score.pace.speech_rate_wpm > 0


def _points(question: _Question, answers: Iterable[_Answer]) -> Iterator[PointMemory]:
    """The key points of `question` that were judged at least once, in its order."""
    reviews: dict[str, list[tuple[datetime, Status]]] = defaultdict(list)
    for answer in answers:
        judged = answer.score.coverage.points if answer.score.coverage else ()
        for text, status in {point.text: point.status for point in judged}.items():
            reviews[text].append((answer.asked_at, status))
    for text in dict.fromkeys(point.text for point in question.key_points):
        if text in reviews:
            yield _point(text, reviews[text])


def _point(text: str, reviews: _Reviews) -> PointMemory:
    judged_at, last = reviews[-1]
    missed = [status in MISSED for _, status in reviews]
    return PointMemory(
        text=text,
        due=_due(reviews),
        last=last,
        asked=len(reviews),
        missed=sum(missed),
        missed_in_row=sum(takewhile(bool, reversed(missed))),
        judged_at=judged_at,
    )


def _due(reviews: _Reviews) -> datetime:
    """When FSRS wants a card again that was reviewed so, oldest first."""
    from fsrs import Card  # late, like the scheduler: most runs find all in the cache

    scheduler = _scheduler()
    # A card that chooses its own number sleeps for a millisecond.
    card = Card(card_id=0, due=reviews[0][0])
    for at, status in reviews:
        card, _ = scheduler.review_card(card, _rating(status, card), at)
    return card.due


def _rating(status: Status, card: Card) -> Rating:
    from fsrs import Rating, State

    if status in MISSED:
        return Rating.Again
    # "Hard" keeps a card that is being learnt among those of the next quarter of an hour, for ever.
    is_known = card.state is State.Review
    return Rating.Hard if status is Status.PARTIAL and is_known else Rating.Good


@cache
def _scheduler() -> Scheduler:
    from fsrs import Scheduler

    return Scheduler(
        learning_steps=(AGAIN_AFTER,), relearning_steps=(AGAIN_AFTER,), enable_fuzzing=False
    )


def _with_interview(memory: QuestionMemory, on: date) -> QuestionMemory:
    points = tuple(
        replace(point, due=brought_forward(point.due, point.judged_at, on))
        for point in memory.points
    )
    due = min(
        (point.due for point in points),
        default=brought_forward(memory.due, memory.last_asked_at, on),
    )
    return replace(memory, points=points, due=due)
