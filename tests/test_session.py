"""A rehearsal as events: their order, what a press of a key does, and what is always kept."""

from __future__ import annotations

import math
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import pytest
import soundfile
from tests.rehearsed import (
    ANSWER,
    QUESTION,
    Typist,
    failing_typist,
    loaded,
    write_answer,
)

from sayback.capture.claim import is_free
from sayback.capture.file_recorder import FileRecorder
from sayback.capture.listen import Level, ListenSettings
from sayback.capture.recorder import Samples
from sayback.errors import (
    HistoryError,
    MicrophoneLost,
    SaybackError,
    TranscriptionError,
    VoiceError,
    VoiceMissing,
)
from sayback.events import Asking, Event, Heard, Listening, Saved, Scored, SetAside, Warned
from sayback.history.store import Store
from sayback.live import Captions, Covering
from sayback.model import SAMPLE_RATE_HZ, Ending
from sayback.remote import LEAVING, Remote, Wish
from sayback.revision import rescore
from sayback.session import Stations, rehearse
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker
from sayback.voice.speaker import PATIENCE_S
from sayback.workspace import Workspace


@dataclass
class FailingSpeaker:
    error: VoiceError

    def render(self, text: str) -> Path:
        raise self.error


@dataclass
class HangingSpeaker:
    may: threading.Event = field(default_factory=threading.Event)

    def render(self, text: str) -> Path:
        self.may.wait()
        raise VoiceError("too late", "try again")


@dataclass
class Loudspeaker:
    """Plays nothing; `stopped` says of each sound whether it was to be heard at all."""

    played: list[Path] = field(default_factory=list)
    stopped: list[bool] = field(default_factory=list)

    def __call__(self, path: Path, stop: threading.Event) -> None:
        self.played.append(path)
        self.stopped.append(stop.is_set())


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    """A spoken answer between 0.4 and 0.5 s of a quiet room."""
    path = tmp_path / "answer.wav"
    write_answer(path, 0.4, quiet_s=0.5)
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


def events_of(stations: Stations, *presses: Press) -> list[Event]:
    """All but what comes again and again while somebody speaks, and a score that is not final.

    Each press waits for the one before it.
    """
    remote, left, kept = Remote(), list(presses), list[Event]()
    for event in rehearse(QUESTION, stations, remote):
        if left and left[0].is_time(event):
            remote.press(left.pop(0).wish)
        is_draft = isinstance(event, Scored) and not event.final
        if not is_draft and not isinstance(event, Level | Captions | Covering):
            kept.append(event)
    assert left == []
    return kept


@dataclass(frozen=True)
class Press:
    """A key that is pressed at an event."""

    wish: Wish
    is_time: Callable[[Event], bool]


def at(kind: type[Event]) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, kind)


def after(at_s: float) -> Callable[[Event], bool]:
    """When so much is recorded; the answer in the file is spoken from 0.4 s to about 2 s."""
    return lambda event: isinstance(event, Level) and not event.paused and event.at_s >= at_s


def paused_for(levels: int) -> Callable[[Event], bool]:
    seen: list[Level] = []

    def is_time(event: Event) -> bool:
        if isinstance(event, Level) and event.paused:
            seen.append(event)
            assert event.at_s == seen[0].at_s
        return len(seen) >= levels

    return is_time


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def recordings(stations: Stations) -> list[Path]:
    return sorted(stations.workspace.recordings.glob("*.wav"))


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


def test_without_any_voice_the_question_is_on_the_screen_too(stations: Stations) -> None:
    mute = replace(stations, speaker=FailingSpeaker(VoiceMissing("no espeak", "install it")))
    events = events_of(mute)
    assert kinds(events[:3]) == [Asking, Warned, Listening]
    assert events[1] == Warned("the question is not read aloud: no espeak; install it")
    assert isinstance(events[-1], Saved)


def test_a_voice_that_hangs_is_waited_for_until_a_key_is_pressed(stations: Stations) -> None:
    speaker = HangingSpeaker()
    begun_s = time.monotonic()
    events = events_of(replace(stations, speaker=speaker), Press(Wish.DONE, at(Asking)))
    assert kinds(events)[:3] == [Asking, Listening, Heard]
    assert time.monotonic() - begun_s < PATIENCE_S
    speaker.may.set()


