"""How coverage and delivery develop from session to session."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean
from typing import Literal

from sayback.history.store import Store
from sayback.history.stored import moment, readable

SESSION_GAP = timedelta(hours=1)
"""Attempts less than this apart belong to one session."""
NEWEST = 3
"""So many sessions are compared with those before them."""
STANDARD_ERRORS = 2.0
"""A difference within so many is scatter. Sessions that differ by chance alone then pass for a
change in 11 of 100 cases where there are four to six of them, in 5 where there are many."""


@dataclass(frozen=True, slots=True)
class Noticeable:
    """The smallest difference worth telling: an `amount`, or a share of the earlier value."""

    amount: float
    is_share: bool
    reason: str

    def difference(self, value: float) -> float:
        """In the unit of `value`."""
        return self.amount * abs(value) if self.is_share else self.amount


@dataclass(frozen=True, slots=True)
class Measure:
    """What is followed; `better` is the direction to aim for, None where nobody knows one.

    Coverage is 0 to 1, its unit "%" is for people.
    """

    name: str
    label: str
    unit: str
    definition: str
    noticeable: Noticeable
    better: Literal["up", "down"] | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Attempts in one go and the means of their measures; one that none of them has is absent."""

    started_at: datetime
    attempts: tuple[int, ...]
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Change:
    """The mean of a measure before and now, over the sessions counted on each side.

    It `is_noticeable` where it is larger than `floor`: the noticeable difference, or the scatter
    of the sessions where that is larger. Three sessions are too few to tell from scatter.
    """

    before: float
    now: float
    sessions_before: int
    sessions_now: int
    floor: float

    @property
    def is_noticeable(self) -> bool:
        return self.sessions_now == NEWEST and abs(self.now - self.before) > self.floor


_TEMPO = Noticeable(0.05, True, "a change of tempo under 5% is not noticed (Quené 2007)")
_TENTH = Noticeable(0.1, True, "10%; our choice, there is no source")

MEASURES = (
    Measure(
        name="coverage",
        label="Coverage",
        unit="%",
        definition="Mean over the key points of how far each was said, as the scorer judges it"
        " and you corrected it (our own definition).",
        noticeable=Noticeable(
            0.1, False, "10 points are half a key point of five; our choice, there is no source"
        ),
        better="up",
    ),
    Measure(
        name="speaking_s",
        label="Speaking time",
        unit="s",
        definition="Phonation time: the sum of the detected speech, silences under 250 ms included"
        " (de Jong & Wempe 2009).",
        noticeable=_TENTH,
    ),
    Measure(
        name="speech_rate_wpm",
        label="Speech rate",
        unit="words/min",
        definition="Words a minute from the first to the last speech, pauses included (after"
        " de Jong & Wempe 2009, who divide by total time).",
        noticeable=_TEMPO,
    ),
    Measure(
        name="articulation_rate_wpm",
        label="Articulation rate",
        unit="words/min",
        definition="Words a minute of speaking time, pauses left out (de Jong & Wempe 2009, with"
        " words for syllables).",
        noticeable=_TEMPO,
    ),
    Measure(
        name="pauses_per_min",
        label="Pauses",
        unit="/min",
        definition="Silences of 250 ms or more inside the answer, a minute from the first to the"
        " last speech (De Jong & Bosker 2013).",
        noticeable=_TENTH,
    ),
    Measure(
        name="pauses.median_s",
        label="Median pause",
        unit="s",
        definition="Median length of the silences of 250 ms or more inside the answer: the lengths"
        " of pauses are log-normal, so their mean misleads (De Jong & Bosker 2013).",
        noticeable=Noticeable(
            0.1, False, "0.1 s, under half of the shortest pause; our choice, there is no source"
        ),
    ),
    Measure(
        name="fillers_per_min",
        label="Fillers, at least",
        unit="/min",
        definition="Filler words such as um, uh and you know, a minute from the first to the last"
        " speech: a lower bound, since Whisper leaves most of them out (our own definition).",
        noticeable=Noticeable(1.0, False, "one a minute; our choice, there is no source"),
        better="down",
    ),
)

