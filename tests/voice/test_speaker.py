from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sayback.errors import VoiceError
from sayback.voice import speaker
from sayback.voice.speaker import spoken


class Slow:
    """Renders once it may."""

    def __init__(self) -> None:
        self.may = threading.Event()

    def render(self, text: str) -> Path:
        assert self.may.wait(60)
        return Path(text)


def test_what_is_rendered_is_given() -> None:
    slow = Slow()
    slow.may.set()
    assert spoken(slow, "a.wav", threading.Event()) == Path("a.wav")


def test_who_stops_waits_no_longer() -> None:
    slow, stop = Slow(), threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert spoken(slow, "a.wav", stop) is None
    slow.may.set()


def test_a_voice_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "PATIENCE_S", 0.2)
    slow, begun_s = Slow(), time.monotonic()
    with pytest.raises(VoiceError, match="the voice takes longer than 0 s"):
        spoken(slow, "a.wav", threading.Event())
    assert time.monotonic() - begun_s < 5
    slow.may.set()
