"""A history for the tests of the pages: real stores, real sound, and texts made to break them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import soundfile

from sayback.history.store import Store
from sayback.model import (
    SAMPLE_RATE_HZ,
    Coverage,
    Ending,
    Evidence,
    Fillers,
    Interval,
    KeyPoint,
    Pace,
    Pauses,
    PointScore,
    Question,
    Recording,
    Scorecard,
    Status,
    Transcript,
    Word,
)

NOW = datetime(2026, 3, 20, 12).astimezone(UTC)  # noon here
DURATION_S = 8.0
SPEECH = (Interval(0.5, 3.0), Interval(4.5, 7.5))
PACE = Pace(7.5, 0.5, 5.5, 120.0, 150.0, 4.0, Pauses(1, 1.5, 1.5, 1.5), Fillers(1, {"um": 1}), None)
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\"'><svg onload=alert(3)>{{ 7 * 7 }}{% raw %}&amp;</title><base href=//evil>",
    "\u202eمرحبا بالعالم הרשת",
    "👩‍👩‍👧‍👦🏳️‍🌈🤖",
    "x" * 10_000,
    "one\u2028two\x07three",
)


def question(text: str, *points: str, identifier: str = "q") -> Question:
    return Question(text, identifier, ("Deep Learning",), tuple(map(KeyPoint, points)), 60.0)


def words(*texts: str) -> tuple[Word, ...]:
    """A word a second, each half a second long."""
    return tuple(Word(text, at + 0.25, at + 0.75, 0.9) for at, text in enumerate(texts))


def point(text: str, status: Status, start_s: float | None = None) -> PointScore:
    evidence = None if start_s is None else Evidence(f"said {text}", start_s, start_s + 1.75)
    return PointScore(text, status, float(status is Status.COVERED), evidence, (text,))


def answer(
    store: Store,
    asked: Question,
    *points: PointScore,
    days_ago: float = 1,
    speaking_s: float = PACE.speaking_s,
) -> int:
    """An answer in the history with a tone for sound; not judged without points."""
    asked_at = NOW - timedelta(days=days_ago)
    audio = store.path.parent / f"{asked.id}-{days_ago}.wav"
    write_tone(audio)
    number = store.begin(asked, audio, asked_at)
    store.heard(
        number, Recording(audio, SAMPLE_RATE_HZ, asked_at, DURATION_S, SPEECH, Ending.SILENCE)
    )
    said = words("The", "encoder,", "um,", "shrinks", "the", "image")
    coverage = (
        Coverage(sum(each.score for each in points) / len(points), points) if points else None
    )
    text = " ".join(word.text for word in said)
    pace = replace(PACE, speaking_s=speaking_s)
    card = Scorecard(asked, Transcript(text, said, "whisper", "base"), coverage, pace, "2")
    store.scored(number, card)
    return number


def write_tone(path: Path) -> None:
    """Half a second of silence, then a tone that grows to full level."""
    times = np.arange(int(DURATION_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    level = np.clip((times - 0.5) / (DURATION_S - 0.5), 0, 1)
    soundfile.write(path, (level * np.sin(2 * np.pi * 220 * times)).astype("float32"), 16_000)
