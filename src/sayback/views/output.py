"""What several commands share: the question that is meant, and how results are printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sayback.model import Question, Scorecard


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
    click.echo(json.dumps(value, ensure_ascii=False))


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
        click.echo(line, err=True)
