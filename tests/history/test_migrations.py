"""Migrations: each step whole or not at all, with a copy of what was there before."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.history import releases

from sayback.errors import HistoryError
from sayback.history.migrations import STEPS, migrate
from sayback.history.search import find
from sayback.history.store import Store

FIRST = ("CREATE TABLE fruit (name TEXT)",)
SECOND = ("ALTER TABLE fruit ADD COLUMN colour TEXT", "UPDATE fruit SET colour = 'red'")
BROKEN = ("CREATE TABLE nut (name TEXT)", "CREATE TABLE fruit (name TEXT)")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def database(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def test_a_new_database_takes_every_step_without_a_copy(
    database: sqlite3.Connection, path: Path
) -> None:
    migrate(database, path, (FIRST, SECOND))
    assert version(database) == 2
    assert [file.name for file in path.parent.iterdir()] == ["history.db"]


def test_an_older_one_keeps_its_rows_and_leaves_a_copy(
    database: sqlite3.Connection, path: Path
) -> None:
    migrate(database, path, (FIRST,))
    database.execute("INSERT INTO fruit VALUES ('apple')")
    migrate(database, path, (FIRST, SECOND))
    assert database.execute("SELECT * FROM fruit").fetchall() == [("apple", "red")]
    backup = path.with_name("history.db.version-1")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT * FROM fruit").fetchall() == [("apple",)]


def test_a_step_that_fails_leaves_nothing_of_itself(
    database: sqlite3.Connection, path: Path
) -> None:
    migrate(database, path, (FIRST,))
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(database, path, (FIRST, BROKEN))
    assert version(database) == 1
    tables = database.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("fruit",)]


def test_taking_the_steps_again_changes_nothing(database: sqlite3.Connection, path: Path) -> None:
    migrate(database, path)
    before = database.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    migrate(database, path)
    assert database.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == before
    assert version(database) == len(STEPS)


def test_a_database_of_a_newer_version_is_refused(database: sqlite3.Connection, path: Path) -> None:
    migrate(database, path, (FIRST, SECOND))
    with pytest.raises(HistoryError, match=r"format 2.* reads 1"):
        migrate(database, path, (FIRST,))


def test_whatever_refers_to_a_row_has_an_index_so_that_the_row_is_quickly_deleted(
    database: sqlite3.Connection, path: Path
) -> None:
    migrate(database, path)
    references = 0
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
        first_columns = {
            column
            for (column,) in database.execute(
                "SELECT info.name FROM pragma_index_list(?) AS list"
                " JOIN pragma_index_info(list.name) AS info WHERE seqno = 0",
                (table,),
            )
        }
        for reference in database.execute(f"PRAGMA foreign_key_list({table})"):
            references += 1
            assert reference[3] in first_columns, table
    assert references == 6


def test_a_history_of_every_format_is_kept_as_an_example() -> None:
    assert tuple(range(1, len(STEPS) + 1)) == releases.FORMATS


@pytest.mark.parametrize("number", releases.FORMATS)
def test_a_history_of_every_format_keeps_all_that_is_in_it(number: int, tmp_path: Path) -> None:
    history = releases.restore(number, tmp_path)
    before = releases.facts(history)
    with Store(tmp_path) as store:
        attempts = [store.attempt(each.id) for each in store.summaries()]
        assert [each.attempt_id for each in find(store, "encoder and a decoder")] == [3]
    assert releases.version(history) == len(STEPS)
    assert releases.facts(history) == before
    assert [attempt.audio.name for attempt in attempts] == list(releases.AUDIO)
    scored = [attempt.scorecard is not None for attempt in attempts]
    assert scored == [True, True, True, False]
    backup = history.with_name(f"{history.name}.version-{number}")
    assert backup.exists() == (number < len(STEPS))
    if backup.exists():
        assert releases.facts(backup) == before
        assert releases.version(backup) == number


def test_a_copy_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    history = releases.restore(1, tmp_path)
    before = releases.facts(history)
    unfinished = history.with_name("history.db.version-1.unfinished")
    unfinished.write_bytes(b"half")
    Store(tmp_path).__exit__()
    assert not unfinished.exists()
    assert releases.facts(history.with_name("history.db.version-1")) == before


def test_a_copy_that_the_disk_does_not_take_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = releases.restore(1, tmp_path)

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(HistoryError, match="Input/output error"):
        Store(tmp_path)
    assert list(tmp_path.glob("*.unfinished")) == list(tmp_path.glob("*.version-1")) == []
    assert releases.version(history) == 1


def test_a_copy_holds_what_there_was_although_another_process_was_quicker(
    tmp_path: Path,
) -> None:
    history = releases.restore(1, tmp_path)
    with closing(sqlite3.connect(history, isolation_level=None)) as slow:
        assert version(slow) == 1
        Store(tmp_path).__exit__()
        migrate(slow, history)
    assert releases.version(history.with_name("history.db.version-1")) == 1
