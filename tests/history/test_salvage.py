"""What is left of a history goes into a new one; what is damaged is told by the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.history import releases

from sayback.history.checkup import problems
from sayback.history.salvage import Salvaged, asked_in, salvage
from sayback.history.search import find
from sayback.history.store import FILE_NAME, Store
from sayback.model import Attempt

ALL = Salvaged(4, (), begun=4)
Salvage = Callable[..., tuple[Salvaged, dict[int, Attempt]]]


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    releases.restore(2, tmp_path)
    for name in releases.AUDIO:
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def salvaged(recordings: Path, tmp_path: Path) -> Salvage:
    def salvaged(*damages: str) -> tuple[Salvaged, dict[int, Attempt]]:
        with closing(sqlite3.connect(recordings / FILE_NAME)) as database:
            for damage in damages:
                database.execute(damage)
            database.commit()
        found = salvage(recordings / FILE_NAME, tmp_path / "new" / FILE_NAME, recordings)
        assert problems(tmp_path / "new" / FILE_NAME) == ()
        with Store(tmp_path / "new") as store:
            return found, {each.id: store.attempt(each.id) for each in store.summaries()}

    (tmp_path / "new").mkdir()
    return salvaged


def test_all_of_a_whole_history(recordings: Path, salvaged: Salvage) -> None:
    found, _ = salvaged()
    new = recordings / "new" / FILE_NAME
    assert found == ALL
    assert releases.facts(new) == releases.facts(recordings / FILE_NAME)
    with closing(sqlite3.connect(new)) as database, Store(recordings / "new") as store:
        for table, count in (("correction", 2), ("setting", 1), ("bank_edit", 1)):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)
        assert [each.attempt_id for each in find(store, "encoders and a decoder")] == [3]


def test_a_history_of_an_earlier_format(tmp_path: Path) -> None:
    history = releases.restore(1, tmp_path)
    assert salvage(history, tmp_path / "new.db", tmp_path) == ALL
    assert releases.facts(tmp_path / "new.db") == releases.facts(history)


def test_a_number_that_was_given_is_never_given_again(recordings: Path, salvaged: Salvage) -> None:
    salvaged("UPDATE sqlite_sequence SET seq = 70 WHERE name = 'attempt'")
    with Store(recordings / "new") as store:
        asked = store.attempt(1)
        assert store.begin(asked.question, Path("a.wav"), asked.asked_at) == 71


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE attempt SET question = '{\"text' WHERE id = 1",
        "UPDATE attempt SET asked_at = 'x' WHERE id = 1",
        "UPDATE attempt SET question = '', asked_at = '', recording = '' WHERE id = 1",
        "UPDATE attempt SET audio = replace(audio, 'u-net', 'uinet') WHERE id = 1",
    ],
)
def test_a_damaged_attempt_is_told_by_its_score_and_its_file(
    recordings: Path, salvaged: Salvage, damage: str
) -> None:
    with Store(recordings) as store:
        before = store.attempt(1)
    found, after = salvaged(damage)
    assert found == ALL
    assert after[1].question == before.question
    assert after[1].audio.name == releases.AUDIO[0]
    assert after[1].scorecard == before.scorecard
    assert after[1].asked_at.date() == before.asked_at.date()


def test_an_attempt_that_is_gone_is_brought_back_by_its_score(salvaged: Salvage) -> None:
    found, after = salvaged("DELETE FROM attempt WHERE id = 3")
    assert found == ALL
    assert after[3].audio.name == releases.AUDIO[2]
    assert after[3].scorecard


def test_words_that_are_lost_can_be_heard_again(salvaged: Salvage) -> None:
    found, after = salvaged("UPDATE transcript SET content = '{\"te' WHERE attempt_id = 2")
    assert found == Salvaged(4, (2,), begun=4)
    assert after[2].scorecard is None


@pytest.mark.parametrize("left", ["transcript", "spoken", "correction"])
def test_what_was_scored_is_not_set_aside_when_its_score_is_lost(
    salvaged: Salvage, left: str
) -> None:
    number = 3  # the one that was corrected
    lost = {
        "score": f"DELETE FROM score WHERE attempt_id = {number}",
        "transcript": f"DELETE FROM transcript WHERE attempt_id = {number}",
        "spoken": f"DELETE FROM spoken WHERE rowid = {number}",
        "correction": f"DELETE FROM correction WHERE attempt_id = {number}",
    }
    set_aside = "UPDATE attempt SET recording = json_set(recording, '$.ending', 'set aside')"
    found, after = salvaged(set_aside, *(lost[table] for table in lost if table != left))
    assert found.unscored == (number,)
    assert after[number].scorecard is None
    assert not after[number].is_set_aside


def test_what_was_set_aside_stays_so(salvaged: Salvage) -> None:
    found, after = salvaged(
        "UPDATE attempt SET recording = json_set(recording, '$.ending', 'set aside')",
        "DELETE FROM score WHERE attempt_id = 1",
        "DELETE FROM transcript WHERE attempt_id = 1",
        "DELETE FROM spoken WHERE rowid = 1",
        "DELETE FROM correction WHERE attempt_id = 1",
    )
    assert found.unscored == ()
    assert after[1].is_set_aside


def test_what_was_begun_and_corrected_is_counted(salvaged: Salvage) -> None:
    found, _ = salvaged(
        "DELETE FROM score WHERE attempt_id = 4",
        "DELETE FROM transcript WHERE attempt_id = 4",
        "DELETE FROM attempt WHERE id = 4",
        "DELETE FROM correction WHERE id = 1",
    )
    assert (found.attempts, found.begun, found.corrections_gone) == (3, 4, 1)


def test_without_a_recording_the_score_stays_without_its_words(
    recordings: Path, salvaged: Salvage
) -> None:
    (recordings / releases.AUDIO[1]).unlink()
    found, after = salvaged("UPDATE transcript SET content = '' WHERE attempt_id = 2")
    assert found == ALL
    assert after[2].scorecard
    assert after[2].scorecard.coverage
    assert after[2].scorecard.transcript.text == ""


def test_what_the_name_of_a_recording_tells() -> None:
    told = asked_in(releases.AUDIO[0])
    assert told
    assert (told[0].isoformat()[:19], told[1]) == (
        "2026-03-01T09:00:00",
        "what-is-u-net-and-when-would-you",
    )
    assert asked_in("history.db") is asked_in("2026-99-01_09-00-00_why.wav") is None
