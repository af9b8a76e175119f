"""Migrations: each step whole or not at all, with a copy of what was there before."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sayback.errors import HistoryError
from sayback.history.migrations import STEPS, migrate

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
