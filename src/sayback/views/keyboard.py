"""Lines typed while something else is going on, without a terminal being required."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable

from sayback.remote import Remote, Wish


class Keyboard:
    """Reads standard input from its creation on; each line says that the person is done.

    Where standard input is closed or empty nothing is ever pressed.
    """

    def __init__(self) -> None:
        self.remote = Remote()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        # A daemon that reads the descriptor itself: it must not keep the program from ending.
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, say: Callable[[], None]) -> str | None:
        """The next line typed once `say` has begun to ask, stripped; None where none can come.

        What was typed before was not an answer to it. A line typed while it is being shown is.
        """
        while not self._lines.empty():
            if self._lines.get() is None:
                self._lines.put(None)
                break
        say()
        line = self._lines.get()
        if line is None:
            self._lines.put(None)
        return line

    def _read(self) -> None:
        rest = b""
        # At a terminal an empty read is Ctrl-D, and more may follow.
        while (chunk := _chunk()) or is_at_terminal():
            if not chunk:
                time.sleep(0.1)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._lines.put(line.decode(errors="replace").strip().lower())
                self.remote.press(Wish.DONE)
        self._lines.put(None)


def is_at_terminal() -> bool:
    """Whether a person types."""
    return sys.stdin is not None and sys.stdin.isatty()


def _chunk() -> bytes:
    try:
        return os.read(sys.stdin.fileno(), 4096)
    except (OSError, ValueError, AttributeError):  # closed, or not there at all
        return b""
