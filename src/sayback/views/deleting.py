"""`delete`: removes attempts and says where it was looked whether anything of them is left."""

from __future__ import annotations

from collections.abc import Collection

from sayback.errors import HistoryError
from sayback.history.erase import Erased, erase, unfinished
from sayback.history.store import Store


def delete(store: Store, chosen: Collection[int] | None) -> str:
    """Delete attempts, all with None, and say in a line what was looked for and where.

    Raises HistoryError for an attempt that is not there, before anything is deleted, and where
    something was left.
    """
    erased = erase(store, chosen)
    if erased.left:
        raise HistoryError(
            f"{', '.join(erased.left)}: still holds words of a deleted answer",
            f"see whether it is a copy of yours in {store.path.parent}, and delete it by hand",
        )
    return f"{erased.attempts} deleted{_proof(erased)}"


def finish(store: Store) -> str | None:
    """Finish a deletion that was interrupted, and say so; None where there was none.

    Raises HistoryError.
    """
    return (
        f"an interrupted deletion is finished: {delete(store, ())}" if unfinished(store) else None
    )


def _proof(erased: Erased) -> str:
    if not erased.attempts:
        return ""
    if not erased.pieces:
        return "; they held no words of their own to look for"
    files = ", ".join(erased.files)
    return f"; {erased.pieces} pieces of what was said looked for in {files}: none is left"
