"""What tests of a rehearsal share: a spoken answer, and a Transcriber that knows it."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from sayback.errors import TranscriptionError
from sayback.model import SAMPLE_RATE_HZ, KeyPoint, Question, Transcript, Word
from sayback.transcript.transcriber import Samples, Transcriber
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

ANSWER = "Units are dropped at random."
QUESTION = Question("What does dropout do?", "dropout", (), (KeyPoint(ANSWER),))
LIMIT_S = 120.0
"""For what threads do, on a machine that may be busy."""


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class Typist:
    """A Transcriber that knows what was said, for tests of what happens around it.

    It hears `quick_text` when it has to be quick, and transcribes in full only once it `may`.
    """

    text: str = ANSWER
    quick_text: str = ANSWER
    error: Exception | None = None
    quick_error: Exception | None = None
    lanes: int = 1
    overtaking: int = 0
    may: threading.Event = field(default_factory=_set)
    waiting: int = 0

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        if not quick:
            self.waiting += 1
            assert self.may.wait(LIMIT_S)
            self.waiting -= 1
        if error := self.quick_error if quick else self.error:
            raise error
        text = self.quick_text if quick else self.text
        words = text.split()
        step_s = len(samples) / SAMPLE_RATE_HZ / len(words)
        placed = (Word(w, at * step_s, (at + 1) * step_s, 1.0) for at, w in enumerate(words))
        return Transcript(text, tuple(placed), "typist", "none")


def failing_typist() -> Typist:
    """One whose engine has crashed."""
    error = TranscriptionError("engine crashed", "try another")
    return Typist(error=error, quick_error=error)


def loaded(transcriber: Transcriber | Exception) -> Future[Transcriber]:
    """An engine that has been loaded, or could not be."""
    future: Future[Transcriber] = Future()
    if isinstance(transcriber, Exception):
        future.set_exception(transcriber)
    else:
        future.set_result(transcriber)
    return future


def write_answer(path: Path, *starts_s: float, quiet_s: float) -> None:
    """`ANSWER` spoken at these times in a quiet room, which is heard so long after it."""
    spoken, rate_hz = soundfile.read(Pyttsx3Speaker().render(ANSWER))
    ends_s = starts_s[-1] + quiet_s
    room = np.random.default_rng(0).normal(0, 1e-3, len(spoken) + int(ends_s * rate_hz))
    for start_s in starts_s:
        begin = int(start_s * rate_hz)
        room[begin : begin + len(spoken)] += spoken
    soundfile.write(path, room, rate_hz)
