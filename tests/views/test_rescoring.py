"""Scoring again goes on where an answer is deleted meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from sayback.capture.wave_file import WaveFile
from sayback.errors import AnswerInUse, NoSuchAttempt
from sayback.history.erase import erase
from sayback.history.store import Store
from sayback.model import (
    Ending,
    Interval,
    KeyPoint,
    Question,
    Recording,
    Scorecard,
    Transcript,
)
from sayback.transcript.transcriber import Samples, Transcriber
from sayback.views.rescoring import Engine, finish, rescore_all

QUESTION = Question("What is dropout?", "what-is-dropout", ())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two answers, the first of them without its sound."""
    with Store(tmp_path / "recordings") as opened:
        for number in range(2):
            audio = opened.path.parent / f"{number}.wav"
            attempt_id = opened.begin(QUESTION, audio, datetime.now(UTC))
            heard = Transcript("It drops units.", (), "old", "base")
            opened.scored(attempt_id, Scorecard(QUESTION, heard, None, None, "1"))
        yield opened


def rescored(store: Store, numbers: tuple[int, ...], deleted: list[int]) -> str:
    """What is printed where answers are deleted as soon as the first is to be heard again."""

    def load() -> Transcriber:
        erase(store, [each for each in deleted if each in {s.id for s in store.summaries()}])
        return Silent()

    out = Console(file=StringIO(), width=80)
    bank = store.path.parent.parent / "no bank"
    rescore_all(numbers, bank, Engine("new", "base", load), store, out)
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


class Silent:
    """It hears nothing, were there a recording to hear."""

    lanes = 1
    overtaking = 0

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        return Transcript("")


def test_what_is_deleted_meanwhile_is_left_out(store: Store) -> None:
    assert rescored(store, (), [1, 2]) == " 2 deleted meanwhile\n"


def test_what_is_named_has_to_be_there(store: Store) -> None:
    with pytest.raises(NoSuchAttempt, match="no attempt 2"):
        rescored(store, (2,), [2])


def test_a_first_score_is_not_called_the_same(tmp_path: Path) -> None:
    asked = Question("What is dropout?", "what-is-dropout", (), (KeyPoint("It drops units"),))
    with Store(tmp_path / "recordings") as store:
        audio = store.path.parent / "0.wav"
        number = store.begin(asked, audio, datetime.now(UTC))
        soundfile.write(audio, np.zeros(16_000, np.float32), 16_000)
        speech = (Interval(0.1, 0.9),)
        recording = Recording(audio, 16_000, datetime.now(UTC), 1.0, speech, Ending.KEY)
        store.heard(number, recording)
        heard = Transcript("It drops units.", (), "new", "base")
        store.scored(number, Scorecard(asked, heard, None, None, "1"))
        said = rescored(store, (), [])
        assert said.endswith(" 1 scored for the first time\n")


@pytest.fixture
def set_aside(tmp_path: Path) -> Iterator[Store]:
    """One answer that the person skipped: its sound is kept."""
    with Store(tmp_path / "recordings") as store:
        audio = store.path.parent / "0.wav"
        number = store.begin(QUESTION, audio, datetime.now(UTC))
        soundfile.write(audio, np.zeros(16_000, np.float32), 16_000)
        speech = (Interval(0.1, 0.9),)
        store.heard(
            number, Recording(audio, 16_000, datetime.now(UTC), 1.0, speech, Ending.SET_ASIDE)
        )
        yield store


def test_what_was_set_aside_is_left_alone_unless_it_is_named(set_aside: Store) -> None:
    assert "1 set aside" in rescored(set_aside, (), [])
    assert set_aside.attempt(1).scorecard is None
    assert "1 scored for the first time" in rescored(set_aside, (1,), [])
    assert "1 scored again\n" in rescored(set_aside, (1,), [])
    assert set_aside.attempt(1).scorecard is not None
    assert not set_aside.attempt(1).is_set_aside


# What a rehearsal left unscored because it was cut off


@pytest.fixture
def cut_off(tmp_path: Path) -> Iterator[Store]:
    """Three answers of which nothing is known but their sound; the last has none."""
    with Store(tmp_path / "recordings") as store:
        for number, seconds in enumerate((1, 1, 0)):
            audio = store.path.parent / f"{number}.wav"
            with WaveFile(audio) as file:
                file.append(np.full(seconds * 16_000, 100, np.int16))
            store.begin(QUESTION, audio, datetime.now(UTC))
        yield store


def finished(store: Store) -> str:
    out = Console(file=StringIO(), width=80)
    finish(store.unfinished(), Path("none"), Engine("new", "base", Silent), store, out)
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def test_what_was_cut_off_is_scored_once_and_what_is_empty_dropped(cut_off: Store) -> None:
    empty = cut_off.attempt(3).audio
    said = finished(cut_off)
    assert said.count("first score") == 2
    assert "attempt 3 had no sound and was removed" in said
    assert [(each.id, each.scored) for each in cut_off.summaries()] == [(1, True), (2, True)]
    assert not empty.exists()
    assert finished(cut_off) == ""
    assert len(cut_off.scorecards(1)) == 1


def test_what_is_still_being_given_is_left_alone(tmp_path: Path, cut_off: Store) -> None:
    audio = cut_off.path.parent / "given.wav"
    with WaveFile(audio) as file:
        file.append(np.full(16_000, 100, np.int16))
        given = cut_off.begin(QUESTION, audio, datetime.now(UTC))
        finished(cut_off)
        assert "1 being given or scored by another sayback" in " ".join(
            rescored(cut_off, (), []).split()
        )
        with pytest.raises(AnswerInUse):
            rescored(cut_off, (given,), [])
        assert cut_off.unfinished() == (given,)
        assert cut_off.attempt(given).recording is None
    finished(cut_off)
    assert cut_off.unfinished() == ()


def test_what_is_removed_by_rescoring_is_told(cut_off: Store) -> None:
    said = rescored(cut_off, (), [])
    assert "attempt 3 had no sound and was removed" in said
    assert said.endswith(" 2 scored for the first time; 1 removed, without sound\n")
    assert rescored(cut_off, (), []) == " 2 were up to date\n"


def test_what_cannot_be_read_is_told_and_waits(cut_off: Store) -> None:
    cut_off.attempt(1).audio.write_bytes(b"no sound at all" * 10)
    cut_off.attempt(2).audio.unlink()
    cut_off.drop(3)
    said = finished(cut_off)
    assert "attempt 1 is not scored: " in said
    assert "attempt 2 is not scored: " in said
    assert cut_off.unfinished() == (1, 2)
