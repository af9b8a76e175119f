"""Which question to ask next, and why: a mix of what is due and what is new."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import itemgetter

from sayback.history.memory import PointMemory, QuestionMemory
from sayback.model import Question, Status

QUESTIONS_PER_SESSION = 5
"""Where nobody asks for more or fewer; our choice."""
NEW_SHARE = 1 / 5
"""At least so many of a session are new while there are any; our choice."""
SHARE_FOR_NEW = 1 / 3
"""Of the time left to the interview, as if there were no more of it for new ones.

It is reckoned anew each day, and so ends when about two thirds have passed: the last third is for
coming back to what was missed."""
_DAY = timedelta(days=1)

Memories = Mapping[str, QuestionMemory]


@dataclass(frozen=True, slots=True)
class Today:
    """The moment to choose for, and the days left to an interview; None without one to come."""

    now: datetime
    days_left: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A question to ask, and the reason as a person reads it: "due: missed twice"."""

    question: Question
    reason: str


@dataclass(frozen=True, slots=True)
class _Return:
    """A question with something to come back to, and since when.

    `points` are those that are due; `unjudged` how many of its key points were never judged.
    """

    question: Question
    points: tuple[PointMemory, ...]
    unjudged: int
    since: datetime


def choose(
    questions: Iterable[Question],
    memories: Memories,
    today: Today,
    count: int,
    *,
    only_due: bool = False,
) -> tuple[Choice, ...]:
    """At most `count` of the questions in the order to ask them, each with its reason.

    Due and new ones are mixed evenly, then come the least covered, unless `only_due`. Of the new
    ones there are at least one in five, and with an interview to come so many a day that all have
    been asked before the last third of the time left, where a session holds so many.
    """
    by_id = {question.id: question for question in questions}
    asked = tuple(by_id.values())
    known = {name: memories[name] for name in by_id if name in memories}
    returning = due(asked, known, today.now)
    never = [question for question in asked if question.id not in known]
    room = count - min(len(returning), math.floor(count * NEW_SHARE))
    wanted = min(_new_wanted(len(never), known, today, count), room)
    new = _new(never, max(wanted, count - len(returning)), today.days_left)
    chosen = _mixed(returning[: count - len(new)], new)
    if only_due:
        return chosen
    taken = {choice.question.id for choice in chosen}
    rest = [question for question in asked if question.id not in taken]
    return chosen + _least_covered(rest, known)[: count - len(chosen)]


def due(questions: Iterable[Question], memories: Memories, now: datetime) -> tuple[Choice, ...]:
    """The questions with something to come back to, the most urgent first.

    Urgent are days overdue and points missed again and again, one miss like one day (our choice):
    so neither what is missed each time nor what has waited long keeps out the other.
    """
    known = ((question, memories.get(question.id)) for question in questions)
    returns = [_return(question, memory, now) for question, memory in known if memory]
    waiting = [each for each in returns if each is not None]
    waiting.sort(key=lambda each: -_urgency(each, now))
    return tuple(Choice(each.question, _why_due(each, now)) for each in waiting)


def next_due(questions: Iterable[Question], memories: Memories) -> datetime | None:
    """When the first of the questions that were asked comes back; None where none was."""
    known = ((question, memories.get(question.id)) for question in questions)
    return min(
        (_comes_back(question, memory) for question, memory in known if memory), default=None
    )


def judged(question: Question, memory: QuestionMemory) -> tuple[PointMemory, ...]:
    """What is known of the key points that the question has now, less those never judged."""
    known = {point.text: point for point in memory.points}
    return tuple(known[text] for text in _texts(question) if text in known)


def _texts(question: Question) -> tuple[str, ...]:
    """The key points, each once."""
    return tuple(dict.fromkeys(point.text for point in question.key_points))


def _comes_back(question: Question, memory: QuestionMemory) -> datetime:
    points = judged(question, memory)
    if len(points) < len(_texts(question)):
        return memory.last_asked_at
    return min((point.due for point in points), default=memory.due)


