"""The checks of what is kept, and what mends it: nothing is deleted, all that was there stays."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shlex import quote

from sayback.bank.parse import read
from sayback.capture.audio_file import open_audio
from sayback.capture.claim import is_free
from sayback.capture.wave_header import mend_header, miscounted_bytes, renew_header
from sayback.errors import (
    BankError,
    CaptureError,
    Damaged,
    HistoryError,
    WorkspaceError,
    reason,
)
from sayback.history.checkup import problems
from sayback.history.connection import OTHERS
from sayback.history.mending import is_ours, mend, missing, unnamed
from sayback.history.salvage import Salvaged, asked_in, is_about
from sayback.history.store import FILE_NAME, Store
from sayback.model import WAVE_HEADER_BYTES, Question
from sayback.workspace import BYTES_A_SECOND, Workspace

NAMED = 5
"""Files or attempts that a line names; of more it says how many."""
ALIKE_S = 0.5
"""A file that lasts so nearly as long as the answer is the file in which it was recorded."""


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
    if not history.ok and not _history(recordings).ok:  # and it was not mended
        return
    try:
        found = _recordings(recordings, workspace.questions)
    except HistoryError as error:
        found = [Check("recordings", False, error.problem, error.remedy)]
    yield from found


def _recordings(recordings: Path, bank: Path) -> list[Check]:
    with Store(recordings) as store:
        sounds = _sounds(store)
        found = [
            *_missing(store),
            *_miscounted(sound.file for sound in sounds),
            *_unreadable(sounds),
            *_unnamed(store, bank),
        ]
    return found or [Check("recordings", True, f"{len(sounds)} in {recordings}")]


def _permissions(recordings: Path) -> Iterator[Check]:
    """Of the folder: whom it keeps out cannot reach what is in it."""
    if recordings.stat().st_mode & OTHERS:
        is_link = recordings.is_symlink()  # to what may be anything: changed only by hand
        yield Check(
            "permissions",
            False,
            f"other users of this machine may look into {recordings}",
            f"it is a link to {recordings.resolve()}, which you can close with `chmod go=`"
            if is_link
            else "`sayback doctor --mend` lets only you",
            None if is_link else partial(_close, recordings),
        )


def _close(folder: Path) -> str:
    try:
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~OTHERS)
    except OSError as error:
        raise WorkspaceError(f"{folder}: {reason(error)}", "ask who owns it") from error
    return "only you may read your answers now"


def _history(recordings: Path) -> Check:
    history = recordings / FILE_NAME
    try:
        found = problems(history)
        if not found:
            with Store(recordings) as store:
                count, left = len(store.summaries()), len(store.unfinished())
            unscored = f", {left} not scored: `sayback rescore`" if left else ""
            told = f"{_counted(count, 'attempt')} in {history}{unscored}"
            return Check("history", True, told)
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
    """Raises Damaged where no attempt could be saved, and HistoryError as `mend` does."""
    mended = mend(recordings)
    saved, kept = mended.salvaged, f"the damaged file is kept as {mended.kept}"
    of = f" of at most {saved.begun}" if saved.begun > saved.attempts else ""
    told = f"{_counted(saved.attempts, 'attempt')} saved{of}{_lost(saved)}"
    if saved.attempts:
        return f"{told}; {kept}"
    raise Damaged(f"{told}, all words, scores and corrections are lost", kept)


def _lost(saved: Salvaged) -> str:
    """What is missing of attempts that were saved; which were deleted before cannot be told."""
    lost = ""
    if saved.unscored:
        numbers = _named(_ranges(saved.unscored))
        lost = f", scores lost of {numbers}, which `sayback rescore` makes again"
    if saved.attempts and saved.corrections_gone:
        most = "up to " if saved.begun > saved.attempts else ""
        lost += f", {most}{_counted(saved.corrections_gone, 'correction')} lost"
    return lost


@dataclass(frozen=True, slots=True)
class _Sound:
    """The recording of an attempt and how long that lasted, None where it was cut off."""

    attempt: int
    file: Path
    duration_s: float | None

    def __str__(self) -> str:
        return f"{self.attempt} ({self.file.name})"

    @property
    def is_closed(self) -> bool:
        """Whether the file lets nobody read it, or not us."""
        try:
            self.file.open("rb").close()
        except PermissionError:
            return True
        except OSError:
            return False
        return False

    @property
    def is_unreadable(self) -> bool:
        """Not where it is at hand, mended by its header, or dropped by `rescore` as empty."""
        if not self.file.is_file() or self.is_closed or not is_free(self.file):
            return False
        if _miscounted_bytes(self.file):
            return False
        if self.duration_s is None and self.file.stat().st_size <= WAVE_HEADER_BYTES:
            return False
        try:
            with open_audio(self.file):
                return False
        except CaptureError:
            return True

    @property
    def lacks_only_header(self) -> bool:
        """Whether there are as many samples as we recorded, in a file of the kind we write."""
        if self.duration_s is None or self.file.suffix != ".wav" or not is_ours(self.file):
            return False
        there_s = (self.file.stat().st_size - WAVE_HEADER_BYTES) / BYTES_A_SECOND
        return there_s > 0 and abs(there_s - self.duration_s) < ALIKE_S


def _sounds(store: Store) -> list[_Sound]:
    folder = store.path.parent
    rows = store.rows(
        "SELECT id, audio, iif(json_valid(recording), recording ->> '$.duration_s', NULL)"
        " FROM attempt ORDER BY id"
    )
    return [_Sound(number, folder / str(audio), duration) for number, audio, duration in rows]


def _unreadable(sounds: Sequence[_Sound]) -> Iterator[Check]:
    if closed := [sound for sound in sounds if sound.is_closed]:
        yield Check(
            "recordings",
            False,
            f"not to be read of attempt {_named(closed)}",
            f"make them readable: `chmod u+rw {quote(str(closed[0].file))}`",
        )
    unreadable = [sound for sound in sounds if sound.is_unreadable]
    if headless := [sound for sound in unreadable if sound.lacks_only_header]:
        yield Check(
            "headers",
            False,
            f"destroyed in the recording of attempt {_named(headless)}",
            "`sayback doctor --mend` writes them anew, the sound is all there",
            partial(
                _with_each,
                [sound.file for sound in headless],
                renew_header,
                "all of their sound can be read again",
            ),
        )
    if destroyed := [sound for sound in unreadable if sound not in headless]:
        yield Check(
            "recordings",
            False,
            f"empty or destroyed of attempt {_named(destroyed)}",
            f"put copies of them back into {destroyed[0].file.parent}, if you have any;"
            " what was heard and scored is kept",
        )


def _missing(store: Store) -> Iterator[Check]:
    if gone := [f"{number} ({audio})" for number, audio in missing(store)]:
        yield Check(
            "recordings",
            False,
            f"missing of attempt {_named(gone)}",
            f"put them back into {store.path.parent}; words and scores are there",
        )


def _miscounted(recordings: Iterable[Path]) -> Iterator[Check]:
    free = (file for file in recordings if is_ours(file) and is_free(file))
    wrong = {file: more for file in free if (more := _miscounted_bytes(file))}
    if wrong:
        lost_s = sum(more for more in wrong.values() if more > 0) / BYTES_A_SECOND
        yield Check(
            "headers",
            False,
            f"{_named(file.name for file in wrong)}: cut off, {lost_s:.1f} s of sound not counted",
            "`sayback doctor --mend` lets the file count all of its sound",
            partial(_with_each, tuple(wrong), mend_header, "all of their sound is counted now"),
        )


def _miscounted_bytes(file: Path) -> int:
    try:
        return miscounted_bytes(file)
    except OSError:  # named as one that cannot be read
        return 0


def _with_each(files: Iterable[Path], mend: Callable[[Path], object], told: str) -> str:
    for file in files:
        try:
            mend(file)
        except OSError as error:
            raise WorkspaceError(f"{file}: {reason(error)}", "make it writable") from error
    return told


def _unnamed(store: Store, bank: Path) -> Iterator[Check]:
    """Recordings that no attempt names, first those of which the question is known."""
    files = unnamed(store)
    if not files:
        return
    questions = _known(store, bank)
    of = {file: _asked(file, questions) for file in files}
    if known := [(file, question) for file, question in of.items() if question]:
        yield Check(
            "no attempt",
            False,
            f"of {_named(file.name for file, _ in known)}",
            "`sayback doctor --mend` makes each an attempt again, for `sayback rescore`",
            partial(_adopt, store.path.parent, known),
        )
    if unknown := [file for file, question in of.items() if not question]:
        yield Check(
            "no attempt",
            False,
            f"of {_named(file.name for file in unknown)}, nor is the question known",
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
    noun = "attempt" if len(numbers) == 1 else "attempts"
    return (
        f"{noun} {_named(_ranges(numbers))} added, to be scored with `sayback rescore`; earlier"
        " numbers, scores and corrections, if any, are lost"
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _ranges(numbers: Iterable[int]) -> list[str]:
    """Rising numbers, three or more in a row as one: 1, 2, 4 to 6."""
    rows: list[list[int]] = []
    for number in numbers:
        if rows and number == rows[-1][-1] + 1:
            rows[-1].append(number)
        else:
            rows.append([number])
    return [
        text
        for row in rows
        for text in ([f"{row[0]} to {row[-1]}"] if len(row) > 2 else map(str, row))
    ]


def _named(things: Iterable[object]) -> str:
    names = [str(thing) for thing in things]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
