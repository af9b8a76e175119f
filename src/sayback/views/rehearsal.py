"""`practice` and `demo`: sets up the stations and shows one rehearsal after another."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from importlib.resources import files
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from sayback.bank.find import find
from sayback.bank.parse import read
from sayback.capture.file_recorder import FileRecorder
from sayback.capture.listen import ListenSettings
from sayback.capture.microphone import Microphone, input_names
from sayback.capture.recorder import Recorder
from sayback.errors import Interrupted, NoMicrophone, NoSuchQuestion
from sayback.history.interview import days_left, interview
from sayback.history.memory import memories
from sayback.history.schedule import QUESTIONS_PER_SESSION, Choice, Today, choose, next_due
from sayback.history.store import Store
from sayback.model import Question
from sayback.scoring.scorecard import to_json
from sayback.session import Stations, rehearse
from sayback.transcript import engines
from sayback.transcript.transcriber import Transcriber
from sayback.views import plain
from sayback.views.keyboard import Keyboard
from sayback.voice.playback import output_names, play
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker
from sayback.workspace import Workspace, find_workspace, shipped_questions

DEMO_BANK = "interview_ml.md"
DEMO_QUESTION = "What is U-Net and when would you use it?"
SAMPLE_ANSWER = "data/sample_answer.flac"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What to hear, speak and transcribe with, as the command line gave it."""

    engine: str
    model: str
    compute: str
    microphone: str | None
    speaker: str | None
    patience: float
    max_length: float
    workspace: Path | None
    answer: Path | None = None
    mute: bool = False


class Wish(Enum):
    """What a person wants after a scorecard."""

    NEXT = auto()
    AGAIN = auto()
    STOP = auto()


def practise(
    equipment: Equipment,
    *,
    question: str | None = None,
    topic: str | None = None,
    count: int | None = None,
    bank: Path | None = None,
    as_json: bool = False,
    only_due: bool = False,
) -> None:
    """Ask one question after another, with `only_due` none that can wait. Raises SaybackError."""
    space = find_workspace(equipment.workspace)
    found = read(bank or space.questions).questions
    out = plain.console(stderr=as_json)
    with Store(space.recordings) as store:
        if question is not None:
            asked = [Choice(find(found, question), "")] * (count or 1)
        else:
            default = 1 if equipment.answer else QUESTIONS_PER_SESSION
            asked = _chosen(_under(topic, found), store, count or default, only_due, out)
        if left := store.unfinished():
            plain.remark(f"attempt {left[-1]} is not scored: `sayback rescore {left[-1]}`", out)
        if not asked:
            return
        try:
            _rehearse_all(asked, _stations(equipment, space, store), out, as_json=as_json)
        except KeyboardInterrupt:
            if (begun := store.unfinished()) == left:  # stopped before an answer was begun
                raise
            raise Interrupted(
                "interrupted", f"your answer is kept, score it with `sayback rescore {begun[-1]}`"
            ) from None


def demonstrate(equipment: Equipment) -> None:
    """Rehearse one question with what the machine has, and say in a line what it lacks."""
    lacking = [
        name
        for name, devices in (("microphone", _microphones()), ("loudspeaker", output_names()))
        if not devices
    ]
    if lacking:
        click.echo(
            f"No {' and no '.join(lacking)} here: rehearsing with a recorded sample answer.\n"
        )
        equipment = replace(
            equipment,
            answer=Path(str(files("sayback"))) / SAMPLE_ANSWER,
            mute="loudspeaker" in lacking,
        )
    practise(equipment, question=DEMO_QUESTION, bank=shipped_questions() / DEMO_BANK)
    command = "sayback" if shutil.which("sayback") else os.path.relpath(sys.argv[0])
    click.echo(f"\n Your turn: `{command}` asks you five questions.")


def _microphones() -> tuple[str, ...]:
    try:
        return input_names()
    except NoMicrophone:  # PortAudio is missing
        return ()


