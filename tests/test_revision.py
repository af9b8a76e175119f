"""What happens to kept attempts: corrected, scored again, key points drafted; nothing is lost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sayback.bank.parse import read
from sayback.errors import BankError, Damaged, HistoryError
from sayback.history.checkup import problems
from sayback.history.erase import erase
from sayback.history.store import Store
from sayback.model import (
    Attempt,
    Ending,
    Interval,
    KeyPoint,
    PointCorrection,
    Question,
    Recording,
    Status,
    Transcript,
    Word,
    WordCorrection,
)
from sayback.revision import (
    accept,
    best_attempt,
    correct,
    draft_from,
    rescore,
    take_back,
    why_rescore,
)
from sayback.scoring.scorecard import SCORER_VERSION, score

QUESTION = Question(
    "How does the decoder restore the size?", "decoder", (),
    (KeyPoint("upsampling is bilinear"), KeyPoint("skip connections carry detail")),
)  # fmt: skip
SAID = "the upsampling there is by linear and that is all I know of it"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "recordings") as opened:
        yield opened


def kept(store: Store, said: str = SAID, question: Question = QUESTION) -> Attempt:
    audio = store.path.parent / f"{len(store.summaries())}.wav"
    soundfile.write(audio, np.zeros(16_000 * 8, np.float32), 16_000)
    started_at = datetime(2026, 3, 1, tzinfo=UTC)
    speech = (Interval(0.5, 7.0),)
    recording = Recording(audio, 16_000, started_at, 8.0, speech, Ending.KEY)
    words = tuple(Word(w, 0.5 + i * 0.4, 0.9 + i * 0.4, 0.9) for i, w in enumerate(said.split()))
    number = store.begin(question, audio, started_at)
    store.heard(number, recording)
    store.scored(number, score(question, Transcript(said, words, "e", "base"), recording))
    return store.attempt(number)


def statuses(attempt: Attempt) -> list[Status]:
    assert attempt.scorecard is not None
    assert attempt.scorecard.coverage is not None
    return [point.status for point in attempt.scorecard.coverage.points]


def test_a_persons_marks_and_words_are_in_the_newest_score(store: Store) -> None:
    attempt = kept(store)
    correct(attempt, PointCorrection(point=QUESTION.key_points[1].text, said=True), store)
    heard = WordCorrection(start_s=0.5, heard="the", text="The")
    card = correct(store.attempt(attempt.id), heard, store)
    now = store.attempt(attempt.id)
    assert now.scorecard == card
    assert statuses(now)[1] is Status.COVERED
    assert card.transcript.text.startswith("The upsampling")
    assert card.coverage is not None
    assert store.summaries()[0].coverage == card.coverage.score


def test_the_original_score_and_words_stay(store: Store) -> None:
    attempt = kept(store)
    correct(attempt, WordCorrection(start_s=0.5, heard="the", text="The"), store)
    contents = [content for (content,) in store.rows("SELECT content FROM transcript ORDER BY id")]
    assert len(contents) == 2
    assert '"text":"the upsampling' in contents[0]
    assert store.rows("SELECT count(*) FROM score") == [(2,)]


def test_corrections_outlive_a_new_scoring(store: Store) -> None:
    attempt = kept(store)
    correct(attempt, PointCorrection(point=QUESTION.key_points[1].text, said=True), store)
    card = rescore(store.attempt(attempt.id), QUESTION, store, None)
    assert card.coverage is not None
    assert card.coverage.points[1].status is Status.COVERED
    assert card.coverage.points[1].judged is Status.MISSED


def test_of_two_that_correct_at_once_neither_loses_anything(store: Store) -> None:
    points = [point.text for point in QUESTION.key_points]
    numbers = [kept(store).id for _ in range(15)]
    together = threading.Barrier(len(points))

    def marks(point: str) -> None:
        with Store(store.path.parent) as own:
            for number in numbers:
                attempt = own.attempt(number)
                together.wait(timeout=60)
                correct(attempt, PointCorrection(point=point, said=False), own)

    with ThreadPoolExecutor(len(points)) as pool:
        assert [*pool.map(marks, points)] == [None, None]
    for number in numbers:
        assert len(store.corrections(number)) == 2
        assert statuses(store.attempt(number)) == [Status.MISSED, Status.MISSED]


def test_only_key_points_that_were_asked_can_be_marked(store: Store) -> None:
    attempt = kept(store)
    with pytest.raises(HistoryError, match=r"no key point 'x'.*sayback show 1"):
        correct(attempt, PointCorrection(point="x", said=True), store)
    assert store.corrections(attempt.id) == ()


def test_a_word_that_was_not_heard_cannot_be_corrected(store: Store) -> None:
    attempt = kept(store)
    with pytest.raises(HistoryError, match=r"'tea' was not heard at 0.5 s"):
        correct(attempt, WordCorrection(start_s=0.5, heard="tea", text="the"), store)
    assert store.rows("SELECT count(*) FROM score") == [(1,)]


def test_an_attempt_that_was_not_scored_cannot_be_corrected(store: Store) -> None:
    number = store.begin(QUESTION, store.path.parent / "a.wav", datetime.now(UTC))
    with pytest.raises(HistoryError, match=rf"not scored yet.*rescore {number}"):
        correct(store.attempt(number), PointCorrection(point="x", said=True), store)
    assert store.corrections(number) == ()


@pytest.mark.parametrize(
    ("change", "engine", "reasons"),
    [
        ({}, "e", []),
        ({}, "f", ["e base → f base"]),
        ({"text": "Why?"}, "e", ["question reworded"]),
        ({"key_points": ()}, "e", ["key points changed"]),
        ({"target_s": 60.0}, "e", ["target changed"]),
    ],
    ids=str,
)
def test_the_reasons_to_score_again(
    store: Store, change: dict[str, object], engine: str, reasons: list[str]
) -> None:
    question = replace(QUESTION, **change)  # type: ignore[arg-type]
    found = why_rescore(kept(store), question, engine, "base")
    assert [reason.text for reason in found] == reasons
    assert any(reason.rehear for reason in found) is (engine == "f")


def test_another_engine_is_no_reason_where_none_is_asked_for(store: Store) -> None:
    assert why_rescore(kept(store), QUESTION, None, "base") == ()


def test_a_damaged_correction_is_told_and_not_tried_for_ever(store: Store) -> None:
    attempt = kept(store)
    point = QUESTION.key_points[0].text
    correct(attempt, PointCorrection(point=point, said=True), store)
    with sqlite3.connect(store.path) as other:
        other.execute("""UPDATE correction SET content = replace(content, '"point"', '"poin`"')""")
    other.close()
    with pytest.raises(Damaged, match="attempt 1 is damaged"):
        rescore(store.attempt(attempt.id), QUESTION, store, None)
    assert problems(store.path)


def test_another_scorer_is_a_reason(store: Store) -> None:
    attempt = kept(store)
    assert attempt.scorecard is not None
    old = replace(attempt, scorecard=replace(attempt.scorecard, scorer_version="1"))
    (reason,) = why_rescore(old, QUESTION, "e", "base")
    assert reason.text == f"scorer 1 → {SCORER_VERSION}"


def test_the_best_answer_covers_most(store: Store) -> None:
    kept(store)
    best = kept(store, f"{SAID} and the skip connections carry the detail over")
    kept(store, "I do not know what to say here")
    found = best_attempt(QUESTION.id, store)
    assert found is not None
    assert found.id == best.id
    assert best_attempt("another", store) is None


BANK = "# Topic\r\n- How does the decoder restore the size?\r\n- Another?\r\n\t* with a point\r\n"


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    path = tmp_path / "bank.md"
    path.write_bytes(BANK.encode())
    return path


def test_drafted_points_go_into_the_bank_and_out_again(store: Store, bank: Path) -> None:
    question = read(bank).questions[0]
    said = "Transposed convolutions double the width. Skip connections bring fine detail across."
    draft = draft_from(kept(store, said, question), question)
    assert draft.points
    accept(question, draft.points, bank, store, draft.attempt_id)
    now = read(bank).questions[0]
    assert tuple(point.text for point in now.key_points) == draft.points
    with pytest.raises(BankError, match="has these key points already"):
        accept(now, (draft.points[0].upper(),), bank, store, draft.attempt_id)
    assert take_back(store).file == bank
    assert bank.read_bytes() == BANK.encode()
    with pytest.raises(BankError, match="nothing to take back"):
        take_back(store)


def test_points_that_were_changed_by_hand_are_not_taken_back_again(
    store: Store, bank: Path
) -> None:
    first, second = read(bank).questions
    number = kept(store).id
    accept(first, ["The stride is two"], bank, store, number)
    accept(second, ["An answer of its own"], bank, store, number)
    bank.write_bytes(bank.read_bytes().replace(b"of its own", b"by hand"))
    with pytest.raises(BankError):
        take_back(store)
    take_back(store)
    assert b"stride" not in bank.read_bytes()
    assert b"by hand" in bank.read_bytes()


def test_only_edits_drafted_from_a_deleted_answer_cannot_be_taken_back(
    store: Store, bank: Path
) -> None:
    first, second = read(bank).questions
    one, two = kept(store).id, kept(store).id
    accept(first, ["The stride is two"], bank, store, one)
    accept(second, ["An answer of its own"], bank, store, two)
    erase(store, [two])
    take_back(store)
    assert b"stride" not in bank.read_bytes()
    assert b"of its own" in bank.read_bytes()


def test_key_points_of_an_answer_that_was_deleted_meanwhile_are_not_written(
    store: Store, bank: Path
) -> None:
    with pytest.raises(HistoryError):
        accept(read(bank).questions[0], ["The stride is two"], bank, store, 99)
    assert bank.read_bytes() == BANK.encode()
