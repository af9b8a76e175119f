from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from sayback.transcript.lanes import start_lanes

PROGRAM = """
import atexit, sys, threading
from sayback.transcript.lanes import leave, start_lanes

atexit.register(print, "told")
begun = threading.Event()

def work():
    begun.set()
    return {work}

start_lanes(work, 1)
begun.wait()
leave(7)
"""


@pytest.mark.parametrize("work", ["threading.Event().wait()", "False"], ids=["hangs", "done"])
def test_the_program_ends_at_once_with_its_code_and_what_is_to_be_done_at_its_end(
    work: str,
) -> None:
    begun_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(work=work)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "told\n", "")
    assert time.monotonic() - begun_s < 9


def test_as_many_lanes_work_until_there_is_nothing_more_to_do() -> None:
    left, names = [1] * 5, set()
    both = threading.Barrier(2, timeout=60)

    def work() -> bool:
        names.add(threading.current_thread().name)
        if len(left) == 5:
            both.wait()
        try:
            left.pop()
        except IndexError:
            return False
        return True

    start_lanes(work, 2)
    until_s = time.monotonic() + 60
    while left and time.monotonic() < until_s:
        time.sleep(0.01)
    assert left == []
    assert names == {"lane 0", "lane 1"}
