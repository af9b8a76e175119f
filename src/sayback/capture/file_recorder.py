"""An audio file that is heard as if somebody spoke."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from sayback.capture.audio_file import open_audio, read_blocks
from sayback.capture.recorder import Samples
from sayback.model import SAMPLE_RATE_HZ

_BLOCK_S = 0.02


class FileRecorder:
    """A Recorder that plays a file in real time, from its beginning at each `blocks()`."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path

    def __enter__(self) -> Self:
        """Raises CaptureError where there is no audio in the file."""
        with open_audio(self._path) as file:
            next(read_blocks(file, path=self._path), None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing stays open between calls of `blocks`."""

    def blocks(self) -> Iterator[Samples]:
        """The sound of the file, each block when its last sample is due."""
        return self._play(time.monotonic())

    def _play(self, started_s: float) -> Iterator[Samples]:
        delivered = 0
        with open_audio(self._path) as file:
            for block in read_blocks(file, path=self._path, block_s=_BLOCK_S):
                delivered += len(block)
                due_s = started_s + delivered / SAMPLE_RATE_HZ
                time.sleep(max(0.0, due_s - time.monotonic()))
                yield block
