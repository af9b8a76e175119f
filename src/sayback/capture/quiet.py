"""C libraries kept quiet: they comment on every odd MP3 and on each device that is missing."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock


class _Quiet:
    """How many want quiet now, in whatever threads; one that hangs keeps no other waiting."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._usual: int | None = None

    def begin(self) -> None:
        with self._lock:
            self._count += 1
            if self._count == 1:
                stream = _c_stderr()
                self._usual, stream.value = stream.value, _nowhere()

    def end(self) -> None:
        with self._lock:
            self._count -= 1
            if not self._count:
                _c_stderr().value = self._usual


_quiet = _Quiet()


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """C code of this process says nothing meanwhile, such as libmpg123, ALSA and PortAudio.

    Only the C library's own stream is exchanged, so that what Python, or the screen, writes to
    standard error still arrives.
    """
    _quiet.begin()
    try:
        yield
    finally:
        _quiet.end()


def _c_stderr() -> ctypes.c_void_p:
    """The C library's `FILE *stderr`."""
    name = "__stderrp" if sys.platform == "darwin" else "stderr"
    return ctypes.c_void_p.in_dll(ctypes.CDLL(None), name)


@lru_cache(maxsize=1)
def _nowhere() -> int:
    """A `FILE *` that takes everything and keeps nothing."""
    opened = ctypes.CDLL(None).fopen
    opened.restype = ctypes.c_void_p
    return int(opened(os.devnull.encode(), b"w"))