def _return(question: Question, memory: QuestionMemory, now: datetime) -> _Return | None:
    """What to come back to; None where nothing is due."""
    if not question.key_points:
        is_due = _is_due(memory.due, memory.last_asked_at, now)
        return _Return(question, (), 0, memory.due) if is_due else None
    known = judged(question, memory)
    points = tuple(point for point in known if _is_due(point.due, point.judged_at, now))
    unjudged = len(_texts(question)) - len(known)
    if not points and not unjudged:
        return None
    since = min((point.due for point in points), default=memory.last_asked_at)
    return _Return(question, points, unjudged, since)


def _is_due(due_at: datetime, reviewed: datetime, now: datetime) -> bool:
    """Whether it is time, or will be today where the last time was not today."""
    today = _day(now)
    return due_at <= now or (_day(due_at) <= today and _day(reviewed) < today)


def _day(moment: datetime) -> date:
    """The day on the person's calendar."""
    return moment.astimezone().date()


def _urgency(each: _Return, now: datetime) -> float:
    return (now - each.since) / _DAY + sum(point.missed_in_row for point in each.points)


def _why_due(each: _Return, now: datetime) -> str:
    missed = max((point.missed_in_row for point in each.points), default=0)
    if missed:
        times = {1: "last time", 2: "twice"}.get(missed, f"{missed} times")
        return f"due: missed {times}"
    if any(point.last is Status.PARTIAL for point in each.points):
        return "due: partly said last time"
    if each.unjudged:
        return f"due: {each.unjudged} key {_s(each.unjudged, 'point')} not judged yet"
    return f"due {_since(_day(each.since), _day(now))}"


def _since(day: date, today: date) -> str:
    """A day that is not after today, as short as it is clear: "since Monday"."""
    days = (today - day).days
    if days == 0:
        return "today"
    if days == 1:
        return "since yesterday"
    return f"since {day:%A}" if days < 7 else f"since {day.day} {day:%B}"


def _new(never: Sequence[Question], count: int, days: int | None) -> tuple[Choice, ...]:
    """At most `count` of those never asked, in the order of the bank."""
    reason = "new"
    if days is not None:
        when = f"{days} {_s(days, 'day')} to the interview" if days else "the interview is today"
        reason = f"new: {len(never)} left, {when}"
    return tuple(Choice(question, reason) for question in never[:count])


def _new_wanted(new: int, memories: Memories, today: Today, count: int) -> int:
    """How many of the new ones a session of `count` has at least, where they fit."""
    of_session = _new_of_session(memories, count)
    if today.days_left is None:
        return of_session
    return max(of_session, _new_of_day(new, memories, today.days_left, _day(today.now)))


def _new_of_session(memories: Memories, count: int) -> int:
    if count > 1:
        return math.ceil(count * NEW_SHARE)
    # Of a single question there is no share, so the share of all answers so far has to do.
    return int(len(memories) < NEW_SHARE * sum(memory.attempts for memory in memories.values()))


def _new_of_day(new: int, memories: Memories, days: int, today: date) -> int:
    """How many new ones this day still needs, so that all are asked in time for the interview."""
    done = sum(_day(memory.first_asked_at) == today for memory in memories.values())
    return math.ceil((new + done) / max(1, math.floor(days * SHARE_FOR_NEW))) - done


def _mixed(*groups: Sequence[Choice]) -> tuple[Choice, ...]:
    """All choices, each group in its order and spread evenly over the whole."""
    placed = [
        ((number + 0.5) / len(group), choice)
        for group in groups
        for number, choice in enumerate(group)
    ]
    return tuple(choice for _, choice in sorted(placed, key=itemgetter(0)))


def _least_covered(questions: Iterable[Question], memories: Memories) -> tuple[Choice, ...]:
    """Those of the questions that were asked, then the longest ago; without coverage last."""
    known = [(question, memories[question.id]) for question in questions if question.id in memories]
    known.sort(key=lambda pair: (_coverage(pair[1]), pair[1].last_asked_at))
    return tuple(Choice(question, _why_again(memory)) for question, memory in known)


def _coverage(memory: QuestionMemory) -> float:
    return 1.0 if memory.coverage is None else memory.coverage


def _why_again(memory: QuestionMemory) -> str:
    if memory.coverage is None:
        asked = memory.last_asked_at.astimezone()
        return f"last asked {asked.day} {asked:%B}"
    return f"least covered so far ({memory.coverage:.0%})"


def _s(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
