"""Trends as lines for a terminal or a pipe, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sayback.history.trends import MEASURES, NEWEST, Change, Measure, Session, change, series
from sayback.views.card import ACCENT, ALARM
from sayback.views.charts import sparkline

SCHEMA = "sayback.trends/1"
MOST_SESSIONS = 14
"""So many of the newest are drawn, a character each; comparisons use all."""

BETTER = "better"
WORSE = "worse"
UNCHANGED = "no noticeable change"
TOO_EARLY = "too early to tell"
_STYLES = {BETTER: ACCENT, WORSE: ALARM, UNCHANGED: "dim", TOO_EARLY: "dim"}


def trends(sessions: Sequence[Session], *, of_question: bool = False) -> RenderableType:
    """One line a measure: its course over the sessions, from where to where, and a verdict.

    Those of one question are of one answer each, and called so.
    """
    noun = "answer" if of_question else "session"
    if not sessions:
        return Padding(Text("No trends yet: `sayback practice` makes the first session."), (0, 1))
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for measure in MEASURES:
        if values := series(sessions, measure):
            table.add_row(*_line(measure, values, change(sessions, measure)))
    return Padding(
        Group(_headline(sessions, noun), Text(), table, Text(), _footer(sessions, noun)), (1, 1)
    )


def to_json(sessions: Sequence[Session]) -> dict[str, Any]:
    """Measures with their definitions and changes, and the sessions; values in full precision."""
    return {
        "schema": SCHEMA,
        "measures": [
            asdict(measure) | {"change": _change_to_json(change(sessions, measure))}
            for measure in MEASURES
        ],
        "sessions": [
            {
                "started_at": each.started_at.isoformat(),
                "attempts": list(each.attempts),
                "values": each.values,
            }
            for each in sessions
        ],
    }


def figure(measure: Measure, value: float) -> str:
    """A value with its unit, as precise as it is meant: "47%", "134 words/min", "0.6 s"."""
    if measure.unit == "%":
        return f"{value:.0%}"
    digits = 0 if abs(value) >= 20 else 1
    space = "" if measure.unit.startswith("/") else " "
    return f"{value:.{digits}f}{space}{measure.unit}"


def verdict(measure: Measure, found: Change | None) -> str:
    """What a change means in two or three words: "better", "lower", "no noticeable change"."""
    if found is None or found.sessions_now < NEWEST:
        return TOO_EARLY
    if not found.is_noticeable:
        return UNCHANGED
    rises = found.now > found.before
    if measure.better is None:
        return "higher" if rises else "lower"
    return BETTER if rises == (measure.better == "up") else WORSE


def _headline(sessions: Sequence[Session], noun: str) -> Text:
    first, last = (each.started_at.astimezone() for each in (sessions[0], sessions[-1]))
    answers = sum(len(each.attempts) for each in sessions)
    when = f"{first:%d %b %Y}" + (f" to {last:%d %b %Y}" if last.date() > first.date() else "")
    counts = _count(answers, "answer")
    if noun != "answer":
        counts = f"{_count(len(sessions), noun)}, {counts}"
    return Text.assemble((counts, "bold"), (f"   {when}", "dim"))


def _line(measure: Measure, values: Sequence[float], found: Change | None) -> tuple[Text, ...]:
    course = figure(measure, values[-1])
    if found is not None:
        course = f"{_bare(measure, found.before)} → {figure(measure, found.now)}"
    said = verdict(measure, found)
    return (
        Text(measure.label),
        Text(sparkline(values[-MOST_SESSIONS:]), ACCENT),
        Text(course),
        Text(said, _STYLES.get(said, "")),
    )


def _bare(measure: Measure, value: float) -> str:
    """The figure without a unit that the figure after it shows."""
    return figure(measure, value).removesuffix(measure.unit).rstrip()


def _footer(sessions: Sequence[Session], noun: str) -> Text:
    few = f"From {NEWEST + 1} {noun}s on a change can be told from chance: keep practising."
    many = (
        f"The mean of the {noun}s before the newest three → that of the newest three.\n"
        "A change counts where it is noticeable and larger than their scatter."
    )
    lines = few if len(sessions) <= NEWEST else many
    where = "Definitions: `sayback trends --json`, or the page of `sayback review`."
    return Text(f"{lines}\n{where}", "dim")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _change_to_json(found: Change | None) -> dict[str, Any] | None:
    return None if found is None else asdict(found) | {"is_noticeable": found.is_noticeable}
