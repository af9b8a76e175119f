"""The checks of what is kept, and what mends it: nothing is deleted, all that was there stays."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sayback.bank.parse import read
from sayback.capture.claim import is_free
from sayback.capture.wave_header import mend_header, miscounted_bytes
from sayback.errors import BankError, Damaged, HistoryError, WorkspaceError, reason
from sayback.history.checkup import problems
from sayback.history.mending import mend, unnamed
from sayback.history.salvage import asked_in, is_about
from sayback.history.store import FILE_NAME, Store
from sayback.model import SAMPLE_RATE_HZ, Question
from sayback.workspace import Workspace

OTHERS = stat.S_IRWXG | stat.S_IRWXO
NAMED = 5
"""Files or attempts that a line names; of more it says how many."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `fix` says what to do where not `ok`, and `mend` does it and says what it did.

    `mend` raises SaybackError.
    """

    name: str
    ok: bool
    detail: str
    fix: str | None = None
    mend: Callable[[], str] | None = None


def upkeep(workspace: Workspace) -> Iterator[Check]:
    """The checks in an order in which each can rely on what the ones before have mended."""
    recordings = workspace.recordings
    if not recordings.is_dir():
        yield Check("history", True, f"no answers yet in {recordings}")
        return
    yield from _permissions(recordings)
    history = _history(recordings)
    yield history
    if not history.ok and problems(recordings / FILE_NAME):  # and it was not mended
        return
    with Store(recordings) as store:
        rows = store.rows("SELECT id, audio FROM attempt ORDER BY id")
        found = [
            *_missing(recordings, rows),
            *_miscounted(recordings / str(audio) for _, audio in rows),
            *_unnamed(store, workspace.questions),
        ]
        yield from found or [Check("recordings", True, f"{len(rows)} in {recordings}")]


def _permissions(recordings: Path) -> Iterator[Check]:
    open_to_others = [
        path for path in (recordings, *recordings.iterdir()) if path.stat().st_mode & OTHERS
    ]
    if open_to_others:
        yield Check(
            "permissions",
            False,
            f"other users of this machine may read {_named(open_to_others)}",
            "`sayback doctor --mend` lets only you",
            partial(_close, open_to_others),
        )


def _close(paths: Iterable[Path]) -> str:
    for path in paths:
        try:
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
        except OSError as error:
            raise WorkspaceError(f"{path}: {reason(error)}", "ask who owns it") from error
    return "only you may read your answers now"


def _history(recordings: Path) -> Check:
    history = recordings / FILE_NAME
    try:
        found = problems(history)
        if not found:
            with Store(recordings) as store:
                count, left = len(store.summaries()), len(store.unfinished())
            unscored = f", {left} not scored: `sayback rescore`" if left else ""
            return Check("history", True, f"{count} attempts in {history}{unscored}")
    except (sqlite3.Error, OSError) as error:
        return Check("history", False, f"{history}: {reason(error)}", "close sayback elsewhere")
    except Damaged as error:
        found = (error.problem,)
    except HistoryError as error:
        return Check("history", False, error.problem, error.remedy)
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return Check(
        "history",
        False,
        f"{history} is damaged: {found[0]}{more}",
        "`sayback doctor --mend` copies all that can be read into a new one, and keeps this one",
        partial(_mend_history, recordings),
    )


def _mend_history(recordings: Path) -> str:
    mended = mend(recordings)
    attempts, unscored = mended.salvaged.attempts, mended.salvaged.unscored
    lost = ""
    if unscored:
        these = "has" if len(unscored) == 1 else "have"
        lost = f", {_named(unscored)} {these} to be scored again: `sayback rescore`"
    return f"{attempts} attempts saved{lost}; the damaged file is kept as {mended.kept}"


def _missing(recordings: Path, rows: Iterable[tuple[int, str]]) -> Iterator[Check]:
    missing = [
        f"{number} ({audio})" for number, audio in rows if not (recordings / audio).is_file()
    ]
    if missing:
        yield Check(
            "recordings",
            False,
            f"missing of attempt {_named(missing)}",
            f"put them back into {recordings}; words and scores are there",
        )


def _miscounted(recordings: Iterable[Path]) -> Iterator[Check]:
    free = (file for file in recordings if file.is_file() and is_free(file))
    wrong = {file: more for file in free if (more := miscounted_bytes(file))}
    if wrong:
        lost_s = sum(more for more in wrong.values() if more > 0) / 2 / SAMPLE_RATE_HZ
        yield Check(
            "headers",
            False,
            f"{_named(file.name for file in wrong)}: cut off, {lost_s:.1f} s of sound not counted",
            "`sayback doctor --mend` lets the file count all of its sound",
            partial(_mend_headers, tuple(wrong)),
        )


def _mend_headers(files: Iterable[Path]) -> str:
    for file in files:
        try:
            mend_header(file)
        except OSError as error:
            raise WorkspaceError(f"{file}: {reason(error)}", "make it writable") from error
    return "all of their sound is counted now"


def _unnamed(store: Store, bank: Path) -> Iterator[Check]:
    """Recordings that no attempt names, first those of which the question is known."""
    files = unnamed(store)
    if not files:
        return
    questions = _known(store, bank)
    of = {file: _asked(file, questions) for file in files}
    if known := [(file, question) for file, question in of.items() if question]:
        yield Check(
            "unnamed",
            False,
            f"no attempt names {_named(file.name for file, _ in known)}",
            "`sayback doctor --mend` makes each an attempt again, for `sayback rescore`",
            partial(_adopt, store.path.parent, known),
        )
    if unknown := [file for file, question in of.items() if not question]:
        yield Check(
            "unnamed",
            False,
            f"no attempt names {_named(file.name for file in unknown)}, nor is its question known",
            "`sayback score FILE --question Q --save` takes it in; move it away then",
        )


def _known(store: Store, bank: Path) -> list[Question]:
    """The questions of the bank, and those that were asked before."""
    try:
        found = [*read(bank).questions]
    except BankError:
        found = []
    asked = {each.question_id: each.id for each in store.summaries()}
    return found + [store.attempt(number).question for number in asked.values()]


def _asked(file: Path, questions: Iterable[Question]) -> Question | None:
    told = asked_in(file.name)
    return next((each for each in questions if told and is_about(told[1], each.id)), None)


def _adopt(recordings: Path, known: Iterable[tuple[Path, Question]]) -> str:
    numbers = []
    with Store(recordings) as store:
        for file, question in known:
            told = asked_in(file.name)
            if told:
                numbers.append(store.begin(question, file, told[0]))
    return f"attempt {_named(numbers)} added, to be scored with `sayback rescore`"


def _named(things: Iterable[object]) -> str:
    names = [str(thing) for thing in things]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
