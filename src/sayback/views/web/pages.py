"""The pages of the review as HTML text, the same for the server and for an export."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sayback.bank.parse import parse
from sayback.errors import NoSuchQuestion, SaybackError
from sayback.history.interview import days_left, interview
from sayback.history.memory import QuestionMemory, memories
from sayback.history.schedule import choose, due, next_due
from sayback.history.search import find
from sayback.history.store import Store, Summary
from sayback.history.trends import MEASURES, Session, of_question, sessions
from sayback.model import Question, Status
from sayback.revision import best_attempt, draft_from
from sayback.views.charts import clock
from sayback.views.web import answer, svg, wording
from sayback.views.web.charting import Trend, trend
from sayback.views.web.links import attempt_page, moment_of, question_name, question_page

REHEARSALS_SHOWN = 3
DUE_SHOWN = 6
MISSED_SHOWN = 6
ATTEMPTS_SIDE_BY_SIDE = 12
OVERVIEW_MEASURES = ("coverage", "speaking_s", "speech_rate_wpm")
MOST_DRAFTED = 7


@dataclass(frozen=True)
class Site:
    """All that the pages show, as of `now`; without a `token` they can only be read."""

    store: Store
    questions: tuple[Question, ...]
    now: datetime
    token: str | None = None

    def overview(self) -> str:
        """What is due, the last rehearsals, where it is going, and what was missed most often."""
        return self._render("overview", **_overview(self))

    def bank(self) -> str:
        """All questions by topic with how they went, and those that have left the bank."""
        return self._render("bank", **_bank(self))

    def question(self, name: str) -> str:
        """One question with all its attempts, by its id or the name that its page has of it.

        Raises NoSuchQuestion.
        """
        return self._render("question", **_question(self, name))

    def attempt(self, number: int) -> str:
        """One answer. Raises HistoryError where there is none of that number."""
        attempt = self.store.attempt(number)
        earlier = self.store.coverages(attempt.question.id, before=number)
        return self._render("attempt", view=answer.view(attempt, earlier))

    def trends(self) -> str:
        """Every measure over all sessions."""
        found = _trends(self.sessions)
        return self._render("trends", trends=found, sessions=self.sessions)

    def search(self, text: str) -> str:
        """The answers in which the words of `text` were said or asked."""
        return self._render("search", text=text, found=find(self.store, text))

    def about(self) -> str:
        """What every number and sign means, and which keys there are."""
        return self._render("about", measures=MEASURES, long_pause_s=answer.LONG_PAUSE_S)

    def problem(self, error: SaybackError) -> str:
        """What was wrong and what to do, with the way back."""
        return self._render("problem", error=error)

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        """All rehearsals, oldest first."""
        return sessions(self.store)

    @cached_property
    def memories(self) -> Mapping[str, QuestionMemory]:
        """What is known of every question that was asked."""
        return memories(self.store, self.now)

    def _render(self, name: str, **context: Any) -> str:
        template = _environment().get_template(f"{name}.html")
        return template.render(page=name, token=self.token, now=self.now, **context)


def names(site: Site) -> Iterator[str]:
    """The names of all pages that can be read without a server."""
    yield from ("index.html", "bank.html", "trends.html", "about.html")
    summaries = site.store.summaries()
    asked = dict.fromkeys(each.question_id for each in summaries)
    known = dict.fromkeys(question.id for question in site.questions)
    yield from map(question_page, known | asked)
    yield from (attempt_page(each.id) for each in summaries)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"percent": wording.percent, "clock": clock, "seconds": wording.seconds}
    made.globals |= {
        "Status": Status,
        "statuses": wording.STATUSES,
        "count": wording.count,
        "day": wording.day,
        "date": wording.date,
        "short_date": wording.short_date,
        "time_of_day": wording.time_of_day,
        "upcoming": wording.upcoming,
        "mark": svg.mark,
        "bar": svg.bar,
        "sparkline": svg.sparkline,
        "attempt_page": attempt_page,
        "question_page": question_page,
        "moment_of": moment_of,
    }
    return made


# The overview


@dataclass(frozen=True, slots=True)
class Missed:
    """A key point that was missed, and how often of the times it was asked."""

    text: str
    question_id: str
    question: str
    missed: int
    asked: int
    last: Status


@dataclass(frozen=True, slots=True)
class Next:
    """A question to ask, why, and what was missed of it the last time."""

    question: Question
    reason: str
    memory: QuestionMemory | None

    @property
    def not_said(self) -> tuple[str, ...]:
        points = self.memory.points if self.memory else ()
        wrong = (Status.MISSED, Status.CONTRADICTED)
        return tuple(point.text for point in points if point.last in wrong)


def _overview(site: Site) -> dict[str, Any]:
    on = interview(site.store)
    waiting = due(site.questions, site.memories, site.now)
    shown = waiting or choose(site.questions, site.memories, site.now, DUE_SHOWN, on)
    coming = [site.memories[each.id] for each in site.questions if each.id in site.memories]
    last = [
        (each, [site.store.attempt(number) for number in each.attempts])
        for each in reversed(site.sessions[-REHEARSALS_SHOWN:])
    ]
    return {
        "due": len(waiting),
        "next": [
            Next(each.question, each.reason, site.memories.get(each.question.id))
            for each in shown[:DUE_SHOWN]
        ],
        "next_due": next_due({memory.question_id: memory for memory in coming}),
        "interview": on,
        "days_left": days_left(on, site.now),
        "sessions": site.sessions,
        "rehearsals": last,
        "trends": [each for each in _trends(site.sessions) if each.name in OVERVIEW_MEASURES],
        "missed": _missed(site)[:MISSED_SHOWN],
        "bank_size": len(site.questions),
    }


def _missed(site: Site) -> list[Missed]:
    """The key points that were missed, most often first, then those missed the last time."""
    found = [
        Missed(point.text, each.question_id, each.question, point.missed, point.asked, point.last)
        for each in site.memories.values()
        for point in each.points
        if point.missed
    ]
    wrong = (Status.MISSED, Status.CONTRADICTED)
    return sorted(found, key=lambda each: (each.last not in wrong, -each.missed, each.asked))


def _trends(found: Sequence[Session]) -> list[Trend]:
    return [each for measure in MEASURES if (each := trend(found, measure))]


# The bank


@dataclass(slots=True)
class Row:
    """A question and how it went; `coverages` of its attempts, oldest first."""

    id: str
    text: str
    points: int | None
    attempts: list[Summary] = field(default_factory=list)
    due: str | None = None

    @property
    def coverages(self) -> list[float]:
        return [each.coverage for each in self.attempts if each.coverage is not None]


def _bank(site: Site) -> dict[str, Any]:
    attempts = defaultdict(list)
    for each in site.store.summaries():
        attempts[each.question_id].append(each)
    reasons = {
        each.question.id: each.reason for each in due(site.questions, site.memories, site.now)
    }
    topics: dict[tuple[str, ...], list[Row]] = {}
    for question in site.questions:
        row = Row(
            question.id, question.text, len(question.key_points),
            attempts.pop(question.id, []), reasons.get(question.id),
        )  # fmt: skip
        topics.setdefault(question.topic, []).append(row)
    gone = [Row(name, rows[-1].question, None, rows) for name, rows in attempts.items()]
    rows = [row for topic in topics.values() for row in topic]
    return {
        "topics": topics,
        "gone": gone,
        "total": len(rows),
        "asked": sum(bool(row.attempts) for row in rows),
        "without_points": sum(row.points == 0 for row in rows),
    }


# A question


def _question(site: Site, name: str) -> dict[str, Any]:
    now_in_bank = next((each for each in site.questions if each.id == name), None)
    found = site.store.summaries(name if now_in_bank else None)
    lines = [each for each in found if question_name(each.question_id) == question_name(name)]
    attempts = [site.store.attempt(each.id) for each in reversed(lines[-ATTEMPTS_SIDE_BY_SIDE:])]
    question = now_in_bank or (attempts[0].question if attempts else None)
    if question is None:
        raise NoSuchQuestion(f"{name}: no such question", "see them with `sayback bank list`")
    best = max((each for each in lines if each.coverage is not None), default=None,
               key=lambda each: (each.coverage, each.id))  # fmt: skip
    reasons = due(site.questions, site.memories, site.now)
    return {
        "question": question,
        "is_in_bank": now_in_bank is not None,
        "lines": lines[::-1],
        "attempts": [answer.Column(each) for each in attempts],
        "best": best,
        "last": next((each for each in reversed(lines) if each.coverage is not None), None),
        "due": next((each.reason for each in reasons if each.question.id == question.id), None),
        "memory": site.memories.get(question.id),
        "trends": _trends(of_question(site.store, question.id)) if len(lines) > 1 else [],
        "draft": _draft(site, now_in_bank),
        "can_take_back": _can_take_back(site, question),
    }


def _draft(site: Site, question: Question | None) -> dict[str, Any] | None:
    """Proposals for a question of the bank without key points, from the best answer to it.

    None where nothing can be proposed or written. Comparing proposals with key points takes half
    a second, too long for a page: for more of them there is the command.
    """
    if question is None or question.key_points or not site.token:
        return None
    attempt = best_attempt(question.id, site.store)
    if attempt is None:
        return None
    found = draft_from(attempt, question)
    return {"attempt": attempt, "points": found.points[:MOST_DRAFTED]}


def _can_take_back(site: Site, question: Question) -> bool:
    """Whether the key points that were written into the bank last are those of this question."""
    last = site.store.last_edit() if site.token else None
    if last is None:
        return False
    written = parse("- written\n" + last[-1].decode("utf-8", "replace")).questions
    known = {point.text for point in question.key_points}
    return any(point.text in known for each in written for point in each.key_points)
