from __future__ import annotations

import pytest

from sayback.model import Interval
from sayback.transcript.jobs import HANG_PER_S, HANG_S, Job, Jobs

SHORT, LONG = Job(Interval(1, 3), quick=True), Job(Interval(0, 28), quick=False)


def test_a_job_may_take_the_longer_the_more_is_said() -> None:
    assert SHORT.limit_s == HANG_S + HANG_PER_S * 2
    assert LONG.limit_s == HANG_S + HANG_PER_S * 28


def test_a_job_hangs_once_it_has_taken_longer_than_it_may() -> None:
    jobs = Jobs()
    assert not jobs.all_hang
    jobs.wait(100)
    jobs.begin(SHORT)
    jobs.begin(LONG)
    jobs.wait(SHORT.limit_s)
    assert jobs.hanging() is None
    jobs.wait(1)
    assert str(jobs.hanging()).startswith("the engine hangs: no words of 2 s of speech within 68 s")
    assert not jobs.all_hang
    jobs.wait(LONG.limit_s - SHORT.limit_s)
    assert jobs.all_hang
    jobs.end(SHORT)
    jobs.end(LONG)
    assert jobs.hanging() is None
    assert not jobs.all_hang


@pytest.mark.parametrize("job", [SHORT, LONG])
def test_failures_are_counted_by_job(job: Job) -> None:
    jobs = Jobs()
    for times in (1, 2):
        jobs.begin(job)
        assert jobs.fail(job) == times
        assert list(jobs) == []
    assert jobs.failures(job) == 2
    assert jobs.failures(Job(job.window, quick=not job.quick)) == 0


def test_windows_in_full_are_those_that_are_not_quick() -> None:
    jobs = Jobs()
    jobs.begin(SHORT)
    jobs.begin(LONG)
    assert jobs.in_full == {LONG.window}
