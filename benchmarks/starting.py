"""How long the command takes to its first sound and to a loaded model; `latency.py` asks.

What is started is the command with a stopwatch in it, `timed_command.py`.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from sayback.transcript.model_cache import models_folder

if TYPE_CHECKING:
    from tests.virtual_sound_card import SoundCard

TIMED_COMMAND = Path(__file__).with_name("timed_command.py")
PROGRAMS = ("pulseaudio", "pactl", "pacat")
RATE_HZ = 16_000
AUDIBLE = 10 ** (-50 / 20)
TIME_LIMIT_S = 30.0
POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Started:
    """Seconds from the start of the command; None where it could not be told."""

    first_sound_s: float | None
    model_ready_s: float | None


@contextmanager
def sound_card() -> Iterator[SoundCard | None]:
    """A sound card without hardware; None, and a line that says why, where there can be none."""
    if why := _why_none():
        print(f"no first sound: {why}", file=sys.stderr)
        yield None
        return
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    from tests.virtual_sound_card import virtual_sound_card

    with virtual_sound_card() as card:
        yield card


def _why_none() -> str:
    """What a virtual sound card lacks on this machine."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if ctypes.util.find_library("portaudio") is None:
        missing.append("PortAudio")
    return f"{' and '.join(missing)} not installed" if missing else ""


def started(card: SoundCard | None, practice: list[str]) -> Started:
    """Start the command `practice` with these options, and end it when both are there.

    It finds its models, but no question that was ever read aloud.
    """
    with TemporaryDirectory() as folder:
        report = Path(folder) / "ready"
        command = [sys.executable, "-P", str(TIMED_COMMAND), str(report), "practice", *practice]
        running = partial(_running, command, _environment(Path(folder)))
        if card is None:
            with running() as began_s:
                return Started(None, _since(began_s, _written(report)))
        with card.room_noise(), card.recording_loudspeaker() as heard, running() as began_s:
            sound_s = _since(began_s, _first_sound(heard))
            return Started(sound_s, _since(began_s, _written(report)))


def _environment(cache: Path) -> dict[str, str]:
    """One with an own cache, which has the models of the usual one."""
    (cache / "sayback").mkdir()
    (cache / "sayback" / "models").symlink_to(models_folder())
    return os.environ | {"XDG_CACHE_HOME": str(cache)}


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[float]:
    """The command, killed at the end; gives the moment at which it was started."""
    nothing = subprocess.DEVNULL
    began_s = time.monotonic()
    with subprocess.Popen(command, stdin=nothing, stdout=nothing, env=environment) as process:
        try:
            yield began_s
        finally:
            process.kill()


def _since(began_s: float, moment_s: float | None) -> float | None:
    return None if moment_s is None else moment_s - began_s


def _first_sound(heard: Path) -> float | None:
    """When the first audible sample came to a file that grows as sound does."""

    def moment() -> float | None:
        now = time.monotonic()
        samples = np.fromfile(heard, np.float32)
        audible = np.flatnonzero(np.abs(samples) > AUDIBLE)
        return now - float(len(samples) - audible[0]) / RATE_HZ if len(audible) else None

    return _polled(moment)


def _written(report: Path) -> float | None:
    def moment() -> float | None:
        text = report.read_text() if report.exists() else ""
        return float(text) if text.endswith("\n") else None

    return _polled(moment)


def _polled(moment: Callable[[], float | None]) -> float | None:
    deadline_s = time.monotonic() + TIME_LIMIT_S
    while (found_s := moment()) is None and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
    return found_s
