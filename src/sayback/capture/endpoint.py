"""When an answer is over. Pure: times and probabilities in, an Ending out."""

from __future__ import annotations

from sayback.capture.speech_detector import MINIMUM_SPEECH_S, Gate
from sayback.model import MAXIMUM_S, PATIENCE_S, Ending


class Endpoint:
    """Follows one answer; silence counts only after the first word."""

    def __init__(self, *, patience_s: float = PATIENCE_S, maximum_s: float = MAXIMUM_S) -> None:
        self._patience_s = patience_s
        self._maximum_s = maximum_s
        self._gate = Gate()
        self._run_start_s: float | None = None
        self._speech_end_s: float | None = None
        self._now_s = 0.0

    @property
    def speaking(self) -> bool:
        return self._gate.speaking

    @property
    def spoken(self) -> bool:
        """Whether a word was heard since the beginning."""
        return self._speech_end_s is not None

    def update(self, time_s: float, probability: float) -> Ending | None:
        """The ending, once there is one, at the end `time_s` of the block of this probability."""
        block_start_s, self._now_s = self._now_s, time_s
        if self._gate.update(probability):
            self._follow_run(block_start_s)
        else:
            self._run_start_s = None
        return self._ending()

    def _follow_run(self, block_start_s: float) -> None:
        if self._run_start_s is None:
            self._run_start_s = block_start_s
        # A run too short to be a word may be a click: it holds the end off while it lasts,
        # but once it is over the silence before it goes on counting.
        if self._now_s - self._run_start_s >= MINIMUM_SPEECH_S:
            self._speech_end_s = self._now_s

    @property
    def ends_in_s(self) -> float | None:
        """Silence that is left until the answer is over; None before and during speech."""
        if self.speaking or self._speech_end_s is None:
            return None
        return max(0.0, self._speech_end_s + self._patience_s - self._now_s)

    def _ending(self) -> Ending | None:
        if self.ends_in_s == 0:
            return Ending.SILENCE
        return Ending.MAXIMUM_LENGTH if self._now_s >= self._maximum_s else None
