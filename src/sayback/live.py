"""What can be said of an answer while it is being given: its words, and the key points in them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from sayback.capture.audio_file import read_part
from sayback.capture.recorder import Samples
from sayback.errors import CaptureError
from sayback.model import (
    SAMPLE_RATE_HZ,
    Coverage,
    Interval,
    Question,
    Recording,
    Transcript,
    Word,
)
from sayback.scoring.coverage import cover
from sayback.transcript.live import EXIT_S, Draft, LiveTranscript, start_lanes
from sayback.transcript.transcriber import Transcriber


@dataclass(frozen=True, slots=True)
class Captions:
    """All that was said so far: `settled` stays, `draft` behind it may still change."""

    settled: str
    draft: str


@dataclass(frozen=True, slots=True)
class Covering:
    """The key points in what was said so far."""

    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Behind:
    """This machine transcribes slower than the person speaks: there are no more captions."""


Impression = Captions | Covering | Behind


class LiveAnswer:
    """Transcribes the file of an answer while it grows, and covers its key points.

    A context manager. What fails while the answer goes on is raised where its transcript is asked
    for; without captions or coverage it goes on. Needs no model before the answer begins.
    """

    def __init__(self, question: Question, path: Path, transcriber: Future[Transcriber]) -> None:
        self._question = question
        self._path = path
        self._loading = transcriber
        self._live: LiveTranscript | None = None
        self._shown = Draft()
        self._is_behind = False
        self._drafts: SimpleQueue[Draft | None] = SimpleQueue()
        self._impressions: SimpleQueue[Impression] = SimpleQueue()
        self._covering = threading.Thread(target=self._cover, name="coverage", daemon=True)

    def __enter__(self) -> Self:
        self._covering.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.close()
        self._drafts.put(None)
        # A judge that is at work when the interpreter goes away aborts the whole process.
        self._covering.join(EXIT_S)

    def hear(self, speech: tuple[Interval, ...], duration_s: float) -> Iterator[Impression]:
        """Take what was detected so far; yields what has come out of it since the last call."""
        if self._live is None and self._loading.done() and not self._loading.exception():
            self._start()
        if self._live is not None:
            self._live.hear(speech, duration_s)
            yield from self._new(self._live)
        while not self._impressions.empty():
            yield self._impressions.get()

    def transcripts(self, recording: Recording) -> Iterator[tuple[Transcript, bool]]:
        """The transcript of the whole answer, and whether it stays: a first one where the one
        that stays needs some more time. Raises SaybackError."""
        live = self._live or self._start()
        live.hear(recording.speech, recording.duration_s, is_over=True)
        first = live.first()
        if not live.is_done:
            yield first, False
        yield live.final(), True

    def _start(self) -> LiveTranscript:
        transcriber = self._loading.result()
        self._live = LiveTranscript(transcriber, self._read)
        start_lanes(self._live, transcriber.lanes)
        return self._live

    def _new(self, live: LiveTranscript) -> Iterator[Impression]:
        draft = live.draft()
        if draft != self._shown:
            self._shown = draft
            self._drafts.put(draft)
            yield Captions(_text(draft.settled), _text(draft.open))
        if live.is_behind and not self._is_behind:
            self._is_behind = True
            yield Behind()

    def _read(self, stretch: Interval) -> Samples:
        samples = read_part(self._path, stretch)
        missing_s = stretch.duration_s - len(samples) / SAMPLE_RATE_HZ
        if missing_s > 0.01:  # of rounding
            raise CaptureError(
                f"{self._path}: {missing_s:.1f} s of what was recorded are not in it",
                "check the disk that it is on",
            )
        return samples

    def _cover(self) -> None:
        """Covers the newest draft, again and again; runs in a thread of its own."""
        with suppress(Exception):  # scoring the answer meets it again, where it is told
            while (draft := self._newest()) is not None:
                transcript = Transcript(_text(draft.words), draft.words)
                if coverage := cover(self._question, transcript):
                    self._impressions.put(Covering(coverage))

    def _newest(self) -> Draft | None:
        draft = self._drafts.get()
        while draft is not None and not self._drafts.empty():
            draft = self._drafts.get()
        return draft


def _text(words: tuple[Word, ...]) -> str:
    return " ".join(word.text for word in words)
