"""A small disk of its own, to be filled, emptied and made read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


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
