"""Sound to record: one spoken sentence, and a recorder that needs no time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from sayback.capture.audio_file import read_audio
from sayback.capture.recorder import Samples
from sayback.errors import VoiceMissing
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

SENTENCE = "A convolution slides a small kernel over the image and sums the products."


@dataclass
class HeardBlocks:
    """A Recorder of blocks that were heard before, delivered at once, then perhaps an error."""

    sound: Samples
    error: Exception | None = None
    block_samples: int = 320
    name: str = "desk"
    can_be_lost: bool = True
    delivered: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def blocks(self) -> Iterator[Samples]:
        while self.delivered < len(self.sound):
            block = self.sound[self.delivered : self.delivered + self.block_samples]
            self.delivered += len(block)
            yield block
        if self.error is not None:
            raise self.error

    def idle(self) -> Iterator[Samples]:
        return repeat(np.zeros(self.block_samples, np.float32))

    def until_back(self) -> Iterator[Samples]:
        return iter(())


@pytest.fixture(scope="session")
def spoken_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that speaks one sentence of about 4 s, without a pause."""
    try:
        return Pyttsx3Speaker(cache=tmp_path_factory.mktemp("voice")).render(SENTENCE)
    except VoiceMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def spoken(spoken_file: Path) -> Samples:
    """The sentence as samples, at the loudness of somebody near a microphone."""
    return np.float32(0.3) * read_audio(spoken_file)


def room(seconds: float, *, level_db: float = -60.0) -> Samples:
    """White noise at the level of a quiet room."""
    noise = np.random.default_rng(0).standard_normal(round(seconds * 16_000))
    return (noise * 10 ** (level_db / 20)).astype(np.float32)
