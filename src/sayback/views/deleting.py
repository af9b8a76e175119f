"""`delete`: removes attempts and says where it was looked whether anything of them is left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack

from sayback.capture.claim import claim
from sayback.errors import Damaged, HistoryError
from sayback.history.erasing import unfinished
from sayback.history.store import Store


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


def delete(store: Store, chosen: Collection[int] | None) -> str:
    """Delete attempts, all with None, and say so in a line.

    Raises HistoryError for an attempt that is not there, and AnswerInUse for one that is still
    being given, both before anything is deleted; HistoryError also where something was left.
    """
    from sayback.history.erase import erase  # takes a tenth of a second

    # Not None to `erase`: that would be also an answer which another process begins just now.
    going = numbers(store, ()) if chosen is None else chosen
    with ExitStack() as claimed:
        for number in set(going).intersection(store.unfinished()):
            claimed.enter_context(claim(store.audio(number)))
        erased = erase(store, going)
    if erased.left:
        raise HistoryError(
            f"{', '.join(erased.left)}: still holds words of a deleted answer",
            f"see whether it is a copy of yours in {store.path.parent}, and delete it by hand",
        )
    if not erased.attempts:
        return "There was nothing to delete."
    answers = "1 answer" if erased.attempts == 1 else f"{erased.attempts} answers"
    return (
        f"Deleted {answers}: recordings, words and scores. Nothing of them is left in the history."
    )


def finish(store: Store) -> str | None:
    """Finish a deletion that was interrupted, and say so; None where there was none.

    Raises HistoryError.
    """
    if not unfinished(store):
        return None
    return f"An interrupted deletion is finished. {delete(store, ())}"
