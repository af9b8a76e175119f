"""A real rehearsal in a process of its own, watched from outside, to be killed at any moment."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

COMMAND = Path(sys.executable).with_name("sayback")
QUESTION = "Why?"
SAID = "Units are dropped at random."
RATE_HZ = 16_000
Pcm = npt.NDArray[np.int16]
LIMIT_S = 120.0

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


def make_workspace(folder: Path) -> Path:
    """One with a single short question."""
    (folder / "questions").mkdir(parents=True)
    bank = f"# Training\n- {QUESTION}\n  - Units are dropped at random\n"
    (folder / "questions" / "bank.md").write_text(bank)
    return folder


def spoken() -> Pcm:
    """`SAID` in the synthetic voice, mono at 16 kHz."""
    samples, rate_hz = soundfile.read(Pyttsx3Speaker().render(SAID), dtype="float32")
    sound = soxr.resample(samples, rate_hz, RATE_HZ)
    return np.asarray(np.rint(np.clip(sound, -1, 1) * 32767), np.int16)


class Rehearsal:
    """The installed command, started on a workspace; a context manager that kills it at the end.

    `began_s` says when each phase began, by the monotonic clock.
    """

    def __init__(self, workspace: Path, *options: object, under: tuple[str, ...] = ()) -> None:
        self.workspace = workspace
        self.began_s: dict[str, float] = {}
        self.lines: list[str] = []
        self._is_over = False
        self._changed = threading.Condition()
        common = ("practice", "--plain", "--json", "--question", QUESTION, "--model", "tiny.en")
        self._command = [*under, COMMAND, *common, "--workspace", workspace, *options]

    def __enter__(self) -> Self:
        self.began_s["asking"] = time.monotonic()
        self._process = subprocess.Popen(
            list(map(str, self._command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.workspace,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def wait_for(self, phase: str) -> None:
        """Until that phase has begun, or the process has ended."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: phase in self.began_s or self._is_over, LIMIT_S
            ), self.lines

    def wait_for_line(self, words: str) -> None:
        """Until a line with these words was printed, or the process has ended."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: any(words in line for line in self.lines) or self._is_over, LIMIT_S
            ), self.lines

    def kill(self) -> float:
        """`kill -9`; when the process was dead, by the monotonic clock."""
        self._process.kill()
        self._process.wait(LIMIT_S)
        dead_s = time.monotonic()
        self._reader.join(LIMIT_S)
        return dead_s

    def finish(self) -> int:
        """Wait for its own end; the exit code."""
        code = self._process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        return code

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @property
    def phase(self) -> str:
        """The last one that began."""
        return max(self.began_s, key=PHASES.index)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            now_s = time.monotonic()
            with self._changed:
                self.lines.append(line)
                for beginning, phase in _BEGINS.items():
                    if re.match(beginning, line):
                        self.began_s.setdefault(phase, now_s)
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
