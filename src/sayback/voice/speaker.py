"""The seam between a text and its sound."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Speaker(Protocol):
    """Turns text into an audio file."""

    def render(self, text: str) -> Path:
        """The path of an audio file that speaks `text`.

        Raises VoiceMissing where no synthesiser is installed, VoiceError where it failed
        or did not answer within its time limit.
        """
        ...
