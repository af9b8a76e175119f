"""What `delete` asks before it begins, and what it says: what went, and what is left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sayback.capture.wave_file import WaveFile
from sayback.errors import AnswerInUse, HistoryError, NoSuchAttempt
from sayback.history.store import FILE_NAME, Store
from sayback.model import Question, Scorecard, Transcript
from sayback.views.deleting import Deleted, delete, finish, numbers, question

QUESTION = Question("What is dropout?", "what-is-dropout")


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


def test_it_says_what_went(store: Store) -> None:
    gone = "recordings, words and scores. Nothing of them is left in the history."
    assert delete(store, [1]) == Deleted(f"Deleted 1 answer: {gone}")
    assert delete(store, None) == Deleted(f"Deleted 2 answers: {gone}")
    assert delete(store, None) == Deleted("There was nothing to delete.")


def test_it_is_checked_and_counted_before_anything_is_asked(store: Store) -> None:
    assert numbers(store, [2, 1, 2]) == (2, 1)
    assert numbers(store, []) == (1, 2, 3)
    with pytest.raises(NoSuchAttempt, match="no attempt 99"):
        numbers(store, [1, 99])


def test_an_answer_that_is_being_given_is_not_deleted(store: Store) -> None:
    with WaveFile(store.attempt(3).audio):
        for chosen in ([1, 3], None):
            with pytest.raises(AnswerInUse, match=r"2\.wav: still being given"):
                delete(store, chosen)
        assert [summary.id for summary in store.summaries()] == [1, 2, 3]
        assert delete(store, [1]).line.startswith("Deleted 1 answer")
    assert delete(store, None).line.startswith("Deleted 2 answers")


def test_the_question_says_which_answer_is_meant(store: Store) -> None:
    assert question(store, [1, 2]) == "Delete 2 of your answers for good?"
    when = f"{store.attempt(1).asked_at.astimezone():%d %b %Y %H:%M}"
    assert question(store, [1]) == f"What is dropout?\nDelete your answer of {when} for good?"


def test_what_is_left_is_named(store: Store) -> None:
    copy = store.path.with_name(f"{FILE_NAME}.mine")
    store.rows("VACUUM INTO ?", (str(copy),))
    deleted = delete(store, [2])
    assert deleted.line == "Deleted 1 answer: recordings, words and scores."
    assert "db.mine: still holds words of a deleted answer; see whether" in str(deleted.left)
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
    assert said.line.startswith("An interrupted deletion is finished. Deleted 2 answers: ")
    assert finish(store) is None
