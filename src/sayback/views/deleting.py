"""`delete`: removes attempts and looks whether anything of them is left."""

from __future__ import annotations

from collections.abc import Sequence

from sayback.errors import HistoryError
from sayback.history.erase import erase
from sayback.history.store import Store


def delete(store: Store, chosen: Sequence[int] | None) -> str:
    """Delete attempts, all with None, and say in a line that nothing of their words is left.

    Raises HistoryError for an attempt that is not there, before anything is deleted, and where
    something was left.
    """
    erased = erase(store, chosen)
    folder = store.path.parent
    if erased.left:
        raise HistoryError(
            f"{', '.join(erased.left)}: still holds words of a deleted answer",
            f"see whether it is a copy of yours in {folder}, and delete it by hand",
        )
    return f"{erased.attempts} deleted; looked through {folder}: nothing of them is left"
