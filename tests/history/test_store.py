"""The history: facts and scores come back as they went in, whatever happens in between."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sayback.errors import HistoryError, NoSuchAttempt
from sayback.history.migrations import STEPS
from sayback.history.store import FILE_NAME, Store
from sayback.model import (
    Coverage,
    Ending,
    Evidence,
    Fillers,
    Interval,
    KeyPoint,
    Pace,
    Pauses,
    PointCorrection,
    PointScore,
    Question,
    Recording,
    Scorecard,
    Status,
    Transcript,
    Word,
)

ASKED_AT = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
QUESTION = Question(
    text="What is dropout? «ünïcode» 🎤",
    id="what-is-dropout",
    topic=("Deep Learning", "Training"),
    key_points=(KeyPoint("Units are dropped at random", ("random",), ("only in training",)),),
    target_s=60.0,
)
TRANSCRIPT = Transcript(
    "It drops units.", (Word("It", 0.1, 0.2, 0.9), Word("drops", 0.3, 0.6, 0.8)), "e", "base"
)
PACE = Pace(
    total_s=3.5,
    response_latency_s=0.4,
    speaking_s=2.25,
    speech_rate_wpm=120.0,
    articulation_rate_wpm=140.0,
    articulation_rate_syllables_s=4.5,
    pauses=Pauses(2, 0.5, 0.75, 1.0),
    fillers=Fillers(3, {"um": 2, "you know": 1}),
    on_target=None,
)
POINT = PointScore(
    "Units are dropped at random",
    Status.PARTIAL,
    0.5,
    Evidence("drops units", 0.3, 0.9),
    ("random",),
)
CARD = Scorecard(QUESTION, TRANSCRIPT, Coverage(0.5, (POINT,)), PACE, "v1", ("low level",))


def recording_at(path: Path) -> Recording:
    return Recording(
        path,
        16_000,
        ASKED_AT,
        3.5,
        (Interval(0.4, 2.0), Interval(2.5, 3.15)),
        Ending.SILENCE,
        ("w",),
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "recordings") as opened:
        yield opened


def saved(store: Store, card: Scorecard = CARD, name: str = "a.wav") -> int:
    audio = store.path.parent / name
    attempt_id = store.begin(card.question, audio, ASKED_AT)
    store.heard(attempt_id, recording_at(audio))
    store.scored(attempt_id, card)
    return attempt_id


def test_an_attempt_comes_back_as_it_went_in(store: Store) -> None:
    attempt = store.attempt(saved(store))
    assert attempt.asked_at == ASKED_AT
    assert attempt.question == QUESTION
    assert attempt.recording == recording_at(store.path.parent / "a.wav")
    assert attempt.audio == store.path.parent / "a.wav"
    assert attempt.scorecard == CARD


def test_an_answer_that_could_not_be_judged_comes_back(store: Store) -> None:
    card = replace(CARD, coverage=None, pace=None)
    assert store.attempt(saved(store, card)).scorecard == card


def test_an_attempt_that_was_begun_only_is_kept_as_unfinished(store: Store) -> None:
    number = store.begin(QUESTION, store.path.parent / "a.wav", ASKED_AT)
    attempt = store.attempt(number)
    assert (attempt.recording, attempt.scorecard) == (None, None)
    assert attempt.audio == store.path.parent / "a.wav"
    assert [s.scored for s in store.summaries()] == [False]
    assert store.unfinished() == (number,)
    store.scored(number, CARD)
    assert store.unfinished() == ()


def test_what_is_dropped_was_never_there(store: Store) -> None:
    first, second = (store.begin(QUESTION, store.path.parent / f"{n}.wav", ASKED_AT) for n in "ab")
    store.drop(first)
    with pytest.raises(NoSuchAttempt):
        store.attempt(first)
    assert [each.id for each in store.summaries()] == [second]
    assert store.unfinished() == (second,)


def test_what_was_set_aside_is_kept_but_does_not_count_as_unfinished(store: Store) -> None:
    numbers = []
    for ending in (Ending.SET_ASIDE, Ending.INTERRUPTED):
        audio = store.path.parent / f"{ending}.wav"
        numbers.append(store.begin(QUESTION, audio, ASKED_AT))
        store.heard(numbers[-1], replace(recording_at(audio), ending=ending))
    aside, left = numbers
    assert store.unfinished() == (left,)
    assert store.attempt(aside).is_set_aside
    assert not store.attempt(left).is_set_aside
    store.scored(aside, CARD)
    assert not store.attempt(aside).is_set_aside


def test_scores_are_added_and_the_newest_is_shown(store: Store) -> None:
    number = saved(store)
    better = replace(CARD, coverage=Coverage(0.9, (POINT,)), scorer_version="v2")
    store.scored(number, better)
    assert store.attempt(number).scorecard == better
    assert store.scorecards(number) == (better, CARD)
    assert store.scorecards(number + 1) == ()
    with closing(sqlite3.connect(store.path)) as database:
        assert database.execute("SELECT count(*) FROM score").fetchone() == (2,)
        assert database.execute("SELECT count(*) FROM transcript").fetchone() == (1,)


def test_every_measure_of_pace_is_a_row(store: Store) -> None:
    saved(store)
    with closing(sqlite3.connect(store.path)) as database:
        rows = dict(database.execute("SELECT name, value FROM measure"))
    assert rows["speaking_s"] == 2.25
    assert rows["pauses.count"] == 2
    assert rows["fillers.at_least"] == 3
    assert "on_target" not in rows


def test_earlier_coverages_are_those_before(store: Store) -> None:
    saved(store)
    saved(store, replace(CARD, coverage=Coverage(0.25, (POINT,))), "b.wav")
    saved(store, replace(CARD, coverage=None), "c.wav")
    last = saved(store, name="d.wav")
    assert store.coverages(QUESTION.id, before=last) == (0.5, 0.25)
    assert store.coverages("another", before=last) == ()


def test_summaries_are_in_order_with_coverage_and_speaking_time(store: Store) -> None:
    first, second = saved(store), saved(store, name="b.wav")
    assert [(s.id, s.coverage, s.speaking_s, s.question) for s in store.summaries()] == [
        (first, 0.5, 2.25, QUESTION.text),
        (second, 0.5, 2.25, QUESTION.text),
    ]


def test_a_workspace_can_be_moved(tmp_path: Path) -> None:
    with Store(tmp_path / "old") as store:
        number = saved(store)
    (tmp_path / "old").rename(tmp_path / "new")
    with Store(tmp_path / "new") as store:
        recording = store.attempt(number).recording
    assert recording is not None
    assert recording.path == tmp_path / "new" / "a.wav"


def test_only_the_user_can_read_the_history(store: Store) -> None:
    saved(store)
    files = list(store.path.parent.iterdir())
    assert len(files) >= 2  # the database and its log
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_no_such_attempt_is_named(store: Store) -> None:
    with pytest.raises(HistoryError, match="no attempt 99"):
        store.attempt(99)


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"not a database " * 100)
    with pytest.raises(HistoryError, match=FILE_NAME):
        Store(tmp_path)
    assert path.read_bytes() == b"not a database " * 100


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HistoryError, match="file"):
        Store(tmp_path / "file" / "recordings")


def test_a_history_of_a_newer_sayback_is_refused_unchanged(store: Store) -> None:
    saved(store)
    with closing(sqlite3.connect(store.path)) as database:
        database.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    with pytest.raises(HistoryError, match="newer"):
        Store(store.path.parent)


def test_a_failed_save_leaves_nothing_half_done(store: Store) -> None:
    number = store.begin(QUESTION, store.path.parent / "a.wav", ASKED_AT)
    with closing(sqlite3.connect(store.path)) as database:
        database.execute("DROP TABLE measure")
    with pytest.raises(HistoryError):
        store.scored(number, CARD)
    with closing(sqlite3.connect(store.path)) as database:
        assert database.execute("SELECT count(*) FROM score").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM transcript").fetchone() == (0,)


SAVE_MANY = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from sayback.history.store import Store
from sayback.model import Question, Scorecard, Transcript
folder, name = Path(sys.argv[1]), sys.argv[2]
question = Question("Q", "q")
for number in range(25):
    with Store(folder) as store:
        attempt = store.begin(question, folder / f"{name}-{number}.wav", datetime.now(UTC))
        store.scored(attempt, Scorecard(question, Transcript("t"), None, None, "v"))
"""


