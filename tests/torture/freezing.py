"""Stops the threads of another process, as if their work never ended; the first one goes on.

Linux only: a debugger's means (ptrace), which a system may refuse. Run as a program of its own, as
a debugger has to be told of the end of each thread before a process can be waited for.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_SEIZE, _INTERRUPT, _ALL_THREADS = 0x4206, 0x4207, 0x40000000
_IDLE_S = 5.0


@contextmanager
def frozen(process: int) -> Iterator[None]:
    """While the block runs, all threads of a process but the first stand still.

    Skips the test where that is not allowed.
    """
    command = [sys.executable, __file__, str(process)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as freezer:
        assert freezer.stdout is not None
        try:
            if (said := freezer.stdout.readline()) != "frozen\n":
                pytest.skip(f"ptrace: {said}")
            yield
        finally:
            freezer.kill()


def _freeze(process: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    tasks = (int(each.name) for each in Path(f"/proc/{process}/task").iterdir())
    for thread in (each for each in tasks if each != process):
        _wait_until_idle(process, thread)
        if libc.ptrace(_SEIZE, thread, 0, 0):
            print(os.strerror(ctypes.get_errno()), flush=True)
            return
        libc.ptrace(_INTERRUPT, thread, 0, 0)
    print("frozen", flush=True)
    with suppress(ChildProcessError):  # once all have ended
        while True:
            os.waitpid(-1, _ALL_THREADS)


def _wait_until_idle(process: int, thread: int) -> None:
    """A thread that computes might hold the interpreter, and all others would wait for it."""
    until_s = time.monotonic() + _IDLE_S
    while time.monotonic() < until_s:
        state = Path(f"/proc/{process}/task/{thread}/stat").read_text().rpartition(")")[2].split()
        if state[0] == "S":
            return
        time.sleep(0.001)


if __name__ == "__main__":
    _freeze(int(sys.argv[1]))
