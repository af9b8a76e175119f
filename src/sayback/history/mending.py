"""A damaged history replaced by what can be read of it; the damaged files are kept beside it."""

from __future__ import annotations

import filecmp
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, count
from pathlib import Path

from sayback.errors import HistoryError, reason
from sayback.history.connection import log_of, place, sync_folder
from sayback.history.migrations import STEPS
from sayback.history.pages import MAGIC
from sayback.history.salvage import Salvaged, asked_in, salvage
from sayback.history.store import FILE_NAME, Store
from sayback.model import WAVE_HEADER_BYTES

_VERSION = slice(60, 64)
"""Where SQLite keeps `user_version` in the header of a file."""
_BESIDE = ("-wal", "-shm")
_State = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """What was saved, and under which name the damaged file is kept."""

    salvaged: Salvaged
    kept: Path


class _InUse(HistoryError):
    """Another process has the history open, or has changed it meanwhile."""

    def __init__(self, history: Path) -> None:
        super().__init__(
            f"{history}: in use by another program",
            "close sayback everywhere else, then run `sayback doctor --mend` again",
        )


def mend(recordings: Path) -> Mended:
    """Copy all that can be read of the history into a new one, which then takes its place.

    Its files are copied before, and nothing is changed in them until then. Raises HistoryError
    where a newer sayback wrote it, another one is using it, or there is no room.
    """
    history = place(recordings / FILE_NAME)
    kept = _free(recordings / f"{FILE_NAME}.damaged-{datetime.now():%Y-%m-%d_%H-%M-%S}")
    new = _beside(history, ".mending")
    try:
        with ExitStack() as undone:
            state = _state(history)
            _copy(history, kept, undone)
            _copy(_log(history, recordings), _beside(kept, "-wal"), undone)
            _refuse_newer(kept)
            undone.callback(new.unlink, missing_ok=True)
            salvaged = salvage(kept, new, recordings)
            _check_same(history, state)
            # From here on SQLite, and we, remove what may then be in the copies alone.
            copies = undone.pop_all()
            try:
                with _alone(history):
                    _check_same(history, state)
                    _take_place(new, history)
            except _InUse:
                copies.close()
                raise
    except (OSError, sqlite3.Error) as error:
        raise HistoryError(
            f"{history}: cannot be mended ({reason(error)})",
            "make room for two more of it, then run `sayback doctor --mend` again",
        ) from error
    return Mended(salvaged, kept)


def unnamed(store: Store) -> tuple[Path, ...]:
    """The recordings with sound that no attempt names, nor one that is being deleted.

    We write no links and no folders, so such a one is none.
    """
    rows = store.rows("SELECT audio FROM attempt UNION SELECT audio FROM erasing")
    known = {audio for (audio,) in rows}
    there = (file for file in store.path.parent.iterdir() if asked_in(file.name))
    alone = (file for file in there if file.name not in known and is_ours(file))
    return tuple(sorted(file for file in alone if file.stat().st_size > WAVE_HEADER_BYTES))


def is_ours(file: Path) -> bool:
    """Whether a file is there, and no link by which another would be changed."""
    return file.is_file() and not file.is_symlink()


def missing(store: Store) -> tuple[tuple[int, str], ...]:
    """The attempts whose recordings are not there, with the names of these."""
    rows = store.rows("SELECT id, audio FROM attempt ORDER BY id")
    return tuple(row for row in rows if not (store.path.parent / row[1]).is_file())


def _free(path: Path) -> Path:
    """A name that no copy has, nor the log of one: another may have begun in this very second."""
    others = (_beside(path, f"_{number}") for number in count(2))
    return next(
        each
        for each in chain([path], others)
        if not (each.exists() or _beside(each, "-wal").exists())
    )


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(f"{file.name}{suffix}")


def _state(history: Path) -> _State:
    """What changes whenever a history does; an empty log, as any reader makes it, is none."""
    files = (_beside(history, suffix) for suffix in ("", "-wal"))
    stats = (file.stat() if file.exists() else None for file in files)
    return tuple(
        (each.st_mtime_ns, each.st_size) if each and each.st_size else None for each in stats
    )


def _log(history: Path, recordings: Path) -> Path:
    """The log of a history; its copy where mending was cut off after the log was removed."""
    log = log_of(history)
    if history.exists() and not log.exists():
        for kept in recordings.glob(f"{FILE_NAME}.damaged-*"):
            copied = _beside(kept, "-wal")
            if copied.exists() and filecmp.cmp(kept, history, shallow=False):
                return copied
    return log


def _check_same(history: Path, state: _State) -> None:
    if _state(history) != state:
        raise _InUse(history)


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


def _take_place(new: Path, history: Path) -> None:
    """Put the new history where the damaged one is."""
    for suffix in _BESIDE:  # the log is kept with the copy; the new history must not get it
        _beside(history, suffix).unlink(missing_ok=True)
    new.replace(history)
    sync_folder(history.parent)


@contextmanager
def _alone(history: Path) -> Iterator[None]:
    """Meanwhile nobody else has a history open; who waits for it notices that it was replaced.

    When its own connection ends SQLite leaves alone what is new by then: it looks whether the file
    has moved. Raises _InUse.
    """
    if not history.exists() or not history.stat().st_size:
        yield  # nobody opens it either: SQLite would delete the log beside it
        return
    with closing(sqlite3.connect(history, timeout=1, isolation_level=None)) as database:
        try:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            # In use, or too damaged to be opened by anybody.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise _InUse(history) from error
        yield
