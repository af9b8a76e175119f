"""A history as some months of rehearsing leave it."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import soundfile
from tests.kept_answers import SAMPLE, keep_sample_answer

from sayback.bank.parse import read
from sayback.history.store import Store
from sayback.model import Attempt, Coverage, PointScore, Question, Scorecard, Status
from sayback.workspace import Workspace, shipped_questions


def months(folder: Path, answers: int, chance: random.Random) -> Workspace:
    """A workspace with so many answers to the shipped questions, one every five hours.

    Each has the sound (31 s) and the words of the sample answer, and judgements by chance.
    """
    space = Workspace(folder)
    shutil.copytree(shipped_questions(), space.questions)
    first = keep_sample_answer(folder)
    sound = space.recordings / "sound.wav"
    soundfile.write(sound, *soundfile.read(SAMPLE, dtype="int16"), subtype="PCM_16")
    sound.chmod(0o600)
    questions = read(space.questions).questions
    with Store(space.recordings) as store:
        store.rows("PRAGMA synchronous = OFF")  # only here: making it is not what is tested
        for number in range(1, answers):
            question = questions[number % len(questions)]
            at = datetime.now(UTC) - timedelta(hours=5) * (answers - number)
            audio = space.recordings / f"{number}.wav"
            os.link(sound, audio)
            _answer(store, first, question, audio, at, chance)
    return space


def _answer(
    store: Store,
    like: Attempt,
    question: Question,
    audio: Path,
    at: datetime,
    chance: random.Random,
) -> None:
    assert like.scorecard
    assert like.recording
    number = store.begin(question, audio, at)
    store.heard(number, replace(like.recording, path=audio, started_at=at))
    store.scored(number, _judged(like.scorecard, question, chance))


def _judged(card: Scorecard, question: Question, chance: random.Random) -> Scorecard:
    assert card.coverage
    seen = [point.evidence for point in card.coverage.points]
    points = tuple(
        PointScore(point.text, chance.choice(list(Status)), 0.5, chance.choice(seen))
        for point in question.key_points
    )
    coverage = Coverage.of(points) if points else None
    return replace(card, question=question, coverage=coverage)
