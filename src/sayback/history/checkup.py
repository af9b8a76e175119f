"""Whether all that stands in a history can be read; nothing is changed by looking."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from sayback.errors import HistoryError, reason
from sayback.history import write_ahead_log
from sayback.history.connection import connect_to_look, has_no_room, log_of, told
from sayback.history.migrations import STEPS
from sayback.history.stored import DAMAGE, AnyCorrection, Derived, decode, moment
from sayback.model import Question, Recording, Transcript

_HEADING = "*** in database main ***"
MOST_NAMED = 10
"""Problems of a file that are told; more say nothing new."""
WAIT_S = 1.0
"""For another process that keeps the history to itself."""
_IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_UNREADABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)

_CONTENTS: tuple[tuple[str, str, str, type], ...] = (
    ("attempt", "question", "id", Question),
    ("attempt", "recording", "id", Recording),
    ("transcript", "content", "attempt_id", Transcript),
    ("score", "content", "attempt_id", Derived),
    ("correction", "content", "attempt_id", AnyCorrection),
)
_WORDS: dict[type, str] = {AnyCorrection: "correction", Derived: "score"}


def problems(history: Path) -> tuple[str, ...]:
    """What is wrong with a history, each in a few words; nothing where all is well.

    Raises HistoryError where it cannot be looked at.
    """
    if history.exists() and not history.is_file():
        raise HistoryError(f"{history}: is not a file", "move it away, your answers go there")
    try:
        return tuple(islice(_problems(history), MOST_NAMED))
    except (sqlite3.Error, OSError) as error:
        if _code(error) in _IN_USE or _lacks_room(history, error):
            raise told(history, error) from error
        raise HistoryError(
            f"{history}: {reason(error)}", "check its permissions with `ls -l`"
        ) from error


def _problems(history: Path) -> Iterator[str]:
    written = log_of(history)
    if write_ahead_log.is_damaged(written):
        yield f"its log {written.name} is damaged"
    if not history.exists() or not history.stat().st_size:
        if written.exists() and written.stat().st_size:
            yield "it is empty, though its log is not"
        return
    try:
        with closing(connect_to_look(history, WAIT_S)) as database:
            ((version,),) = database.execute("PRAGMA user_version")
            if version <= len(STEPS):  # else a newer sayback wrote it, as who opens it is told
                yield from _of_pages(database)
                yield from _of_rows(database)
    except sqlite3.DatabaseError as error:
        if _code(error) in (*_IN_USE, *_UNREADABLE) or _lacks_room(history, error):
            raise
        yield str(error)
    except UnicodeDecodeError:
        yield "its tables are damaged"


def _code(error: sqlite3.Error | OSError) -> int:
    """SQLite's own, 0 where it has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _lacks_room(history: Path, error: sqlite3.Error | OSError) -> bool:
    """Whether only the disk is full, on which SQLite cannot even read beside a log."""
    return _code(error) == sqlite3.SQLITE_IOERR and has_no_room(history)


def _of_pages(database: sqlite3.Connection) -> Iterator[str]:
    for (lines,) in database.execute(f"PRAGMA integrity_check({MOST_NAMED})"):
        yield from (line for line in lines.splitlines() if line not in ("ok", _HEADING))
    alone = {(table, row) for table, row, *_ in database.execute("PRAGMA foreign_key_check")}
    for table, row in sorted(alone, key=str):
        yield f"{table} {row} belongs to nothing"


def _of_rows(database: sqlite3.Connection) -> Iterator[str]:
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if not tables:
        return
    for number, asked_at in database.execute("SELECT id, asked_at FROM attempt"):
        if not _is_readable(moment, asked_at):
            yield f"attempt {number}: its time cannot be read"
    for table, column, attempt, kind in _CONTENTS:
        if table in tables:
            read = partial(decode, kind=kind)
            for number, content in database.execute(f"SELECT {attempt}, {column} FROM {table}"):
                if content is not None and not _is_readable(read, content):
                    what = _WORDS.get(kind, kind.__name__.lower())
                    yield f"attempt {number}: a {what} of it cannot be read"


def _is_readable(read: Callable[[Any], object], content: object) -> bool:
    try:
        read(content)
    except DAMAGE:
        return False
    return True
