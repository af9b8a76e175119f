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
from sayback.history.edits import last_edit
from sayback.history.interview import days_left, interview
from sayback.history.memory import MISSED, PointMemory, QuestionMemory, memories
from sayback.history.schedule import QUESTIONS_PER_SESSION, Today, choose, due, judged, next_due
from sayback.history.search import find
from sayback.history.store import Store
from sayback.history.summary import Summary
from sayback.history.trends import MEASURES, NEWEST, Measure, Session, of_question, sessions
from sayback.model import Attempt, Question, Status
from sayback.revision import best_attempt, draft_from
from sayback.views.charts import clock
from sayback.views.web import answer, svg, wording
from sayback.views.web.charting import Trend, trend
from sayback.views.web.links import attempt_page, moment_of, question_name, question_page
from sayback.views.web.spoken import LONG_PAUSE_S

REHEARSALS_SHOWN = 3
ANSWERS_SHOWN = 8
"""Of a rehearsal, the newest."""
MISSED_SHOWN = 6
FOUND_SHOWN = 50
ATTEMPTS_SIDE_BY_SIDE = 12
OVERVIEW_MEASURES = tuple(
    each for each in MEASURES if each.name in ("coverage", "speaking_s", "speech_rate_wpm")
)


@dataclass(frozen=True)
class Site:
    """All that the pages show, as of `now`; without a `token` they can only be read.

    `bank_problem` is what is wrong with the bank, and what to do, where it cannot be read.
    """

    store: Store
    questions: tuple[Question, ...]
    now: datetime
    token: str | None = None
    bank_problem: str = ""

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
        view = answer.view(attempt, earlier, self.in_bank(attempt.question.id))
        return self._render("attempt", view=view)

    def trends(self) -> str:
        """Every measure over all sessions."""
        found = _trends(self.sessions)
        return self._render("trends", trends=found, sessions=self.sessions, newest=NEWEST)

    def search(self, text: str) -> str:
        """The answers in which the words of `text` were said or asked."""
        found = find(self.store, text, FOUND_SHOWN)
        return self._render("search", text=text, found=found, is_all=len(found) < FOUND_SHOWN)

    def in_bank(self, question_id: str) -> Question | None:
        """The question as the bank has it now; None where it is not there."""
        return next((each for each in self.questions if each.id == question_id), None)

    def about(self) -> str:
        """What every number and sign means, and which keys there are."""
        return self._render("about", measures=MEASURES, long_pause_s=LONG_PAUSE_S)

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        """All rehearsals, oldest first."""
        return sessions(self.store)

    @cached_property
    def memories(self) -> Mapping[str, QuestionMemory]:
        """What is known of every question that was asked."""
        return memories(self.store, self.now)

    def _render(self, name: str, **context: Any) -> str:
        context |= {"now": self.now, "bank_problem": self.bank_problem}
        return _rendered(name, self.token, **context)


def problem_page(error: SaybackError, typed: Sequence[str] = (), token: str | None = None) -> str:
    """What was wrong, what to do, and the way back; needs nothing of what may be broken.

    `typed` are the texts that the person had written into a form: nobody should lose them.
    """
    return _rendered("problem", token, error=error, typed=typed)


def names(site: Site) -> Iterator[str]:
    """The names of all pages that can be read without a server."""
    yield from ("index.html", "bank.html", "trends.html", "about.html")
    summaries = site.store.summaries()
    asked = dict.fromkeys(each.question_id for each in summaries)
    known = dict.fromkeys(question.id for question in site.questions)
    yield from map(question_page, known | asked)
    yield from (attempt_page(each.id) for each in summaries)


