"""What was written into a bank from an answer, so that it can be taken out again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sayback.history.store import Store
from sayback.history.stored import time


def keep_edit(store: Store, file: Path, position: int, inserted: bytes, attempt_id: int) -> None:
    """Remember what was written into a bank, drafted from an answer with which it is deleted."""
    with store.transaction() as database:
        database.execute(
            "INSERT INTO bank_edit (attempt_id, made_at, file, position, inserted)"
            " VALUES (?, ?, ?, ?, ?)",
            (attempt_id, time(datetime.now(UTC)), str(file), position, inserted),
        )


def last_edit(store: Store) -> tuple[int, Path, int, bytes] | None:
    """The number, file, position and bytes of the newest edit that is not taken back."""
    for number, file, position, inserted in store.rows(
        "SELECT id, file, position, inserted FROM bank_edit ORDER BY id DESC LIMIT 1"
    ):
        return number, Path(file), position, inserted
    return None


def forget_edit(store: Store, number: int) -> None:
    """The edit of that number has been taken back."""
    with store.transaction() as database:
        database.execute("DELETE FROM bank_edit WHERE id = ?", (number,))
