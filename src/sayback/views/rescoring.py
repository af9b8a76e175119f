"""`rescore`: kept answers scored again, with what changed and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from sayback.bank.parse import read
from sayback.capture.claim import claim
from sayback.errors import (
    AnswerInUse,
    BankError,
    CaptureError,
    Damaged,
    NoSuchAttempt,
    SaybackError,
)
from sayback.history.store import Store
from sayback.history.summary import Listing
from sayback.model import WAVE_HEADER_BYTES, Attempt, PointScore, Question, Scorecard
from sayback.revision import Reason, rescore, why_rescore
from sayback.transcript.transcriber import Transcriber
from sayback.views.card import MARKS
from sayback.views.output import damaged as damage


@dataclass(frozen=True, slots=True)
class Engine:
    """What would transcribe now; `load` is called only where words have to be heard again.

    Without a name what others have heard is not heard again.
    """

    name: str | None
    model: str
    load: Callable[[], Transcriber]


@dataclass(frozen=True, slots=True)
class Change:
    """An attempt scored again: the scores before and after, and what made it necessary."""

    attempt: Attempt
    after: Scorecard
    reasons: tuple[Reason, ...]


class Dropped:
    """An attempt that was removed, as there was no sound in it."""


def rescore_all(
    chosen: Iterable[int], bank: Path, engine: Engine, store: Store, out: Console
) -> None:
    """Score those of the attempts again for which something has changed; all named ones.

    What was set aside has to be named. By the question as it is in the bank now, else as it was
    asked. Each is kept when it is done, so what is interrupted goes on where it stopped. What is
    deleted meanwhile, or at hand in another process, is left out unless it was named. A recording
    that cannot be read is named and left out; raises SaybackError at the end then.
    """
    named = tuple(chosen)
    listing = Listing((), ()) if named else store.listing()
    kept, damaged = listing.summaries, [*listing.damaged]
    aside = {each.id for each in kept if each.set_aside and not each.scored}
    numbers = named or tuple(each.id for each in kept if each.id not in aside)
    questions = _questions(bank)
    counts = Counter(aside=len(aside))
    with _progress(out) as progress:
        for number in progress.track(numbers, description=""):
            try:
                outcome = _one(number, questions, engine, store, is_named=bool(named))
            except (NoSuchAttempt, AnswerInUse) as error:
                if named:
                    raise
                counts["deleted" if isinstance(error, NoSuchAttempt) else "busy"] += 1
                continue
            except Damaged:
                damaged.append(number)
                continue
            counts[_kind(outcome)] += 1
            if isinstance(outcome, CaptureError):
                out.print(Text(f"{number:>5}  {outcome.problem}"), soft_wrap=True)
            else:
                _tell(number, outcome, out)
    out.print(Text(_total(counts)))
    if counts["unread"]:
        if damaged:
            out.print(Text(f" {damage(damaged)}"), soft_wrap=True)
        raise SaybackError(
            f"{counts['unread']} of {len(numbers)} recordings cannot be read",
            "each is named above: put back what is missing, the scores that there were are kept",
        )
    if damaged:
        raise damage(damaged)


def finish(left: Iterable[int], bank: Path, engine: Engine, store: Store, out: Console) -> None:
    """Score what earlier rehearsals left unscored because they were cut off.

    What cannot be scored is told, and waits for the next time; what another process has at hand
    is left to it. Raises SaybackError where nothing can be transcribed or kept.
    """
    questions = _questions(bank)
    for number in left:
        with suppress(AnswerInUse, Damaged, NoSuchAttempt):
            outcome = _one(number, questions, engine, store, is_named=False)
            if isinstance(outcome, CaptureError):
                out.print(Text(f" attempt {number} is not scored: {outcome}"), soft_wrap=True)
            else:
                _tell(number, outcome, out)


def _tell(number: int, outcome: Change | Dropped | None, out: Console) -> None:
    if isinstance(outcome, Dropped):
        out.print(Text(f" attempt {number} had no sound and was removed"))
    elif outcome:
        out.print(_line(outcome))


def _one(
    number: int, bank: Mapping[str, Question], engine: Engine, store: Store, *, is_named: bool
) -> Change | CaptureError | Dropped | None:
    """One attempt scored again, what stands in the way, or None where its score stands."""
    attempt = store.attempt(number)
    question = bank.get(attempt.question.id, attempt.question)
    if not is_named and not why_rescore(attempt, question, engine.name, engine.model):
        return None
    with claim(attempt.audio):
        attempt = store.attempt(number)  # as who had it at hand before has left it
        reasons = why_rescore(attempt, question, engine.name, engine.model)
        if not is_named and not reasons:
            return None
        if not is_named and _is_dropped(attempt, store):
            return Dropped()
        # Hearing again takes minutes, judging the same words a moment.
        must_hear = any(reason.rehear for reason in reasons)
        try:
            after = rescore(attempt, question, store, engine.load() if must_hear else None)
        except CaptureError as error:
            store.attempt(number)  # whose sound is deleted after it
            return error
        return Change(attempt, after, reasons)


def _is_dropped(attempt: Attempt, store: Store) -> bool:
    """Whether an attempt was cut off before its first sound: nothing of it is worth keeping."""
    audio = attempt.audio
    is_begun = attempt.recording is not None or attempt.scorecard is not None
    if is_begun or not audio.is_file() or audio.stat().st_size > WAVE_HEADER_BYTES:
        return False
    store.drop(attempt.id)
    audio.unlink()
    return True


def _questions(bank: Path) -> dict[str, Question]:
    try:
        return {question.id: question for question in read(bank).questions}
    except BankError:  # attempts carry their question as it was asked
        return {}


def _kind(outcome: Change | CaptureError | Dropped | None) -> str:
    if outcome is None:
        return "current"
    if isinstance(outcome, Dropped):
        return "dropped"
    if isinstance(outcome, CaptureError):
        return "unread"
    before, after = _score(outcome.attempt.scorecard), _score(outcome.after)
    if outcome.attempt.scorecard is None or (before is None and after is not None):
        return "first"
    if before is None or after is None or round(before, 2) == round(after, 2):
        return "same"
    return "higher" if after > before else "lower"


def _total(counts: Counter[str]) -> str:
    """What happened to how many; nothing is said of what happened to none."""
    again = counts["higher"] + counts["lower"] + counts["same"]
    changed = ", ".join(f"{counts[how]} {how}" for how in ("higher", "lower") if counts[how])
    told = {
        f"scored again: {changed}" if changed else "scored again": again,
        "scored for the first time": counts["first"],
        "was up to date" if counts["current"] == 1 else "were up to date": counts["current"],
        "removed, without sound": counts["dropped"],
        "set aside, which `rescore ID` scores": counts["aside"],
        "being given or scored by another sayback": counts["busy"],
        "deleted meanwhile": counts["deleted"],
    }
    some = "; ".join(f"{count} {what}" for what, count in told.items() if count)
    return f" {some or 'nothing was scored'}"


def _line(change: Change) -> Table:
    """Scores and reasons on one line, and below it the points that changed their status."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=5, justify="right", style="dim")
    table.add_column(width=22, no_wrap=True)
    table.add_column()
    before, after = change.attempt.scorecard, _coverage(change.after)
    if before is None:
        scores, reasons = after, "first score"
    else:
        scores = f"{_coverage(before)} → {after}"
        reasons = "; ".join(reason.text for reason in change.reasons) or "asked for"
    question = Text.assemble(change.after.question.text, (f"  {reasons}", "dim"))
    table.add_row(str(change.attempt.id), scores, question)
    for old, new in _changed_points(change):
        mark, style = MARKS[new.status]
        was = f"was {MARKS[old.status][0]}" if old else "new"
        table.add_row("", Text(f"{mark} {was}", style, justify="right"), Text(new.text, "dim"))
    return table


def _changed_points(change: Change) -> Iterator[tuple[PointScore | None, PointScore]]:
    before = change.attempt.scorecard and change.attempt.scorecard.coverage
    if not before or not change.after.coverage:
        return
    old = {point.text: point for point in before.points}
    for point in change.after.coverage.points:
        known = old.get(point.text)
        if known is None or known.status is not point.status:
            yield known, point


def _score(scorecard: Scorecard | None) -> float | None:
    return scorecard.coverage.score if scorecard and scorecard.coverage else None


def _coverage(scorecard: Scorecard) -> str:
    return "no coverage" if scorecard.coverage is None else f"{scorecard.coverage.score:.0%}"


def _progress(out: Console) -> Progress:
    return Progress(
        TextColumn(" scoring again"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