def test_a_model_that_does_not_load_is_said_before_the_answer(stations: Stations) -> None:
    broken = replace(stations, transcriber=loaded(TranscriptionError("no model", "install one")))
    with pytest.raises(TranscriptionError, match="no model"):
        events_of(broken)
    assert stations.store.summaries() == ()


def test_an_engine_that_fails_keeps_the_answer_for_later(stations: Stations) -> None:
    failing = failing_typist()
    with pytest.raises(TranscriptionError, match=r"engine crashed.*sayback rescore 1"):
        events_of(replace(stations, transcriber=loaded(failing)))
    assert stations.store.unfinished() == (1,)
    attempt = stations.store.attempt(1)
    assert attempt.recording is not None
    scorecard = rescore(attempt, QUESTION, stations.store, Typist())
    assert stations.store.attempt(1).scorecard == scorecard
    assert stations.store.unfinished() == ()


def test_an_answer_cut_off_while_listening_can_be_scored_later(stations: Stations) -> None:
    events = rehearse(QUESTION, stations, Remote())
    for event in events:
        if isinstance(event, Level) and event.at_s > 1.2:
            break
    events.close()  # type: ignore[attr-defined]
    attempt = stations.store.attempt(1)
    assert attempt.recording is None
    rescore(attempt, QUESTION, stations.store, Typist())
    finished = stations.store.attempt(1)
    assert finished.recording is not None
    assert finished.recording.ending is Ending.INTERRUPTED
    assert finished.recording.duration_s > 1.1
    assert finished.scorecard is not None


def test_the_scorecard_waits_for_no_other_process_that_writes(stations: Stations) -> None:
    events: list[Event] = []
    with closing(sqlite3.connect(stations.store.path, isolation_level=None)) as other:
        for event in rehearse(QUESTION, stations, Remote()):
            events.append(event)
            if isinstance(event, Listening):
                other.execute("BEGIN IMMEDIATE")
            if isinstance(event, Scored) and event.final:
                other.execute("COMMIT")
    assert not any(isinstance(event, Warned) for event in events)
    saved = events[-1]
    assert isinstance(saved, Saved)
    assert saved.attempt.recording is not None
    assert saved.attempt.recording.ending is Ending.END_OF_FILE


def test_an_answer_that_is_being_given_is_in_use(stations: Stations) -> None:
    seen = [
        is_free(stations.store.attempt(1).audio)
        for event in rehearse(QUESTION, stations, Remote())
        if isinstance(event, Listening | Heard | Scored)
    ]
    assert len(seen) >= 3
    assert not any(seen)
    assert is_free(stations.store.attempt(1).audio)


# What a press of a key does


class NotesWhen(FileRecorder):
    """Notes what was kept whenever somebody begins to hear it."""

    def __init__(self, path: Path, kept: Callable[[], list[Path]]) -> None:
        super().__init__(path)
        self._kept = kept
        self.kept_before: list[int] = []

    def blocks(self) -> Iterator[Samples]:
        self.kept_before.append(len(self._kept()))
        return super().blocks()


def test_an_answer_is_heard_before_the_disk_is_waited_for(stations: Stations, answer: Path) -> None:
    recorder = NotesWhen(answer, lambda: recordings(stations))
    events_of(replace(stations, open_recorder=lambda: recorder))
    assert recorder.kept_before == [0]
    assert len(recordings(stations)) == 1


def test_enter_ends_the_answer(stations: Stations) -> None:
    events = events_of(stations, Press(Wish.DONE, at(Level)))
    (heard,) = (event for event in events if isinstance(event, Heard))
    assert heard.recording.ending is Ending.KEY
    assert heard.recording.duration_s < 1


def twice() -> Typist:
    """Hears less when it has to be quick, and waits before it transcribes in full."""
    return Typist(quick_text="Units are dropped.", lanes=2, may=threading.Event())


