"""A small disk of its own, to be filled, emptied and made read-only; and commands that meet it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from sayback.views import cli

LIMIT_S = 120.0

Run = Callable[..., "Finished"]


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def told(self, *parts: str) -> str:
        """The one line that a person gets where something failed; checks that it is one."""
        lines = self.err.strip().splitlines()
        assert self.code == 1, (self.code, self.out, self.err)
        assert len(lines) == 1, self.err
        assert lines[0].startswith("sayback: ")
        assert "Traceback" not in self.out + self.err
        assert "sqlite" not in self.err.lower()
        assert any(part in lines[0] for part in parts), lines[0]
        return lines[0]

    def done(self) -> str:
        """What a command printed that could do its work; checks that it could."""
        assert self.code == 0, self.err
        return self.out


class Disk:
    """A file system in memory, mounted at `folder`."""

    def __init__(self, folder: Path, kilobytes: int) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        folder.mkdir()
        size = f"size={kilobytes}k"
        _mount("-t", "tmpfs", "-o", size, "tmpfs", str(folder))

    def fill(self, left: int = 0) -> None:
        """Leave so many bytes, rounded down to pages; what is written meanwhile gets none of it."""
        with self._ballast.open("ab") as file:
            while (free := shutil.disk_usage(self.folder).free - left) >= os.sysconf("SC_PAGESIZE"):
                at = file.seek(0, os.SEEK_END)
                try:
                    os.posix_fallocate(file.fileno(), at, free)
                    file.truncate(at + free)
                except OSError:  # another was quicker
                    file.truncate(at)

    def make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def allow_writing(self, *, is_allowed: bool) -> None:
        _mount("-o", "remount,rw" if is_allowed else "remount,ro", str(self.folder))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Disk]:
    """Skips the test where nothing may be mounted."""
    try:
        disk = Disk(folder, kilobytes)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk: mounting is not allowed here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def in_process(*arguments: object) -> Finished:
    """A command as `sayback` runs it, without the second that a process takes to start."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["sayback", *map(str, arguments)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = cli._run()
    finally:
        sys.argv = before
    return Finished(code, out.getvalue(), err.getvalue())


def as_process(*arguments: object) -> Finished:
    """The command as a user runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "sayback", *map(str, arguments)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    return Finished(done.returncode, done.stdout, done.stderr)
