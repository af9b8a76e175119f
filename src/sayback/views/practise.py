"""`practice` and `demo`: set up the stations and show the rehearsal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
from sayback.errors import NoMicrophone, NoSuchQuestion
from sayback.history.store import Store, Summary
from sayback.model import Question
from sayback.scoring.scorecard import to_json
from sayback.session import Stations, rehearse
from sayback.transcript import engines
from sayback.views import plain
from sayback.views.keyboard import Keyboard
from sayback.voice.playback import output_names, play
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker
from sayback.workspace import find_workspace, shipped_questions

QUESTIONS_PER_SESSION = 5
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


def practise(
    equipment: Equipment,
    *,
    question: str | None = None,
    topic: str | None = None,
    count: int | None = None,
    bank: Path | None = None,
    as_json: bool = False,
) -> None:
    """Ask one question after another. Raises SaybackError."""
    space = find_workspace(equipment.workspace)
    found = read(bank or space.questions).questions
    with Store(space.recordings) as store:
        if question is not None:
            asked = [find(found, question)] * (count or 1)
        else:
            default = 1 if equipment.answer else QUESTIONS_PER_SESSION
            asked = choose(found, store.summaries(), topic)[: count or default]
        _rehearse_all(asked, equipment, store, as_json=as_json)


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


def _microphones() -> tuple[str, ...]:
    try:
        return input_names()
    except NoMicrophone:  # PortAudio is missing
        return ()


def choose(
    questions: Iterable[Question], history: Iterable[Summary], topic: str | None
) -> list[Question]:
    """The questions in the order to ask them: never asked first, then the least covered.

    `topic` keeps those with it in one of their headings. Raises NoSuchQuestion where that
    leaves none.
    """
    kept = [q for q in questions if topic is None or _under(topic, q)]
    if not kept:
        raise NoSuchQuestion(
            f"no question under a heading with '{topic}': see the topics with `sayback bank list`"
        )
    newest = {summary.question_id: summary for summary in history}

    def urgency(question: Question) -> tuple[bool, float]:
        last = newest.get(question.id)
        return last is not None, 1.0 if last is None or last.coverage is None else last.coverage

    return sorted(kept, key=urgency)


def _under(topic: str, question: Question) -> bool:
    return any(topic.casefold() in heading.casefold() for heading in question.topic)


def _rehearse_all(
    asked: list[Question], equipment: Equipment, store: Store, *, as_json: bool
) -> None:
    out = plain.console(stderr=as_json)
    keyboard = Keyboard()
    with ThreadPoolExecutor(max_workers=1) as loader:
        stations = Stations(
            workspace=find_workspace(equipment.workspace),
            store=store,
            open_recorder=partial(_recorder, equipment),
            speaker=Pyttsx3Speaker(),
            play=_keep_quiet if equipment.mute else partial(play, device=equipment.speaker),
            transcriber=loader.submit(
                engines.load, equipment.engine, equipment.model, equipment.compute
            ),
            settings=ListenSettings(patience_s=equipment.patience, maximum_s=equipment.max_length),
        )
        number = 0
        while number < len(asked):
            events = rehearse(asked[number], stations, keyboard.pressed)
            place = f"{number + 1} of {len(asked)}" if len(asked) > 1 else ""
            for scorecard in plain.show(events, out, place=place):
                if as_json:
                    click.echo(json.dumps(to_json(scorecard), ensure_ascii=False))
            wish = _next(keyboard, out, is_last=number == len(asked) - 1)
            if wish == "stop":
                return
            number += wish == "next"


def _keep_quiet(_: Path) -> None:
    """For the demonstration where there is no loudspeaker, which it has said already."""


def _recorder(equipment: Equipment) -> Recorder:
    if equipment.answer is not None:
        return FileRecorder(equipment.answer)
    return Microphone(equipment.microphone)


def _next(keyboard: Keyboard, out: Console, *, is_last: bool) -> str:
    """What a person at a terminal wants now; without one, simply the next question."""
    if not (out.is_terminal and sys.stdin.isatty()):
        return "next"
    ahead = "end" if is_last else "next question"
    out.print(Text(f" Enter  {ahead}   a  again   q  stop", style="dim"))
    match keyboard.ask():
        case "a":
            return "again"
        case "q" | None:
            return "stop"
        case _:
            return "next"
