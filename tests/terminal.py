"""A command in a terminal of its own, as a person has it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

LIMIT_S = 120.0
_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|[@-Z\\-_=>])")


class Terminal:
    """What the command has shown so far, drawn over or not, and a keyboard."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self._descriptor = descriptor
        self._output = b""
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def text(self) -> str:
        """Without escape sequences, one blank between words."""
        plain = _ESCAPES.sub(" ", self._output.decode(errors="replace"))
        return " ".join(plain.split())

    @property
    def is_raw(self) -> bool:
        """Whether keys go to the command one by one, unseen."""
        return not termios.tcgetattr(self._descriptor)[3] & termios.ECHO

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def wait_for(self, words: str, *, times: int = 1) -> None:
        """Return once that has been shown, so many times."""
        end_s = time.monotonic() + LIMIT_S
        while self.text.count(words) < times:
            assert time.monotonic() < end_s, self.text
            time.sleep(0.05)

    def _read(self) -> None:
        while chunk := self._chunk():
            self._output += chunk

    def _chunk(self) -> bytes:
        try:
            return os.read(self._descriptor, 65536)
        except OSError:  # the command has ended
            return b""


@contextmanager
def in_a_terminal(
    command: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Iterator[Terminal]:
    """The command in 24 lines of 80 columns, killed at the end."""
    ours, theirs = pty.openpty()
    size = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**environment, **size}, cwd=folder
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
    os.close(ours)
