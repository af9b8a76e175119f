"""PortAudio, called so that a driver that hangs holds nobody up for long."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeVar

from sayback.errors import NoMicrophone, reason

T = TypeVar("T")

_IMPORT_S = 1.0
"""An import that takes longer than this hangs in a driver; what we say is to be heard again."""

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
        with _descriptor_back(after_s=_IMPORT_S):
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
    module = load_sounddevice()
    if is_new:
        return module
    sounddevice: Any = module
    try:
        if sounddevice._initialized:
            sounddevice._terminate()
        # Its own `_initialize` sends descriptor 2 of the whole process to nowhere meanwhile.
        sounddevice._check(sounddevice._lib.Pa_Initialize(), "Error initializing PortAudio")
        sounddevice._initialized += 1
    except sounddevice.PortAudioError as error:
        raise NoMicrophone(
            f"PortAudio cannot be started ({reason(error)})", "check the system's sound settings"
        ) from error
    return module


@contextmanager
def _descriptor_back(after_s: float) -> Iterator[None]:
    """Imported, sounddevice sends descriptor 2 to nowhere until it is there, which may never be."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed: there is nothing to have back
        yield
        return
    back = threading.Timer(after_s, os.dup2, (kept, 2))
    back.daemon = True
    back.start()
    try:
        yield
    finally:
        back.cancel()
        back.join()
        os.close(kept)
