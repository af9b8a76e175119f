"""What several commands share: the question that is meant, and how results are printed."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayback.views.panels.harmless import NOT_ASCII, harmless, harmless_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from sayback.errors import Damaged
    from sayback.model import Question, Scorecard
    from sayback.upkeep import Check

LINE_INDENT = 2
CHECK_INDENT = 16
"""Columns before what a check has found: its mark and its name."""

_ESCAPES = {code: f"\\u{code:04x}" for code in (0x7F, *NOT_ASCII)}
"""Of what is harmful, that which JSON does not escape anyway; it stands in strings only."""


def find_question(wanted: str | None, path: Path) -> Question:
    from sayback.bank.find import find
    from sayback.bank.parse import read

    if wanted is None:
        raise click.UsageError("which question? give --question with its text, id or part of it")
    return find(read(path).questions, wanted)


def print_scorecard(
    scorecard: Scorecard,
    *,
    as_json: bool,
    earlier: tuple[float, ...] = (),
    transcript: bool = False,
) -> None:
    from sayback.scoring.scorecard import to_json
    from sayback.views.card import card

    if as_json:
        print_json(to_json(scorecard))
    else:
        print_rich(card(scorecard, earlier=earlier, transcript=transcript))


def print_rich(what: RenderableType) -> None:
    from sayback.views.plain import console

    console().print(what)


def print_json(value: object) -> None:
    click.echo(json_line(value))


def json_line(value: object) -> str:
    """JSON in one line of readable text; what a terminal would obey is written as an escape."""
    return json.dumps(value, ensure_ascii=False).translate(_ESCAPES)


def say(text: str, *, err: bool = False) -> None:
    """Print lines that may hold text of other people's making: file names, banks, answers."""
    lines = harmless_lines(text).split("\n")
    click.echo("\n".join(_fitted(line, LINE_INDENT, err=err) for line in lines), err=err)


def _fitted(line: str, indent: int, *, err: bool = False) -> str:
    """A line as several of a terminal's width, all but the first indented; one line in a pipe.

    Words are left whole, so that paths and commands can be copied.
    """
    stream = sys.stderr if err else sys.stdout
    width = shutil.get_terminal_size().columns
    if stream is None or not stream.isatty() or len(line) <= width:
        return line
    return textwrap.fill(
        line,
        max(width, 2 * indent),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def damaged(attempts: Sequence[int]) -> Damaged:
    """What is said at the end where these could not be read, after all others were."""
    from sayback.errors import Damaged

    noun = "attempt" if len(attempts) == 1 else "attempts"
    return Damaged(
        f"{noun} {', '.join(map(str, attempts))}: damaged in the history",
        "save what can be saved with `sayback doctor --mend`",
    )


def print_check(check: Check) -> None:
    """A finding of the doctor, and below it what to do."""
    mark = click.style("✓", "cyan") if check.ok else click.style("✗", "red")
    found = _fitted(f" ✓ {check.name:<12} {harmless(check.detail)}", CHECK_INDENT)
    click.echo(found.replace("✓", mark, 1))
    if check.fix:
        click.echo(_fitted(f"{'':<{CHECK_INDENT}}{harmless(check.fix)}", CHECK_INDENT))


def finish_deletion(recordings: Path) -> None:
    """Finish a deletion that was interrupted, and say so; what stands in its way is only said."""
    from sayback.errors import HistoryError
    from sayback.history.store import Store
    from sayback.views.deleting import finish

    with Store(recordings) as store:
        try:
            finished = finish(store)
        except HistoryError as error:
            say(f"sayback: {error}", err=True)
            return
    if finished:
        say(finished.line, err=True)
        if finished.left:
            say(f"sayback: {finished.left}", err=True)
