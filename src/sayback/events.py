"""What a rehearsal tells whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sayback.capture.listen import Level
from sayback.live import Behind, Captions, Covering, Failing, Transcribing
from sayback.model import Attempt, Question, Recording, Scorecard


@dataclass(frozen=True, slots=True)
class Asking:
    """The question is about to be read aloud."""

    question: Question


@dataclass(frozen=True, slots=True)
class Warned:
    """Something went wrong that does not stop the rehearsal."""

    message: str


@dataclass(frozen=True, slots=True)
class Listening:
    """The microphone is live; the answer goes to `path`."""

    path: Path


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer is over and on disk; its transcription begins."""

    recording: Recording


@dataclass(frozen=True, slots=True)
class Scored:
    """The judgement, with the coverage of earlier attempts at this question, oldest first.

    One that is not `final` comes from a quick transcription; the final one follows.
    """

    scorecard: Scorecard
    earlier: tuple[float, ...]
    final: bool = True


@dataclass(frozen=True, slots=True)
class Saved:
    """The attempt is in the history."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class SetAside:
    """The answer was left, skipped or begun anew; None where nothing had been said or kept."""

    attempt_id: int | None


Event = (
    Asking
    | Warned
    | Listening
    | Level
    | Captions
    | Covering
    | Behind
    | Failing
    | Heard
    | Transcribing
    | Scored
    | Saved
    | SetAside
)