def _rendered(name: str, token: str | None, **context: Any) -> str:
    return _environment().get_template(f"{name}.html").render(page=name, token=token, **context)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "percent": wording.percent,
        "clock": clock,
        "seconds": wording.seconds,
        "capital": wording.capital,
    }
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
class Next:
    """A question to ask, why, and what was missed of it the last time."""

    question: Question
    reason: str
    memory: QuestionMemory | None

    @property
    def not_said(self) -> tuple[str, ...]:
        points = judged(self.question, self.memory) if self.memory else ()
        return tuple(point.text for point in points if point.last in MISSED)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A session with its newest answers, and how many there are before them."""

    session: Session
    answers: tuple[Summary, ...]
    left_out: int


def _overview(site: Site) -> dict[str, Any]:
    on = interview(site.store)
    today = Today(site.now, days_left(on, site.now))
    waiting = due(site.questions, site.memories, site.now)
    session = choose(
        site.questions, site.memories, today, QUESTIONS_PER_SESSION, only_due=bool(waiting)
    )
    return {
        "due": len(waiting),
        "next": [
            Next(each.question, each.reason, site.memories.get(each.question.id))
            for each in session
        ],
        "due_next": len(set(waiting) & set(session)),
        "next_due": next_due(site.questions, site.memories),
        "interview": on,
        "days_left": today.days_left,
        "sessions": site.sessions,
        "rehearsals": list(_rehearsals(site)),
        "trends": _trends(site.sessions, OVERVIEW_MEASURES),
        **_missed(site),
        "bank_size": len(site.questions),
    }


def _rehearsals(site: Site) -> Iterator[Rehearsal]:
    """The last ones, newest first."""
    answers = {each.id: each for each in site.store.summaries()}
    for session in reversed(site.sessions[-REHEARSALS_SHOWN:]):
        shown = session.attempts[-ANSWERS_SHOWN:]
        found = tuple(answers[number] for number in reversed(shown) if number in answers)
        yield Rehearsal(session, found, len(session.attempts) - len(shown))


def _missed(site: Site) -> dict[str, Any]:
    """The key points missed more than once, first those missed the last time, most often first.

    Where there are none, those missed the last time.
    """
    every = [(each, point) for each in site.memories.values() for point in each.points]
    often = [pair for pair in every if pair[1].missed > 1]
    found = often or [pair for pair in every if pair[1].missed and pair[1].last in MISSED]
    found.sort(key=lambda pair: _by_misses(pair[1]))
    return {"missed": found[:MISSED_SHOWN], "is_often": bool(often)}


def _by_misses(point: PointMemory) -> tuple[bool, int, int]:
    return point.last not in MISSED, -point.missed, point.asked


def _trends(found: Sequence[Session], measures: Sequence[Measure] = MEASURES) -> list[Trend]:
    return [each for measure in measures if (each := trend(found, measure))]


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
    now_in_bank = site.in_bank(name)
    found = site.store.summaries(name if now_in_bank else None)
    lines = [each for each in found if question_name(each.question_id) == question_name(name)]
    judged_lines = [each for each in lines if each.coverage is not None]
    attempts = [site.store.attempt(each.id) for each in reversed(lines[-ATTEMPTS_SIDE_BY_SIDE:])]
    question = now_in_bank or (attempts[0].question if attempts else None)
    if question is None:
        raise NoSuchQuestion(f"{name}: no such question", "see them with `sayback bank list`")
    asked_again = (now_in_bank,) if now_in_bank else ()
    best = best_attempt(question.id, site.store)
    is_outdated = bool(now_in_bank and attempts and answer.is_outdated(attempts[0], now_in_bank))
    return {
        "question": question,
        "is_outdated": is_outdated,
        "is_in_bank": now_in_bank is not None,
        "lines": lines[::-1],
        "attempts": [answer.Column(each) for each in attempts],
        "best": next((each for each in judged_lines if best and each.id == best.id), None),
        "last": judged_lines[-1] if judged_lines else None,
        "due": next((each.reason for each in due(asked_again, site.memories, site.now)), None),
        "comes_back": next_due(asked_again, site.memories),
        "trends": _trends(of_question(site.store, question.id)) if len(lines) > 1 else [],
        "draft": _draft(site, now_in_bank, best),
        "edit": _edit(site, question),
    }


def _draft(site: Site, question: Question | None, best: Attempt | None) -> dict[str, Any] | None:
    """Proposals for a question of the bank without key points, from the best answer to it.

    None where nothing can be proposed or written. Comparing proposals with key points takes half
    a second, too long for a page: for more of them there is the command.
    """
    if question is None or question.key_points or not site.token or best is None:
        return None
    return {"attempt": best, "points": draft_from(best, question).points}


def _edit(site: Site, question: Question) -> int | None:
    """The number of the newest edit of the bank, if it wrote key points of this question."""
    last = last_edit(site.store) if site.token else None
    if last is None:
        return None
    number, _, _, inserted = last
    written = parse("- written\n" + inserted.decode("utf-8", "replace")).questions
    known = {point.text for point in question.key_points}
    is_ours = any(point.text in known for each in written for point in each.key_points)
    return number if is_ours else None
