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
ZEROS_LOST_S = 3.0
ZEROS_AT_FIRST_S = 10.0
"""Before any sound zeros may be a noise gate in front of somebody who thinks."""
GATE_S = 0.2
ZEROS_REMEDY = "check its cable, its mute switch and the system's microphone permission"
AWAY_S = 60.0
"""An answer waits so long for a microphone that was lost."""


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """When an answer ends; see `Endpoint`."""

    patience_s: float = PATIENCE_S
    maximum_s: float = MAXIMUM_S


@dataclass(frozen=True, slots=True)
class Level:
    """The state of listening after `at_s` of the answer; `level_db` is RMS, 0 at full scale.

    `ends_in_s` is the silence left until the answer is over, None until the soft stop. While the
    answer is `paused` nothing is recorded; nor while the microphone is `away`, where `ends_in_s`
    is how long the answer still waits for it.
    """

    at_s: float
    level_db: float
    speaking: bool
    ends_in_s: float | None = None
    warning: str | None = None
    paused: bool = False
    away: bool = False


class ZeroWatch:
    """Follows runs of exact zeros: no microphone that works is that quiet without a noise gate."""

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
            # Zeros that were long enough to be told were no gate, unless there was no voice yet.
            self.is_gated |= self.run_s >= GATE_S and (self.only_zeros or not self._warned)
            self.only_zeros = False
            self.break_off()
            samples = samples[sounding[-1] + 1 :]
        self._extend(len(samples))
        due = self.run_s >= ZEROS_WARN_S and not self._warned
        self._warned |= due
        return due

    @property
    def is_fault(self) -> bool:
        """Whether the zeros of now are no silence, as far as can be known."""
        return self.run_s >= GATE_S and not self.is_gated

    @property
    def is_loss(self) -> bool:
        """Whether they have lasted too long to wait for their end."""
        limit_s = ZEROS_AT_FIRST_S if self.only_zeros else ZEROS_LOST_S
        return self.run_s >= limit_s and not self.is_gated

    def break_off(self) -> None:
        """Begin a new run: what came since then is not known."""
        self.run_s, self._warned = 0.0, False

    def miss(self, seconds: float) -> None:
        """Add time in which the zeros went on while nobody listened."""
        self._extend(round(seconds * SAMPLE_RATE_HZ))

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

    Of a recorder that `can_be_lost` exact zeros are no silence.

    Entering creates the file and raises WorkspaceError where that fails. What was heard is on
    disk at any time, also when the caller stops iterating or is interrupted.
    All of it belongs to the thread that listens; what it gives out is frozen. `lost` says that
    the microphone has failed: the answer goes on where `wait` finds it back.
    """

    def __init__(
        self, path: Path, settings: ListenSettings, source: str, *, can_be_lost: bool = True
    ) -> None:
        self.path = path
        self.ending: Ending | None = None
        self.lost: MicrophoneLost | None = None
        self._away_s = 0.0
        self._source = source
        self._can_be_lost = can_be_lost
        self._known_moves = 0
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

    def was_removed(self) -> bool:
        """Whether the file was, and is written again, since the last call."""
        known, self._known_moves = self._known_moves, self._file.moves
        return self._known_moves > known

    def listen(self, blocks: Iterator[Samples], until: threading.Event) -> Iterator[Level]:
        """Record the blocks until the answer is over, as `ending` then says, or `until` is set.

        Yields a Level about every 0.1 s. The answer ends after a silence, at the maximum length
        or at the end of a file; a full disk ends it as INTERRUPTED. Returns where the microphone
        is lost, too. It may be called again, for an answer that goes on after a pause: with all
        its patience.
        """
        self._endpoint.be_patient_again()
        self._zeros.break_off()
        try:
            for block in blocks:
                pcm = to_pcm16(block)
                self._file.append(pcm)
                # What is judged is what is on disk, so that scoring it again finds the same.
                yield from self._hear(from_pcm16(pcm))
                if self.ending or self.lost or until.is_set():
                    return
            self.ending = Ending.END_OF_FILE
        except MicrophoneLost as lost:
            self._lose(lost)
        except WorkspaceError as error:
            self._interrupt(error)

    def hold(self, blocks: Iterator[Samples], until: threading.Event) -> Iterator[Level]:
        """Hear the blocks without recording them, until `until` is set: a pause.

        Yields levels as `listen` does, but `at_s` stands still. Returns where the microphone is
        lost. A file that cannot stay where it is ends the answer as INTERRUPTED.
        """
        meter = Meter()
        try:
            for block in blocks:
                if meter.hear(block):
                    self._file.stay_in_place()
                    yield Level(self.duration_s, meter.level_db(), speaking=False, paused=True)
                if until.is_set():
                    return
            self.end(Ending.END_OF_FILE)
        except MicrophoneLost as lost:
            self._lose(lost)
        except WorkspaceError as error:
            self._interrupt(error)

    def wait(self, blocks: Iterator[Samples], until: threading.Event) -> Iterator[Level]:
        """Hear the blocks, without recording them, until a microphone that was lost is back.

        That is so once they end: `lost` is None then. Returns also when `until` is set, and ends
        the answer after 60 s, or as `hold` does. Yields the first level at once, and one every
        0.1 s.
        """
        if not self._away_s:
            yield self._away_level(str(self.lost) if self._loss_is_mentioned else None)
        try:
            yield from self._while_away(blocks, until)
        except WorkspaceError as error:
            self._interrupt(error)

    def _while_away(self, blocks: Iterator[Samples], until: threading.Event) -> Iterator[Level]:
        meter = Meter()
        for block in blocks:
            self._away_s += len(block) / SAMPLE_RATE_HZ
            if self._away_s >= AWAY_S:
                self.end(Ending.MICROPHONE_LOST)
                return
            if meter.hear(block):
                self._file.stay_in_place()
                meter.level_db()
                yield self._away_level()
            if until.is_set():
                return
        self._find_again()

    def end(self, ending: Ending) -> None:
        """Say what ended the answer, where that was not heard; its file is in its place then."""
        self.ending = ending
        try:
            self._file.stay_in_place()
        except WorkspaceError as error:
            self._follow_file(error)

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
        is_due = self._can_be_lost and self._zeros.hear(samples)
        for time_s, probability in self._track.hear(samples):
            ending = self._endpoint.update(time_s, probability)
            if ending is not Ending.SILENCE or not self._zeros.is_fault:
                self.ending = self.ending or ending
        if is_due and self._zeros.is_fault:  # nobody knows whether there is speech
            self._endpoint.wait_for_a_word()
        if self._zeros.is_loss:
            self.lost = MicrophoneLost(f"{self._source!r}: delivers only zeros", ZEROS_REMEDY)
        warning = self._zero_warning(ZEROS_WARN_S) if is_due else None
        if self._meter.hear(samples) or warning:
            yield Level(
                at_s=self.duration_s,
                level_db=self._meter.level_db(),
                speaking=self._endpoint.speaking,
                ends_in_s=self._endpoint.ends_in_s,
                warning=warning,
            )

    def _interrupt(self, error: WorkspaceError) -> None:
        self.ending = Ending.INTERRUPTED
        self._follow_file(error)

    def _follow_file(self, error: WorkspaceError) -> None:
        """It may be at another path now, which the error says."""
        self.path = self._file.path
        self._warnings.append(str(error))

    def _lose(self, lost: MicrophoneLost) -> None:
        self.lost = lost
        self._warnings.append(str(lost))

    @property
    def _loss_is_mentioned(self) -> bool:
        """Unlike that of zeros, which were told before and are mentioned anyway."""
        return bool(self._warnings) and self._warnings[-1] == str(self.lost)

    def _find_again(self) -> None:
        """Go on: who has just come back from a microphone may think, as at the beginning."""
        self._endpoint.wait_for_a_word()
        if self.lost and self._loss_is_mentioned:
            self._warnings[-1] = (
                f"{self.lost.problem} for {self._away_s:.0f} s, {self.duration_s:.0f} s into the "
                "recording; what was said meanwhile is not in it"
            )
        else:
            self._zeros.miss(self._away_s)
        self.lost, self._away_s = None, 0.0

    def _away_level(self, warning: str | None = None) -> Level:
        return Level(
            self.duration_s,
            QUIETEST_DB,
            speaking=False,
            ends_in_s=AWAY_S - self._away_s,
            warning=warning,
            away=True,
        )

    def _zeros_worth_mentioning(self) -> Iterator[str]:
        # A microphone with a noise gate gives exact zeros whenever nobody speaks: where sound came
        # back after some, those that ended the answer are no fault, unless nothing was heard.
        gated_s = self._settings.patience_s if self._zeros.is_gated and self._endpoint.spoken else 0
        if self._zeros.longest_s >= gated_s + ZEROS_WARN_S:
            yield self._zero_warning(self._zeros.longest_s)

    def _zero_warning(self, zeros_s: float) -> str:
        return f"{self._source!r}: delivers only zeros for {zeros_s:.1f} s; {ZEROS_REMEDY}"


def decibels(samples: Samples) -> float:
    """RMS level relative to full scale; -96 dB for silence."""
    power = float(np.mean(np.square(samples))) if len(samples) else 0.0
    return max(QUIETEST_DB, 10 * math.log10(power)) if power else QUIETEST_DB
