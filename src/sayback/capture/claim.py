"""Who works on an answer: a lock on its recording, which ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sayback.errors import AnswerInUse


def lock(descriptor: int) -> None:
    """Keep others out of an open file until it is closed. Raises BlockingIOError where one is in.

    On a file system that knows no locks nobody is kept out.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # this file system knows no locks
        return


@contextmanager
def claim(recording: Path) -> Iterator[None]:
    """Have an answer to oneself, to score or delete it.

    Raises AnswerInUse where it is still being given, or being scored by another process. A
    recording that is not there, or is no file, is nobody's.
    """
    descriptor = _opened(recording)
    if descriptor is None:  # who reads it says so
        yield
        return
    try:
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                lock(descriptor)
        except BlockingIOError:
            raise AnswerInUse(
                f"{recording.name}: still being given, or scored, by another sayback",
                "end it there, then try again",
            ) from None
        yield
    finally:
        os.close(descriptor)


def _opened(recording: Path) -> int | None:
    """A file that can be locked; None where it cannot be opened."""
    for access in (os.O_RDWR, os.O_RDONLY):  # NFS locks for one alone only what it may write
        with suppress(OSError):
            # A pipe would be waited for without end.
            return os.open(recording, access | os.O_NONBLOCK)
    return None


def is_free(recording: Path) -> bool:
    """Whether nobody records or scores an answer at this moment."""
    with suppress(AnswerInUse), claim(recording):
        return True
    return False
