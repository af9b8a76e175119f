"""A rehearsal as a stream of events: where the stations meet while somebody answers."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sayback.capture.audio_file import read_audio
from sayback.capture.listen import Level, ListenSettings, Take
from sayback.capture.recorder import Recorder
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
from sayback.live import Behind, Captions, Covering, LiveAnswer
from sayback.model import Attempt, Ending, Question, Recording, Scorecard
from sayback.remote import LEAVING, Remote, Wish
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
    """The judgement, with the coverage of earlier attempts at this question, oldest first.

    One that is not `final` comes from a quick transcription; the final one follows.
    """

    scorecard: Scorecard
    earlier: tuple[float, ...]
    final: bool = True


@dataclass(frozen=True, slots=True)
class Saved:
    """The attempt is in the history."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class SetAside:
    """The answer was left, skipped or begun anew; None where nothing had been said or kept."""

    attempt_id: int | None


Event = (
    Asking
    | Warned
    | Listening
    | Level
    | Captions
    | Covering
    | Behind
    | Heard
    | Scored
    | Saved
    | SetAside
)


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


def rehearse(question: Question, stations: Stations, remote: Remote) -> Iterator[Event]:
    """Ask `question`, hear the answer until it is over, score and keep it.

    Obeys `remote`. Whatever goes wrong once the microphone is live, the recording is kept. Ends
    after Saved, or after SetAside where the person went on to something else. Raises SaybackError.
    """
    with ExitStack() as microphone:  # opened first: opening it later would lose words
        recorder = microphone.enter_context(stations.open_recorder())
        remote.clear()
        yield Asking(question)
        if (yield from _ask(question, stations, remote)) in LEAVING:
            yield SetAside(None)
            return
        if stations.transcriber.done():  # where loading has failed by now, that is said in time
            stations.transcriber.result()
        while True:
            with _Answer(question, stations, recorder.name) as answer:
                remote.clear()
                yield Listening(answer.take.path)
                wish = yield from answer.listen(recorder, remote)
                microphone.close()
                if wish is None:
                    yield from answer.judge()
                    return
                yield SetAside(answer.set_aside())
            if wish is not Wish.START_OVER:
                return
            recorder = microphone.enter_context(stations.open_recorder())


class _Answer:
    """One take of an answer, from the first block of sound to its place in the history."""

    def __init__(self, question: Question, stations: Stations, source: str) -> None:
        """The attempt is in the history before its first sound is on disk."""
        self._question = question
        self._stations = stations
        asked_at = datetime.now(UTC)
        path = stations.workspace.new_recording(question.id, asked_at)
        self.number = stations.store.begin(question, path, asked_at)
        self.take = Take(path, stations.settings, source)
        self._live = LiveAnswer(question, path, stations.transcriber)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self.take)
        self._open.enter_context(self._live)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def listen(self, recorder: Recorder, remote: Remote) -> Generator[Event, None, Wish | None]:
        """Hear the answer until it is over; returns the wish to go on to something else, if any."""
        wish: Wish | None = None
        while self.take.ending is None:
            match wish:
                case None:
                    yield from self._follow(self.take.listen(recorder.blocks(), remote.pressed))
                    wish = remote.take()
                case Wish.PAUSE:
                    yield from self._follow(self.take.hold(recorder.idle(), remote.pressed))
                    wish = remote.take()
                    if wish is Wish.QUESTION:  # which does not end the pause
                        wish = (yield from self._ask_again(remote)) or Wish.PAUSE
                    elif wish is Wish.PAUSE:
                        wish = None
                case Wish.QUESTION:
                    wish = yield from self._ask_again(remote)
                case Wish.DONE:
                    self.take.end(Ending.KEY)
                case Wish.LEAVE:
                    self.take.end(Ending.INTERRUPTED)
                    return wish
                case Wish.START_OVER | Wish.SKIP:
                    self.take.end(Ending.SET_ASIDE)
                    return wish
        return None

    def _ask_again(self, remote: Remote) -> Generator[Warned, None, Wish | None]:
        return (yield from _ask(self._question, self._stations, remote))

    def judge(self) -> Iterator[Event]:
        """Transcribe, score and keep an answer that is over."""
        recording = self.take.recording()
        problem: HistoryError | None = None
        try:
            self._stations.store.heard(self.number, recording)
        except HistoryError as error:  # the judgement is worth having all the same
            problem = error
        yield Heard(recording)
        if problem:
            yield Warned(str(problem))
        earlier = self._stations.store.coverages(self._question.id, before=self.number)
        with _saying_how_later(self.number):
            for transcript, is_final in self._live.transcripts(recording):
                scorecard = score(self._question, transcript, recording)
                yield Scored(scorecard, earlier, is_final)
            self._stations.store.scored(self.number, scorecard)
        yield Saved(self._stations.store.attempt(self.number))

    def set_aside(self) -> int | None:
        """Keep what was said so far, as no attempt to be scored; None where nothing was said."""
        recording = self.take.recording()
        if not recording.speech:
            self._stations.store.drop(self.number)
            recording.path.unlink(missing_ok=True)
            return None
        self._stations.store.heard(self.number, recording)
        return self.number

    def _follow(self, levels: Iterator[Level]) -> Iterator[Event]:
        for level in levels:
            yield level
            yield from self._live.hear(self.take.speech, self.take.duration_s)


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


def _ask(
    question: Question, stations: Stations, remote: Remote
) -> Generator[Warned, None, Wish | None]:
    """Read the question aloud; a voice that fails leaves it on the screen.

    Any wish ends the reading, and is returned unless that was all it meant.
    """
    try:
        sound = stations.speaker.render(question.text)
        wish: Wish | None = Wish.QUESTION
        while wish is Wish.QUESTION:
            stations.play(sound, remote.pressed)
            wish = remote.take()
        return None if wish is Wish.DONE else wish
    except VoiceMissing:
        raise
    except VoiceError as error:
        yield Warned(f"the question is not read aloud: {error}")
        return None


@contextmanager
def _saying_how_later(attempt_id: int) -> Iterator[None]:
    """Errors of judging an answer say how to score it later, since its recording is kept."""
    try:
        yield
    except OSError as error:
        raise TranscriptionError(
            f"{error.filename or 'the model'}: {reason(error)}",
            f"mend that, then score your answer, which is kept: `sayback rescore {attempt_id}`",
        ) from error
    except SaybackError as error:
        later = f"then score your answer, which is kept, with `sayback rescore {attempt_id}`"
        raise type(error)(error.problem, f"{error.remedy}, {later}") from error
