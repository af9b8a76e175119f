"""The commands that look back: what was answered, how it changes, and what is done with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayback.errors import Damaged, Interrupted, SaybackError
from sayback.views import options
from sayback.views.output import (
    damaged,
    find_question,
    finish_deletion,
    print_json,
    print_rich,
    print_scorecard,
    say,
)
from sayback.views.panels.harmless import harmless_lines

if TYPE_CHECKING:
    from sayback.history.store import Store
    from sayback.model import Attempt, Question


@click.command()
@options.as_json
@options.workspace
def history(as_json: bool, workspace: Path | None) -> None:
    """Your attempts, oldest first."""
    from sayback.history.mending import unnamed
    from sayback.history.store import Store
    from sayback.views.listings import attempts
    from sayback.workspace import existing_workspace

    with Store(existing_workspace(workspace).recordings) as store:
        listing = store.listing()
        alone = () if listing.summaries else unnamed(store)
    summaries = listing.summaries
    if as_json:
        print_json([
            {
                "id": s.id, "asked_at": s.asked_at.isoformat(), "question_id": s.question_id,
                "question": s.question, "scored": s.scored, "coverage": s.coverage,
                "speaking_s": s.speaking_s,
            }
            for s in summaries
        ])  # fmt: skip
    elif summaries:
        for block in attempts(summaries):
            print_rich(block)
    elif not listing.damaged:
        click.echo("No attempts yet: `sayback practice` makes the first.")
    if listing.damaged:
        raise damaged(listing.damaged)
    if alone:
        noun = "recording" if len(alone) == 1 else "recordings"
        raise Damaged(
            f"{alone[0].parent}: {len(alone)} {noun} of no attempt",
            "bring them back with `sayback doctor --mend`",
        )


@click.command()
@click.argument("attempt_id", metavar="ID", type=options.NUMBER)
@options.as_json
@options.workspace
def show(attempt_id: int, as_json: bool, workspace: Path | None) -> None:
    """One attempt: its scorecard, its transcript, and where its recording is."""
    from sayback.history.store import Store
    from sayback.workspace import existing_workspace

    with Store(existing_workspace(workspace).recordings) as store:
        attempt = store.attempt(attempt_id)
        earlier = store.coverages(attempt.question.id, before=attempt_id)
    if attempt.scorecard is None:
        raise _unscored(attempt)
    print_scorecard(attempt.scorecard, as_json=as_json, earlier=earlier, transcript=True)
    if not as_json:
        gone = "" if attempt.audio.is_file() else ", which is missing"
        say(f" {attempt.asked_at.astimezone():%d %b %Y %H:%M}   {attempt.audio}{gone}")


def _unscored(attempt: Attempt) -> SaybackError:
    from sayback.capture.claim import is_free
    from sayback.model import Ending

    if not is_free(attempt.audio):
        return SaybackError(
            f"attempt {attempt.id}: being given, or scored, at this moment", "look when it is over"
        )
    ending = attempt.recording.ending if attempt.recording else Ending.INTERRUPTED
    why = {Ending.SET_ASIDE: ", you went on without it", Ending.INTERRUPTED: ", interrupted"}
    return SaybackError(
        f"attempt {attempt.id}: not scored{why.get(ending, '')}",
        f"score it with `sayback rescore {attempt.id}`",
    )


@click.command()
@click.argument("attempt_ids", metavar="[ID]...", nargs=-1, type=options.NUMBER)
@options.bank
@options.engine
@options.workspace
def rescore(
    attempt_ids: tuple[int, ...],
    bank: Path | None,
    engine: str,
    model: str,
    compute: str,
    workspace: Path | None,
) -> None:
    """Score kept recordings again: those named, else all for which something has changed.

    For answers that were interrupted, and after the bank or the scorer has changed; with
    --engine or --model also what others have transcribed. What was interrupted goes on where it
    stopped. Old scores stay in the history.
    """
    from functools import lru_cache

    from sayback.history.store import Store
    from sayback.transcript.engines import chosen, load
    from sayback.views.plain import console
    from sayback.views.rescoring import Engine, rescore_all
    from sayback.workspace import existing_workspace

    space = existing_workspace(workspace)
    loaded = lru_cache(maxsize=1)(lambda: load(engine, model, compute))
    is_asked_for = options.is_given("engine") or options.is_given("model")
    with Store(space.recordings) as store:
        now = Engine(chosen(engine) if is_asked_for else None, model, loaded)
        rescore_all(attempt_ids, bank or space.questions, now, store, console())


@click.command()
@options.question
@options.as_json
@options.bank
@options.workspace
def trends(question: str | None, as_json: bool, bank: Path | None, workspace: Path | None) -> None:
    """How coverage, pace, pauses and fillers change from session to session."""
    from sayback.history.store import Store
    from sayback.history.trends import of_question, sessions
    from sayback.views.trends import to_json
    from sayback.views.trends import trends as plots
    from sayback.workspace import existing_workspace

    space = existing_workspace(workspace)
    asked = find_question(question, bank or space.questions) if question else None
    with Store(space.recordings) as store:
        found = of_question(store, asked.id) if asked else sessions(store)
    if as_json:
        print_json(to_json(found))
    else:
        print_rich(plots(found, of_question=asked is not None))


@click.command()
@click.argument("date", required=False)
@click.option("--clear", is_flag=True, help="No date any more.")
@options.workspace
def plan(date: str | None, clear: bool, workspace: Path | None) -> None:
    """Set the date of your interview, as in 2026-12-24: questions are spread until then."""
    from sayback.history.interview import interview, set_interview
    from sayback.history.store import Store
    from sayback.views.planning import day, planned
    from sayback.workspace import existing_workspace

    if date and clear:
        raise click.UsageError("give a date, or --clear it")
    with Store(existing_workspace(workspace).recordings) as store:
        if clear or date:
            set_interview(store, None if clear else day(date or ""))
        click.echo(planned(interview(store)))


@click.command()
@options.option("--port", type=click.IntRange(1, 65535), metavar="N", help="Port of the page.")
@options.option("--no-browser", is_flag=True, help="Print the address only.")
@options.bank
@options.workspace
def review(port: int | None, no_browser: bool, bank: Path | None, workspace: Path | None) -> None:
    """Look back in your browser: hear your answers, correct them, see the trends."""
    from sayback.views.web.app import Desk
    from sayback.views.web.server import serve
    from sayback.workspace import existing_workspace

    space = existing_workspace(workspace)
    desk = Desk(space.recordings, bank or space.questions)
    finish_deletion(space.recordings)
    desk.prepare()
    serve(desk, port, browse=not no_browser, announce=_announce)


def _announce(address: str) -> None:
    click.echo(address)
    sys.stdout.flush()
    click.echo("This page is for you alone; Ctrl-C ends it.", err=True)


@click.command()
@click.argument("chosen", metavar="[ID]", required=False)
@click.option("--undo", is_flag=True, help="Take back what was accepted last.")
@options.as_json
@options.bank
@options.workspace
def draft(
    chosen: str | None, undo: bool, as_json: bool, bank: Path | None, workspace: Path | None
) -> None:
    """Propose key points from an answer, to accept, edit or drop one by one.

    ID is the number of an attempt, or a question: then your best answer to it is taken.
    Accepted points are written under the question in the Markdown file.
    """
    from sayback.history.store import Store
    from sayback.revision import accept, draft_from, take_back
    from sayback.views import drafting
    from sayback.views.plain import console
    from sayback.workspace import existing_workspace

    space = existing_workspace(workspace)
    path = bank or space.questions
    if undo and chosen is not None:
        raise click.UsageError("--undo takes back what was accepted last: it needs no ID")
    with Store(space.recordings) as store:
        if undo:
            say(f"taken out of {take_back(store).file}")
            return
        if chosen is None:
            raise click.UsageError(
                "from which answer? give the number of an attempt, or a question"
            )
        attempt = _answer_to(chosen, path, store)
        found = draft_from(attempt, _in_bank(attempt.question, path))
        if as_json:
            print_json({
                "question": found.question.id, "attempt": found.attempt_id, "points": found.points
            })  # fmt: skip
        elif not found.points:
            click.echo("Nothing new in this answer to make a key point of.")
        elif not drafting.can_ask():
            drafting.listed(found, console())
        elif points := drafting.accepted(found, console()):
            try:
                edit = accept(found.question, points, path, store, found.attempt_id)
            except SaybackError:  # what was chosen and typed must not be lost
                say("\n".join(f"- {point}" for point in points))
                raise
            say(drafting.written(edit, found.attempt_id))


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options.bank
@options.workspace
def export(folder: Path, bank: Path | None, workspace: Path | None) -> None:
    """Write all you have into DIR: pages that open without sayback, your recordings and questions,
    CSV and JSON.
    """
    from sayback.history.mending import missing
    from sayback.history.store import Store
    from sayback.views.web.app import Desk
    from sayback.views.web.export import write
    from sayback.workspace import existing_workspace

    space = existing_workspace(workspace)
    count = write(Desk(space.recordings, bank or space.questions), folder)
    noun = "attempt" if count == 1 else "attempts"
    say(f"{count} {noun} written; open {folder / 'index.html'}")
    with Store(space.recordings) as store:
        gone = missing(store)
    for _, audio in gone:
        say(f"sayback: {audio}: missing, so only its words and scores are there", err=True)


@click.command()
@click.argument("attempt_ids", metavar="[ID]...", nargs=-1, type=options.NUMBER)
@click.option("--all", "everything", is_flag=True, help="Every attempt.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.workspace
def delete(
    attempt_ids: tuple[int, ...], everything: bool, yes: bool, workspace: Path | None
) -> None:
    """Delete attempts for good: recording, transcript, scores and search index.

    Key points that you drafted from them stay in your bank, but `draft --undo` can no longer take
    those out: what is kept for that quotes the answer and goes too.
    """
    from sayback.history.store import Store
    from sayback.views.deleting import delete as remove
    from sayback.views.deleting import numbers
    from sayback.views.deleting import question as asked
    from sayback.workspace import existing_workspace

    if bool(attempt_ids) is everything:
        raise click.UsageError("which? give the numbers of attempts, or --all")
    with Store(existing_workspace(workspace).recordings) as store:
        chosen = numbers(store, attempt_ids)
        if chosen and not yes and not _confirmed(asked(store, chosen)):
            click.echo("Nothing deleted.")
            return
        deleted = remove(store, None if everything else chosen)
    click.echo(deleted.line)
    if deleted.left:
        raise deleted.left


def _confirmed(question: str) -> bool:
    """Asked of a person; Ctrl-C is the person's, the end of the input is nobody's."""
    from sayback.views.keyboard import is_at_terminal

    try:
        return click.confirm(harmless_lines(question), err=True)
    except click.Abort:
        if is_at_terminal():
            raise
        raise Interrupted(
            "nothing deleted, nobody answers here", "give --yes to delete without being asked"
        ) from None


def _in_bank(question: Question, path: Path) -> Question:
    """The question as it stands in the bank now. Raises NoSuchQuestion where it has left."""
    from sayback.bank.find import by_id
    from sayback.bank.parse import read

    return by_id(read(path).questions, question.id)


def _answer_to(chosen: str, path: Path, store: Store) -> Attempt:
    """The attempt of that number, or the best one at that question."""
    from sayback.errors import HistoryError
    from sayback.revision import best_attempt

    if chosen.isdecimal():
        is_short = len(chosen) < len(str(options.LARGEST_NUMBER))  # Python reads 4300 digits
        return store.attempt(int(chosen) if is_short else options.LARGEST_NUMBER)
    question = find_question(chosen, path)
    if attempt := best_attempt(question.id, store):
        return attempt
    raise HistoryError(
        f"{question.text}: not answered yet", f"practise it with --question {question.id}"
    )


COMMANDS = (history, show, trends, plan, review, draft, rescore, export, delete)
"""In the order in which help lists them."""
