"""`sayback practice --answer` in a process of its own, and when it said what."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from tests.torture.rehearsal import QUESTION

LIMIT_S = 120.0

Pcm = npt.NDArray[np.int16]


class Practice:
    """`sayback practice` in a process; when each of its lines came, by the monotonic clock."""

    def __init__(self, workspace: Path, answer: Path) -> None:
        self.lines: list[tuple[float, str]] = []
        self.err = ""
        self._is_over = False
        self._changed = threading.Condition()
        self._command = [
            sys.executable, "-m", "sayback", "practice", "--plain", "--question", QUESTION,
            "--model", "tiny.en",
            "--answer", str(answer), "--workspace", str(workspace),
        ]  # fmt: skip

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "1000"},
        )  # fmt: skip
        self._readers = [threading.Thread(target=each) for each in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(LIMIT_S)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def listening(self) -> float:
        """When it began to listen."""
        self.wait_for("Listening")
        at = self.said_s("Listening")
        assert at is not None, self.lines
        return at

    def wait_for(self, *parts: str) -> None:
        """Until a line with one of these has come, or no more lines will."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: self._is_over or self.said_s(*parts) is not None, LIMIT_S
            ), self.lines

    def finish(self) -> int:
        code = self._process.wait(LIMIT_S)
        for reader in self._readers:
            reader.join(LIMIT_S)
        return code

    def said_s(self, *parts: str) -> float | None:
        """When a line with one of these came first; None where none did."""
        found = (at for at, line in self.lines if any(part in line for part in parts))
        return next(found, None)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self.lines.append((time.monotonic(), line))
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self.err = self._process.stderr.read()


def samples(path: Path) -> Pcm:
    """Those that a recording holds by its header, which is right."""
    with wave.open(str(path)) as file:
        count = file.getnframes()
        return np.frombuffer(file.readframes(count), "<i2").astype(np.int16)
