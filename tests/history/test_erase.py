"""What is erased is gone from every file, also where a kill came in between."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sayback.errors import HistoryError
from sayback.history import erase as module
from sayback.history.erase import Erased, erase
from sayback.history.erasing import unfinished
from sayback.history.migrations import STEPS, migrate
from sayback.history.store import FILE_NAME, Store
from sayback.model import (
    Coverage,
    Ending,
    Evidence,
    Interval,
    KeyPoint,
    PointCorrection,
    PointScore,
    Question,
    Recording,
    Scorecard,
    Status,
    Transcript,
    Word,
    WordCorrection,
)

ASKED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUESTION = Question("What is dropout?", "what-is-dropout", (), (KeyPoint("Units are dropped"),))
SECRETS = (
    'The walrus said "dropout" zeroes units.',
    "A pelican naïvely regularises networks 🎤.",
    "The third answer, with an aardvark, is kept.",
)
NEW_TABLES = ("spoken", "memory", "bank_edit", "correction", "setting", "erasing")
"""Those that an update from version 1 adds."""


def saved(store: Store, number: int) -> int:
    """An attempt with all that one can have, its sound and its texts holding a secret."""
    secret = SECRETS[number]
    audio = store.path.parent / f"{number}.wav"
    audio.write_bytes(b"RIFF" + secret.encode())
    asked_at = ASKED_AT + timedelta(hours=number)
    attempt_id = store.begin(QUESTION, audio, asked_at)
    speech = (Interval(0.0, 1.0),)
    store.heard(attempt_id, Recording(audio, 16_000, asked_at, 2.0, speech, Ending.KEY))
    words = tuple(Word(word, at, at + 1.0, 0.5) for at, word in enumerate(secret.split()))
    point = PointScore("Units are dropped", Status.COVERED, 1.0, Evidence(secret, 0.0, 1.0))
    card = Scorecard(
        QUESTION, Transcript(secret, words, "e", "m"), Coverage(1.0, (point,)), None, "1"
    )
    store.scored(attempt_id, card)
    again = replace(card, transcript=Transcript(f"Again: {secret}"))
    store.scored(attempt_id, again, WordCorrection(start_s=0.0, heard=words[0].text, text=secret))
    store.scored(attempt_id, again, PointCorrection(point="Units are dropped", said=False))
    return attempt_id


def filled(recordings: Path) -> None:
    """A history of three attempts, with what is derived from them, and old copies of it."""
    with Store(recordings) as store:
        for number in range(len(SECRETS)):
            saved(store, number)
        with store.transaction() as database:
            database.execute("INSERT INTO memory VALUES ('what-is-dropout', 1, ?)", (SECRETS[0],))
            database.execute("INSERT INTO memory VALUES ('another', 1, 'stays')")
            database.execute("INSERT INTO setting VALUES ('interview', '2026-04-01')")
            database.execute(
                "INSERT INTO bank_edit (attempt_id, made_at, file, position, inserted)"
                " VALUES (2, '', 'f', 0, ?), (3, '', 'f', 0, x'00')",
                (SECRETS[1].encode(),),
            )
        for version in (1, 2):
            copy = recordings / f"{FILE_NAME}.version-{version}"
            store.rows("VACUUM INTO ?", (str(copy),))
            with closing(sqlite3.connect(copy)) as database:
                database.execute("PRAGMA journal_mode = WAL")
                if version == 1:
                    for table in NEW_TABLES:
                        database.execute(f"DROP TABLE {table}")
                    database.execute("DROP INDEX score_by_transcript")
                    database.commit()


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    filled(tmp_path / "recordings")
    return tmp_path / "recordings"


def traces(folder: Path, texts: Iterable[str]) -> tuple[str, ...]:
    """The files of a folder in which any of the texts stands, as it is or as it is in JSON."""
    sought = {form for text in texts for form in (text, json.dumps(text, ensure_ascii=False)[1:-1])}
    return tuple(
        file.name
        for file in sorted(folder.iterdir())
        if any(text.encode() in file.read_bytes() for text in sought)
    )


def words(history: Path) -> set[str]:
    """The stems in the search index, deleted ones included."""
    with closing(sqlite3.connect(history)) as database:
        database.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, spoken, row)")
        return {term for (term,) in database.execute("SELECT term FROM vocabulary")}


def gone(erased: Erased) -> tuple[int, int]:
    """How many attempts and sounds are gone, and they are in every file of the history."""
    assert erased.left == ()
    assert FILE_NAME in erased.files
    return erased.attempts, erased.sounds


def test_the_texts_are_there_at_first(recordings: Path) -> None:
    copies = [f"{FILE_NAME}.version-1", f"{FILE_NAME}.version-2"]
    for number, secret in enumerate(SECRETS):
        assert {f"{number}.wav", FILE_NAME, *copies} <= {*traces(recordings, [secret])}
    assert "walru" in words(recordings / FILE_NAME)


def test_nothing_is_left_of_what_was_erased(recordings: Path) -> None:
    with Store(recordings) as store:
        assert gone(erase(store, [1, 2])) == (2, 2)
        # also while the history is still open, in its log
        assert traces(recordings, [*SECRETS[:2], "walrus", "pelican"]) == ()
        assert [summary.id for summary in store.summaries()] == [3]
        assert store.attempt(3).scorecard is not None
        assert len(store.corrections(3)) == 2
        assert store.rows("SELECT question_id FROM memory") == [("another",)]
        assert store.rows("SELECT name FROM setting") == [("interview",)]
        assert store.rows("SELECT attempt_id FROM bank_edit") == [(3,)]
        assert store.rows("SELECT DISTINCT attempt_id FROM transcript") == [(3,)]
    assert not {"walru", "pelican"} & words(recordings / FILE_NAME)
    assert "aardvark" in words(recordings / FILE_NAME)
    for version in (1, 2):
        with closing(sqlite3.connect(recordings / f"{FILE_NAME}.version-{version}")) as copy:
            assert copy.execute("SELECT id FROM attempt").fetchall() == [(3,)]
            for table in ("transcript", "score"):
                assert copy.execute(f"SELECT DISTINCT attempt_id FROM {table}").fetchall() == [(3,)]
    assert (recordings / "2.wav").read_bytes() == b"RIFF" + SECRETS[2].encode()


def test_all_can_be_erased_and_the_numbers_go_on(recordings: Path) -> None:
    with Store(recordings) as store:
        assert gone(erase(store, None)) == (3, 3)
        assert traces(recordings, SECRETS) == ()
        assert store.summaries() == ()
        assert saved(store, 0) == 4
        assert erase(store, None).attempts == 1
        assert erase(store, None) == Erased(0, 0, 0, (), ())
    assert list(recordings.glob("*.wav")) == []


def test_an_unknown_number_deletes_nothing(recordings: Path) -> None:
    with Store(recordings) as store:
        with pytest.raises(HistoryError, match="no attempt 7, 9; see the numbers with"):
            erase(store, [1, 9, 7])
        assert len(store.summaries()) == 3
    assert (recordings / "0.wav").exists()


def test_an_attempt_whose_sound_is_gone_can_be_erased(recordings: Path) -> None:
    (recordings / "0.wav").unlink()
    with Store(recordings) as store:
        assert gone(erase(store, [1])) == (1, 0)


def test_no_other_file_is_deleted(recordings: Path) -> None:
    outside = recordings.parent / "outside.wav"
    outside.write_bytes(b"")
    with Store(recordings) as store:
        with store.transaction() as database:
            database.execute("UPDATE attempt SET audio = '../outside.wav' WHERE id = 1")
        erase(store, [1])
    assert outside.exists()


def test_the_same_text_in_another_attempt_is_no_trace(recordings: Path) -> None:
    with Store(recordings) as store:
        number = store.begin(QUESTION, recordings / "twin.wav", ASKED_AT)
        store.scored(number, Scorecard(QUESTION, Transcript(SECRETS[0] + " So."), None, None, "1"))
        assert gone(erase(store, [1])) == (1, 1)
        assert traces(recordings, [SECRETS[0]]) == (FILE_NAME,)


def spoken_for_minutes(store: Store, number: int) -> None:
    """An answer of 600 words of its own, which SQLite splits over several pages."""
    text = " ".join(f"word{number * 1000 + at}" for at in range(600))
    attempt_id = store.begin(QUESTION, store.path.parent / f"{number}.wav", ASKED_AT)
    words = tuple(Word(word, at, at + 0.3, 0.5) for at, word in enumerate(text.split()))
    store.scored(attempt_id, Scorecard(QUESTION, Transcript(text, words), None, None, "1"))


def test_each_long_answer_in_a_copy_of_the_persons_own_is_found(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for number in range(10):
            spoken_for_minutes(store, number)
        copy = tmp_path / f"{FILE_NAME}.mine"
        store.rows("VACUUM INTO ?", (str(copy),))
        for number in range(1, 11):
            erased = erase(store, [number])
            assert erased.left == (str(copy),)
            assert copy.name in erased.files
            assert erased.pieces > 100


def test_a_single_page_of_a_long_answer_is_found(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        spoken_for_minutes(store, 1)
        store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        content = store.path.read_bytes()
        at = content.index(b"word1300")
        piece = tmp_path / f"{FILE_NAME}-journal.old"
        piece.write_bytes(content[at : at + 100])
        assert erase(store, [1]).left == (str(piece),)


@pytest.mark.parametrize("said", ["", "Yes.", 'He said "\u00e9t\u00e9" \\ twice'])
def test_a_short_answer_is_looked_for_with_what_stands_around_it(tmp_path: Path, said: str) -> None:
    with Store(tmp_path) as store:
        number = store.begin(QUESTION, tmp_path / "a.wav", ASKED_AT)
        store.scored(number, Scorecard(QUESTION, Transcript(said), None, None, "1"))
        copy = tmp_path / f"{FILE_NAME}.mine"
        store.rows("VACUUM INTO ?", (str(copy),))
        erased = erase(store, [number])
        assert erased.pieces >= 1
        assert erased.left == (str(copy),)


def test_a_key_point_said_word_by_word_is_no_trace(tmp_path: Path) -> None:
    point = 'Its "units" are zeroed at random while it is trained'
    asked = replace(QUESTION, key_points=(KeyPoint(point),))
    with Store(tmp_path) as store:
        for number, said in enumerate((point, "Nothing of it is known to me.")):
            attempt_id = store.begin(asked, tmp_path / f"{number}.wav", ASKED_AT)
            store.scored(attempt_id, Scorecard(asked, Transcript(said), None, None, "1"))
        assert gone(erase(store, [1])) == (1, 0)
        assert traces(tmp_path, [point]) == (FILE_NAME,)


def test_an_answer_of_which_no_words_were_kept_can_be_erased(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.begin(QUESTION, tmp_path / "a.wav", ASKED_AT)
        erased = erase(store, [1])
        assert gone(erased) == (1, 0)
        assert erased.pieces == 0


def test_a_damaged_transcript_can_be_erased(tmp_path: Path) -> None:
    damaged = '{"text": "broken off in the middle of all that I'
    with Store(tmp_path) as store:
        for number in range(2):
            saved(store, number)
        with store.transaction() as database:
            database.execute("UPDATE transcript SET content = ?", (damaged,))
            database.execute("UPDATE score SET content = '{'")
        assert gone(erase(store, [1])) == (1, 1)
        assert traces(tmp_path, ["broken off in the"]) == (FILE_NAME,)
        assert gone(erase(store, [2])) == (1, 1)
        assert traces(tmp_path, ["broken off in the"]) == ()


def test_a_transcript_that_is_no_text_can_be_erased(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for number in range(2):
            saved(store, number)
        with store.transaction() as database:
            database.execute("UPDATE transcript SET content = '{\"text\": 5}' WHERE attempt_id = 2")
        assert gone(erase(store, [1])) == (1, 1)
        assert gone(erase(store, [2])) == (1, 1)


def test_what_was_interrupted_is_told_and_finished_with_its_proof(recordings: Path) -> None:
    copy = recordings / f"{FILE_NAME}.mine"
    with Store(recordings) as store:
        assert unfinished(store) == ()
        assert erase(store, ()) == Erased(0, 0, 0, (), ())
        store.rows("VACUUM INTO ?", (str(copy),))
        blocked = recordings / f"{FILE_NAME}.version-1"
        whole = blocked.read_bytes()
        blocked.write_bytes(b"no database " * 100)
        with pytest.raises(HistoryError, match="an old copy"):
            erase(store, [1])
        assert unfinished(store) == (1,)
        blocked.write_bytes(whole)
        erased = erase(store, ())
        assert (erased.attempts, erased.left) == (1, (str(copy),))
        assert erased.pieces > 1
        assert unfinished(store) == ()
        assert traces(recordings, [SECRETS[0]]) == (copy.name,)


def test_of_two_that_delete_at_once_each_ends_its_own(recordings: Path) -> None:
    """Another process begins, and is killed, while this one waits for an old copy."""
    with (
        Store(recordings) as store,
        closing(sqlite3.connect(recordings / f"{FILE_NAME}.version-1")) as copy,
        ThreadPoolExecutor(1) as pool,
    ):
        copy.isolation_level = None
        copy.execute("BEGIN EXCLUSIVE")
        first = pool.submit(erased_from, recordings, [1])
        while unfinished(store) != (1,):
            time.sleep(0.01)
        module._delete_from_history(store, [2])
        copy.execute("ROLLBACK")
        assert first.result().attempts == 1
        assert unfinished(store) == (2,)
        assert (recordings / "1.wav").exists()
        assert gone(erase(store, ())) == (1, 1)
        assert unfinished(store) == ()


def erased_from(recordings: Path, attempt_ids: list[int]) -> Erased:
    with Store(recordings) as store:
        return erase(store, attempt_ids)


def test_a_copy_that_is_no_database_is_named(recordings: Path) -> None:
    copy = recordings / f"{FILE_NAME}.version-1"
    copy.write_bytes(b"no database " * 100)
    with Store(recordings) as store:
        with pytest.raises(HistoryError, match=r"version-1: an old copy.*delete the file"):
            erase(store, [1])
        copy.unlink()
        assert gone(erase(store, [1])) == (1, 0)
        assert traces(recordings, [SECRETS[0]]) == ()


def test_a_reader_of_the_log_is_named_and_the_next_call_finishes(recordings: Path) -> None:
    with Store(recordings) as store:
        store.rows("PRAGMA busy_timeout = 100")
        with closing(sqlite3.connect(store.path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM attempt").fetchone()
            with pytest.raises(HistoryError, match="in use by another program"):
                erase(store, [1])
        assert erase(store, [1]).left == ()
        assert traces(recordings, [SECRETS[0]]) == ()


def test_the_search_leaves_the_locks_of_this_process_alone(recordings: Path) -> None:
    """Whoever closes a history that nobody else has open removes its log."""
    look = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM attempt')"
    with Store(recordings) as store:
        erase(store, [1])
        subprocess.run([sys.executable, "-c", look, str(store.path)], check=True)
        assert store.path.with_name(f"{FILE_NAME}-wal").exists()


def test_a_copy_of_an_update_is_cleaned(tmp_path: Path) -> None:
    """The copy is the one that a real update makes."""
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        migrate(database, path, STEPS[:1])
        database.execute(
            "INSERT INTO attempt (asked_at, question_id, question, audio)"
            " VALUES ('2026-03-01T00:00:00.000+00:00', 'q', ?, 'a.wav')",
            (json.dumps({"text": SECRETS[0], "id": "q"}),),
        )
    (tmp_path / "a.wav").write_bytes(b"sound")
    with Store(tmp_path) as store:
        assert f"{FILE_NAME}.version-1" in traces(tmp_path, ["The walrus said"])
        erase(store, [1])
        assert traces(tmp_path, ["The walrus said"]) == ()


KILLED_AT_EACH_LINE = """
import os, shutil, sys
from pathlib import Path
from sayback.history import erase as module
from sayback.history.store import Store

