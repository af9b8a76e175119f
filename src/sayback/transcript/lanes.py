"""The threads in which an engine works, and how the program ends while one does."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

EXIT_S = 10.0
"""Longest wait at the end of the interpreter for work that nobody needs any more."""

_started: list[threading.Thread] = []


def start_lanes(work: Callable[[], bool], count: int) -> None:
    """Start threads that work until there is nothing more to do, as `work` says by False.

    Daemons, as an engine cannot be interrupted.
    """

    def run() -> None:
        while work():
            pass

    _started[:] = filter(threading.Thread.is_alive, _started)
    for number in range(count):
        lane = threading.Thread(target=run, name=f"lane {number}", daemon=True)
        lane.start()
        _started.append(lane)


def leave(code: int) -> NoReturn:
    """End the program with an exit code, at once where an engine is at work or hangs."""
    if not any(map(threading.Thread.is_alive, _started)):
        sys.exit(code)
    atexit.unregister(_wait)
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):  # nobody listens any more
            stream.flush()
    # The interpreter's own end would wait for native threads that hang, and abort in others.
    os._exit(code)


@atexit.register
def _wait() -> None:
    """An engine that is at work when the interpreter goes away aborts the whole process."""
    until_s = time.monotonic() + EXIT_S
    for lane in _started:
        lane.join(max(0.0, until_s - time.monotonic()))
