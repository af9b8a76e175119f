"""The seam between a text and its sound, and how long a person waits for it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from sayback.errors import VoiceError

PATIENCE_S = 5.0
"""Longest wait for a text to become sound; rendering a question takes 0.3 to 1 s on two cores."""
_GLANCE_S = 0.02


class Speaker(Protocol):
    """Turns text into an audio file."""

    def render(self, text: str) -> Path:
        """The path of an audio file that speaks `text`.

        Raises VoiceMissing where no synthesiser is installed, VoiceError where it failed
        or did not answer within its time limit.
        """
        ...


def spoken(speaker: Speaker, text: str, stop: threading.Event) -> Path | None:
    """What `speaker` renders of `text`, None once `stop` is set before it is there.

    Raises VoiceError as `render` does, and after `PATIENCE_S`. It goes on in the background then:
    a slow machine has the sound when the text is asked for again.
    """
    rendering: Future[Path] = Future()

    def work() -> None:
        try:
            rendering.set_result(speaker.render(text))
        except Exception as error:  # noqa: BLE001 - raised again by `result`
            rendering.set_exception(error)

    threading.Thread(target=work, name="speaking", daemon=True).start()
    until_s = time.monotonic() + PATIENCE_S
    while not rendering.done():
        if stop.wait(_GLANCE_S):
            return None
        if time.monotonic() > until_s:
            raise VoiceError(
                f"the voice takes longer than {PATIENCE_S:.0f} s",
                "read it here, and check the voice with `sayback doctor`",
            )
    return rendering.result()
