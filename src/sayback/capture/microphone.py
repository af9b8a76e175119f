"""The microphone, over PortAudio."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import Any, Self

import numpy as np

from sayback.capture.audio_file import resampled
from sayback.capture.portaudio import (
    in_background,
    let_hang,
    load_sounddevice,
    renewed_sounddevice,
)
from sayback.capture.quiet import quiet_libraries
from sayback.capture.recorder import Samples
from sayback.capture.wave_file import to_pcm16
from sayback.errors import MicrophoneLost, NoMicrophone, reason
from sayback.model import SAMPLE_RATE_HZ

_SILENT_FOR_S = 1.0
"""A device that calls back less often than this is gone; real ones call every 5 to 100 ms."""

_GRACE_S = 0.3
"""Where it is we who were held up, by a model being loaded, blocks stand ready: they come now."""

_FIRST_BLOCK_S = 1.6
"""Some devices (Bluetooth, an idle PulseAudio sink) take this long to wake up."""

_OPENING_S = 5.0
"""Longest wait for a device to open; with a sound server that hangs it never does."""

_CLOSING_S = 1.0

_TRY_AGAIN_S = 3.0
"""A device that was opened anew has so long to wake up before the next try."""

_STEP_S = 0.05


class Microphone:
    """A Recorder over an input device: the default one, or the one whose name holds `name`.

    Open it before any other stream: opening renews PortAudio's list of devices, which stops
    the streams that are open then. All that may hang in a driver is done in a thread.
    """

    can_be_lost = True

    def __init__(self, name: str | None = None) -> None:
        self.name = name or "default"
        self._wanted = name
        self._stream = _Stream()
        self._opening: Future[None] = Future()

    def __enter__(self) -> Self:
        """Raises NoMicrophone where there is no such device or it cannot be opened in 5 s."""
        self._opening = in_background(self._open)
        try:
            self._opening.result(_OPENING_S)
        except TimeoutError:
            self.__exit__()
            raise NoMicrophone(
                f"{self.name!r}: the microphone does not open within {_OPENING_S:.0f} s",
                "check the system's sound settings, or answer from a file with --answer FILE",
            ) from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # Closing the stream of a dead device may never return, neither here nor at exit.
        closing = in_background(self._close)
        if not wait([closing], _CLOSING_S).done:
            let_hang()

    def blocks(self) -> Iterator[Samples]:
        """What is heard from this call on; raises MicrophoneLost when nothing comes any more."""
        self._stream.has_sounded()
        return resampled(self._read(), rate_hz=self._stream.rate_hz)

    def idle(self) -> Iterator[Samples]:
        """The same as `blocks`: a room does not wait."""
        return self.blocks()

    def until_back(self) -> Iterator[Samples]:
        """Zeros in real time while the device delivers nothing else; opens it anew meanwhile."""
        silence = np.zeros(round(_STEP_S * SAMPLE_RATE_HZ), np.float32)
        tried_s = -_TRY_AGAIN_S
        while True:
            if not self._opening.done():
                tried_s = time.monotonic()
            elif self._stream.has_sounded():
                return
            elif time.monotonic() - tried_s >= _TRY_AGAIN_S:
                tried_s = time.monotonic()
                self._opening = in_background(self._open_again)
            time.sleep(_STEP_S)
            yield silence

    def _read(self) -> Iterator[Samples]:
        while (block := self._stream.next()) is not None:
            yield block
        raise MicrophoneLost(
            f"{self.name!r}: the microphone stopped delivering sound",
            "plug it in again, or choose another one with --microphone",
        )

    def _open(self) -> None:
        with quiet_libraries():
            sounddevice = renewed_sounddevice()
            device = _choose_device(sounddevice, self._wanted)
            self.name = device["name"]
            stream = _Stream()
            try:
                stream.open(sounddevice, device)
            except sounddevice.PortAudioError as error:
                raise NoMicrophone(
                    f"{self.name!r}: the microphone cannot be opened ({_host_reason(error)})",
                    f"connect it, or {_choices(sounddevice)}",
                ) from error
        self._stream = stream

    def _open_again(self) -> None:
        self._close()
        self._open()

    def _close(self) -> None:
        self._stream.close()


class _Stream:
    """What a device delivers from when it is opened on."""

    def __init__(self) -> None:
        self.rate_hz = float(SAMPLE_RATE_HZ)
        self._stream: Any = None
        self._queue: SimpleQueue[Samples | None] = SimpleQueue()
        self._ended = threading.Event()
        self._heard_before = False

    def open(self, sounddevice: ModuleType, device: dict[str, Any]) -> None:
        """Raises sounddevice.PortAudioError."""
        self.rate_hz = float(device["default_samplerate"])
        self._stream = sounddevice.InputStream(
            device=device["index"],
            samplerate=self.rate_hz,
            channels=_channels(sounddevice, device),
            dtype="float32",
            callback=self._on_block,
            finished_callback=self._on_finished,
        )
        try:
            self._stream.start()
        except sounddevice.PortAudioError:
            self.close()
            raise

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close(ignore_errors=True)

    def next(self) -> Samples | None:
        """The next block; None once none comes any more."""
        patience_s = _SILENT_FOR_S if self._heard_before else _FIRST_BLOCK_S
        for timeout_s in (patience_s, _GRACE_S):
            if self._ended.is_set():
                return None
            with suppress(Empty):
                block = self._queue.get(timeout=timeout_s)
                self._heard_before |= block is not None
                return block
        return None

    def has_sounded(self) -> bool:
        """Whether anything but zeros came since the last block or call; forgets what it was."""
        sounded = False
        while not self._queue.empty():
            block = self._queue.get()
            self._heard_before |= block is not None
            sounded |= block is not None and bool(to_pcm16(block).any())
        return sounded

    def _on_block(self, block: Samples, frames: int, times: Any, status: Any) -> None:
        # PortAudio waits for this: copy and go. The first channel is the microphone.
        self._queue.put(block[:, 0].copy())

    def _on_finished(self) -> None:
        self._ended.set()
        self._queue.put(None)


def input_names() -> tuple[str, ...]:
    """Names of the input devices there are.

    Raises NoMicrophone where PortAudio is missing or does not answer in 5 s.
    """
    try:
        devices = in_background(lambda: _inputs(load_sounddevice())).result(_OPENING_S)
    except TimeoutError:
        raise NoMicrophone(
            f"the sound system does not answer within {_OPENING_S:.0f} s",
            "check the system's sound settings",
        ) from None
    return tuple(device["name"] for device in devices)


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


def _host_reason(error: Exception) -> str:
    """What the sound system said; PortAudio wraps it into codes of its own."""
    host: tuple[Any, ...] = error.args[2] if len(error.args) > 2 else ()
    return str(host[2]).strip() if len(host) > 2 and host[2] else reason(error)


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