def test_enter_gives_a_quick_score_and_then_the_one_that_is_kept(stations: Stations) -> None:
    typist, remote, scored = twice(), Remote(), list[Scored]()
    for event in rehearse(QUESTION, replace(stations, transcriber=loaded(typist)), remote):
        if isinstance(event, Level) and event.at_s > 1.2:
            remote.press(Wish.DONE)
        if isinstance(event, Scored):
            typist.may.set()
            scored.append(event)
    assert [event.final for event in scored] == [False, True]
    assert [event.scorecard.transcript.text for event in scored] == ["Units are dropped.", ANSWER]
    assert stations.store.scorecards(1) == (scored[1].scorecard,)


def test_an_engine_that_fails_after_a_quick_score_keeps_the_answer(stations: Stations) -> None:
    typist, remote = twice(), Remote()
    typist.error = TranscriptionError("engine crashed", "try another")
    events = rehearse(QUESTION, replace(stations, transcriber=loaded(typist)), remote)
    for event in events:
        if isinstance(event, Level) and event.at_s > 1.2:
            remote.press(Wish.DONE)
        if isinstance(event, Scored):
            assert not event.final
            break
    typist.may.set()
    with pytest.raises(TranscriptionError, match=r"engine crashed.*sayback rescore 1"):
        next(events)
    assert stations.store.unfinished() == (1,)


