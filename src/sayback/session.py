"""A rehearsal as a stream of events: where the stations meet while somebody answers."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sayback.capture.audio_file import read_audio
from sayback.capture.listen import Level, ListenSettings, listen
from sayback.capture.recorder import Recorder
from sayback.capture.speech_detector import load_detector
from sayback.errors import (
    HistoryError,
    SaybackError,
    TranscriptionError,
    VoiceError,
    VoiceMissing,
    WorkspaceError,
    reason,
)
from sayback.history.store import Store
from sayback.model import Attempt, Question, Recording, Scorecard
from sayback.scoring.scorecard import score
from sayback.transcript.recording import transcribe_recording
from sayback.transcript.transcriber import Transcriber
from sayback.voice.speaker import Speaker
from sayback.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asking:
    """The question is about to be read aloud."""

    question: Question


@dataclass(frozen=True, slots=True)
class Warned:
    """Something went wrong that does not stop the rehearsal."""

    message: str


@dataclass(frozen=True, slots=True)
class Listening:
    """The microphone is live; the answer goes to `path`."""

    path: Path


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer is over and on disk; its transcription begins."""

    recording: Recording


@dataclass(frozen=True, slots=True)
class Scored:
    """The judgement, with the coverage of earlier attempts at this question, oldest first."""

    scorecard: Scorecard
    earlier: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """The attempt is in the history."""

    attempt: Attempt


Event = Asking | Warned | Listening | Level | Heard | Scored | Saved


@dataclass(frozen=True, slots=True)
class Stations:
    """What a rehearsal needs. `transcriber` is being loaded while the question is read.

    `play` sounds an audio file on a loudspeaker until its end or until the event is set.
    """

    workspace: Workspace
    store: Store
    open_recorder: Callable[[], Recorder]
    speaker: Speaker
    play: Callable[[Path, threading.Event], None]
    transcriber: Future[Transcriber]
    settings: ListenSettings


def rehearse(question: Question, stations: Stations, stop: threading.Event) -> Iterator[Event]:
    """Ask `question`, hear the answer until it is over, score and keep it.

    Setting `stop` ends what is going on: the reading of the question, then the answer. Whatever
    goes wrong once the microphone is live, the recording is kept. Raises SaybackError.
    """
    asked_at = datetime.now(UTC)
    load_detector()  # takes some tenths of a second, in which no word may be lost later
    with stations.open_recorder() as recorder:  # opened first: opening it later would lose words
        yield Asking(question)
        stop.clear()
        yield from _ask(question, stations, stop)
        if stations.transcriber.done():  # where loading has failed by now, that is said in time
            stations.transcriber.result()
        path = stations.workspace.new_recording(question.id, asked_at)
        attempt_id = stations.store.begin(question, path, asked_at)
        yield Listening(path)
        stop.clear()
        recording = yield from _passing_on(
            listen(recorder, path, settings=stations.settings, stop=stop)
        )
    try:
        stations.store.heard(attempt_id, recording)
    except HistoryError as error:  # the judgement is worth having all the same
        yield Warned(str(error))
    yield Heard(recording)
    scorecard = _assess_or_say_how_later(attempt_id, question, recording, stations)
    yield Scored(scorecard, stations.store.coverages(question.id, before=attempt_id))
    stations.store.scored(attempt_id, scorecard)
    yield Saved(stations.store.attempt(attempt_id))


def assess(question: Question, recording: Recording, transcriber: Transcriber) -> Scorecard:
    """Transcribe and score a recording that is on disk. Raises SaybackError."""
    samples = read_audio(recording.path)
    transcript = transcribe_recording(transcriber, samples, recording.speech)
    return score(question, transcript, recording)


def keep(scorecard: Scorecard, recording: Recording, workspace: Workspace, store: Store) -> Attempt:
    """Copy a scored recording into the workspace and add it to the history.

    Raises WorkspaceError or HistoryError.
    """
    question = scorecard.question
    path = workspace.new_recording(question.id, recording.started_at, suffix=recording.path.suffix)
    try:
        shutil.copyfile(recording.path, path)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise WorkspaceError(
            f"{recording.path}: cannot be copied to {workspace.recordings} ({reason(error)})",
            "make room, or choose another folder with --workspace",
        ) from error
    attempt_id = store.begin(question, path, recording.started_at)
    store.heard(attempt_id, replace(recording, path=path))
    store.scored(attempt_id, scorecard)
    return store.attempt(attempt_id)


def _ask(question: Question, stations: Stations, stop: threading.Event) -> Iterator[Event]:
    """Read the question aloud; a voice that fails leaves the question on the screen."""
    try:
        stations.play(stations.speaker.render(question.text), stop)
    except VoiceMissing:
        raise
    except VoiceError as error:
        yield Warned(f"the question is not read aloud: {error}")


def _passing_on(
    listening: Iterator[Level | Recording],
) -> Generator[Level, None, Recording]:
    """Yields the levels and returns the recording, which comes last."""
    for heard in listening:
        if isinstance(heard, Recording):
            return heard
        yield heard
    raise RuntimeError("listen() ended without a Recording")


def _assess_or_say_how_later(
    attempt_id: int, question: Question, recording: Recording, stations: Stations
) -> Scorecard:
    try:
        return assess(question, recording, stations.transcriber.result())
    except OSError as error:
        raise TranscriptionError(
            f"{error.filename or 'the model'}: {reason(error)}",
            f"mend that, then score your answer, which is kept: `sayback rescore {attempt_id}`",
        ) from error
    except SaybackError as error:
        later = f"then score your answer, which is kept, with `sayback rescore {attempt_id}`"
        raise type(error)(error.problem, f"{error.remedy}, {later}") from error
