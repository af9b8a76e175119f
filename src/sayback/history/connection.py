"""How `history.db` is opened, also where nothing can be written, and its errors in our words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from sqlite3 import (
    SQLITE_BUSY,
    SQLITE_CANTOPEN,
    SQLITE_CORRUPT,
    SQLITE_ERROR,
    SQLITE_FULL,
    SQLITE_IOERR,
    SQLITE_LOCKED,
    SQLITE_NOTADB,
    SQLITE_READONLY,
)

from sayback.errors import CannotKeep, Damaged, HistoryError, is_full, reason
from sayback.history.stored import lenient

OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""The rights of everybody but the user."""
NO_ROOM_BYTES = 64 * 1024
"""With less left SQLite has no place for what it puts beside a database."""

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
)
_SAVE = "save what can be saved with `sayback doctor --mend`"
_LOOKING = ("PRAGMA user_version",)
"""Reads in the file: only then it is known whether it can be opened."""


def connect(path: Path, wait_s: float) -> sqlite3.Connection:
    """A connection in which what is written outlasts a loss of power.

    On a full disk, where the memory that processes share cannot be made, it keeps all others out;
    on a read-only one the file is read as it stands. Raises sqlite3.Error, and HistoryError where
    that would leave something out.
    """
    address = path.absolute().as_uri()
    try:
        return _opened(address, wait_s, _SETTINGS)
    except sqlite3.OperationalError as error:
        if _is(error, SQLITE_IOERR) and has_no_room(path):
            return _opened(address, wait_s, ("PRAGMA locking_mode = EXCLUSIVE", *_SETTINGS))
        if _is(error, SQLITE_CANTOPEN, SQLITE_READONLY) and not os.access(
            place(path).parent, os.W_OK
        ):
            _check_log(path)
            return _opened(f"{address}?immutable=1", wait_s, _SETTINGS)
        raise


def connect_to_look(path: Path, wait_s: float) -> sqlite3.Connection:
    """A connection by which nothing is changed. Raises what `connect` does."""
    address = path.absolute().as_uri()
    try:
        return _opened(f"{address}?mode=ro", wait_s, _LOOKING)
    except sqlite3.OperationalError as error:
        if _is(error, SQLITE_CANTOPEN, SQLITE_READONLY) and not os.access(
            place(path).parent, os.W_OK
        ):
            _check_log(path)
            return _opened(f"{address}?immutable=1", wait_s, _LOOKING)
        raise


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk: else a loss of power may undo a replacement."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def place(path: Path) -> Path:
    """Where a file is that may be a link: SQLite puts its own files beside that."""
    return Path(os.path.realpath(path))


def log_of(path: Path) -> Path:
    """The log that SQLite writes beside a database."""
    there = place(path)
    return there.with_name(f"{there.name}-wal")


def make_private(folder: Path) -> None:
    """Make the folder where it is missing, for the user alone, and not for git. Raises OSError."""
    is_new = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keep_private(folder)
    if is_new:
        keep_from_git(folder)


def keep_from_git(folder: Path) -> None:
    """Let git leave out all that is in a folder."""
    ignored = folder / ".gitignore"
    with suppress(OSError):  # without room for it, where the history may still find some
        ignored.touch(mode=0o600, exist_ok=False)
        ignored.write_text("*\n")


def keep_private(folder: Path) -> None:
    """Let only the user into a folder, who may have made it otherwise, or got it with a clone.

    Where a link leads is left alone: it may be anything.
    """
    if folder.is_symlink():
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & OTHERS:
        with suppress(OSError):  # another's folder, or a read-only disk: the doctor names it
            folder.chmod(mode & ~OTHERS)


def check_not_lost(path: Path) -> None:
    """Raises Damaged where the file is gone, but not its log: SQLite would delete that too."""
    with suppress(FileNotFoundError):
        is_gone = not path.exists() or not path.stat().st_size
        if is_gone and log_of(path).stat().st_size:
            raise Damaged(
                f"{path}: is empty, though answers stand in the log beside it",
                "save them with `sayback doctor --mend`",
            )


def is_there(path: Path, opened: os.stat_result | None) -> bool:
    """Whether the file that was opened, if any, is still the one that is found at its path."""
    with suppress(OSError):
        return opened is not None and os.path.samestat(opened, path.stat())
    return False


def told(path: Path, error: sqlite3.Error | OSError | UnicodeDecodeError) -> HistoryError:
    """SQLite's and the system's errors in our words."""
    if isinstance(error, UnicodeDecodeError):  # it quotes what is damaged
        return Damaged(f"{path}: is damaged", _SAVE)
    if isinstance(error, OSError):
        what = "make room" if is_full(error) else "check its folder"
        return HistoryError(
            f"{path}: {reason(error)}", f"{what}, or choose another one with --workspace"
        )
    if _is(error, SQLITE_BUSY, SQLITE_LOCKED):
        return HistoryError(f"{path}: another sayback is writing", "try again in a moment")
    if _is(error, SQLITE_FULL) or (_is(error, SQLITE_IOERR) and has_no_room(path)):
        return CannotKeep(f"{path}: the disk is full", "make room")
    if _is(error, SQLITE_READONLY):
        return CannotKeep(
            f"{path}: the disk or the file is read-only",
            "make it writable, or choose another folder with --workspace",
        )
    # Our queries are right, so where one is an error it is the tables that are not ours.
    if _is(error, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR):
        what, *_ = str(error).partition(" (")  # in brackets it quotes what is damaged
        return Damaged(f"{path}: {what}", _SAVE)
    return HistoryError(f"{path}: {error}", "check its disk and permissions with `sayback doctor`")


def _opened(address: str, wait_s: float, settings: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(address, timeout=wait_s, isolation_level=None, uri=True)
    connection.text_factory = lenient
    try:
        for setting in settings:
            connection.execute(setting)
    except (sqlite3.Error, UnicodeDecodeError):
        connection.close()
        raise
    return connection


def _check_log(path: Path) -> None:
    """Raises HistoryError where the newest answers stand in a log that cannot be read in now."""
    with suppress(OSError):
        if log_of(path).stat().st_size:
            raise CannotKeep(
                f"{path}: was not closed, and cannot be mended on a read-only disk",
                "copy the workspace to another disk, and name the copy with --workspace",
            )


def has_no_room(path: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(place(path).parent).free < NO_ROOM_BYTES
    return False


def _is(error: sqlite3.Error, *codes: int) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in codes
