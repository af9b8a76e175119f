"""Runs the command as a user does: in a process of its own, in an empty folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import sayback

CHECKOUT = Path(__file__).resolve().parents[2]
TIME_LIMIT_S = 150


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An own workspace with the banks that the project ships."""
    folder = tmp_path / "workspace"
    shutil.copytree(CHECKOUT / "questions", folder / "questions")
    return folder


@pytest.fixture
def environment(workspace: Path) -> dict[str, str]:
    # Readline, of which pytest makes use, puts a size of the terminal into the environment.
    others = ("SAYBACK_", "COLUMNS", "LINES")
    own = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return own | {"SAYBACK_WORKSPACE": str(workspace)}


@pytest.fixture
def run(
    environment: dict[str, str], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(
        *arguments: object, stdin: str = "", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sayback", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment | (env or {}),
            timeout=TIME_LIMIT_S,
            check=False,
        )

    return run


def _take_interrupts() -> None:
    """A shell starts its background jobs, perhaps these tests, deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start(
    environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command and leaves it running; killed at the end."""
    with ExitStack() as running:

        def start(*arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
            process = running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "sayback", *map(str, arguments)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    cwd=tmp_path,
                    env=environment | (env or {}),
                    preexec_fn=_take_interrupts,
                )
            )
            running.callback(process.kill)
            return process

        yield start


@pytest.fixture
def sample_answer() -> Path:
    """The recorded answer that the project ships."""
    return Path(sayback.__file__).parent / "data" / "sample_answer.flac"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a file system of `size_mb`, or one that is read-only; skips where that is denied."""
    mounted: list[Path] = []

    def mount(*, size_mb: float = 1, read_only: bool = False) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        options = f"size={int(size_mb * 1024)}k" + (",ro" if read_only else "")
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            done = False
        if not done:
            pytest.skip("a small disk: mounting is not allowed here")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)
