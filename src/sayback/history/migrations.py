"""The shape of `history.db`, as the list of steps that lead to it."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from sayback.errors import HistoryError
from sayback.history.connection import sync_folder

# A step that has been released is never edited; a change of shape is a new step at the end.
STEPS: tuple[tuple[str, ...], ...] = (
    # 1: facts (attempt, transcript) apart from what is derived from them (score, measure)
    (
        """
        CREATE TABLE attempt (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            asked_at TEXT NOT NULL,
            question_id TEXT NOT NULL,
            question TEXT NOT NULL,
            audio TEXT NOT NULL UNIQUE,
            recording TEXT
        ) STRICT
        """,
        "CREATE INDEX attempt_by_question ON attempt (question_id, id)",
        """
        CREATE TABLE transcript (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            attempt_id INTEGER NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
            made_at TEXT NOT NULL,
            content TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX transcript_by_attempt ON transcript (attempt_id, id)",
        """
        CREATE TABLE score (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            attempt_id INTEGER NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
            transcript_id INTEGER NOT NULL REFERENCES transcript (id) ON DELETE CASCADE,
            scored_at TEXT NOT NULL,
            scorer_version TEXT NOT NULL,
            coverage REAL,
            content TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX score_by_attempt ON score (attempt_id, id)",
        """
        CREATE TABLE measure (
            score_id INTEGER NOT NULL REFERENCES score (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value REAL NOT NULL,
            PRIMARY KEY (score_id, name)
        ) STRICT, WITHOUT ROWID
        """,
    ),
    # 2: what a person corrects, a search index, the schedule, edits of a bank to undo, deletion
    (
        "CREATE INDEX score_by_transcript ON score (transcript_id)",
        """
        CREATE TABLE correction (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            attempt_id INTEGER NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
            made_at TEXT NOT NULL,
            content TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX correction_by_attempt ON correction (attempt_id, id)",
        # rowid is the number of the attempt; the text that of its newest transcript
        "CREATE VIRTUAL TABLE spoken USING fts5 (text, tokenize = 'porter unicode61')",
        """
        INSERT INTO spoken (rowid, text)
        SELECT score.attempt_id, transcript.content ->> '$.text'
        FROM score JOIN transcript ON transcript.id = transcript_id
        WHERE score.id IN (SELECT max(id) FROM score GROUP BY attempt_id)
        """,
        # derived: the memory of a question's key points after its scores up to one of them
        """
        CREATE TABLE memory (
            question_id TEXT PRIMARY KEY,
            score_id INTEGER NOT NULL,
            content TEXT NOT NULL
        ) STRICT
        """,
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
        """
        CREATE TABLE bank_edit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            attempt_id INTEGER NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
            made_at TEXT NOT NULL,
            file TEXT NOT NULL,
            position INTEGER NOT NULL,
            inserted BLOB NOT NULL
        ) STRICT
        """,
        "CREATE INDEX bank_edit_by_attempt ON bank_edit (attempt_id)",
        # what is left to do for attempts whose rows are gone, see `erase`
        """
        CREATE TABLE erasing (
            attempt_id INTEGER PRIMARY KEY,
            audio TEXT NOT NULL,
            pieces BLOB NOT NULL
        ) STRICT
        """,
    ),
)


_CREATING = threading.Lock()


def create(path: Path) -> None:
    """Make an empty file that is the user's alone; SQLite's files beside it get the same mode.

    One that is there is never opened: where a process closes a file, all locks that it holds on
    that file are gone, those of its other connections too, and others write what it still reads.
    Raises OSError.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    with _CREATING, suppress(FileExistsError):  # nobody connects before the new file is closed
        os.close(os.open(os.path.realpath(path), flags, 0o600))


def migrate(
    connection: sqlite3.Connection, path: Path, steps: tuple[tuple[str, ...], ...] = STEPS
) -> None:
    """Bring the database to the newest shape, each step whole or not at all.

    An older database is copied to `history.db.version-N` first, where N is its shape. Raises
    HistoryError for a database that a newer sayback wrote.
    """
    version = _version(connection)
    if version > len(steps):
        raise HistoryError(
            f"{path}: written by a newer sayback (format {version}, this one reads {len(steps)})",
            "update sayback",
        )
    for number in range(version + 1, len(steps) + 1):
        is_older = version > 0 and number == version + 1
        backup = partial(_back_up, path, path.with_name(f"{path.name}.version-{version}"))
        _take(connection, number, steps[number - 1], backup if is_older else None)


def _take(
    connection: sqlite3.Connection,
    number: int,
    step: tuple[str, ...],
    back_up: Callable[[], None] | None,
) -> None:
    """One step in one transaction, unless another process took it in the meantime.

    The backup is made within it: else another process might take the step before the copy is made.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _version(connection) < number:
            if back_up:
                back_up()
            for statement in step:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _back_up(path: Path, backup: Path) -> None:
    """A copy that is there whole or not at all, made by a reader: a writer cannot copy itself."""
    unfinished = backup.with_name(f"{backup.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    if shutil.disk_usage(path.parent).free < path.stat().st_size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    create(unfinished)
    try:
        with closing(sqlite3.connect(path)) as reader:
            reader.execute("VACUUM INTO ?", (str(unfinished),))
        with unfinished.open("rb") as copy:
            os.fsync(copy.fileno())
    except BaseException:  # what there is of it would only take up more of a full disk
        unfinished.unlink()
        raise
    unfinished.replace(backup)
    sync_folder(backup.parent)