def kill_at(count):
    seen = set()
    def trace(frame, event, argument):
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            seen.add(frame.f_lineno)
            if len(seen) == count:
                os._exit(137)
        return trace
    return trace

source, folder = map(Path, sys.argv[1:])
line = 0
status = 137
while status == 137:
    line += 1
    recordings = folder / str(line)
    shutil.copytree(source, recordings)
    child = os.fork()
    if not child:
        with Store(recordings) as store:
            sys.settrace(kill_at(line))
            module.erase(store, [1, 2])
            sys.settrace(None)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.exit(status)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """A history for each line of the module before which a process that erased was killed."""
    source = tmp_path_factory.mktemp("whole") / "recordings"
    filled(source)
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-c", KILLED_AT_EACH_LINE, str(source), str(folder)]
    subprocess.run(command, check=True, timeout=250)
    yield sorted(folder.iterdir(), key=lambda path: int(path.name))
    shutil.rmtree(folder)


def test_a_kill_leaves_no_row_without_sound_and_the_next_call_finishes(
    killed: list[Path],
) -> None:
    assert len(killed) > 50
    for recordings in killed[:-1]:
        with Store(recordings) as store:
            ids = {summary.id for summary in store.summaries()}
            assert all(store.attempt(each).audio.exists() for each in ids)
            begun = unfinished(store)
            assert begun in ((), (1, 2))
            assert not {*begun} & ids
            erased = erase(store, [1, 2] if {1, 2} <= ids else ())
            assert erased.left == ()
            assert erased.pieces or not begun
            assert [summary.id for summary in store.summaries()] == [3]
        assert traces(recordings, [*SECRETS[:2], "walrus", "pelican"]) == (), recordings.name
        assert len(list(recordings.glob("*.wav"))) == 1
