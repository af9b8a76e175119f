"""A rehearsal as events: their order, and what is kept when a station fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sayback.capture.file_recorder import FileRecorder
from sayback.capture.listen import Level, ListenSettings
from sayback.errors import TranscriptionError, VoiceError, VoiceMissing
from sayback.history.store import Store
from sayback.model import Ending, KeyPoint, Question, Transcript, Word
from sayback.revision import rescore
from sayback.session import (
    Asking,
    Event,
    Heard,
    Listening,
    Saved,
    Scored,
    Stations,
    Warned,
    rehearse,
)
from sayback.transcript.transcriber import Samples, Transcriber
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker
from sayback.workspace import Workspace

ANSWER = "Units are dropped at random."
QUESTION = Question("What does dropout do?", "dropout", (), (KeyPoint(ANSWER),))


@dataclass
class Typist:
    """A Transcriber that knows what was said, for tests of what happens around it."""

    text: str = ANSWER
    error: TranscriptionError | None = None

    def transcribe(self, samples: Samples) -> Transcript:
        if self.error:
            raise self.error
        words = self.text.split()
        step_s = len(samples) / 16_000 / len(words)
        placed = (Word(w, i * step_s, (i + 1) * step_s, 1.0) for i, w in enumerate(words))
        return Transcript(self.text, tuple(placed), "typist", "none")


@dataclass
class FailingSpeaker:
    error: VoiceError

    def render(self, text: str) -> Path:
        raise self.error


@dataclass
class Loudspeaker:
    played: list[Path] = field(default_factory=list)

    def __call__(self, path: Path, stop: threading.Event) -> None:
        self.played.append(path)


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    """A spoken answer between a second and a half second of a quiet room."""
    spoken, rate_hz = soundfile.read(Pyttsx3Speaker().render(ANSWER))
    room = np.random.default_rng(0).normal(0, 1e-3, len(spoken) + int(1.5 * rate_hz))
    room[rate_hz : rate_hz + len(spoken)] += spoken
    path = tmp_path / "answer.wav"
    soundfile.write(path, room, rate_hz)
    return path


@pytest.fixture
def stations(tmp_path: Path, answer: Path) -> Iterator[Stations]:
    workspace = Workspace(tmp_path / "workspace")
    with Store(workspace.recordings) as store:
        yield Stations(
            workspace=workspace,
            store=store,
            open_recorder=lambda: FileRecorder(answer),
            speaker=Pyttsx3Speaker(),
            play=Loudspeaker(),
            transcriber=loaded(Typist()),
            settings=ListenSettings(),
        )


def loaded(transcriber: Transcriber | Exception) -> Future[Transcriber]:
    future: Future[Transcriber] = Future()
    if isinstance(transcriber, Exception):
        future.set_exception(transcriber)
    else:
        future.set_result(transcriber)
    return future


def events_of(stations: Stations) -> list[Event]:
    events = rehearse(QUESTION, stations, threading.Event())
    return [event for event in events if not isinstance(event, Level)]


def test_events_come_in_order_and_the_attempt_is_kept(stations: Stations) -> None:
    asking, listening, heard, scored, saved = events_of(stations)
    assert isinstance(asking, Asking)
    assert isinstance(listening, Listening)
    assert isinstance(heard, Heard)
    assert isinstance(scored, Scored)
    assert isinstance(saved, Saved)
    assert isinstance(stations.play, Loudspeaker)
    assert len(stations.play.played) == 1
    assert heard.recording.path == listening.path == saved.attempt.audio
    assert heard.recording.ending is Ending.END_OF_FILE
    assert scored.scorecard == saved.attempt.scorecard == stations.store.attempt(1).scorecard
    assert scored.scorecard.coverage is not None
    assert scored.scorecard.coverage.score == pytest.approx(1, abs=0.1)
    assert scored.earlier == ()


def test_a_second_answer_knows_the_first(stations: Stations) -> None:
    events_of(stations)
    (scored,) = (event for event in events_of(stations) if isinstance(event, Scored))
    assert len(scored.earlier) == 1


def test_a_voice_that_fails_leaves_the_question_on_the_screen(stations: Stations) -> None:
    mute = replace(stations, speaker=FailingSpeaker(VoiceError("espeak crashed", "try again")))
    events = events_of(mute)
    assert [type(event) for event in events[:3]] == [Asking, Warned, Listening]
    assert isinstance(events[-1], Saved)


def test_without_any_voice_nothing_is_recorded(stations: Stations) -> None:
    mute = replace(stations, speaker=FailingSpeaker(VoiceMissing("no espeak", "install it")))
    with pytest.raises(VoiceMissing):
        events_of(mute)
    assert stations.store.summaries() == ()


def test_a_model_that_does_not_load_is_said_before_the_answer(stations: Stations) -> None:
    broken = replace(stations, transcriber=loaded(TranscriptionError("no model", "install one")))
    with pytest.raises(TranscriptionError, match="no model"):
        events_of(broken)
    assert stations.store.summaries() == ()


def test_an_engine_that_fails_keeps_the_answer_for_later(stations: Stations) -> None:
    failing = Typist(error=TranscriptionError("engine crashed", "try another"))
    with pytest.raises(TranscriptionError, match=r"engine crashed.*sayback rescore 1"):
        events_of(replace(stations, transcriber=loaded(failing)))
    assert stations.store.unfinished() == (1,)
    attempt = stations.store.attempt(1)
    assert attempt.recording is not None
    scorecard = rescore(attempt, QUESTION, stations.store, Typist())
    assert stations.store.attempt(1).scorecard == scorecard
    assert stations.store.unfinished() == ()


def test_an_answer_cut_off_while_listening_can_be_scored_later(stations: Stations) -> None:
    events = rehearse(QUESTION, stations, threading.Event())
    for event in events:
        if isinstance(event, Level) and event.at_s > 2:
            break
    events.close()  # type: ignore[attr-defined]
    attempt = stations.store.attempt(1)
    assert attempt.recording is None
    rescore(attempt, QUESTION, stations.store, Typist())
    finished = stations.store.attempt(1)
    assert finished.recording is not None
    assert finished.recording.ending is Ending.INTERRUPTED
    assert finished.recording.duration_s > 1.9
    assert finished.scorecard is not None


def test_stop_ends_the_answer(stations: Stations) -> None:
    stop = threading.Event()
    heard = None
    for event in rehearse(QUESTION, stations, stop):
        if isinstance(event, Level):
            stop.set()
        heard = event.recording if isinstance(event, Heard) else heard
    assert heard is not None
    assert heard.ending is Ending.KEY
    assert heard.duration_s < 1