def test_processes_that_save_at_once_lose_nothing(tmp_path: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", SAVE_MANY, str(tmp_path), str(name)])
        for name in range(4)
    ]
    assert [process.wait(timeout=120) for process in running] == [0] * 4
    with Store(tmp_path) as store:
        assert len(store.summaries()) == 100
        assert all(summary.scored for summary in store.summaries())


SET_AND_LOOK = """
import sys, time
from datetime import date, timedelta
from pathlib import Path
from sayback.history.interview import interview, set_interview
from sayback.history.store import Store
folder, until = Path(sys.argv[1]), time.monotonic() + 3
on = date(2030, 1, 1)
while time.monotonic() < until:
    on += timedelta(days=1)
    with Store(folder) as store:
        set_interview(store, on)
    with Store(folder) as store:
        assert interview(store) == on, f"lost {on}"
"""


def test_what_others_write_while_threads_open_and_close_is_not_lost(tmp_path: Path) -> None:
    """A page load opens the history and closes it, in a thread beside others that read in it."""
    with Store(tmp_path) as store:
        for number in range(20):
            saved(store, name=f"{number}.wav")
    is_over = threading.Event()

    def looks() -> None:
        while not is_over.is_set():
            with Store(tmp_path) as store:
                assert len(store.summaries()) == 20
                assert store.attempt(1).scorecard == CARD

    with ThreadPoolExecutor(4) as pool:
        looking = [pool.submit(looks) for _ in range(4)]
        command = [sys.executable, "-c", SET_AND_LOOK, str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        is_over.set()
    assert ended.stderr == ""
    assert [each.exception() for each in looking] == [None] * 4
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


LOOK = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM attempt')"


def test_another_store_of_a_process_leaves_its_locks_alone(store: Store) -> None:
    """Whoever closes a history that nobody else has open removes its log."""
    saved(store)
    Store(store.path.parent).__exit__()
    subprocess.run([sys.executable, "-c", LOOK, str(store.path)], check=True)
    assert store.path.with_name(f"{FILE_NAME}-wal").exists()


def test_a_history_in_which_another_writes_is_said_to_be_so(store: Store) -> None:
    with (
        closing(sqlite3.connect(store.path, isolation_level=None)) as writer,
        Store(store.path.parent, wait_s=0.05) as waiting,
    ):
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match=r"another sayback is writing; try again in a mom"):
            saved(waiting)
        writer.execute("ROLLBACK")
        assert saved(waiting) == 1


