"""`practice` and `demo`: what is asked; on stage it is heard, judged and shown.

Nothing here takes long to import: the first question is chosen, and its rendering begun, before
anything that does.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import click

from sayback.bank.find import find
from sayback.bank.parse import Bank, read
from sayback.capture.claim import is_free
from sayback.errors import Interrupted, NoMicrophone, NoSuchAttempt, NoSuchQuestion
from sayback.history.interview import days_left, interview
from sayback.history.memory import memories
from sayback.history.schedule import QUESTIONS_PER_SESSION, Choice, Today, choose, next_due
from sayback.history.store import Store
from sayback.model import Attempt, Question
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker
from sayback.workspace import find_workspace, shipped_questions

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """How a rehearsal is shown, as the command line gave it.

    `exam` keeps the key points hidden until the answer is over; `speak_result` reads it aloud;
    with `mute` the question is only shown. `remarks` are what to say before the first question.
    """

    plain: bool = False
    as_json: bool = False
    exam: bool = False
    speak_result: bool = False
    mute: bool = False
    remarks: tuple[str, ...] = ()


def practise(
    equipment: Equipment,
    *,
    question: str | None = None,
    topic: str | None = None,
    count: int | None = None,
    bank: Path | None = None,
    only_due: bool = False,
    show: Show = Show(),
) -> None:
    """Ask one question after another, with `only_due` none that can wait. Raises SaybackError."""
    space = find_workspace(equipment.workspace)
    whole = read(bank or space.questions)
    found = whole.questions
    with Store(space.recordings) as store:
        if question is not None:
            questions = [find(found, question)]
            asked = [Choice(questions[0], "")] * (count or 1)
        else:
            questions = _under(topic, found)
            default = 1 if equipment.answer else QUESTIONS_PER_SESSION
            asked = _chosen(questions, store, count or default, only_due)
        speaker = Pyttsx3Speaker()
        if asked:
            speaker.begin(asked[0].question.text)
        from sayback.views import plain, stage  # takes some tenths of a second, as rendering does

        out = plain.console(stderr=show.as_json)
        left = _left(store)
        if not asked:
            plain.remark(_nothing_due(questions, store), out)
            if left:
                plain.remark(f"{_attempts(left)} not scored: `sayback rescore` does it", out)
            return
        show = replace(show, remarks=_remarks(whole, bank or space.questions, left))
        try:
            stations = stage.stations(equipment, space, store, speaker)
            stage.check_engine(equipment, stations, out)
            stage.rehearse_all(asked, stations, show, out, bank or space.questions)
        except KeyboardInterrupt:
            begun = store.latest
            if begun in store.unfinished():
                raise Interrupted(
                    "interrupted", f"your answer is kept, score it with `sayback rescore {begun}`"
                ) from None
            attempt = None if begun is None else _kept(store, begun)
            if attempt is None:  # stopped before an answer was begun
                raise
            command = "show" if attempt.scorecard else "rescore"
            raise Interrupted(
                "interrupted", f"attempt {begun} is kept: `sayback {command} {begun}`"
            ) from None
        if left:
            stage.finish(left, equipment, stations, out, bank or space.questions)


def _kept(store: Store, attempt_id: int) -> Attempt | None:
    try:
        return store.attempt(attempt_id)
    except NoSuchAttempt:
        return None


def _remarks(bank: Bank, path: Path, left: tuple[int, ...]) -> tuple[str, ...]:
    """What to know before the first question."""
    count = len(bank.problems)
    problems = "1 problem" if count == 1 else f"{count} problems"
    cut_off = f"{_attempts(left)} cut off: will be scored when you are done" if left else ""
    unread = f"{problems} in the bank: `sayback bank check {path}`" if count else ""
    return tuple(filter(None, (unread, cut_off)))


def _left(store: Store) -> tuple[int, ...]:
    """What was cut off before it was scored, and is not being given in another process now.

    Without its sound it can never be scored; the doctor names it.
    """
    sounds = {number: store.audio(number) for number in store.unfinished()}
    return tuple(number for number, file in sounds.items() if file.is_file() and is_free(file))


def _attempts(numbers: tuple[int, ...]) -> str:
    """The subject of a sentence: "attempts 3, 5 were"."""
    if len(numbers) == 1:
        return f"attempt {numbers[0]} was"
    return f"attempts {', '.join(map(str, numbers))} were"


def demonstrate(equipment: Equipment) -> None:
    """Rehearse one question with what the machine has, and say in a line what it lacks."""
    from sayback.voice.playback import output_names

    lacking = [
        name
        for name, devices in (("microphone", _microphones()), ("loudspeaker", output_names()))
        if not devices
    ]
    if lacking:
        click.echo(
            f"No {' and no '.join(lacking)} here: rehearsing with a recorded sample answer.\n"
        )
        equipment = replace(equipment, answer=Path(str(files("sayback"))) / SAMPLE_ANSWER)
    practise(
        equipment,
        question=DEMO_QUESTION,
        bank=shipped_questions() / DEMO_BANK,
        show=Show(mute="loudspeaker" in lacking),
    )
    command = "sayback" if shutil.which("sayback") else os.path.relpath(sys.argv[0])
    click.echo(f"\n Your turn: {_your_turn(command, has_microphone='microphone' not in lacking)}")


def _your_turn(command: str, *, has_microphone: bool) -> str:
    if has_microphone:
        return f"`{command}` asks you five questions."
    return f"`{command} practice --answer FILE` hears an answer that you recorded elsewhere."


def _microphones() -> tuple[str, ...]:
    from sayback.capture.microphone import input_names

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


def _chosen(questions: list[Question], store: Store, count: int, only_due: bool) -> list[Choice]:
    """What the schedule says."""
    now = datetime.now(UTC)
    today = Today(now, days_left(interview(store), now))
    return list(choose(questions, memories(store, now), today, count, only_due=only_due))


def _nothing_due(questions: list[Question], store: Store) -> str:
    """Says until when that is so."""
    now = datetime.now(UTC)
    until = _until(next_due(questions, memories(store, now)), now)
    return f"Nothing is due{until}: `sayback practice` asks the least covered."


def _until(due: datetime | None, now: datetime) -> str:
    if due is None or due <= now:
        return ""
    here = due.astimezone()
    is_today = here.date() == now.astimezone().date()
    return f" until {here:%H:%M}" if is_today else f" until {here:%A}, {here.day} {here:%B}"
