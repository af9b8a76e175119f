"""A history that is removed or replaced while it is in use, and one whose disk is read-only."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.history.histories import answered, card, question
from tests.torture.small_disk import Disk, small_disk

from sayback.errors import CannotKeep, HistoryError
from sayback.history.store import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASKED = question("u-net")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", 1024) as disk:
        yield disk


def removed(store: Store) -> None:
    shutil.rmtree(store.path.parent)


def replaced(store: Store) -> None:
    store.path.parent.rename(store.path.parent.with_name("moved"))
    with Store(store.path.parent) as other:
        other.begin(ASKED, Path("other.wav"), NOON)


@pytest.mark.parametrize(("fault", "number"), [(removed, 1), (replaced, 2)])
def test_what_nobody_would_find_again_is_not_written(
    tmp_path: Path, fault: Callable[[Store], None], number: int
) -> None:
    with Store(tmp_path / "recordings") as store:
        assert store.begin(ASKED, Path("a.wav"), NOON) == 1
        assert not store.renew()
        fault(store)
        with pytest.raises(HistoryError, match="was removed or replaced"):
            store.drop(1)
        assert store.renew()
        assert store.begin(ASKED, Path("b.wav"), NOON) == number
    with Store(tmp_path / "recordings") as store:
        assert store.attempt(number).audio.name == "b.wav"


def test_a_history_that_could_not_be_opened_anew_can_be_later(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.begin(ASKED, Path("a.wav"), NOON)
    good = Path(shutil.copy(store.path, tmp_path / "good.db"))
    with Store(tmp_path) as store:
        garbage = tmp_path / "garbage"
        garbage.write_bytes(b"no database" * 1000)
        garbage.replace(store.path)
        for log in tmp_path.glob("history.db-*"):
            log.unlink()
        for _ in range(2):
            with pytest.raises(HistoryError):
                store.renew()
        good.replace(store.path)
        assert store.renew()
        assert store.begin(ASKED, Path("b.wav"), NOON) == 2


def test_an_answer_that_a_copy_of_the_history_knows_is_the_same(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        first = store.begin(ASKED, Path("a.wav"), NOON)
        assert store.begin(ASKED, Path("b.wav"), NOON) != first
        assert store.begin(ASKED, Path("a.wav"), NOON) == first


def test_transactions_in_one_another_are_kept_all_or_not_at_all(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with suppress(ZeroDivisionError), store.transaction():
            answered(store, NOON, card(ASKED))
            raise ZeroDivisionError
        assert store.summaries() == ()
        with store.transaction():
            answered(store, NOON, card(ASKED))
        assert len(store.summaries()) == 1


def test_on_a_full_disk_a_history_can_be_read(disk: Disk) -> None:
    with Store(disk.folder / "recordings") as store:
        number = answered(store, NOON, card(ASKED))
    disk.fill()
    with Store(disk.folder / "recordings") as store:
        assert store.attempt(number).scorecard
        with pytest.raises(CannotKeep, match="the disk is full; make room"):
            store.begin(ASKED, Path("a.wav"), NOON)
        disk.make_room()
        assert store.begin(ASKED, Path("a.wav"), NOON) == number + 1


def test_on_a_read_only_disk_a_history_can_be_read(disk: Disk) -> None:
    with Store(disk.folder / "a b%?#") as store:  # a name that a URI would read otherwise
        number = answered(store, NOON, card(ASKED))
    disk.allow_writing(is_allowed=False)
    with Store(disk.folder / "a b%?#") as store:
        assert store.attempt(number).scorecard
        with pytest.raises(CannotKeep, match="read-only; make it writable"):
            store.drop(number)


def test_a_log_that_cannot_be_read_in_is_not_left_out(disk: Disk) -> None:
    recordings, copy = disk.folder / "recordings", disk.folder / "copy"
    with Store(recordings) as store:
        answered(store, NOON, card(ASKED))
        copy.mkdir()
        for name in ("history.db", "history.db-wal"):
            shutil.copy(recordings / name, copy / name)
    disk.allow_writing(is_allowed=False)
    with pytest.raises(CannotKeep, match="was not closed"):
        Store(copy)


def test_recordings_are_not_for_git(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    with Store(folder) as store:
        shutil.rmtree(folder)
        folder.mkdir()  # as the recording does
        assert store.renew()
    assert (folder / ".gitignore").read_text() == "*\n"
    (folder / ".gitignore").write_text("")
    with Store(folder) as store:
        store.path.unlink()
        assert store.renew()
        assert not (folder / ".gitignore").read_text()
