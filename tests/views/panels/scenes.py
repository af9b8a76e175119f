"""Values that the tests of the screen's panels share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sayback.capture.listen import Level
from sayback.events import Scored
from sayback.model import (
    Attempt,
    Coverage,
    Ending,
    KeyPoint,
    PointScore,
    Question,
    Recording,
    Scorecard,
    Status,
    Transcript,
)
from sayback.views.panels.scene import Phase, Scene, Turn

QUESTION = Question(
    "Compare the architectures.",
    "compare",
    ("Deep Learning", "Architectures"),
    (
        KeyPoint("U-Net: an encoder and a decoder"),
        KeyPoint("ViT: patches"),
        KeyPoint("Mask R-CNN: ROIAlign"),
        KeyPoint("EfficientNet: compound scaling"),
    ),
    90.0,
)
TURN = Turn(QUESTION, "3 of 5", "due: missed twice")
RECORDING = Recording(Path("a.wav"), 16_000, datetime.now(UTC), 60.0, (), Ending.SILENCE)


def scene(phase: Phase = Phase.LISTENING, **parts: object) -> Scene:
    return Scene(**({"turn": TURN, "phase": phase} | parts))  # type: ignore[arg-type]


def level(at_s: float, level_db: float = -30.0, speaking: bool = True, **parts: object) -> Level:
    return Level(at_s, level_db, speaking, **parts)  # type: ignore[arg-type]


def coverage(*statuses: Status) -> Coverage:
    points = zip(QUESTION.key_points, statuses, strict=True)
    return Coverage.of(tuple(PointScore(point.text, status, 0.5, None) for point, status in points))


def scored(*statuses: Status, final: bool = True) -> Scored:
    scorecard = Scorecard(QUESTION, Transcript("words"), coverage(*statuses), None, "v")
    return Scored(scorecard, (), final)


def attempt(number: int = 12) -> Attempt:
    return Attempt(number, RECORDING.started_at, QUESTION, RECORDING.path, RECORDING, None)
