"""The microphone, over PortAudio."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import Any, Self

from sayback.capture.audio_file import resampled
from sayback.capture.recorder import Samples
from sayback.errors import MicrophoneLost, NoMicrophone, reason

_SILENT_FOR_S = 1.0
"""A device that calls back less often than this is gone; real ones call every 5 to 100 ms."""

_FIRST_BLOCK_S = 1.9
"""Some devices (Bluetooth, an idle PulseAudio sink) take this long to wake up."""

_CLOSING_S = 0.5


class Microphone:
    """A Recorder over an input device: the default one, or the one whose name holds `name`.

    Open it before any other stream: opening renews PortAudio's list of devices, which stops
    the streams that are open then.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or "default"
        self._wanted = name
        self._queue: SimpleQueue[Samples | None] = SimpleQueue()
        self._ended = threading.Event()
        self._heard_before = False

    def __enter__(self) -> Self:
        """Raises NoMicrophone where there is no such device or it cannot be opened."""
        sounddevice = _renewed_sounddevice()
        device = _choose_device(sounddevice, self._wanted)
        self.name = device["name"]
        self._rate_hz = float(device["default_samplerate"])
        try:
            with _quiet_drivers():
                self._open(sounddevice, device)
        except sounddevice.PortAudioError as error:
            raise NoMicrophone(
                f"{self.name!r}: the microphone cannot be opened ({reason(error)})",
                f"connect it, or {_choices(sounddevice)}",
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        # Closing the stream of a dead device may never return, neither here nor at exit.
        closing = threading.Thread(
            target=self._stream.close, kwargs={"ignore_errors": True}, daemon=True
        )
        closing.start()
        closing.join(_CLOSING_S)
        if closing.is_alive():
            atexit.unregister(_sounddevice()._exit_handler)

    def blocks(self) -> Iterator[Samples]:
        """What is heard from this call on; raises MicrophoneLost when nothing comes any more."""
        while not self._queue.empty():
            self._heard_before |= self._queue.get() is not None
        return resampled(self._read(), rate_hz=self._rate_hz)

    def idle(self) -> Iterator[Samples]:
        """The same as `blocks`: a room does not wait."""
        return self.blocks()

    def _read(self) -> Iterator[Samples]:
        while not self._ended.is_set():
            patience_s = _SILENT_FOR_S if self._heard_before else _FIRST_BLOCK_S
            try:
                block = self._queue.get(timeout=patience_s)
            except Empty:
                break
            if block is None:
                break
            self._heard_before = True
            yield block
        raise MicrophoneLost(
            f"{self.name!r}: the microphone stopped delivering sound",
            "plug it in again, or choose another one with --microphone",
        )

    def _open(self, sounddevice: ModuleType, device: dict[str, Any]) -> None:
        self._stream = sounddevice.InputStream(
            device=device["index"],
            samplerate=self._rate_hz,
            channels=_channels(sounddevice, device),
            dtype="float32",
            callback=self._on_block,
            finished_callback=self._on_finished,
        )
        try:
            self._stream.start()
        except sounddevice.PortAudioError:
            self._stream.close(ignore_errors=True)
            raise

    def _on_block(self, block: Samples, frames: int, times: Any, status: Any) -> None:
        # PortAudio waits for this: copy and go. The first channel is the microphone.
        self._queue.put(block[:, 0].copy())

    def _on_finished(self) -> None:
        self._ended.set()
        self._queue.put(None)


def input_names() -> tuple[str, ...]:
    """Names of the input devices there are; raises NoMicrophone where PortAudio is missing."""
    return tuple(device["name"] for device in _inputs(_sounddevice()))


def match_name(wanted: str, names: tuple[str, ...]) -> tuple[int, ...]:
    """Indices of the names that are `wanted`, or else of those that hold it; case is ignored."""
    folded = [name.casefold() for name in names]
    same = tuple(i for i, name in enumerate(folded) if name == wanted.casefold())
    return same or tuple(i for i, name in enumerate(folded) if wanted.casefold() in name)


def _choose_device(sounddevice: ModuleType, wanted: str | None) -> dict[str, Any]:
    devices = _inputs(sounddevice)
    if wanted is None:
        return _default_device(sounddevice)
    found = match_name(wanted, tuple(device["name"] for device in devices))
    if len(found) == 1:
        return devices[found[0]]
    if found:
        raise NoMicrophone(f"{wanted!r}: fits {len(found)} microphones", _choices(sounddevice))
    raise NoMicrophone(f"{wanted!r}: no such microphone", f"connect it, or {_choices(sounddevice)}")


def _default_device(sounddevice: ModuleType) -> dict[str, Any]:
    try:
        device: dict[str, Any] = sounddevice.query_devices(kind="input")
    except (sounddevice.PortAudioError, ValueError) as error:
        raise NoMicrophone(
            "no microphone found", f"connect one, or {_choices(sounddevice)}"
        ) from error
    return device


def _inputs(sounddevice: ModuleType) -> list[dict[str, Any]]:
    return [device for device in sounddevice.query_devices() if device["max_input_channels"]]


def _channels(sounddevice: ModuleType, device: dict[str, Any]) -> int:
    """One, unless the device only opens with all it has."""
    try:
        sounddevice.check_input_settings(
            device["index"], 1, "float32", samplerate=device["default_samplerate"]
        )
    except sounddevice.PortAudioError:
        return int(device["max_input_channels"])
    return 1


def _choices(sounddevice: ModuleType) -> str:
    names = ", ".join(repr(device["name"]) for device in _inputs(sounddevice))
    if not names:
        return "answer from a file with --answer FILE"
    return f"choose with --microphone one of {names}"


def _sounddevice() -> ModuleType:
    try:
        import sounddevice
    except OSError as error:
        raise NoMicrophone(
            f"PortAudio is not installed ({reason(error)})",
            "type `sudo apt-get install libportaudio2`, or on macOS `brew install portaudio`",
        ) from error
    module: ModuleType = sounddevice
    return module


def _renewed_sounddevice() -> ModuleType:
    """The module with the devices of now: PortAudio knows those of when it was initialised."""
    is_new = "sounddevice" not in sys.modules
    sounddevice = _sounddevice()
    if not is_new:
        sounddevice._terminate()
        sounddevice._initialize()
    return sounddevice


@contextmanager
def _quiet_drivers() -> Iterator[None]:
    """ALSA and PortAudio write about each device that does not open straight to descriptor 2."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
