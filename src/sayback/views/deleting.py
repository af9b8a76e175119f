"""`delete`: removes attempts and says where it was looked whether anything of them is left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from sayback.capture.claim import claim
from sayback.errors import Damaged, HistoryError
from sayback.history.erasing import unfinished
from sayback.history.store import FILE_NAME, Store

if TYPE_CHECKING:
    from sayback.history.erase import Erased


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is to be said: what went, and where words of it are `left` all the same."""

    line: str
    left: HistoryError | None = None


def numbers(store: Store, chosen: Collection[int]) -> tuple[int, ...]:
    """Which attempts are meant, each once; all where none is named. Raises NoSuchAttempt."""
    for number in chosen:
        store.audio(number)
    if chosen:
        return tuple(dict.fromkeys(chosen))
    return tuple(number for (number,) in store.rows("SELECT id FROM attempt ORDER BY id"))


def question(store: Store, chosen: Sequence[int]) -> str:
    """What to ask before attempts are deleted."""
    if len(chosen) != 1:
        return f"Delete {len(chosen)} of your answers for good?"
    (number,) = chosen
    try:
        attempt = store.attempt(number)
    except Damaged:
        return f"Delete attempt {number}, which is damaged, for good?"
    when = f"{attempt.asked_at.astimezone():%d %b %Y %H:%M}"
    return f"{attempt.question.text}\nDelete your answer of {when} for good?"


def delete(store: Store, chosen: Collection[int] | None) -> Deleted:
    """Delete attempts, all with None.

    Raises HistoryError for an attempt that is not there, and AnswerInUse for one that is still
    being given, both before anything is deleted.
    """
    from sayback.history.erase import erase  # takes a tenth of a second

    # Not None to `erase`: that would be also an answer which another process begins just now.
    going = numbers(store, ()) if chosen is None else chosen
    with ExitStack() as claimed:
        for number in set(going).intersection(store.unfinished()):
            claimed.enter_context(claim(store.audio(number)))
        erased = erase(store, going)
    left = _left(store.path.parent, erased)
    if not erased.attempts:
        return Deleted("There was nothing to delete.", left)
    answers = "1 answer" if erased.attempts == 1 else f"{erased.attempts} answers"
    gone = f"Deleted {answers}: recordings, words and scores."
    if left:
        return Deleted(gone, left)
    return Deleted(f"{gone} Nothing of them is left in the history.")


def _left(recordings: Path, erased: Erased) -> HistoryError | None:
    """What to do about files in which something of a deleted answer stands, or may stand."""
    found = [Path(name) for name in erased.left]
    damaged = recordings.glob(f"{FILE_NAME}.damaged-*")
    kept = sorted(file for file in damaged if file.stat().st_size)
    copies = [file for file in found if file not in kept]
    said = [
        *_kept(kept, is_found=not set(found).isdisjoint(kept)),
        *_copies(copies),
        *_linked(erased.linked),
    ]
    if not said:
        return None
    problems, remedies = zip(*said, strict=True)
    return HistoryError(", and ".join(problems), ", and ".join(remedies))


def _kept(files: Sequence[Path], *, is_found: bool) -> Iterator[tuple[str, str]]:
    """Damaged histories: of what could not be saved from them it is not known what to look for."""
    if files:
        hold = _hold(files) if is_found else "may still hold"
        words = "words of a deleted answer, as kept by `sayback doctor --mend`"
        yield f"{_names(files)}: {hold} {words}", f"delete with `{_removal(files)}`"


def _copies(files: Sequence[Path]) -> Iterator[tuple[str, str]]:
    if files:
        whose = "it is a copy of yours" if len(files) == 1 else "they are copies of yours"
        yield (
            f"{_names(files)}: {_hold(files)} words of a deleted answer",
            f"see whether {whose} in {files[0].parent}, and delete by hand what is not needed",
        )


def _linked(files: Sequence[str]) -> Iterator[tuple[str, str]]:
    if files:
        names = ", ".join(files)
        yield (
            f"{names}: still there, only the link to it in the recordings is deleted",
            f"delete the sound itself with `{_removal(files)}`",
        )


def _names(files: Sequence[Path]) -> str:
    return ", ".join(file.name for file in files)


def _hold(files: Sequence[Path]) -> str:
    return "still holds" if len(files) == 1 else "still hold"


def _removal(files: Iterable[object]) -> str:
    return f"rm {' '.join(quote(str(file)) for file in files)}"


def finish(store: Store) -> Deleted | None:
    """Finish a deletion that was interrupted; None where there was none.

    Raises HistoryError.
    """
    if not unfinished(store):
        return None
    deleted = delete(store, ())
    return replace(deleted, line=f"An interrupted deletion is finished. {deleted.line}")
