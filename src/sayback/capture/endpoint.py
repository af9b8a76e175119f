"""When an answer is over. Pure: times and probabilities in, an Ending out."""

from __future__ import annotations

from sayback.capture.speech_detector import MINIMUM_SPEECH_S, Gate
from sayback.model import MAXIMUM_S, PATIENCE_S, SOFT_STOP_S, Ending

_SOFT_SHARE = 0.6
"""Share of a short patience that passes before the countdown, so that there is one to see."""


class Endpoint:
    """Follows one answer; silence counts only after a word.

    It stops softly: after 1.5 s of silence (or 60 % of a patience under 2.5 s) it says how soon
    the answer is over, and any word before that makes it go on.
    """

    def __init__(self, *, patience_s: float = PATIENCE_S, maximum_s: float = MAXIMUM_S) -> None:
        self._patience_s = patience_s
        self._soft_stop_s = min(SOFT_STOP_S, _SOFT_SHARE * patience_s)
        self._maximum_s = maximum_s
        self._gate = Gate()
        self._run_start_s: float | None = None
        self._speech_end_s: float | None = None
        self._now_s = 0.0
        self.spoken = False
        """Whether a word was heard since the beginning."""

    @property
    def speaking(self) -> bool:
        return self._gate.speaking

    @property
    def ends_in_s(self) -> float | None:
        """Silence that is left until the answer is over; None until the soft stop."""
        silence_s = self._silence_s
        if silence_s is None or silence_s < self._soft_stop_s:
            return None
        return max(0.0, self._patience_s - silence_s)

    def be_patient_again(self) -> None:
        """Count silence from now on: nobody can have spoken while the recording was held."""
        if self._speech_end_s is not None:
            self._speech_end_s = self._now_s

    def wait_for_a_word(self) -> None:
        """Count no silence before the next word, as before the first one.

        A word that was being said now is over: the sound broke off in it.
        """
        self._gate = Gate()
        self._run_start_s = self._speech_end_s = None

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
            self.spoken = True

    @property
    def _silence_s(self) -> float | None:
        """Since the last word; None before and during speech."""
        if self.speaking or self._speech_end_s is None:
            return None
        return self._now_s - self._speech_end_s

    def _ending(self) -> Ending | None:
        if self.ends_in_s == 0:
            return Ending.SILENCE
        return Ending.MAXIMUM_LENGTH if self._now_s >= self._maximum_s else None
