"""Questions and attempts as tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sayback.history.summary import Summary
from sayback.model import Question
from sayback.views.card import ACCENT
from sayback.views.charts import bar, clock

BAR_WIDTH = 10
NARROW = 60
"""In fewer columns the question stands on lines of its own."""


def questions(found: Iterable[Question]) -> Padding:
    """Each question with its id and the number of its key points, under its topic."""
    table = Table.grid(padding=(0, 2))
    table.add_column(ratio=1)
    table.add_column(justify="right", style="dim")
    topic: tuple[str, ...] = ()
    for question in found:
        if question.topic != topic:
            topic = question.topic
            table.add_row()
            table.add_row(Text(" › ".join(topic), ACCENT))
        points = len(question.key_points)
        table.add_row(Text(question.text), _count(points) if points else "no points yet")
        table.add_row(Text(f"  {question.id}", "dim"))
    return Padding(table, (0, 1))


def _count(points: int) -> str:
    return "1 point" if points == 1 else f"{points} points"


@dataclass(frozen=True, slots=True)
class Attempts:
    """One line an attempt, two where there is little room."""

    summaries: tuple[Summary, ...]

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width >= NARROW:
            yield _in_columns(self.summaries)
        else:
            yield from map(_on_two_lines, self.summaries)


def _in_columns(summaries: Iterable[Summary]) -> Padding:
    table = Table.grid(padding=(0, 2))
    for justify in ("right", "left", "right", "left", "right"):
        table.add_column(justify=justify, no_wrap=True)
    table.add_column()
    for line in summaries:
        table.add_row(*_asked(line), *_coverage(line), _length(line), Text(line.question))
    return Padding(table, (0, 1))


def _on_two_lines(line: Summary) -> Padding:
    share, judged = _coverage(line)
    facts = Text("  ").join(filter(None, (*_asked(line), share or judged, _length(line))))
    return Padding(Group(facts, Padding(Text(line.question), (0, 0, 0, 2))), (0, 1))


def _asked(line: Summary) -> tuple[Text, Text]:
    """The number, and when."""
    return Text(str(line.id), "dim"), Text(f"{line.asked_at.astimezone():%d %b %H:%M}", "dim")


def _length(line: Summary) -> Text:
    return Text(clock(line.speaking_s) if line.speaking_s is not None else "", "dim")


def _coverage(line: Summary) -> tuple[Text, Text]:
    if line.coverage is None:
        unscored = "set aside" if line.set_aside else "not finished"
        return Text(), Text("not judged" if line.scored else unscored, "dim")
    return Text(f"{line.coverage:.0%}"), Text(bar(line.coverage, BAR_WIDTH), ACCENT)
