"""A damaged history replaced by what can be read of it; the damaged files are kept beside it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, count
from pathlib import Path

from sayback.errors import HistoryError, reason
from sayback.history.migrations import STEPS
from sayback.history.pages import MAGIC
from sayback.history.salvage import Salvaged, asked_in, salvage
from sayback.history.store import FILE_NAME, Store

_VERSION = slice(60, 64)
"""Where SQLite keeps `user_version` in the header of a file."""
_SILENT = 44
"""Bytes of a recording without any sound: its header."""
_BESIDE = ("-wal", "-shm")
_State = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """What was saved, and under which name the damaged file is kept."""

    salvaged: Salvaged
    kept: Path


def mend(recordings: Path) -> Mended:
    """Copy all that can be read of the history into a new one, which then takes its place.

    Its files are copied before, and nothing is changed in them until then. Raises HistoryError
    where a newer sayback wrote it, another one is using it, or there is no room.
    """
    history = recordings / FILE_NAME
    kept = _free(recordings / f"{FILE_NAME}.damaged-{datetime.now():%Y-%m-%d_%H-%M-%S}")
    new = recordings / f"{FILE_NAME}.mending"
    try:
        with ExitStack() as undone:
            state = _state(history)
            for suffix in ("", "-wal"):
                _copy(_beside(history, suffix), _beside(kept, suffix), undone)
            _refuse_newer(kept)
            undone.callback(new.unlink, missing_ok=True)
            salvaged = salvage(kept, new, recordings)
            _take_place(new, history, lambda: _state(history) == state)
            undone.pop_all()
    except (OSError, sqlite3.Error) as error:
        raise HistoryError(
            f"{history}: cannot be mended ({reason(error)})",
            "make room for two more of it, then run `sayback doctor --mend` again",
        ) from error
    return Mended(salvaged, kept)


def unnamed(store: Store) -> tuple[Path, ...]:
    """The recordings with sound that no attempt names, nor one that is being deleted."""
    rows = store.rows("SELECT audio FROM attempt UNION SELECT audio FROM erasing")
    known = {audio for (audio,) in rows}
    there = (file for file in store.path.parent.iterdir() if asked_in(file.name))
    return tuple(
        sorted(each for each in there if each.name not in known and each.stat().st_size > _SILENT)
    )


def _free(path: Path) -> Path:
    """A name that no file has, for one that was mended, or began to be, in this very second."""
    others = (_beside(path, f"_{number}") for number in count(2))
    return next(each for each in chain([path], others) if not each.exists())


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(f"{file.name}{suffix}")


def _state(history: Path) -> _State:
    """What changes whenever a history does."""
    files = (_beside(history, suffix) for suffix in ("", "-wal"))
    stats = (file.stat() if file.exists() else None for file in files)
    return tuple(stat and (stat.st_mtime_ns, stat.st_size) for stat in stats)


def _copy(source: Path, target: Path, undone: ExitStack) -> None:
    """A copy for the user alone that outlasts a loss of power, if there is something to copy."""
    if not source.exists():
        return
    opener = partial(os.open, mode=0o600)
    with source.open("rb") as read, open(target, "xb", opener=opener) as written:
        undone.callback(target.unlink, missing_ok=True)
        shutil.copyfileobj(read, written)
        written.flush()
        os.fsync(written.fileno())


def _refuse_newer(history: Path) -> None:
    header = b""
    if history.exists():
        with history.open("rb") as file:
            header = file.read(_VERSION.stop)
    version = int.from_bytes(header[_VERSION], "big") if header.startswith(MAGIC) else 0
    if len(STEPS) < version < 1000:  # more is no version but damage
        raise HistoryError(
            f"{history}: written by a newer sayback (format {version})", "update sayback"
        )


def _take_place(new: Path, history: Path, is_as_before: Callable[[], bool]) -> None:
    """Put the new history where the damaged one is, if nobody has that open or changed it."""
    if not is_as_before() or not _is_alone(history):
        raise HistoryError(
            f"{history}: in use by another program",
            "close sayback everywhere else, then run `sayback doctor --mend` again",
        )
    for suffix in _BESIDE:  # the log is kept with the copy; the new history must not get it
        _beside(history, suffix).unlink(missing_ok=True)
    new.replace(history)
    folder = os.open(history.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_alone(history: Path) -> bool:
    """Whether nobody else has a history open; who opens it later notices that it was replaced."""
    if not history.exists():
        return True
    with closing(sqlite3.connect(history, timeout=1, isolation_level=None)) as database:
        try:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            # Too damaged to be opened by anybody, or in use.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            return code not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return True
