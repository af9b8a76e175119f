"""The frozen values that travel from station to station. Times are seconds, scores 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

SAMPLE_RATE_HZ = 16_000
"""Rate of all audio inside sayback: what Whisper and the speech detector expect."""
SAMPLE_BYTES = 2
"""Of a sample in a recording, a number of 16 bits."""
WAVE_HEADER_BYTES = 44
"""Of a recording, before its first sample."""

PATIENCE_S = 4.0
"""Silence that ends an answer. People think for longer than 2 s: with a patience of 2.5 s none of
ten pauses of 2 s ended an answer, but every pause of 3 s did. Four seconds leave room for those,
and waiting for the end costs nothing: Enter ends an answer at once."""

SOFT_STOP_S = 1.5
"""Silence after which an answer may be over: from here on the rest of the patience is counted down,
and speech goes on with the same answer. Pauses within a sentence are shorter."""

MAXIMUM_S = 300.0
"""Length that ends an answer in a room where others go on talking."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time, in seconds from the start of the recording."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One thing a good answer says, as plain text without markup.

    `terms` must be said (bold in the bank); `facts` are the list items below the point.
    """

    text: str
    terms: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a bank, `topic` being the headings above it, outermost first."""

    text: str
    id: str
    topic: tuple[str, ...] = ()
    key_points: tuple[KeyPoint, ...] = ()
    target_s: float | None = None


class Ending(StrEnum):
    """What ended an answer."""

    KEY = "key"
    SILENCE = "silence"
    MAXIMUM_LENGTH = "maximum length"
    END_OF_FILE = "end of file"
    MICROPHONE_LOST = "microphone lost"
    INTERRUPTED = "interrupted"
    SET_ASIDE = "set aside"
    """Skipped, started over or left: kept, but not meant as an answer."""


@dataclass(frozen=True, slots=True)
class Recording:
    """An answer on disk: 16-bit mono audio at `rate_hz`, and where speech was detected in it."""

    path: Path
    rate_hz: int
    started_at: datetime
    duration_s: float
    speech: tuple[Interval, ...]
    ending: Ending
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """A recognised word with its time and the engine's probability for it.

    `heard` is what the engine wrote where a person corrected it; a word that was not said at all
    then has an empty `text`.
    """

    text: str
    start_s: float
    end_s: float
    probability: float
    heard: str | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said. `words` and the engine's names are None for a text that was not heard."""

    text: str
    words: tuple[Word, ...] | None = None
    engine: str | None = None
    model: str | None = None
    language: str = "en"


class Status(StrEnum):
    """How far a key point was said."""

    COVERED = "covered"
    PARTIAL = "partial"
    MISSED = "missed"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The stretch of the transcript that supports a key point; times are None for text."""

    text: str
    start_s: float | None
    end_s: float | None


@dataclass(frozen=True, slots=True)
class PointScore:
    """The judgement on one key point, and which of its facts were not said.

    `judged` is the status that the scorer gave where a person decided otherwise.
    """

    text: str
    status: Status
    score: float
    evidence: Evidence | None
    missing: tuple[str, ...] = ()
    judged: Status | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the key points was said: see `of`."""

    score: float
    points: tuple[PointScore, ...]

    @classmethod
    def of(cls, points: tuple[PointScore, ...]) -> Coverage:
        """A point that is covered counts 1, one that was said in part a half, any other nothing.

        So a person can check it by counting; how sure the scorer is stands in each point's score.
        """
        credit = {Status.COVERED: 1.0, Status.PARTIAL: 0.5}
        return cls(sum(credit.get(point.status, 0.0) for point in points) / len(points), points)


@dataclass(frozen=True, slots=True)
class Pauses:
    """Silences inside the answer; see `scoring.pace` for the definition."""

    count: int
    median_s: float
    longest_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class Fillers:
    """Filler words that Whisper kept: a lower bound, because it leaves most of them out."""

    at_least: int
    by_word: dict[str, int]


@dataclass(frozen=True, slots=True)
class Pace:
    """Measures of delivery; every definition with its source is in `scoring.pace`."""

    total_s: float
    response_latency_s: float
    speaking_s: float
    speech_rate_wpm: float
    articulation_rate_wpm: float
    articulation_rate_syllables_s: float
    pauses: Pauses
    fillers: Fillers
    on_target: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCorrection:
    """What a person says was said where the engine `heard` something else."""

    start_s: float
    heard: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCorrection:
    """A person's own word on whether a key point was said; None leaves it to the scorer again."""

    point: str
    said: bool | None


Correction = WordCorrection | PointCorrection


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The derived judgement on one answer. `coverage` and `pace` are None where not judged."""

    question: Question
    transcript: Transcript
    coverage: Coverage | None
    pace: Pace | None
    scorer_version: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer to one question: the question as asked, what was heard, and its newest score.

    `audio` is where its sound is. `recording` is None where it was interrupted while listening,
    `scorecard` where it was interrupted before it was scored.
    """

    id: int
    asked_at: datetime
    question: Question
    audio: Path
    recording: Recording | None
    scorecard: Scorecard | None

    @property
    def is_set_aside(self) -> bool:
        """Whether the person went on without wanting a judgement, and has none."""
        kept = self.recording is not None and self.recording.ending is Ending.SET_ASIDE
        return kept and self.scorecard is None
