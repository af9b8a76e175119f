"""A running `sayback review` of a workspace."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ENDS_WITHIN_S = 30


@dataclass(frozen=True, slots=True)
class Server:
    """Where its pages are, and the number of its process."""

    port: int
    pid: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def started(
    folder: Path,
    port: int | None = None,
    *,
    errors: IO[str] | int = subprocess.PIPE,
    ending: signal.Signals = signal.SIGINT,
) -> Iterator[Server]:
    """The server of a workspace, on a free port unless one is given; ended by Ctrl-C, or as told.

    What it says on standard error goes to `errors`.
    """
    command = [
        sys.executable, "-m", "sayback", "review", "--no-browser",
        "--workspace", folder, "--port", port or free_port(),
    ]  # fmt: skip
    with subprocess.Popen(
        [*map(str, command)], stdout=subprocess.PIPE, stderr=errors, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\n", process.stdout.readline())
            assert found, process.stderr and process.stderr.read()
            yield Server(int(found[1]), process.pid)
            process.send_signal(ending)
            assert process.wait(ENDS_WITHIN_S) == 0
        finally:
            process.kill()
