"""A rehearsal as a stream of events: where the stations meet while somebody answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Self

from sayback.capture.listen import Level, ListenSettings, Take
from sayback.capture.recorder import Recorder, Samples
from sayback.errors import (
    CannotKeep,
    HistoryError,
    SaybackError,
    TranscriptionError,
    VoiceError,
    reason,
)
from sayback.events import Asking, Event, Heard, Listening, Saved, Scored, SetAside, Warned
from sayback.history.store import Store
from sayback.live import LiveAnswer, Transcribing, Words
from sayback.model import Ending, Question, Recording, Scorecard
from sayback.remote import LEAVING, Remote, Wish
from sayback.scoring.scorecard import score
from sayback.transcript.transcriber import Transcriber
from sayback.voice.speaker import Speaker, spoken
from sayback.workspace import Workspace

SLOW_S = 3.0
"""From then on it is said that an answer is still being transcribed, and one may leave."""


@dataclass(frozen=True, slots=True)
class Stations:
    """What a rehearsal needs. `transcriber` is being loaded while the question is read.

    `play` sounds an audio file on a loudspeaker until its end or until the event is set. With
    `covers_live` key points are looked for while somebody answers.
    """

    workspace: Workspace
    store: Store
    open_recorder: Callable[[], Recorder]
    speaker: Speaker
    play: Callable[[Path, threading.Event], None]
    transcriber: Future[Transcriber]
    settings: ListenSettings
    covers_live: bool = True


def rehearse(question: Question, stations: Stations, remote: Remote) -> Iterator[Event]:
    """Ask `question`, hear the answer until it is over, score and keep it.

    Obeys `remote`. Whatever goes wrong once the microphone is live, the recording is kept. Ends
    after Saved, or after SetAside where the person went on to something else. Raises SaybackError.
    """
    with ExitStack() as microphone:  # opened first: opening it later would lose words
        recorder = microphone.enter_context(stations.open_recorder())
        shortage = stations.workspace.shortage(stations.settings.maximum_s)
        remote.clear()
        yield Asking(question)
        if shortage:
            yield Warned(shortage)
        if (yield from _ask(question, stations, remote)) in LEAVING:
            yield SetAside(None)
            return
        if stations.transcriber.done():  # where loading has failed by now, that is said in time
            stations.transcriber.result()
        while True:
            sound = recorder.blocks()  # from now on, however long the disk takes
            with _Answer(question, stations, recorder) as answer:
                remote.clear()
                yield Listening(answer.take.path)
                wish = yield from answer.listen(recorder, sound, remote)
                microphone.close()
                if wish is None:
                    yield from answer.judge(remote)
                    return
                yield SetAside(answer.set_aside())
            if wish is not Wish.START_OVER:
                return
            recorder = microphone.enter_context(stations.open_recorder())


class _Answer:
    """One take of an answer, from the first block of sound to its place in the history."""

    def __init__(self, question: Question, stations: Stations, recorder: Recorder) -> None:
        self._question = question
        self._stations = stations
        self._recorder = recorder
        self._asked_at = datetime.now(UTC)
        self.number = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """The attempt is in the history before its first sound is on disk.

        Its file is locked before that, so that no other process finds an answer to score.
        """
        stations = self._stations
        path = stations.workspace.new_recording(self._question.id, self._asked_at)
        try:
            with ExitStack() as opened:
                self.take = opened.enter_context(self._new_take(path))
                self._begin()
                self._live = opened.enter_context(
                    LiveAnswer(
                        self._question, path, stations.transcriber, covers=stations.covers_live
                    )
                )
                self._open = opened.pop_all()
        except BaseException:  # Ctrl-C as well: no attempt names the file, which is empty
            if not self.number:
                path.unlink(missing_ok=True)
            raise
        return self

    def _new_take(self, path: Path) -> Take:
        recorder, settings = self._recorder, self._stations.settings
        return Take(path, settings, recorder.name, can_be_lost=recorder.can_be_lost)

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _begin(self) -> None:
        """Have the attempt in the history, anew where that was removed or replaced meanwhile."""
        if self._stations.store.renew():
            self.number = 0
        if not self.number:
            self.number = self._stations.store.begin(self._question, self.take.path, self._asked_at)

    def listen(
        self, recorder: Recorder, sound: Iterator[Samples] | None, remote: Remote
    ) -> Generator[Event, None, Wish | None]:
        """Hear the answer until it is over; returns the wish to go on to something else, if any.

        Its first blocks are `sound`.
        """
        wish: Wish | None = None
        while self.take.ending is None:
            if self.take.lost and wish in (None, Wish.PAUSE):
                wish = (yield from self._until_back(recorder, remote)) or wish
                continue
            match wish:
                case None:
                    blocks, sound = sound or recorder.blocks(), None
                    yield from self._follow(self.take.listen(blocks, remote.pressed))
                    wish = remote.take()
                case Wish.PAUSE:
                    wish = yield from self._pause(recorder, remote)
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

    def _pause(self, recorder: Recorder, remote: Remote) -> Generator[Event, None, Wish | None]:
        """Record nothing until a key is pressed; returns PAUSE where the pause is not over yet."""
        yield from self._follow(self.take.hold(recorder.idle(), remote.pressed))
        if self.take.lost:
            return Wish.PAUSE
        wish = remote.take()
        if wish is Wish.QUESTION:
            wish = yield from self._ask_again(remote)
            if wish is None:  # heard to its end, or enough of it
                return Wish.PAUSE
        return None if wish is Wish.PAUSE else wish

    def _until_back(
        self, recorder: Recorder, remote: Remote
    ) -> Generator[Event, None, Wish | None]:
        """Wait for a microphone that was lost; returns the wish that ends the wait, if one does.

        Nothing is played meanwhile: renewing the devices would stop it.
        """
        while self.take.lost and not self.take.ending:
            yield from self._follow(self.take.wait(recorder.until_back(), remote.pressed))
            wish = remote.take()
            if wish in (Wish.DONE, *LEAVING):
                return wish
        return None

    def _ask_again(self, remote: Remote) -> Generator[Warned, None, Wish | None]:
        return (yield from _ask(self._question, self._stations, remote))

    def judge(self, remote: Remote) -> Iterator[Event]:
        """Transcribe, score and keep an answer that is over.

        Where that takes long it says so, and whoever wants to leave may: it can be scored later.
        """
        recording, store = self.take.recording(), self._stations.store
        noted, earlier = 0, tuple[float, ...]()
        problem: HistoryError | None = None
        try:  # the scorecard waits for no other process that is writing
            self._begin()
            earlier = store.coverages(self._question.id, before=self.number)
            noted = self.number if store.heard(self.number, recording, wait=False) else 0
        except CannotKeep:  # told below, where it is tried again
            pass
        except HistoryError as error:  # the judgement is worth having all the same
            problem = error
        yield Heard(recording)
        if recording.ending is Ending.INTERRUPTED:
            yield from map(Warned, recording.warnings)
        if problem:
            yield Warned(str(problem))
        with self._saying_how_later():
            scorecard = yield from self._scored(recording, earlier, remote)
            self._begin()
            if noted != self.number:
                store.heard(self.number, recording)
            if scorecard is None:
                yield SetAside(self.number)
                return
            store.scored(self.number, scorecard)
        if not recording.path.is_file():
            yield Warned(f"{recording.path.name}: was removed; only its words and score are kept")
        yield Saved(store.attempt(self.number))

    def _scored(
        self, recording: Recording, earlier: tuple[float, ...], remote: Remote
    ) -> Generator[Scored | Transcribing, None, Scorecard | None]:
        """The final scorecard; None where it takes long and the person wants to leave."""
        begun_s, said, scorecard = time.monotonic(), None, None
        for each in self._live.transcripts(recording):
            match each:
                case Words(transcript, is_final):
                    scorecard = score(self._question, transcript, recording)
                    yield Scored(scorecard, earlier, is_final)
                case _ if time.monotonic() - begun_s < SLOW_S:
                    pass
                case _ if Wish.LEAVE in iter(remote.take, None):
                    return None
                case _ if each != said:
                    said = each
                    yield each
        return scorecard

    @contextmanager
    def _saying_how_later(self) -> Iterator[None]:
        """Errors once an answer is over say how to score it later, where its recording is kept."""
        try:
            yield
        except OSError as error:
            raise TranscriptionError(
                f"{error.filename or 'the model'}: {reason(error)}",
                f"mend that, then {self._how_later()}",
            ) from error
        except MemoryError as error:
            raise TranscriptionError(
                f"not enough memory ({reason(error)})",
                f"close other programs or try a smaller --model, then {self._how_later()}",
            ) from error
        except SaybackError as error:
            remedy = f"{error.remedy}, then {self._how_later()}"
            raise type(error)(error.problem, remedy) from error

    def _how_later(self) -> str:
        if not self.take.path.is_file():
            return "answer again: the recording was removed"
        if not self.number or self.take.path.parent != self._stations.workspace.recordings:
            file, asked = quote(str(self.take.path)), self._question.id
            command = f"sayback score {file} --question {asked} --save"
            return f"score your answer, which is kept, with `{command}`"
        return f"score your answer, which is kept, with `sayback rescore {self.number}`"

    def set_aside(self) -> int | None:
        """Keep what was said so far, as no attempt to be scored; None where nothing was said."""
        recording = self.take.recording()
        with self._saying_how_later():
            self._begin()
            if recording.speech:
                self._stations.store.heard(self.number, recording)
                return self.number
            self._stations.store.drop(self.number)
            recording.path.unlink(missing_ok=True)
        return None

    def _watch(self) -> Iterator[Warned]:
        """Say it where the recording was removed under us; by now it is in a new file."""
        with suppress(HistoryError):  # judging the answer meets it again, where it can be told
            self._begin()
        if self.take.was_removed():
            yield Warned(
                f"{self.take.path.name}: was removed while you answer; speak on, all you said is in"
                " a new file"
            )

    def _follow(self, levels: Iterator[Level]) -> Iterator[Event]:
        for level in levels:
            yield level
            yield from self._watch()
            yield from self._live.hear(self.take.speech, self.take.duration_s)


def _ask(
    question: Question, stations: Stations, remote: Remote
) -> Generator[Warned, None, Wish | None]:
    """Read the question aloud; a voice that fails leaves it on the screen.

    Any wish ends the reading, and is returned unless that was all it meant.
    """
    try:
        wish: Wish | None = Wish.QUESTION
        while wish is Wish.QUESTION:
            if sound := spoken(stations.speaker, question.text, remote.pressed):
                stations.play(sound, remote.pressed)
            wish = remote.take()
        return None if wish is Wish.DONE else wish
    except VoiceError as error:
        yield Warned(f"the question is not read aloud: {error}")
        return None