def test_what_is_written_at_once_waits_for_nobody(store: Store) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with store.at_once() as database:
            assert database is None
            assert store.summaries() == ()
        assert time.monotonic() - begun < 5
        writer.execute("ROLLBACK")
    assert store.rows("PRAGMA busy_timeout") == [(30_000,)]
    with store.at_once() as database:
        assert database is not None
        database.execute("INSERT INTO setting VALUES ('a', 'b')")
    assert store.rows("SELECT value FROM setting") == [("b",)]


def test_a_score_that_does_not_know_all_corrections_is_not_kept(store: Store) -> None:
    number = saved(store)
    mark = PointCorrection(point=POINT.text, said=True)
    assert store.scored(number, CARD, mark, knows=0)
    assert not store.scored(number, CARD, mark, knows=0)
    assert not store.scored(number, CARD, knows=2)
    assert store.corrections(number) == (mark,)
    assert len(store.scorecards(number)) == 2
    assert store.scored(number, CARD, knows=1)


def test_a_score_of_an_attempt_that_was_deleted_is_not_kept(store: Store) -> None:
    with pytest.raises(NoSuchAttempt, match="no attempt 7"):
        store.scored(7, CARD)


def test_a_compact_history_has_no_free_space_and_an_empty_log(store: Store) -> None:
    with store.transaction() as database:
        database.execute("CREATE TABLE large AS SELECT zeroblob(100000) AS content")
        database.execute("DROP TABLE large")
    assert store.rows("PRAGMA freelist_count") > [(20,)]
    assert store.compact()
    assert store.rows("PRAGMA freelist_count") == [(0,)]
    assert store.path.with_name(f"{FILE_NAME}-wal").stat().st_size == 0


def test_a_log_in_which_another_program_reads_stays(store: Store) -> None:
    store.rows("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM attempt").fetchone()
        saved(store)
        assert not store.compact()
    assert store.compact()