_STORED = (
    "speech_rate_wpm",
    "articulation_rate_wpm",
    "speaking_s",
    "pauses.count",
    "pauses.median_s",
    "pauses.total_s",
    "fillers.at_least",
)
_VALUES = ", ".join(
    f"(SELECT value FROM measure WHERE score_id = score.id AND name = '{name}')" for name in _STORED
)


@dataclass(frozen=True, slots=True)
class _Attempt:
    id: int
    asked_at: datetime
    values: dict[str, float]


def sessions(store: Store) -> tuple[Session, ...]:
    """All sessions with an answer that was scored, oldest first. Raises HistoryError."""
    together: list[list[_Attempt]] = []
    for attempt in _attempts(store):
        if together and attempt.asked_at - together[-1][-1].asked_at < SESSION_GAP:
            together[-1].append(attempt)
        else:
            together.append([attempt])
    return tuple(_session(attempts) for attempts in together)


def of_question(store: Store, question_id: str) -> tuple[Session, ...]:
    """One a scored attempt at the question, oldest first. Raises HistoryError."""
    where = "WHERE attempt_id IN (SELECT id FROM attempt WHERE question_id = ?)"
    attempts = _attempts(store, where, question_id)
    return tuple(_session([attempt]) for attempt in attempts)


def series(sessions: Iterable[Session], measure: Measure) -> tuple[float, ...]:
    """The values of a measure, one a session that has it."""
    return tuple(each.values[measure.name] for each in sessions if measure.name in each.values)


def change(sessions: Iterable[Session], measure: Measure) -> Change | None:
    """The newest three sessions against those before; the last against the first of up to three.

    None where fewer than two sessions have the measure.
    """
    values = series(sessions, measure)
    if len(values) < 2:
        return None
    enough = len(values) > NEWEST
    earlier, newest = (values[:-NEWEST], values[-NEWEST:]) if enough else (values[:1], values[-1:])
    before = fmean(earlier)
    error = _scatter(values) * math.sqrt(1 / len(earlier) + 1 / len(newest))
    floor = max(measure.noticeable.difference(before), STANDARD_ERRORS * error)
    return Change(before, fmean(newest), len(earlier), len(newest), floor)


def _scatter(values: Sequence[float]) -> float:
    """Standard deviation about a level that may drift: from successive differences.

    Half their mean square is the variance (von Neumann 1941): a steady rise adds little to it.
    """
    return math.sqrt(fmean((after - before) ** 2 for before, after in pairwise(values)) / 2)


def _attempts(store: Store, where: str = "", *values: str) -> Iterator[_Attempt]:
    rows = store.rows(
        f"""
        SELECT attempt.id, asked_at, coverage, {_VALUES}
        FROM (SELECT max(id) AS newest FROM score {where} GROUP BY attempt_id)
        JOIN score ON score.id = newest JOIN attempt ON attempt.id = score.attempt_id
        ORDER BY asked_at, attempt.id
        """,
        values,
    )
    yield from readable(rows, _attempt)


def _attempt(number: int, asked_at: str, coverage: float | None, *stored: float) -> _Attempt:
    # Without a word heard there is nothing to say about how it was spoken.
    measured = _delivery(*map(float, stored)) if stored[0] else {}
    if coverage is not None:
        measured["coverage"] = float(coverage)
    return _Attempt(number, moment(asked_at), measured)


def _delivery(*stored: float) -> dict[str, float]:
    """The measures of how an answer was spoken, from the numbers named in `_STORED`."""
    rate, articulation_rate, speaking_s, pauses, median_s, silent_s, fillers = stored
    minutes = (speaking_s + silent_s) / 60
    measured = {
        "speech_rate_wpm": rate,
        "articulation_rate_wpm": articulation_rate,
        "speaking_s": speaking_s,
        "pauses_per_min": pauses / minutes,
        "fillers_per_min": fillers / minutes,
    }
    if pauses:
        measured["pauses.median_s"] = median_s
    return measured


def _session(attempts: Sequence[_Attempt]) -> Session:
    return Session(
        started_at=attempts[0].asked_at,
        attempts=tuple(attempt.id for attempt in attempts),
        values=_means([attempt.values for attempt in attempts]),
    )


def _means(each: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of every name over those that have it."""
    by_name: dict[str, list[float]] = defaultdict(list)
    for values in each:
        for name, value in values.items():
            by_name[name].append(value)
    return {name: sum(values) / len(values) for name, values in by_name.items()}
