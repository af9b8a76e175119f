"""The mended history takes the place of the damaged one, which is kept to the byte."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.history import releases

from sayback.errors import Damaged, HistoryError
from sayback.history.checkup import problems
from sayback.history.mending import mend, unnamed
from sayback.history.store import FILE_NAME, Store


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """One with a header that is none."""
    path = releases.restore(2, tmp_path)
    damage(path)
    return path


def damage(path: Path) -> None:
    path.write_bytes(b"no database at all".ljust(100) + path.read_bytes()[100:])


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_what_is_damaged_is_named_kept_and_replaced(history: Path) -> None:
    damaged = history.read_bytes()
    assert problems(history) == ("file is not a database",)
    with pytest.raises(
        Damaged, match=r"history\.db: file is not a database; .*`sayback doctor --mend`"
    ):
        Store(history.parent)
    assert history.read_bytes() == damaged
    mended = mend(history.parent)
    assert mended.kept.read_bytes() == damaged
    assert mended.kept.stat().st_mode & 0o777 == 0o600
    assert names(history.parent) == {FILE_NAME, mended.kept.name}
    assert problems(history) == ()
    with Store(history.parent) as store:
        assert len(store.summaries()) == 4


def test_what_is_damaged_again_within_a_second_is_kept_too(history: Path) -> None:
    kept = set()
    for _ in range(3):
        damage(history)
        kept.add(mend(history.parent).kept)
    assert len(kept) == 3
    assert names(history.parent) == {FILE_NAME, *(file.name for file in kept)}


def left_open(folder: Path) -> Path:
    """A history as a kill leaves it: its newest change stands in the log only."""
    releases.restore(2, folder / "open")
    with Store(folder / "open") as store:
        store.drop(4)
        shutil.copytree(folder / "open", folder / "left")
    return folder / "left" / FILE_NAME


def test_the_log_of_a_copy_that_was_taken_back_is_in_nobodys_way(tmp_path: Path) -> None:
    history = left_open(tmp_path)
    log = history.with_name(f"{FILE_NAME}-wal").read_bytes()
    for seconds in range(5):
        second = datetime.now() + timedelta(seconds=seconds)
        name = f"{FILE_NAME}.damaged-{second:%Y-%m-%d_%H-%M-%S}-wal"
        history.with_name(name).write_bytes(b"another")
    kept = mend(history.parent).kept
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == log


def test_what_is_damaged_is_not_quoted(history: Path) -> None:
    history.unlink()
    releases.restore(2, history.parent)
    with closing(sqlite3.connect(history)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET name = 'odd', sql = 'no table' WHERE rowid = 2"
        )
        connection.commit()
    with pytest.raises(Damaged, match=r"history\.db: malformed database schema; save"):
        Store(history.parent)


def test_the_log_is_kept_and_read_although_the_file_is_gone(tmp_path: Path) -> None:
    history = left_open(tmp_path)
    history.write_bytes(b"")
    log = history.with_name(f"{FILE_NAME}-wal").read_bytes()
    assert log
    with pytest.raises(Damaged, match="stand in the log"):
        Store(history.parent)
    assert problems(history) == ("it is empty, though its log is not",)
    kept = mend(history.parent).kept
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == log
    Store(history.parent).__exit__()


def test_one_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    history = releases.restore(2, tmp_path)
    with Store(tmp_path) as store:
        before = names(tmp_path)
        with pytest.raises(HistoryError, match="in use by another program; close sayback"):
            mend(tmp_path)
        assert names(tmp_path) == before
        store.drop(4)
    assert problems(history) == ()


def test_who_has_it_open_before_notices_that_it_was_replaced(tmp_path: Path) -> None:
    releases.restore(2, tmp_path)
    with Store(tmp_path) as store:
        (tmp_path / "copy").mkdir()
        shutil.copy(tmp_path / FILE_NAME, tmp_path / "copy")
        mend(tmp_path / "copy")
        (tmp_path / "copy" / FILE_NAME).replace(tmp_path / FILE_NAME)
        with pytest.raises(HistoryError, match="replaced while it was in use"):
            store.drop(4)


def test_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    history = releases.restore(2, tmp_path)
    with closing(sqlite3.connect(history)) as database:
        database.execute("PRAGMA user_version = 3")
    assert problems(history) == ()
    with pytest.raises(HistoryError, match="newer sayback"):
        mend(tmp_path)
    assert names(tmp_path) == {FILE_NAME}


def test_recordings_that_no_attempt_names(tmp_path: Path) -> None:
    releases.restore(2, tmp_path)
    lost = tmp_path / "2026-05-01_09-00-00_why.wav"
    for name in (*releases.AUDIO, lost.name, "notes.txt"):
        (tmp_path / name).write_bytes(bytes(100))
    (tmp_path / "2026-05-02_09-00-00_silent.wav").write_bytes(bytes(44))
    (tmp_path / "2026-05-03_09-00-00_link.wav").symlink_to(lost)
    (tmp_path / "2026-05-04_09-00-00_nowhere.wav").symlink_to(tmp_path / "nowhere")
    (tmp_path / "2026-05-05_09-00-00_folder.wav").mkdir()
    with Store(tmp_path) as store:
        assert unnamed(store) == (lost,)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        ("UPDATE attempt SET question = '{' WHERE id = 2", "attempt 2: a question of it"),
        ("UPDATE attempt SET asked_at = 'noon' WHERE id = 2", "attempt 2: its time"),
        ("UPDATE attempt SET recording = '[]' WHERE id = 2", "attempt 2: a recording of it"),
        ("UPDATE transcript SET content = '' WHERE attempt_id = 2", "attempt 2: a transcript"),
        ("UPDATE score SET content = '{}' WHERE attempt_id = 2", "attempt 2: a score of it"),
        ("DELETE FROM attempt WHERE id = 2", "transcript 2 belongs to nothing"),
        ("DELETE FROM transcript WHERE attempt_id = 2", "score 2 belongs to nothing"),
    ],
)
def test_a_row_that_is_damaged_is_named(tmp_path: Path, spoil: str, problem: str) -> None:
    history = releases.restore(2, tmp_path)
    with closing(sqlite3.connect(history)) as database:
        database.execute(spoil)
        database.commit()
    assert any(found.startswith(problem) for found in problems(history))
    mend(tmp_path)
    assert problems(history) == ()


@pytest.mark.parametrize(
    "read",
    [
        lambda store: store.attempt(2),
        lambda store: store.scorecards(2),
    ],
)
def test_a_damaged_attempt_is_named_and_hides_no_other(
    tmp_path: Path, read: Callable[[Store], object]
) -> None:
    history = releases.restore(2, tmp_path)
    with closing(sqlite3.connect(history)) as database:
        database.execute("UPDATE attempt SET question = '{' WHERE id = 2")
        database.execute("UPDATE score SET content = '{' WHERE attempt_id = 2")
        database.execute("UPDATE attempt SET question = cast(x'ff' AS TEXT) || 1 WHERE id = 4")
        database.commit()
    with Store(tmp_path) as store:
        listing = store.listing()
        assert ([each.id for each in listing.summaries], listing.damaged) == ([1, 3], (2, 4))
        with pytest.raises(Damaged, match=r"attempt 2 is damaged; .*doctor --mend`"):
            read(store)
        assert store.audio(2).name == releases.AUDIO[1]


def test_a_log_that_was_removed_just_before_a_kill_is_read_from_its_copy(tmp_path: Path) -> None:
    history = left_open(tmp_path)
    damage(history)
    kept = history.with_name(f"{FILE_NAME}.damaged-2026-03-01_09-00-00")
    shutil.copy(history, kept)
    history.with_name(f"{FILE_NAME}-wal").rename(kept.with_name(f"{kept.name}-wal"))
    assert mend(history.parent).salvaged.attempts == 3


def test_of_one_that_is_a_link_the_log_is_saved_and_the_link_stays(tmp_path: Path) -> None:
    there, recordings = tmp_path / "there", tmp_path / "recordings"
    releases.restore(2, tmp_path / "open")
    with Store(tmp_path / "open") as store:
        store.drop(4)
        shutil.copytree(tmp_path / "open", there)
    recordings.mkdir()
    moved = (there / FILE_NAME).rename(there / "my.db")
    log = (there / f"{FILE_NAME}-wal").rename(there / "my.db-wal").read_bytes()
    (there / f"{FILE_NAME}-shm").unlink()
    (recordings / FILE_NAME).symlink_to(moved)
    damage(moved)
    assert problems(recordings / FILE_NAME)
    mended = mend(recordings)
    assert mended.salvaged.attempts == 3
    assert mended.kept.parent == recordings
    assert mended.kept.with_name(f"{mended.kept.name}-wal").read_bytes() == log
    assert (recordings / FILE_NAME).is_symlink()
    assert problems(recordings / FILE_NAME) == ()
    assert names(there) == {"my.db"}
    with Store(recordings) as store:
        assert len(store.summaries()) == 3
