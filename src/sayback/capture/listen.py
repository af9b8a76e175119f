"""Recording an answer: every block to disk, until the answer is over."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import numpy as np

from sayback.capture.endpoint import Endpoint
from sayback.capture.recorder import Samples
from sayback.capture.speech_detector import SpeechTrack
from sayback.capture.wave_file import WaveFile, from_pcm16, to_pcm16
from sayback.errors import MicrophoneLost, WorkspaceError
from sayback.model import MAXIMUM_S, PATIENCE_S, SAMPLE_RATE_HZ, Ending, Interval, Recording

LEVEL_EVERY_S = 0.1
QUIETEST_DB = -96.0
"""Level of an exact silence: 16 bits reach no lower."""

ZEROS_WARN_S = 1.5
ZEROS_LOST_S = 10.0
GATE_S = 0.2


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """When an answer ends; see `Endpoint`."""

    patience_s: float = PATIENCE_S
    maximum_s: float = MAXIMUM_S


@dataclass(frozen=True, slots=True)
class Level:
    """The state of listening after `at_s` of the answer; `level_db` is RMS, 0 at full scale.

    `ends_in_s` is the silence left until the answer is over, None until the soft stop. While the
    answer is `paused` nothing is recorded.
    """

    at_s: float
    level_db: float
    speaking: bool
    ends_in_s: float | None = None
    warning: str | None = None
    paused: bool = False


class ZeroWatch:
    """Follows runs of exact zeros: no microphone that works is that quiet."""

    def __init__(self) -> None:
        self.run_s = 0.0
        self.longest_s = 0.0
        self.only_zeros = True
        self.is_gated = False
        self._warned = False

    def hear(self, samples: Samples) -> bool:
        """Take the next samples; True once for each run that reaches 1.5 s."""
        sounding = np.flatnonzero(samples)
        if len(sounding):
            self._extend(int(sounding[0]))
            self.is_gated |= self.run_s >= GATE_S
            self.only_zeros = False
            self.break_off()
            samples = samples[sounding[-1] + 1 :]
        self._extend(len(samples))
        due = self.run_s >= ZEROS_WARN_S and not self._warned
        self._warned |= due
        return due

    def break_off(self) -> None:
        """Begin a new run: what came since then is not known."""
        self.run_s, self._warned = 0.0, False

    def _extend(self, count: int) -> None:
        self.run_s += count / SAMPLE_RATE_HZ
        self.longest_s = max(self.longest_s, self.run_s)


class Meter:
    """Measures the level about every 0.1 s."""

    def __init__(self) -> None:
        self._unmetered: list[Samples] = []

    def hear(self, samples: Samples) -> bool:
        """Take the next samples; True when a level is due."""
        self._unmetered.append(samples)
        return sum(map(len, self._unmetered)) >= LEVEL_EVERY_S * SAMPLE_RATE_HZ

    def level_db(self) -> float:
        """Of all since the last call."""
        level_db = decibels(np.concatenate(self._unmetered))
        self._unmetered.clear()
        return level_db


class Take:
    """One answer while it is recorded into a new WAV file at `path`; `source` names its recorder.

    Entering creates the file and raises WorkspaceError where that fails. What was heard is on
    disk at any time, also when the caller stops iterating or is interrupted.
    All of it belongs to the thread that listens; what it gives out is frozen.
    """

    def __init__(self, path: Path, settings: ListenSettings, source: str) -> None:
        self.path = path
        self.ending: Ending | None = None
        self._source = source
        self._settings = settings
        self._started_at = datetime.now(UTC)
        self._track = SpeechTrack()
        self._endpoint = Endpoint(patience_s=settings.patience_s, maximum_s=settings.maximum_s)
        self._zeros = ZeroWatch()
        self._meter = Meter()
        self._warnings: list[str] = []

    def __enter__(self) -> Self:
        self._file = WaveFile(self.path)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.__exit__()

    @property
    def duration_s(self) -> float:
        return self._track.duration_s

    @property
    def speech(self) -> tuple[Interval, ...]:
        """Where somebody spoke so far; see `SpeechTrack.speech`."""
        return self._track.speech

    def listen(self, blocks: Iterator[Samples], until: threading.Event) -> Iterator[Level]:
        """Record the blocks until the answer is over, as `ending` then says, or `until` is set.

        Yields a Level about every 0.1 s. The answer ends after a silence, at the maximum length,
        at the end of a file, or when the microphone is lost; a full disk ends it as INTERRUPTED.
        It may be called again, for an answer that goes on after a pause: with all its patience.
        """
        self._endpoint.be_patient_again()
        self._zeros.break_off()
        try:
            for block in blocks:
                pcm = to_pcm16(block)
                self._file.append(pcm)
                # What is judged is what is on disk, so that scoring it again finds the same.
                yield from self._hear(from_pcm16(pcm))
                if self.ending or until.is_set():
                    return
            self.ending = Ending.END_OF_FILE
        except MicrophoneLost as lost:
            self._end_early(Ending.MICROPHONE_LOST, str(lost))
        except WorkspaceError as full:
            self._end_early(Ending.INTERRUPTED, str(full))

    def hold(self, blocks: Iterator[Samples], until: threading.Event) -> Iterator[Level]:
        """Hear the blocks without recording them, until `until` is set: a pause.

        Yields levels as `listen` does, but `at_s` stands still. A microphone that is lost ends
        the answer here too.
        """
        meter = Meter()
        try:
            for block in blocks:
                if meter.hear(block):
                    yield Level(self.duration_s, meter.level_db(), speaking=False, paused=True)
                if until.is_set():
                    return
            self.ending = Ending.END_OF_FILE
        except MicrophoneLost as lost:
            self._end_early(Ending.MICROPHONE_LOST, str(lost))

    def end(self, ending: Ending) -> None:
        """Say what ended the answer, where that was not heard."""
        self.ending = ending

    def recording(self) -> Recording:
        """The answer as it is on disk; nothing can be added to it any more."""
        return Recording(
            path=self.path,
            rate_hz=SAMPLE_RATE_HZ,
            started_at=self._started_at,
            duration_s=self.duration_s,
            speech=self._track.finish(),
            ending=self.ending or Ending.INTERRUPTED,
            warnings=(*self._warnings, *self._zeros_worth_mentioning()),
        )

    def _hear(self, samples: Samples) -> Iterator[Level]:
        """Take a block; yields a Level when one is due, or at once when it carries a warning."""
        for time_s, probability in self._track.hear(samples):
            self.ending = self.ending or self._endpoint.update(time_s, probability)
        warning = self._zero_warning(ZEROS_WARN_S) if self._zeros.hear(samples) else None
        if self._zeros.only_zeros and self._zeros.run_s >= ZEROS_LOST_S:
            self.ending = Ending.MICROPHONE_LOST
        if self._meter.hear(samples) or warning:
            yield Level(
                at_s=self.duration_s,
                level_db=self._meter.level_db(),
                speaking=self._endpoint.speaking,
                ends_in_s=self._endpoint.ends_in_s,
                warning=warning,
            )

    def _end_early(self, ending: Ending, warning: str) -> None:
        self.ending = ending
        self._warnings.append(warning)

    def _zeros_worth_mentioning(self) -> Iterator[str]:
        # A microphone with a noise gate gives exact zeros whenever nobody speaks: where sound came
        # back after some, those that ended the answer are no fault, unless nothing was heard.
        gated_s = self._settings.patience_s if self._zeros.is_gated and self._endpoint.spoken else 0
        if self._zeros.longest_s >= gated_s + ZEROS_WARN_S:
            yield self._zero_warning(self._zeros.longest_s)

    def _zero_warning(self, zeros_s: float) -> str:
        return (
            f"{self._source!r}: delivers only zeros for {zeros_s:.1f} s; "
            "check its cable, its mute switch and the system's microphone permission"
        )


def decibels(samples: Samples) -> float:
    """RMS level relative to full scale; -96 dB for silence."""
    power = float(np.mean(np.square(samples))) if len(samples) else 0.0
    return max(QUIETEST_DB, 10 * math.log10(power)) if power else QUIETEST_DB
