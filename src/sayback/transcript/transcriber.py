"""The seam between a stretch of sound and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from sayback.model import Transcript

if TYPE_CHECKING:  # the table of engines is read by `--help`, which must stay quick
    import numpy as np
    import numpy.typing as npt

Samples: TypeAlias = "npt.NDArray[np.float32]"


class Transcriber(Protocol):
    """A loaded Whisper engine; `lanes` windows at once take no longer than one.

    Beside those it can take `overtaking` quick ones, for which all others stand still.
    """

    lanes: int
    overtaking: int

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        """The words of one window: mono float32 at 16 kHz, at most 30 s.

        `quick` gives up some accuracy for time. Word times count from the first sample. Up to
        `lanes` threads may call it at once, and `overtaking` more that are quick. Raises
        TranscriptionError.
        """
        ...
