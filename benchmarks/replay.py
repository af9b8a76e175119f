"""One rehearsal with a recorded answer in real time, on a clock; `latency.py` starts it.

    python -P benchmarks/replay.py FILE --last-word SECONDS [--press] --bank PATH --question ID
                                   --engine NAME --model NAME

A process of its own, so that memory and processor time are those of one rehearsal. The question is
not read aloud, and the model is loaded before the clock starts. Prints a `Replayed` as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sayback.bank.find import find
from sayback.bank.parse import read
from sayback.capture.file_recorder import FileRecorder
from sayback.capture.listen import ListenSettings
from sayback.capture.recorder import Samples
from sayback.events import Heard, Listening, Scored, Warned
from sayback.history.store import Store
from sayback.model import SAMPLE_RATE_HZ, Question
from sayback.remote import Remote, Wish
from sayback.session import Stations, rehearse
from sayback.transcript.engines import load
from sayback.transcript.transcriber import Transcriber
from sayback.workspace import Workspace

LONGEST_S = 3600.0
KIBIBYTES = 1024 if sys.platform != "darwin" else 1
"""What the system counts the peak of memory in, in bytes."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one rehearsal took. Times end when a scorecard is there, `final_s` when it stays.

    `wait_s` and `final_s` begin when the answer counts as over: by itself, or at the press of the
    key; `last_word_s` at the end of the last word. `cpu_share` is of one core, while listening.
    """

    wait_s: float
    final_s: float
    last_word_s: float
    ending: str
    words: int
    warnings: tuple[str, ...]
    peak_rss_mb: float
    cpu_share: float


class Replay(FileRecorder):
    """A file that knows when its last word ends, and then calls `then`."""

    def __init__(self, path: Path, last_word_s: float, then: Callable[[], None]) -> None:
        super().__init__(path)
        self.last_word_at_s = 0.0
        self._last_word_s = last_word_s
        self._then: Callable[[], None] | None = then

    def blocks(self) -> Iterator[Samples]:
        began_s, delivered = time.monotonic(), 0
        self.last_word_at_s = began_s + self._last_word_s
        for block in super().blocks():
            yield block
            delivered += len(block)
            if self._then and delivered >= self._last_word_s * SAMPLE_RATE_HZ:
                then, self._then = self._then, None
                then()


class Stopwatch:
    """The moments of a rehearsal that matter, as they come."""

    def __init__(self) -> None:
        self.listening = self.heard = self.first = self.final = self.pressed = 0.0
        self.cpu_s = 0.0
        self.ending = ""
        self.words = 0
        self.warnings: list[str] = []

    def follow(self, question: Question, stations: Stations, remote: Remote) -> None:
        """Rehearse once."""
        for event in rehearse(question, stations, remote):
            now = time.monotonic()
            match event:
                case Listening():
                    self.listening, self.cpu_s = now, time.process_time()
                case Heard(recording):
                    self.heard, self.cpu_s = now, time.process_time() - self.cpu_s
                    self.ending = str(recording.ending)
                case Scored(scorecard):
                    self.first, self.final = self.first or now, now
                    self.words = len(scorecard.transcript.words or ())
                    self.warnings += scorecard.warnings
                case Warned(message):
                    self.warnings.append(message)


class Mute:
    """A `Speaker` that has nothing to say."""

    def render(self, text: str) -> Path:
        return Path(os.devnull)


def stations_of(
    workspace: Workspace, store: Store, replay: Replay, transcriber: Transcriber
) -> Stations:
    loaded: Future[Transcriber] = Future()
    loaded.set_result(transcriber)
    return Stations(
        workspace=workspace,
        store=store,
        open_recorder=lambda: replay,
        speaker=Mute(),
        play=_play_nothing,
        transcriber=loaded,
        settings=ListenSettings(maximum_s=LONGEST_S),
    )


def _play_nothing(path: Path, stop: threading.Event) -> None:
    """The question is not part of what is measured."""


def replayed(given: argparse.Namespace) -> Replayed:
    """Rehearse as the command line says."""
    question = find(read(given.bank).questions, given.question)
    transcriber = load(given.engine, given.model, "cpu")
    remote, watch = Remote(), Stopwatch()

    def said() -> None:
        if given.press:
            watch.pressed = time.monotonic()
            remote.press(Wish.DONE)

    replay = Replay(given.file, given.last_word, said)
    with TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        with Store(workspace.recordings) as store:
            watch.follow(question, stations_of(workspace, store, replay, transcriber), remote)
    over_s = watch.pressed or watch.heard
    return Replayed(
        wait_s=watch.first - over_s,
        final_s=watch.final - over_s,
        last_word_s=watch.first - replay.last_word_at_s,
        ending=watch.ending,
        words=watch.words,
        warnings=tuple(watch.warnings),
        # On Linux not below the peak of latency.py, which started this process and is small.
        peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTES / 1e6,
        cpu_share=watch.cpu_s / (watch.heard - watch.listening),
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--last-word", type=float, required=True, metavar="SECONDS")
    parser.add_argument("--press", action="store_true", help="finish by key after the last word")
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--question", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--model", required=True)
    return parser.parse_args()


if __name__ == "__main__":
    print(json.dumps(asdict(replayed(arguments()))))
