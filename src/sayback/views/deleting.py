"""`delete`: removes attempts and says where it was looked whether anything of them is left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from sayback.capture.claim import claim
from sayback.errors import Damaged, HistoryError
from sayback.history.erasing import unfinished
from sayback.history.store import FILE_NAME, Store


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is to be said: what went, and where words of it are `left` all the same."""

    line: str
    left: HistoryError | None = None


def numbers(store: Store, chosen: Collection[int]) -> tuple[int, ...]:
    """Which attempts are meant, each once; all where none is named. Raises NoSuchAttempt."""
    listing = store.listing()
    known = (*(summary.id for summary in listing.summaries), *listing.damaged)
    for number in set(chosen).difference(known):
        store.audio(number)
    return tuple(dict.fromkeys(chosen)) or known


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
    if not erased.attempts:
        return Deleted("There was nothing to delete.")
    answers = "1 answer" if erased.attempts == 1 else f"{erased.attempts} answers"
    gone = f"Deleted {answers}: recordings, words and scores."
    if erased.left:
        return Deleted(gone, _left([Path(name) for name in erased.left]))
    return Deleted(f"{gone} Nothing of them is left in the history.")


def _left(files: Sequence[Path]) -> HistoryError:
    """What to do about files beside the history in which words of a deleted answer stand."""
    names, verb = ", ".join(file.name for file in files), "holds" if len(files) == 1 else "hold"
    problem = f"{names}: still {verb} words of a deleted answer"
    if all(file.name.startswith(f"{FILE_NAME}.damaged-") for file in files):
        return HistoryError(
            f"{problem}, as kept by `sayback doctor --mend`",
            f"delete with `rm {' '.join(quote(str(file)) for file in files)}`",
        )
    whose = "it is a copy of yours" if len(files) == 1 else "they are copies of yours"
    return HistoryError(
        problem,
        f"see whether {whose} in {files[0].parent}, and delete by hand what is not needed",
    )


def finish(store: Store) -> Deleted | None:
    """Finish a deletion that was interrupted; None where there was none.

    Raises HistoryError.
    """
    if not unfinished(store):
        return None
    deleted = delete(store, ())
    return replace(deleted, line=f"An interrupted deletion is finished. {deleted.line}")
