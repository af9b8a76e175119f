"""The log beside a history: what is whole in it, and when SQLite would forget some of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sayback.history import write_ahead_log
from sayback.history.pages import rows

FRAME_BYTES = 24 + write_ahead_log.PAGE_BYTES
ROWS = 9


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Path]:
    """A log with a frame for each row, each in a table of its own."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        for number in range(ROWS):
            database.execute(f"CREATE TABLE a{number} (text TEXT)")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for number in range(ROWS):
            database.execute(f"INSERT INTO a{number} VALUES (?)", (f"row {number}",))
        yield path


def beside(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def texts(path: Path) -> set[object]:
    return {values[0] for _, values in rows(path) if len(values) == 1}


def damage(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 0xFF
    file.write_bytes(data)


def test_a_whole_log_and_none_are_not_damaged(written: Path) -> None:
    assert not write_ahead_log.is_damaged(beside(written))
    assert len(write_ahead_log.pages(beside(written))) == ROWS
    assert not write_ahead_log.is_damaged(written.with_name("none"))
    assert write_ahead_log.pages(written.with_name("none")) == {}


def test_what_stands_behind_a_damaged_frame_is_found(written: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(written.read_bytes())
    beside(copy).write_bytes(beside(written).read_bytes())
    damage(beside(copy), 32 + 3 * FRAME_BYTES + 1000)
    assert write_ahead_log.is_damaged(beside(copy))
    assert texts(copy) == {f"row {number}" for number in range(ROWS) if number != 3}
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT * FROM a2").fetchall() == [("row 2",)]
        assert database.execute("SELECT * FROM a4").fetchall() == [], "so SQLite forgets it"


def test_a_damaged_header_hides_no_frame_but_the_first(written: Path) -> None:
    damage(beside(written), 26)
    assert write_ahead_log.is_damaged(beside(written))
    assert len(write_ahead_log.pages(beside(written))) == ROWS - 1


@pytest.mark.parametrize("cut_bytes", [1, FRAME_BYTES - 1, FRAME_BYTES, 3 * FRAME_BYTES + 7])
def test_a_log_that_was_cut_off_is_as_the_power_going_leaves_it(
    written: Path, cut_bytes: int
) -> None:
    data = beside(written).read_bytes()
    beside(written).write_bytes(data[:-cut_bytes])
    assert not write_ahead_log.is_damaged(beside(written))
    assert len(write_ahead_log.pages(beside(written))) == ROWS - -(-cut_bytes // FRAME_BYTES)


def test_what_was_not_committed_is_not_found(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA cache_size = 5")
        database.execute("CREATE TABLE a (text TEXT)")
        database.execute("BEGIN")
        database.executemany("INSERT INTO a VALUES (?)", [("x" * 900,)] * 200)
        assert beside(path).stat().st_size > 20 * FRAME_BYTES, "it has gone to the disk"
        assert texts(path) == set()
