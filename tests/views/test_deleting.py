"""What `delete` says: what was looked for and where, and what is left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sayback.errors import HistoryError
from sayback.history.store import FILE_NAME, Store
from sayback.model import Question, Scorecard, Transcript
from sayback.views.deleting import delete, finish

QUESTION = Question("What is dropout?", "what-is-dropout")
FILES = f"{FILE_NAME}, {FILE_NAME}-shm, {FILE_NAME}-wal"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two answers, and an attempt that was never transcribed."""
    with Store(tmp_path) as opened:
        for number, said in enumerate(("Units are dropped at random in training.", "Yes.", None)):
            at = datetime(2026, 3, 1, number, tzinfo=UTC)
            attempt_id = opened.begin(QUESTION, tmp_path / f"{number}.wav", at)
            if said:
                card = Scorecard(QUESTION, Transcript(said), None, None, "v")
                opened.scored(attempt_id, card)
        yield opened


def test_it_says_what_was_looked_for_and_where(store: Store) -> None:
    said = f"1 deleted; 3 pieces of what was said looked for in {FILES}: none is left"
    assert delete(store, [1]) == said


def test_without_words_there_was_nothing_to_look_for(store: Store) -> None:
    assert delete(store, [3]) == "1 deleted; they held no words of their own to look for"
    assert delete(store, None).startswith("2 deleted; ")
    assert delete(store, None) == "0 deleted"


def test_what_is_left_is_named(store: Store) -> None:
    copy = store.path.with_name(f"{FILE_NAME}.mine")
    store.rows("VACUUM INTO ?", (str(copy),))
    with pytest.raises(HistoryError, match=r"db\.mine: still holds words of a deleted answer; see"):
        delete(store, [2])
    assert [summary.id for summary in store.summaries()] == [1, 3]


def test_an_interrupted_deletion_is_finished_once(store: Store) -> None:
    assert finish(store) is None
    broken = store.path.with_name(f"{FILE_NAME}.version-1")
    broken.write_bytes(b"no database " * 100)
    with pytest.raises(HistoryError, match="old copy"):
        delete(store, [1, 2])
    broken.unlink()
    said = finish(store)
    assert said is not None
    assert said.startswith("an interrupted deletion is finished: 2 deleted; ")
    assert finish(store) is None
