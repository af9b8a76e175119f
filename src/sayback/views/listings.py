"""Questions and attempts as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sayback.history.summary import Summary
from sayback.model import Question
from sayback.views.card import ACCENT
from sayback.views.charts import bar, clock

BAR_WIDTH = 10


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


def attempts(summaries: Iterable[Summary]) -> Padding:
    """One line an attempt."""
    table = Table.grid(padding=(0, 2))
    for justify in ("right", "left", "right", "left", "right"):
        table.add_column(justify=justify, no_wrap=True)
    table.add_column()
    for line in summaries:
        table.add_row(
            Text(str(line.id), "dim"),
            Text(f"{line.asked_at.astimezone():%d %b %H:%M}", "dim"),
            *_coverage(line),
            Text(clock(line.speaking_s) if line.speaking_s is not None else "", "dim"),
            Text(line.question),
        )
    return Padding(table, (0, 1))


def _coverage(line: Summary) -> tuple[Text, Text]:
    if line.coverage is None:
        unscored = "set aside" if line.set_aside else "not finished"
        return Text(), Text("not judged" if line.scored else unscored, "dim")
    return Text(f"{line.coverage:.0%}"), Text(bar(line.coverage, BAR_WIDTH), ACCENT)
