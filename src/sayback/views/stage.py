"""The stations of a rehearsal, set up with what the machine has, and the view that shows them."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from sayback.capture.audio_file import open_audio
from sayback.capture.file_recorder import FileRecorder
from sayback.capture.listen import ListenSettings
from sayback.capture.microphone import Microphone
from sayback.capture.quiet import quiet_libraries
from sayback.capture.recorder import Recorder
from sayback.capture.speech_detector import load_detector
from sayback.errors import SaybackError, VoiceError
from sayback.events import Event, Saved, Warned
from sayback.history.schedule import Choice
from sayback.history.store import Store
from sayback.model import Question, Scorecard
from sayback.remote import Remote
from sayback.scoring.judge import judge
from sayback.scoring.scorecard import to_json
from sayback.session import Stations, rehearse
from sayback.transcript import engines
from sayback.transcript.transcriber import Transcriber
from sayback.views import plain
from sayback.views.keyboard import Keyboard, is_at_terminal
from sayback.views.output import print_json
from sayback.views.panels.keys import OnCard
from sayback.views.spoken import spoken_result
from sayback.voice.playback import play
from sayback.voice.speaker import Speaker, spoken
from sayback.workspace import Workspace

if TYPE_CHECKING:
    from sayback.views.rehearsal import Equipment, Show

SOUND_TIME_LIMIT_S = 1.0
"""Where nothing sounds by then, as without a voice, the model is loaded all the same."""
EXIT_S = 10.0
"""Longest wait at the end of the program for what is being loaded."""


def stations(
    equipment: Equipment, workspace: Workspace, store: Store, speaker: Speaker
) -> Stations:
    """The real ones; what hearing and judging an answer needs is loaded from the first sound on."""
    sounding = threading.Event()
    return Stations(
        workspace=workspace,
        store=store,
        open_recorder=partial(_recorder, equipment),
        speaker=speaker,
        play=partial(_play, equipment, sounding),
        transcriber=_load(equipment, sounding),
        settings=ListenSettings(patience_s=equipment.patience, maximum_s=equipment.max_length),
    )


def rehearse_all(
    asked: list[Choice], stations: Stations, show: Show, out: Console, bank: Path
) -> None:
    """Rehearse one question after another, on a full screen where there can be one."""
    stations = replace(stations, covers_live=not show.exam)
    if _has_screen(show, out):
        _on_screen(asked, stations, show, out, bank)
    else:
        _in_lines(asked, stations, show, out)


def check_engine(equipment: Equipment, stations: Stations, out: Console) -> None:
    """Load what may be mistyped, missing or slow to fetch before anything is asked.

    Raises TranscriptionError.
    """
    from sayback.transcript.models import is_installed

    if not is_installed(equipment.model) or equipment.compute == "cuda":
        plain.remark(f"loading {equipment.model} …", out)
        out.file.flush()
        stations.transcriber.result()


def finish(
    left: Iterable[int], equipment: Equipment, stations: Stations, out: Console, bank: Path
) -> None:
    """Score what earlier rehearsals left unscored, with the engine that is loaded by now.

    Ctrl-C leaves the rest for the next time; so does what goes wrong, which is said.
    """
    from sayback.views import rescoring

    plain.remark("scoring what was cut off earlier; Ctrl-C leaves it for the next time", out)
    out.file.flush()
    engine = rescoring.Engine(
        engines.chosen(equipment.engine), equipment.model, stations.transcriber.result
    )
    try:
        rescoring.finish(left, bank, engine, stations.store, out)
    except SaybackError as error:
        plain.warn(str(error), out)


def _recorder(equipment: Equipment) -> Recorder:
    if equipment.answer is not None:
        return FileRecorder(equipment.answer)
    return Microphone(equipment.microphone)


def _play(
    equipment: Equipment, sounding: threading.Event, path: Path, stop: threading.Event
) -> None:
    sounding.set()
    with quiet_libraries():  # ALSA would write over the screen that the sound has run out
        play(path, device=equipment.speaker, stop=stop)


def _hear(
    play: Callable[[Path, threading.Event], None], answer: Path, stop: threading.Event
) -> None:
    """Play an answer. Raises CaptureError where it cannot be read: nobody is told to delete it."""
    with open_audio(answer):
        pass
    play(answer, stop)


def _in_silence(_: Path, __: threading.Event) -> None:
    """Plays nothing, where it is known that there is no loudspeaker."""


def _load(equipment: Equipment, sounding: threading.Event) -> Future[Transcriber]:
    """The engine, being loaded in a thread once the question sounds, and then the judge.

    Sooner it would hold up all that is still to be done for the question. The thread is a daemon:
    an executor would make the program wait for a model it needs no more.
    """
    loading: Future[Transcriber] = Future()
    is_over = threading.Event()

    def work() -> None:
        sounding.wait(SOUND_TIME_LIMIT_S)
        # What is being loaded when the interpreter goes away aborts the whole process.
        atexit.register(is_over.wait, EXIT_S)
        try:
            load_detector()
            loading.set_result(engines.load(equipment.engine, equipment.model, equipment.compute))
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            loading.set_exception(error)
        with suppress(Exception):  # scoring meets it again, where it can be told
            judge()
        is_over.set()
        # The engine's own threads work for the one that loaded it: once that has ended,
        # transcription was measured to take 3 to 40 times as long.
        threading.Event().wait()

    threading.Thread(target=work, name="loading", daemon=True).start()
    return loading


def _has_screen(show: Show, out: Console) -> bool:
    """Whether a full screen is wanted, and possible: lines need no terminal."""
    is_possible = is_at_terminal() and out.is_terminal and not out.is_dumb_terminal
    return is_possible and not (show.plain or show.as_json)


def _on_screen(
    asked: list[Choice], stations: Stations, show: Show, out: Console, bank: Path
) -> None:
    # Late, since it takes some tenths of a second.
    from sayback.views.panels.scene import Turn
    from sayback.views.screen import ScreenSession, run_screen
    from sayback.views.web.reviewing import Reviewing

    turns = [
        Turn(choice.question, _place(number, len(asked)), choice.reason)
        for number, choice in enumerate(asked, start=1)
    ]
    outcome = run_screen(
        ScreenSession(
            turns=turns,
            rehearse=partial(_rehearsed_anywhere, stations=stations, show=show),
            play=partial(_hear, stations.play),
            review=Reviewing(stations.workspace.recordings, bank).open,
            exam=show.exam,
            remark="\n".join(show.remarks),
        )
    )
    if outcome.attempts:
        plain.remark(plain.kept(outcome.attempts), out)
    if outcome.left is not None:
        plain.remark(plain.kept_for_later(outcome.left), out)


def _in_lines(asked: list[Choice], stations: Stations, show: Show, out: Console) -> None:
    for remark in show.remarks:
        plain.remark(remark, out)
    keyboard = Keyboard()
    for number, choice in enumerate(asked, start=1):
        place = " · ".join(filter(None, (_place(number, len(asked)), choice.reason)))
        wanted = OnCard.AGAIN
        while wanted is OnCard.AGAIN:
            events = _rehearsed(choice.question, keyboard.remote, stations=stations, show=show)
            view = plain.View(place=place, exam=show.exam, cards=not show.as_json)
            for scorecard in plain.show(events, out, view):
                if show.as_json:
                    print_json(to_json(scorecard))
            wanted = _wanted(keyboard, out, is_last=number == len(asked))
        if wanted is OnCard.STOP:
            return


def _rehearsed(
    question: Question, remote: Remote, *, stations: Stations, show: Show
) -> Iterator[Event]:
    """The events of one rehearsal; with `speak_result` the result is read aloud at its end."""
    asking = replace(stations, play=_in_silence) if show.mute else stations
    for event in rehearse(question, asking, remote):
        if isinstance(event, Saved):
            remote.clear()  # what is pressed from now on ends the reading
        yield event
        if show.speak_result and isinstance(event, Saved) and event.attempt.scorecard:
            yield from _read_aloud(event.attempt.scorecard, stations, remote)


def _read_aloud(scorecard: Scorecard, stations: Stations, remote: Remote) -> Iterator[Warned]:
    """Read the result, until something is pressed."""
    try:
        if sound := spoken(stations.speaker, spoken_result(scorecard), remote.pressed):
            stations.play(sound, remote.pressed)
    except VoiceError as error:
        yield Warned(f"the result is not read aloud: {error}")


def _rehearsed_anywhere(
    question: Question, remote: Remote, *, stations: Stations, show: Show
) -> Iterator[Event]:
    """The same in any thread: a database belongs to the thread that opened it."""
    with Store(stations.workspace.recordings) as store:
        try:
            here = replace(stations, store=store)
            yield from _rehearsed(question, remote, stations=here, show=show)
        finally:
            stations.store.latest = store.latest or stations.store.latest


def _place(number: int, count: int) -> str:
    """Where the session stands: "3 of 5"."""
    return f"{number} of {count}" if count > 1 else ""


def _wanted(keyboard: Keyboard, out: Console, *, is_last: bool) -> OnCard:
    """Asked of a person at a terminal; without one it is simply the next question."""
    if not (out.is_terminal and is_at_terminal()):
        return OnCard.NEXT
    choices = "Enter  end" if is_last else "Enter  next question   q Enter  stop"
    question = Text(f" {choices}   a Enter  again", style="dim")
    match keyboard.ask(lambda: out.print(question)):
        case "a":
            return OnCard.AGAIN
        case "q" | None:
            return OnCard.STOP
        case _:
            return OnCard.NEXT
