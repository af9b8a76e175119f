"""`sayback` run with arguments, in this process or one of its own, and what it said."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sayback.views import cli

LIMIT_S = 120.0
AS_HEARD = ("--engine", "faster-whisper", "--model", "base")
"""By what heard `keep_sample_answer`: scoring it again needs no model."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that it said."""
        return self.out + self.err

    def told(self, *parts: str) -> str:
        """The one line of a command that failed, with one of these in it; checks that it is so."""
        assert self.code == 1, self
        assert "Traceback" not in self.text, self
        return one_line(self.err, *parts)

    def done(self) -> str:
        """What a command printed that could do its work; checks that it could."""
        assert self.code == 0, self
        return self.out


def one_line(said: str, *parts: str) -> str:
    """The one line that a person gets where something failed; checks that it is one."""
    lines = said.splitlines()
    assert len(lines) == 1, said
    assert lines[0].startswith("sayback: "), said
    assert "sqlite" not in said.lower()
    assert not parts or any(part in lines[0] for part in parts), said
    return lines[0]


def in_process(*arguments: object, stdin: bytes = b"") -> Finished:
    """A command as `sayback` runs it, without the second that a process takes to start."""
    streams = [
        io.TextIOWrapper(io.BytesIO(each), "utf-8", "backslashreplace")
        for each in (stdin, b"", b"")
    ]
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr
    sys.argv = ["sayback", *map(str, arguments)]
    sys.stdin, sys.stdout, sys.stderr = streams
    try:
        code = cli._run()
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before
    return Finished(code, *map(_written, streams[1:]))


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.detach()
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def as_process(
    *arguments: object, stdin: Path = Path(os.devnull), limit_s: float = LIMIT_S
) -> Finished:
    """The command as a user runs it."""
    with stdin.open("rb") as source:
        done = subprocess.run(
            [sys.executable, "-m", "sayback", *map(str, arguments)],
            stdin=source, capture_output=True, timeout=limit_s, check=False,
        )  # fmt: skip
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


def kill_once_there(
    process: subprocess.Popen[bytes], folder: Path, pattern: str, *, after_s: float
) -> None:
    """`kill -9` so long after a file of that name has come, unless the process ends before."""
    while process.poll() is None and not any(folder.glob(pattern)):
        time.sleep(0.002)
    with suppress(subprocess.TimeoutExpired):
        process.wait(after_s)
    process.kill()
