"""Questions and attempts as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from sayback.history.summary import Summary
from sayback.model import Question
from sayback.views.card import ACCENT
from sayback.views.charts import bar, clock

BAR_WIDTH = 10
NARROW = 60
"""In fewer columns the question stands on lines of its own."""
SIDES = "><><>"
"""To which each column before the question is aligned."""
AT_ONCE = 1_000
"""Attempts that are laid out before they are printed."""
_GAP = "  "
_DIM, _ACCENT = Style.parse("dim"), Style.parse(ACCENT)


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
    """One line an attempt, two where there is little room.

    Not a table of rich's: that takes half a millisecond a line, and all lines into memory.
    """

    summaries: Sequence[Summary]
    widths: Sequence[int]
    """Of the columns before the question."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width < NARROW:
            yield from map(_on_two_lines, self.summaries)
            return
        margin = " " * (1 + sum(self.widths) + len(_GAP) * len(self.widths))
        room = max(1, options.max_width - len(margin) - 1)
        wrapped = cache(partial(_wrapped, console, room))  # many are answers to the same question
        for summary in self.summaries:
            yield from _facts(summary, self.widths)
            yield Segment(f"\n{margin}".join(wrapped(summary.question)) + "\n")


def attempts(summaries: Sequence[Summary]) -> Iterator[Attempts]:
    """All in the same columns, so many at a time that a long history needs little memory."""
    widths = [0] * len(SIDES)
    for summary in summaries:
        widths = [*map(max, widths, map(len, _cells(summary)))]
    for first in range(0, len(summaries), AT_ONCE):
        yield Attempts(summaries[first : first + AT_ONCE], widths)


def _facts(summary: Summary, widths: Sequence[int]) -> Iterator[Segment]:
    number, asked, share, judged, length = (
        f"{cell:{side}{width}}{_GAP}"
        for cell, side, width in zip(_cells(summary), SIDES, widths, strict=True)
    )
    yield Segment(f" {number}{asked}", _DIM)
    yield Segment(share)
    yield Segment(judged, _DIM if summary.coverage is None else _ACCENT)
    yield Segment(length, _DIM)


def _wrapped(console: Console, width: int, question: str) -> list[str]:
    return [line.plain for line in Text(question).wrap(console, width, overflow="ellipsis")]


def _on_two_lines(summary: Summary) -> Padding:
    number, asked, share, judged, length = _cells(summary)
    styled = (
        (number, "dim"),
        (asked, "dim"),
        (share or judged, "" if share else "dim"),
        (length, "dim"),
    )
    facts = Text(_GAP).join(Text(text, style) for text, style in styled if text)
    return Padding(Group(facts, Padding(Text(summary.question), (0, 0, 0, 2))), (0, 1))


def _cells(summary: Summary) -> tuple[str, str, str, str, str]:
    """The number, when it was, how much was covered, the same as a bar or why not, the length."""
    if summary.coverage is not None:
        share, judged = f"{summary.coverage:.0%}", bar(summary.coverage, BAR_WIDTH)
    else:
        unscored = "set aside" if summary.set_aside else "not finished"
        share, judged = "", "not judged" if summary.scored else unscored
    asked = f"{summary.asked_at.astimezone():%d %b %H:%M}"
    length = "" if summary.speaking_s is None else clock(summary.speaking_s)
    return str(summary.id), asked, share, judged, length
