"""What can be said of an answer while it is being given: its words, and the key points in them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from sayback.capture.audio_file import read_part
from sayback.capture.recorder import Samples
from sayback.errors import CaptureError, SaybackError, reason
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
from sayback.transcript.lanes import EXIT_S, start_lanes
from sayback.transcript.live import Draft, LiveTranscript
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


@dataclass(frozen=True, slots=True)
class Failing:
    """The answer cannot be transcribed while it goes on, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Words:
    """The transcript of a whole answer; one that is not `final` is replaced by a better one."""

    transcript: Transcript
    final: bool


@dataclass(frozen=True, slots=True)
class Transcribing:
    """An answer is over, and so many seconds of it are still to be transcribed.

    While the model `is_loading` none are done.
    """

    left_s: float
    is_loading: bool = False


Impression = Captions | Covering | Behind | Failing

_GLANCE_S = 0.2


class LiveAnswer:
    """Transcribes the file of an answer while it grows, and covers its key points.

    A context manager. What fails while the answer goes on is said, tried once more when it is over,
    and raised where it fails again. Needs no model before the answer begins.
    """

    def __init__(
        self,
        question: Question,
        path: Path,
        transcriber: Future[Transcriber],
        *,
        covers: bool = True,
    ) -> None:
        """Without `covers` key points are left to the scoring of the whole answer."""
        self._question = question
        self._covers = covers and bool(question.key_points)
        self._path = path
        self._loading = transcriber
        self._live: LiveTranscript | None = None
        self._shown = Draft()
        self._is_behind = self._is_failing = False
        self._drafts: SimpleQueue[Draft | None] = SimpleQueue()
        self._impressions: SimpleQueue[Impression] = SimpleQueue()
        self._covering = threading.Thread(target=self._cover, name="coverage", daemon=True)

    def __enter__(self) -> Self:
        if self._covers:
            self._covering.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.close()
        if self._covers:
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
        if not self._is_failing and (problem := self._problem()):
            self._is_failing = True
            yield Failing(problem)
        while not self._impressions.empty():
            yield self._impressions.get()

    def transcripts(self, recording: Recording) -> Iterator[Words | Transcribing]:
        """The transcript of the whole answer, and before it a first one where it needs time.

        Says again and again that it is still at work; who stops listening ends it. Raises
        SaybackError.
        """
        self._path = recording.path  # elsewhere, where it could not be written again in its place
        while not self._loading.done():
            yield Transcribing(recording.duration_s, is_loading=True)
            wait([self._loading], _GLANCE_S)
        live = self._live or self._start()
        live.hear(recording.speech, recording.duration_s, is_over=True)
        while not live.wait(for_good=False):
            yield Transcribing(live.left_s)
        first = live.first()
        if not live.is_done:
            yield Words(first, final=False)
        while not live.wait(for_good=True):
            yield Transcribing(live.left_s)
        yield Words(live.final(), final=True)

    def _problem(self) -> str:
        """What went wrong in loading the model or in transcribing; empty without."""
        if self._live is not None:
            error: BaseException | None = self._live.problem
        else:
            error = self._loading.exception() if self._loading.done() else None
        if error is None:
            return ""
        return error.problem if isinstance(error, SaybackError) else reason(error)

    def _start(self) -> LiveTranscript:
        transcriber = self._loading.result()
        self._live = LiveTranscript(transcriber, self._read)
        start_lanes(self._live.work, transcriber.lanes + transcriber.overtaking)
        return self._live

    def _new(self, live: LiveTranscript) -> Iterator[Impression]:
        draft = live.draft()
        if draft != self._shown:
            self._shown = draft
            if self._covers:
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
