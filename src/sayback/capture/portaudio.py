"""PortAudio, called so that a driver that hangs holds nobody up for long."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from sayback.errors import NoMicrophone, reason

T = TypeVar("T")

_QUIET_S = 1.0
"""A driver that takes longer than this may be heard: what we say ourselves counts for more."""

_one_at_a_time = threading.Lock()


def in_background(work: Callable[[], T]) -> Future[T]:
    """What comes of `work`, done in a thread that may hang; calls wait for those before them."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            with _one_at_a_time:
                result.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            result.set_exception(error)

    threading.Thread(target=run, name="portaudio", daemon=True).start()
    return result


def let_hang() -> None:
    """Let the program end although PortAudio is stuck: at its end it would be waited for."""
    if sounddevice := sys.modules.get("sounddevice"):
        atexit.unregister(sounddevice._exit_handler)


def load_sounddevice() -> ModuleType:
    """Raises NoMicrophone where PortAudio is missing."""
    try:
        import sounddevice
    except OSError as error:
        raise NoMicrophone(
            f"PortAudio is not installed ({reason(error)})",
            "type `sudo apt-get install libportaudio2`, or on macOS `brew install portaudio`",
        ) from error
    module: ModuleType = sounddevice
    return module


def renewed_sounddevice() -> ModuleType:
    """The module with the devices of now: PortAudio knows those of when it was initialised.

    Raises NoMicrophone.
    """
    is_new = "sounddevice" not in sys.modules
    sounddevice = load_sounddevice()
    if is_new:
        return sounddevice
    try:
        if sounddevice._initialized:
            sounddevice._terminate()
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise NoMicrophone(
            f"PortAudio cannot be started ({reason(error)})", "check the system's sound settings"
        ) from error
    return sounddevice


@contextmanager
def quiet_drivers() -> Iterator[None]:
    """ALSA and PortAudio write about each device that does not open straight to descriptor 2."""
    kept = os.dup(2)
    giving_up = threading.Timer(_QUIET_S, os.dup2, (kept, 2))
    giving_up.daemon = True
    giving_up.start()
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        giving_up.cancel()
        os.dup2(kept, 2)
        giving_up.join()
        os.close(kept)
