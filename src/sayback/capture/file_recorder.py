"""An audio file that is heard as if somebody spoke."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Self

import numpy as np

from sayback.capture.audio_file import open_audio, read_blocks
from sayback.capture.recorder import Samples
from sayback.model import SAMPLE_RATE_HZ

_BLOCK_S = 0.02


class FileRecorder:
    """A Recorder that plays a file in real time, once; it waits while nobody listens."""

    can_be_lost = False

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        self._sound: Iterator[Samples] = iter(())
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        """Go to the beginning; raises CaptureError where there is no audio in the file."""
        with ExitStack() as opened:
            file = opened.enter_context(open_audio(self._path))
            sound = read_blocks(file, path=self._path, block_s=_BLOCK_S)
            # Read already, so that a file which is damaged from the start is said now.
            self._sound = chain(list(islice(sound, 1)), sound)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._sound = iter(())
        self._opened.close()

    def blocks(self) -> Iterator[Samples]:
        """The sound of the file from where it stands, each block when its last sample is due."""
        return _in_real_time(self._sound, time.monotonic())

    def idle(self) -> Iterator[Samples]:
        """Zeros in real time; the file stands still."""
        silence = np.zeros(round(_BLOCK_S * SAMPLE_RATE_HZ), np.float32)
        return _in_real_time(repeat(silence), time.monotonic())

    def until_back(self) -> Iterator[Samples]:
        """Nothing: a file is there."""
        return iter(())


def _in_real_time(blocks: Iterable[Samples], started_s: float) -> Iterator[Samples]:
    delivered = 0
    for block in blocks:
        delivered += len(block)
        due_s = started_s + delivered / SAMPLE_RATE_HZ
        time.sleep(max(0.0, due_s - time.monotonic()))
        yield block
