"""What is still to be erased, for every start of the program: `erase` takes long to import."""

from __future__ import annotations

from sayback.history.store import Store


def unfinished(store: Store) -> tuple[int, ...]:
    """The numbers of what was to be erased when something came between: `erase(store, ())` it."""
    rows = store.rows("SELECT attempt_id FROM erasing ORDER BY attempt_id")
    return tuple(attempt_id for (attempt_id,) in rows)
