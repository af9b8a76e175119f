"""What several commands share: the question that is meant, and how results are printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayback.views.panels.harmless import harmless, harmless_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from sayback.errors import Damaged
    from sayback.model import Question, Scorecard
    from sayback.views.upkeep import Check

_OBEYED = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
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
    return _OBEYED.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(value, ensure_ascii=False))


def say(text: str, *, err: bool = False) -> None:
    """Print lines that may hold text of other people's making: file names, banks, answers."""
    click.echo(harmless_lines(text), err=err)


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
    click.echo(f" {mark} {check.name:<12} {harmless(check.detail)}")
    if check.fix:
        say(f"   {'':<12} {check.fix}")


def finish_deletion(recordings: Path) -> None:
    """Finish a deletion that was interrupted, and say so; what stands in its way is only said."""
    from sayback.errors import HistoryError
    from sayback.history.store import Store
    from sayback.views.deleting import finish

    with Store(recordings) as store:
        try:
            line = finish(store)
        except HistoryError as error:
            line = f"sayback: {error}"
    if line:
        say(line, err=True)
