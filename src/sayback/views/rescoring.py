"""`rescore`: kept answers scored again, with what changed."""

from __future__ import annotations

from pathlib import Path

import click

from sayback.bank.parse import read
from sayback.errors import BankError, CaptureError, SaybackError
from sayback.history.store import Store
from sayback.model import Attempt, Question, Scorecard
from sayback.session import rescore
from sayback.transcript.transcriber import Transcriber


def rescore_all(
    attempts: list[Attempt], bank: Path, transcriber: Transcriber, store: Store
) -> None:
    """Score each attempt by the question as it is in the bank now, else as it was asked.

    A recording that cannot be read is named and left out; raises SaybackError at the end then.
    """
    now = _questions(bank)
    unread = 0
    for attempt in attempts:
        question = now.get(attempt.question.id, attempt.question)
        try:
            scorecard = rescore(attempt, question, transcriber, store)
        except CaptureError as error:
            unread += 1
            click.echo(f"{attempt.id:>4}  {error.problem}")
            continue
        change = f"{_coverage(attempt.scorecard)} → {_coverage(scorecard)}"
        click.echo(f"{attempt.id:>4}  {change:<28}  {question.text}")
    if unread:
        raise SaybackError(
            f"{unread} of {len(attempts)} recordings cannot be read",
            "put those files back in recordings/, the old scores are kept",
        )


def _questions(bank: Path) -> dict[str, Question]:
    try:
        return {question.id: question for question in read(bank).questions}
    except BankError:  # attempts carry their question as it was asked
        return {}


def _coverage(scorecard: Scorecard | None) -> str:
    if scorecard is None:
        return "not scored"
    return "no coverage" if scorecard.coverage is None else f"{scorecard.coverage.score:.0%}"
