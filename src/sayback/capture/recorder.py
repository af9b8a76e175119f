"""The seam between a source of sound and the rest of capture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


class Recorder(AbstractContextManager["Recorder"], Protocol):
    """A source of sound that is opened before the question is asked and read after it.

    Entering opens the device; leaving closes it. Both file and microphone behave alike, so
    that everything behind this seam can be tried without a microphone. `name` is what messages
    call it. An answer that pauses is heard in several calls, one at a time: `blocks` for what
    belongs to it, `idle` for what does not.
    """

    name: str
    can_be_lost: bool
    """A microphone can, and exact zeros are a sign of it; those of a file are silence."""

    def blocks(self) -> Iterator[Samples]:
        """What is heard from this call on, and nothing from before it.

        Yields mono float32 blocks in [-1, 1] at 16 kHz, of any length, as they come. A source
        that can wait, like a file, goes on after the last block of an earlier call.
        Ends where the source ends; raises MicrophoneLost where it stops delivering.
        """
        ...

    def idle(self) -> Iterator[Samples]:
        """What is heard meanwhile, for a meter, while the answer pauses: blocks as above.

        A source that can wait does so and sounds like a silent room, without end.
        Raises MicrophoneLost where the source stops delivering.
        """
        ...

    def until_back(self) -> Iterator[Samples]:
        """Zeros in real time while a source that was lost stays away; ends once it sounds again.

        A source that cannot be lost is back at once.
        """
        ...
