"""What is being transcribed right now, for how long, and how often it was tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sayback.errors import TranscriptionError
from sayback.model import Interval

HANG_S = 60.0
HANG_PER_S = 4.0
"""An engine that takes longer than 60 s plus four times the speech hangs. On two cores base takes
3 to 5 s for a window of 28 s and 1 to 3 s for a short one; ten times slower machines are in use."""


@dataclass(frozen=True, slots=True)
class Job:
    """A stretch of the recording to transcribe."""

    window: Interval
    quick: bool

    @property
    def limit_s(self) -> float:
        """It hangs if it takes longer."""
        return HANG_S + HANG_PER_S * self.window.duration_s

    def hangs(self) -> TranscriptionError:
        """What to say then."""
        return TranscriptionError(
            f"the engine hangs: no words of {self.window.duration_s:.0f} s of speech "
            f"within {self.limit_s:.0f} s",
            "try a smaller --model or another --engine",
        )


class Jobs:
    """The jobs under way. Time passes only while somebody says so.

    So none passes while the program is stopped.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._begun_s: dict[Job, float] = {}
        self._failures: Counter[Job] = Counter()

    def __iter__(self) -> Iterator[Job]:
        return iter(self._begun_s)

    @property
    def in_full(self) -> set[Interval]:
        """The windows that are being transcribed in full."""
        return {job.window for job in self if not job.quick}

    def begin(self, job: Job) -> None:
        self._begun_s[job] = self._now_s

    def end(self, job: Job) -> None:
        self._begun_s.pop(job, None)

    def fail(self, job: Job) -> int:
        """End a job that failed; how often it has failed by now."""
        self.end(job)
        self._failures[job] += 1
        return self._failures[job]

    def failures(self, job: Job) -> int:
        return self._failures[job]

    def wait(self, seconds: float) -> None:
        """So much time has passed."""
        self._now_s += seconds

    def hanging(self) -> TranscriptionError | None:
        """What to say of jobs that have taken too long, the oldest first; None without any."""
        job = next(filter(self._is_late, self), None)
        return job.hangs() if job else None

    @property
    def all_hang(self) -> bool:
        """Whether something is under way, and none of it may still end."""
        return bool(self._begun_s) and all(map(self._is_late, self))

    def _is_late(self, job: Job) -> bool:
        return self._now_s - self._begun_s[job] > job.limit_s