def test_captions_and_coverage_come_while_somebody_answers(
    stations: Stations, answer: Path
) -> None:
    sound, rate_hz = soundfile.read(answer)
    soundfile.write(answer, np.concatenate([sound, sound[: 2 * (rate_hz // 2)]]), rate_hz)
    events = list(rehearse(QUESTION, stations, Remote()))
    live = [event for event in events if isinstance(event, Captions | Covering)]
    assert Captions(settled="", draft=ANSWER) in live
    assert max(map(events.index, live)) < kinds(events).index(Heard)


def test_a_pause_is_not_recorded_and_the_same_file_goes_on(
    stations: Stations, answer: Path
) -> None:
    events = events_of(
        stations, Press(Wish.PAUSE, after(1.2)), Press(Wish.PAUSE, paused_for(levels=5))
    )
    assert kinds(events) == [Asking, Listening, Heard, Scored, Saved]
    heard = events[2]
    assert isinstance(heard, Heard)
    assert heard.recording.ending is Ending.END_OF_FILE
    assert recordings(stations) == [heard.recording.path]
    said, kept = soundfile.info(answer), soundfile.info(heard.recording.path)
    assert kept.duration == pytest.approx(said.duration, abs=0.05)


def test_the_question_heard_in_a_pause_does_not_end_it(stations: Stations) -> None:
    events = events_of(
        stations,
        Press(Wish.PAUSE, after(1.2)),
        Press(Wish.QUESTION, paused_for(2)),
        Press(Wish.DONE, paused_for(4)),
    )
    (heard,) = (event for event in events if isinstance(event, Heard))
    assert heard.recording.duration_s == pytest.approx(1.2, abs=0.3)
    assert isinstance(stations.play, Loudspeaker)
    assert len(stations.play.played) == 2


@pytest.mark.parametrize(("wish", "is_paused"), [(Wish.DONE, True), (Wish.PAUSE, False)])
def test_a_key_pressed_while_the_question_is_heard_in_a_pause(
    stations: Stations, wish: Wish, is_paused: bool
) -> None:
    remote, played, paused = Remote(), list[Path](), list[bool]()
    presses = [Press(Wish.PAUSE, after(1.2)), Press(Wish.QUESTION, paused_for(2))]

    def play(path: Path, stop: threading.Event) -> None:
        played.append(path)
        if len(played) == 2:
            remote.press(wish)

    for event in rehearse(QUESTION, replace(stations, play=play), remote):
        if presses and presses[0].is_time(event):
            remote.press(presses.pop(0).wish)
        elif len(played) == 2 and isinstance(event, Level):
            paused.append(event.paused)
            if len(paused) == 3:
                remote.press(Wish.DONE)
    assert paused[:3] == [is_paused] * 3


def test_enter_in_a_pause_ends_the_answer(stations: Stations) -> None:
    events = events_of(stations, Press(Wish.PAUSE, after(1.2)), Press(Wish.DONE, paused_for(2)))
    (heard,) = (event for event in events if isinstance(event, Heard))
    assert heard.recording.ending is Ending.KEY
    assert heard.recording.duration_s == pytest.approx(1.2, abs=0.3)


def test_leaving_in_a_pause_keeps_what_was_said(stations: Stations) -> None:
    events = events_of(stations, Press(Wish.PAUSE, after(1.2)), Press(Wish.LEAVE, paused_for(2)))
    assert events[2:] == [SetAside(1)]
    assert stations.store.unfinished() == (1,)


def test_the_question_is_heard_again_while_nothing_is_recorded(
    stations: Stations, answer: Path
) -> None:
    events = events_of(stations, Press(Wish.QUESTION, after(1.2)))
    assert kinds(events) == [Asking, Listening, Heard, Scored, Saved]
    assert isinstance(stations.play, Loudspeaker)
    assert len(stations.play.played) == 2
    assert stations.play.stopped == [False, False]
    (path,) = recordings(stations)
    said, kept = soundfile.info(answer), soundfile.info(path)
    assert kept.duration == pytest.approx(said.duration, abs=0.05)


def test_a_key_ends_the_reading_and_not_the_answer(stations: Stations) -> None:
    presses = Press(Wish.DONE, at(Asking)), Press(Wish.DONE, after(1.2))
    events = events_of(stations, *presses)
    assert kinds(events)[:3] == [Asking, Listening, Heard]
    assert isinstance(stations.play, Loudspeaker)
    assert False not in stations.play.stopped


def test_a_key_pressed_twice_while_the_question_is_read_counts_once(stations: Stations) -> None:
    remote = Remote()

    def play(path: Path, stop: threading.Event) -> None:
        remote.press(Wish.DONE)
        remote.press(Wish.DONE)

    events = list(rehearse(QUESTION, replace(stations, play=play), remote))
    (heard,) = (event for event in events if isinstance(event, Heard))
    assert heard.recording.ending is Ending.END_OF_FILE


def test_the_question_is_read_again(stations: Stations) -> None:
    events = events_of(stations, Press(Wish.QUESTION, at(Asking)))
    assert isinstance(events[-1], Saved)
    assert isinstance(stations.play, Loudspeaker)
    assert stations.play.stopped.count(False) == 1


@pytest.mark.parametrize("wish", LEAVING)
def test_a_question_that_is_not_answered_leaves_nothing(stations: Stations, wish: Wish) -> None:
    events = events_of(stations, Press(wish, at(Asking)))
    assert kinds(events) == [Asking, SetAside]
    assert events[-1] == SetAside(None)
    assert stations.store.summaries() == ()
    assert recordings(stations) == []


@pytest.mark.parametrize("wish", LEAVING)
def test_a_wish_to_leave_counts_before_the_question_too(stations: Stations, wish: Wish) -> None:
    remote = Remote()
    remote.press(wish)
    assert kinds(list(rehearse(QUESTION, stations, remote))) == [Asking, SetAside]


def test_a_wish_to_leave_counts_between_two_takes(stations: Stations) -> None:
    events = events_of(
        stations, Press(Wish.START_OVER, after(1.2)), Press(Wish.LEAVE, at(SetAside))
    )
    assert kinds(events) == [Asking, Listening, SetAside, Listening, SetAside]


@pytest.mark.parametrize("wish", LEAVING)
def test_where_nothing_was_said_nothing_is_kept(stations: Stations, wish: Wish) -> None:
    events = events_of(stations, Press(wish, at(Listening)))
    assert kinds(events) == [Asking, Listening, SetAside]
    assert events[-1] == SetAside(None)
    assert stations.store.summaries() == ()
    assert recordings(stations) == []


def test_a_skipped_answer_is_set_aside(stations: Stations) -> None:
    events = events_of(stations, Press(Wish.SKIP, after(1.2)))
    assert kinds(events) == [Asking, Listening, SetAside]
    assert events[-1] == SetAside(1)
    attempt = stations.store.attempt(1)
    assert attempt.is_set_aside
    assert attempt.recording is not None
    assert attempt.recording.speech
    assert stations.store.unfinished() == ()
    assert rescore(attempt, QUESTION, stations.store, Typist()).coverage is not None
    assert not stations.store.attempt(1).is_set_aside


def test_a_skipped_answer_that_cannot_be_kept_as_such_says_how_to_score_it(
    stations: Stations,
) -> None:
    with closing(sqlite3.connect(stations.store.path, isolation_level=None)) as other:

        def lock(event: Event) -> bool:
            is_time = after(1.2)(event)
            if is_time:
                other.execute("BEGIN IMMEDIATE")
            return is_time

        with pytest.raises(HistoryError, match="which is kept, with `sayback rescore 1`"):
            events_of(stations, Press(Wish.SKIP, lock))
        other.execute("ROLLBACK")
    assert rescore(stations.store.attempt(1), QUESTION, stations.store, Typist()).coverage


def removing(stations: Stations, is_time: Callable[[Event], bool]) -> Callable[[Event], bool]:
    """Remove all recordings at this moment."""

    def remove(event: Event) -> bool:
        if is_time(event):
            shutil.rmtree(stations.workspace.recordings)
            return True
        return False

    return remove


def test_recordings_removed_in_a_pause_that_enter_ends_are_kept(stations: Stations) -> None:
    removed = removing(stations, paused_for(2))
    events = events_of(stations, Press(Wish.PAUSE, after(1.2)), Press(Wish.DONE, removed))
    assert kinds(events) == [Asking, Listening, Heard, Scored, Saved]
    (path,) = recordings(stations)
    assert soundfile.info(path).duration == pytest.approx(1.2, abs=0.3)


def test_recordings_removed_in_a_pause_are_told_once_they_are_there_again(
    stations: Stations,
) -> None:
    def told(event: Event) -> bool:
        is_told = isinstance(event, Warned)
        assert not is_told or len(recordings(stations)) == 1
        return is_told

    events = events_of(
        stations,
        Press(Wish.PAUSE, after(1.2)),
        Press(Wish.QUESTION, removing(stations, paused_for(2))),
        Press(Wish.DONE, told),
    )
    assert kinds(events) == [Asking, Listening, Warned, Heard, Scored, Saved]
    assert "all you said is in a new file" in str(events[2])


def test_an_answer_that_cannot_be_written_again_is_kept_elsewhere(stations: Stations) -> None:
    def remove(event: Event) -> bool:
        is_time = after(1.2)(event)
        if is_time:
            shutil.rmtree(stations.workspace.recordings)
            stations.workspace.recordings.write_text("no folder")
        return is_time

    command = rf"is kept, with `sayback score \S+ --question {QUESTION.id} --save`"
    with pytest.raises(SaybackError, match=command) as told:
        events_of(stations, Press(Wish.QUESTION, remove))
    (path,) = stations.workspace.folder.glob("*.wav")
    assert str(path) in told.value.remedy
    assert soundfile.info(path).duration == pytest.approx(1.2, abs=0.3)


def test_an_answer_interrupted_before_it_is_in_the_history_leaves_no_file(
    stations: Stations,
) -> None:
    other = sqlite3.connect(stations.store.path, isolation_level=None, check_same_thread=False)

    def interrupt() -> None:
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGINT)
        other.execute("ROLLBACK")

    with closing(other):
        for event in (rehearsal := rehearse(QUESTION, stations, Remote())):
            assert isinstance(event, Asking)
            other.execute("BEGIN IMMEDIATE")
            interrupting = threading.Thread(target=interrupt)
            interrupting.start()
            with pytest.raises(KeyboardInterrupt):
                next(rehearsal)
            interrupting.join()
    assert stations.store.summaries() == ()
    assert recordings(stations) == []


def test_an_answer_that_is_left_can_be_scored_later(stations: Stations) -> None:
    events = events_of(stations, Press(Wish.LEAVE, after(1.2)))
    assert events[-1] == SetAside(1)
    attempt = stations.store.attempt(1)
    assert attempt.recording is not None
    assert attempt.recording.ending is Ending.INTERRUPTED
    assert stations.store.unfinished() == (1,)
    rescore(attempt, QUESTION, stations.store, Typist())
    assert stations.store.unfinished() == ()


def test_starting_over_makes_a_new_take_and_sets_the_first_aside(stations: Stations) -> None:
    events = events_of(stations, Press(Wish.START_OVER, after(1.2)))
    assert kinds(events) == [Asking, Listening, SetAside, Listening, Heard, Scored, Saved]
    assert events[2] == SetAside(1)
    assert stations.store.attempt(1).is_set_aside
    scored, saved = events[-2:]
    assert isinstance(scored, Scored)
    assert isinstance(saved, Saved)
    assert scored.earlier == ()
    assert saved.attempt.id == 2
    assert saved.attempt.recording is not None
    assert saved.attempt.recording.ending is Ending.END_OF_FILE
    assert saved.attempt.audio != stations.store.attempt(1).audio
    assert len(recordings(stations)) == 2
    assert stations.store.unfinished() == ()


def test_starting_over_before_a_word_leaves_one_take(stations: Stations) -> None:
    events = events_of(stations, Press(Wish.START_OVER, at(Listening)))
    assert kinds(events) == [Asking, Listening, SetAside, Listening, Heard, Scored, Saved]
    assert events[2] == SetAside(None)
    assert len(stations.store.summaries()) == len(recordings(stations)) == 1


@dataclass
class LooseCable:
    """A Recorder of a file that is lost once after so many seconds of it, for half a second."""

    file: FileRecorder
    lost_after_s: float
    name: str = "loose"
    can_be_lost: bool = True

    def __enter__(self) -> Self:
        self.file.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.file.__exit__()

    def blocks(self) -> Iterator[Samples]:
        heard_s = 0.0
        for block in self.file.blocks():
            yield block
            heard_s += len(block) / SAMPLE_RATE_HZ
            if heard_s >= self.lost_after_s:
                self.lost_after_s = math.inf
                raise MicrophoneLost("'loose': stopped", "plug it in")

    def idle(self) -> Iterator[Samples]:
        return self.blocks()

    def until_back(self) -> Iterator[Samples]:
        return islice(self.file.idle(), 25)


@pytest.fixture
def loose(stations: Stations, answer: Path) -> Stations:
    return replace(stations, open_recorder=lambda: LooseCable(FileRecorder(answer), 1.2))


def away(event: Event) -> bool:
    return isinstance(event, Level) and event.away


def test_an_answer_goes_on_once_the_microphone_is_back(loose: Stations, answer: Path) -> None:
    events = events_of(loose)
    assert kinds(events) == [Asking, Listening, Heard, Scored, Saved]
    (path,) = recordings(loose)
    assert soundfile.info(path).duration == pytest.approx(soundfile.info(answer).duration, abs=0.05)
    assert isinstance(events[2], Heard)
    (warning,) = events[2].recording.warnings
    assert warning.startswith("'loose': stopped for ")


def test_a_microphone_lost_in_a_pause_leaves_the_pause(loose: Stations) -> None:
    events = events_of(
        loose,
        Press(Wish.PAUSE, at(Listening)),
        Press(Wish.PAUSE, away),
        Press(Wish.PAUSE, lambda event: isinstance(event, Level) and event.paused),
    )
    assert isinstance(events[2], Heard)
    assert events[2].recording.ending is Ending.END_OF_FILE


def test_enter_ends_an_answer_without_a_microphone(loose: Stations) -> None:
    events = events_of(loose, Press(Wish.DONE, away))
    assert kinds(events) == [Asking, Listening, Heard, Scored, Saved]
    assert isinstance(events[2], Heard)
    assert events[2].recording.ending is Ending.KEY
    assert events[2].recording.duration_s == pytest.approx(1.2, abs=0.05)
    assert events[2].recording.warnings == ("'loose': stopped; plug it in",)


def test_leaving_without_a_microphone_keeps_what_was_said(loose: Stations) -> None:
    assert events_of(loose, Press(Wish.QUESTION, away), Press(Wish.LEAVE, away))[2:] == [
        SetAside(1)
    ]
    assert isinstance(loose.play, Loudspeaker)
    assert len(loose.play.played) == 1


def test_no_thread_outlives_a_rehearsal(stations: Stations) -> None:
    events_of(stations, Press(Wish.START_OVER, after(1.2)), Press(Wish.SKIP, after(1)))
    for thread in threading.enumerate():
        if thread.name.startswith(("lane", "coverage")):
            thread.join(60)
            assert not thread.is_alive()
