"""A real rehearsal in a process of its own, watched from outside, to be hit at any moment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from tests.torture.commands import LIMIT_S, Finished

from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

COMMAND = Path(sys.executable).with_name("sayback")
QUESTION = "Why?"
SAID = "Units are dropped at random."
RATE_HZ = 16_000
Pcm = npt.NDArray[np.int16]

PHASES = ("asking", "listening", "transcribing", "saving", "kept", "completing")
"""In the order in which a rehearsal goes through them. In `completing` answers are scored that
were cut off earlier."""
_BEGINS = {
    "Listening": "listening",
    " Heard": "transcribing",
    r"\{": "saving",  # the scorecard, in JSON
    r" attempt \d+ is kept": "kept",
    " scoring what was cut off": "completing",
}


@dataclass(frozen=True, slots=True)
class Room:
    """A workspace, and the answer that is given there."""

    workspace: Path
    answer: Path
    pcm: Pcm

    @property
    def recordings(self) -> Path:
        return self.workspace / "recordings"

    def audio(self) -> set[Path]:
        return {path for path in self.recordings.glob("*") if path.suffix in (".wav", ".flac")}


def make_workspace(folder: Path) -> Path:
    """One with a single short question."""
    (folder / "questions").mkdir(parents=True)
    bank = f"# Training\n- {QUESTION}\n  - Units are dropped at random\n"
    (folder / "questions" / "bank.md").write_text(bank)
    return folder


def spoken() -> Pcm:
    """`SAID` in the synthetic voice, mono at 16 kHz."""
    voice, rate_hz = soundfile.read(Pyttsx3Speaker().render(SAID), dtype="float32")
    sound = soxr.resample(voice, rate_hz, RATE_HZ)
    return np.asarray(np.rint(np.clip(sound, -1, 1) * 32767), np.int16)


def samples(path: Path) -> Pcm:
    """Those that a recording holds by its header, which is right."""
    with wave.open(str(path)) as file:
        count = file.getnframes()
        return np.frombuffer(file.readframes(count), "<i2").astype(np.int16)


class Rehearsal:
    """The installed command, started on a workspace; a context manager that kills it at the end.

    `began_s` says when each phase began, by the monotonic clock. With `as_json` all that it says
    is in `lines`, and the phase of saving is seen; else what goes to standard error is apart.
    """

    def __init__(
        self,
        workspace: Path,
        *options: object,
        asked: tuple[str, ...] = ("--question", QUESTION),
        under: tuple[str, ...] = (),
        as_json: bool = True,
    ) -> None:
        self.workspace = workspace
        self.began_s: dict[str, float] = {}
        self.lines: list[str] = []
        self._came_s: list[float] = []
        self._is_over = False
        self._changed = threading.Condition()
        self._as_json = as_json
        self._open = ExitStack()
        style = ("--plain", "--json") if as_json else ("--plain",)
        common = ("practice", *style, *asked, "--model", "tiny.en", "--workspace", workspace)
        self._command = [*under, COMMAND, *common, *options]

    def __enter__(self) -> Self:
        self._errors = self._open.enter_context(tempfile.TemporaryFile())
        self.began_s["asking"] = time.monotonic()
        self._process = subprocess.Popen(
            list(map(str, self._command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if self._as_json else self._errors,
            text=True,
            cwd=self.workspace,
            env=os.environ | {"COLUMNS": "1000"},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._open.close()

    def wait_for(self, phase: str) -> None:
        """Until that phase has begun, or the process has ended."""
        self._wait_until(lambda: phase in self.began_s)

    def wait_for_line(self, *parts: str) -> None:
        """Until a line with one of these was printed, or the process has ended."""
        self._wait_until(lambda: self.said_s(*parts) is not None)

    def said_s(self, *parts: str) -> float | None:
        """When a line with one of these came first; None where none did."""
        lines = zip(self._came_s, self.lines, strict=False)
        return next((at_s for at_s, line in lines if any(part in line for part in parts)), None)

    def kill(self) -> float:
        """`kill -9`; when the process was dead, by the monotonic clock."""
        self._process.kill()
        self._process.wait(LIMIT_S)
        dead_s = time.monotonic()
        self._reader.join(LIMIT_S)
        return dead_s

    def finish(self) -> Finished:
        """Wait for its own end."""
        code = self._process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        self._errors.seek(0)
        return Finished(code, "".join(self.lines), self._errors.read().decode())

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @property
    def phase(self) -> str:
        """The last one that began."""
        return max(self.began_s, key=PHASES.index)

    def _wait_until(self, is_so: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._is_over or is_so(), LIMIT_S), self.lines

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            now_s = time.monotonic()
            with self._changed:
                self._came_s.append(now_s)
                self.lines.append(line)
                for beginning, phase in _BEGINS.items():
                    if re.match(beginning, line):
                        self.began_s.setdefault(phase, now_s)
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
