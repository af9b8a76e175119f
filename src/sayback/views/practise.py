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
from sayback.errors import CaptureError, NoSuchQuestion, VoiceError
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


def demonstrate(equipment: Equipment, *, sample: bool) -> None:
    """Rehearse the question of the shipped sample answer; `sample`: with that answer."""
    if sample:
        sample_answer = Path(str(files("sayback"))) / SAMPLE_ANSWER
        equipment = replace(equipment, answer=sample_answer)
    practise(equipment, question=DEMO_QUESTION, bank=shipped_questions() / DEMO_BANK)


def can_rehearse_live() -> bool:
    """Whether there are a microphone and a loudspeaker."""
    try:
        return bool(input_names() and output_names())
    except (CaptureError, VoiceError):
        return False


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
            play=partial(play, device=equipment.speaker),
            transcriber=loader.submit(
                engines.load, equipment.engine, equipment.model, equipment.compute
            ),
            settings=ListenSettings(patience_s=equipment.patience, maximum_s=equipment.max_length),
        )
        waiting = list(reversed(asked))
        while waiting:
            question = waiting.pop()
            for scorecard in plain.show(rehearse(question, stations, keyboard.pressed), out):
                if as_json:
                    click.echo(json.dumps(to_json(scorecard), ensure_ascii=False))
            match _next(keyboard, out, left=len(waiting)):
                case "again":
                    waiting.append(question)
                case "stop":
                    return


def _recorder(equipment: Equipment) -> Recorder:
    if equipment.answer is not None:
        return FileRecorder(equipment.answer)
    return Microphone(equipment.microphone)


def _next(keyboard: Keyboard, out: Console, *, left: int) -> str:
    """What a person at a terminal wants now; without one, simply the next question."""
    if not (out.is_terminal and sys.stdin.isatty()):
        return "next"
    ahead = f"Enter  next of {left}" if left else "Enter  end"
    out.print(Text(f" {ahead}   a  again   q  stop", style="dim"))
    match keyboard.ask():
        case "a":
            return "again"
        case "q" | None:
            return "stop"
        case _:
            return "next"