def _under(topic: str | None, questions: tuple[Question, ...]) -> list[Question]:
    """The questions with `topic` in one of their headings. Raises NoSuchQuestion for none."""
    kept = [
        question
        for question in questions
        if topic is None or any(topic.casefold() in name.casefold() for name in question.topic)
    ]
    if not kept:
        raise NoSuchQuestion(
            f"no question under a heading with '{topic}'", "see them with `sayback bank list`"
        )
    return kept


def _chosen(
    questions: list[Question], store: Store, count: int, only_due: bool, out: Console
) -> list[Choice]:
    """What the schedule says; where that is nothing, a line says until when."""
    now = datetime.now(UTC)
    known = memories(store, now)
    today = Today(now, days_left(interview(store), now))
    chosen = choose(questions, known, today, count, only_due=only_due)
    if not chosen:
        until = _until(next_due(questions, known), now)
        plain.remark(f"Nothing is due{until}: `sayback practice` asks the least covered.", out)
    return list(chosen)


def _until(due: datetime | None, now: datetime) -> str:
    if due is None or due <= now:
        return ""
    here = due.astimezone()
    is_today = here.date() == now.astimezone().date()
    return f" until {here:%H:%M}" if is_today else f" until {here:%A}, {here.day} {here:%B}"


def _stations(equipment: Equipment, workspace: Workspace, store: Store) -> Stations:
    return Stations(
        workspace=workspace,
        store=store,
        open_recorder=partial(_recorder, equipment),
        speaker=Pyttsx3Speaker(),
        play=partial(_play, equipment),
        transcriber=_in_background(
            partial(engines.load, equipment.engine, equipment.model, equipment.compute)
        ),
        settings=ListenSettings(patience_s=equipment.patience, maximum_s=equipment.max_length),
    )


def _recorder(equipment: Equipment) -> Recorder:
    if equipment.answer is not None:
        return FileRecorder(equipment.answer)
    return Microphone(equipment.microphone)


def _play(equipment: Equipment, path: Path, stop: threading.Event) -> None:
    if not equipment.mute:
        play(path, device=equipment.speaker, stop=stop)


def _in_background(load: Callable[[], Transcriber]) -> Future[Transcriber]:
    """In a daemon thread: an executor would make the program wait for a model it needs no more."""
    loading: Future[Transcriber] = Future()

    def work() -> None:
        try:
            loading.set_result(load())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            loading.set_exception(error)
        # The engine's own threads work for the one that loaded it: once that has ended,
        # transcription was measured to take 3 to 40 times as long.
        threading.Event().wait()

    threading.Thread(target=work, name="loading", daemon=True).start()
    return loading


def _rehearse_all(asked: list[Choice], stations: Stations, out: Console, *, as_json: bool) -> None:
    keyboard = Keyboard()
    for number, choice in enumerate(asked, start=1):
        place = _place(number, len(asked), choice.reason)
        wish = Wish.AGAIN
        while wish is Wish.AGAIN:
            events = rehearse(choice.question, stations, keyboard.pressed)
            for scorecard in plain.show(events, out, place=place, cards=not as_json):
                if as_json:
                    click.echo(json.dumps(to_json(scorecard), ensure_ascii=False))
            wish = _wish(keyboard, out, is_last=number == len(asked))
        if wish is Wish.STOP:
            return


def _place(number: int, count: int, reason: str) -> str:
    """Where the session stands, and why this question: "3 of 5 · due: missed twice"."""
    return " · ".join(filter(None, (f"{number} of {count}" if count > 1 else "", reason)))


def _wish(keyboard: Keyboard, out: Console, *, is_last: bool) -> Wish:
    """Asked of a person at a terminal; without one it is simply the next question."""
    if not (out.is_terminal and sys.stdin and sys.stdin.isatty()):
        return Wish.NEXT
    choices = "Enter  end" if is_last else "Enter  next question   q Enter  stop"
    out.print(Text(f" {choices}   a Enter  again", style="dim"))
    match keyboard.ask():
        case "a":
            return Wish.AGAIN
        case "q" | None:
            return Wish.STOP
        case _:
            return Wish.NEXT
