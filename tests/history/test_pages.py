"""Rows read without SQLite are those that SQLite wrote, also where it cannot read them itself."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sayback.history.pages import rows
from sayback.history.stored import Value
from sayback.history.write_ahead_log import PAGE_BYTES

COUNT = 300


def row(number: int) -> tuple[Value, ...]:
    """Texts and bytes of all lengths, some of them over several pages, and numbers of all sizes."""
    chance = random.Random(number)
    return (
        "é" * chance.choice((0, 7, 60, 2100, 9000)),
        chance.choice((None, 1.0, 0.5, -3.25)),
        chance.randbytes(chance.randrange(300)),
        chance.choice((None, 0, 1, -1, 127, 128, -129, 2**23, -(2**31), 2**47, -(2**62))),
    )


WRITTEN = {number: (None, *row(number)) for number in range(1, COUNT + 1)}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(
            "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT, r REAL, b BLOB, n INTEGER)"
        )
        for number in WRITTEN:
            connection.execute("INSERT INTO a VALUES (?, ?, ?, ?, ?)", (number, *row(number)))
        yield connection


def found(path: Path) -> dict[int, tuple[Value, ...]]:
    return {number: values for number, values in rows(path) if len(values) == 5 and not values[0]}


def test_finds_all_rows_in_the_file_and_in_its_log(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    assert found(tmp_path / "a.db") == WRITTEN
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert found(tmp_path / "a.db") == WRITTEN


def test_finds_no_row_that_was_deleted(database: sqlite3.Connection, tmp_path: Path) -> None:
    database.execute("DELETE FROM a WHERE id % 3 > 0")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert sorted(found(tmp_path / "a.db")) == [number for number in WRITTEN if number % 3 == 0]


def test_needs_neither_the_header_nor_the_table_of_tables_nor_the_pages_above_the_rows(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "a.db"
    data = bytearray(path.read_bytes())
    assert data[PAGE_BYTES] == 0x05, "the root of the table"
    data[: 2 * PAGE_BYTES] = bytes(2 * PAGE_BYTES)
    path.write_bytes(data)
    assert found(path) == WRITTEN


def test_any_bytes_are_read_to_their_end(tmp_path: Path) -> None:
    path, chance = tmp_path / "a.db", random.Random(0)
    for _ in range(200):
        page = bytearray(chance.randbytes(PAGE_BYTES))
        page[0] = 0x0D
        path.write_bytes(bytes(PAGE_BYTES) + page * 3)
        list(rows(path))
    assert list(rows(tmp_path / "none.db")) == []
