"""Plays an audio file on a loudspeaker and returns when its sound has ended."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sayback.errors import NoLoudspeaker, VoiceError, reason

T = TypeVar("T")
Samples = npt.NDArray[np.float32]
Output = Mapping[str, Any]
"""A device as `sounddevice.query_devices` describes it."""

LATENCY_S = 0.2
"""Sound kept ready in the device, so that it does not stutter while the recogniser loads."""

TAIL_S = 0.13
"""Zeros behind the sound, on top of those that fill the device when the sound has left it: time
for the sound to reach a microphone, and still well under the 0.2 s in which an answer may begin."""

AUDIBLE = 10 ** (-50 / 20)
"""Quieter than this at its end, a sound has ended: synthesisers add some tenths of a second."""

POLL_S = 0.005
GLANCE_S = 0.1

GRACE_S = 3.0
"""A device that takes no more sound for so long counts as dead."""

FINDING_S = 5.0
"""Longest wait for the list of devices; a sound server that hangs never gives it."""

CLOSING_S = 0.5
"""Longest wait for a device to be closed."""


def play(path: Path, *, device: str | None, stop: threading.Event | None = None) -> None:
    """Play `path` on the output whose name contains `device`; returns when it has been heard.

    `device` None is the system's default; setting `stop` ends the sound at once. Raises
    NoLoudspeaker where there is no such output, VoiceError where the file cannot be read, or the
    sound system does not answer, or the output takes no sound.
    """
    sounddevice, output = in_time(lambda: find_output(device))
    sound = at_rate(path, int(output["default_samplerate"]))
    given_up, moved, ended = threading.Event(), threading.Event(), threading.Event()
    refusals: list[str] = []

    def is_over() -> bool:
        return given_up.is_set() or (stop is not None and stop.is_set())

    def work() -> None:
        try:
            feed(sounddevice, output, sound, is_over=is_over, moved=moved.set)
        except sounddevice.PortAudioError as error:
            refusals.append(f"cannot play ({reason(error)})")
        finally:
            ended.set()

    # In a thread, because even closing the stream of a dead output can block.
    threading.Thread(target=work, name="playback", daemon=True).start()
    try:
        if not has_ended(ended, moved):
            refusals.append("takes no sound")
    finally:
        given_up.set()
        # After Ctrl-C, too: a stream that is open when the program ends can crash it.
        ended.wait(CLOSING_S)
    if refusals:
        raise VoiceError(
            f"{output['name']!r}: the loudspeaker {refusals[0]}",
            "check its connection, or choose another one with --speaker",
        )


def has_ended(ended: threading.Event, moved: threading.Event) -> bool:
    """Wait until `ended` is set; False once `moved` was not set for `GRACE_S`."""
    stands_s = 0.0
    while not ended.wait(GLANCE_S):
        stands_s = 0.0 if moved.is_set() else stands_s + GLANCE_S
        moved.clear()
        if stands_s >= GRACE_S:
            return False
    return True


def output_names() -> tuple[str, ...]:
    """The names of all outputs; empty where there is none, or PortAudio is missing or hangs."""
    try:
        found = in_time(lambda: outputs(load_sounddevice()))
    except VoiceError:
        return ()
    return tuple(str(output["name"]) for output in found)


def find_output(name: str | None) -> tuple[ModuleType, Output]:
    """The output as `choose_output` does, and the module to play with. Raises NoLoudspeaker."""
    sounddevice = load_sounddevice()
    default = sounddevice.default.device[1]
    return sounddevice, choose_output(outputs(sounddevice), default=default, name=name)


def in_time(work: Callable[[], T]) -> T:
    """What comes of `work`, done in a thread that may hang in a driver.

    Raises what it raises, and VoiceError after `FINDING_S`.
    """
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            result.set_exception(error)

    with copied(2) as messages:
        threading.Thread(target=run, name="loudspeaker", daemon=True).start()
        try:
            return result.result(FINDING_S)
        except TimeoutError:
            if messages is not None:  # sounddevice sends them to nowhere while it is imported
                os.dup2(messages, 2)
            raise VoiceError(
                f"the sound system does not answer within {FINDING_S:.0f} s",
                "check the system's sound settings",
            ) from None


@contextmanager
def copied(descriptor: int) -> Iterator[int | None]:
    """A copy of it; None where it is closed."""
    try:
        copy = os.dup(descriptor)
    except OSError:
        yield None
        return
    try:
        yield copy
    finally:
        os.close(copy)


def feed(
    sounddevice: ModuleType,
    output: Output,
    sound: Samples,
    *,
    is_over: Callable[[], bool],
    moved: Callable[[], None],
) -> None:
    """Write `sound` to `output` and return when it has sounded, or soon after `is_over()`.

    Calls `moved` whenever the output has taken something.

    Raises sounddevice.PortAudioError where the output refuses it.
    """
    rate_hz = output["default_samplerate"]
    channels = min(2, output["max_output_channels"])
    with sounddevice.OutputStream(
        device=output["index"],
        samplerate=rate_hz,
        channels=channels,
        dtype="float32",
        latency=LATENCY_S,
    ) as stream:
        tail = np.zeros(int((stream.latency + TAIL_S) * rate_hz), dtype=np.float32)
        frames = np.repeat(np.concatenate([sound, tail])[:, np.newaxis], channels, axis=1)
        while len(frames) and not is_over():
            # A write of more than this would block, on a suspended device for ever.
            count = stream.write_available
            stream.write(frames[:count])
            if count:
                moved()
            frames = frames[count:]
            time.sleep(POLL_S)
        # Only zeros are left in the device, or what nobody wants to hear.
        stream.abort()


def at_rate(path: Path, rate_hz: int) -> Samples:
    """The sound of `path` as mono samples (frames,) at `rate_hz`.

    Raises VoiceError where it cannot be read.
    """
    import soundfile
    import soxr

    try:
        samples, file_rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise VoiceError(
            f"{path}: cannot be played ({reason(error)})", "delete it, and try again"
        ) from error
    mono = without_silent_end(samples.mean(axis=1, dtype=np.float32))
    return np.asarray(soxr.resample(mono, file_rate_hz, rate_hz), dtype=np.float32)


def without_silent_end(samples: Samples) -> Samples:
    """The samples up to the last audible one."""
    audible = np.flatnonzero(np.abs(samples) >= AUDIBLE)
    return samples[: audible[-1] + 1] if len(audible) else samples[:0]


def load_sounddevice() -> ModuleType:
    """The sounddevice module. Raises NoLoudspeaker where PortAudio is not installed."""
    try:
        import sounddevice
    except OSError as error:
        raise NoLoudspeaker(
            f"PortAudio is not installed ({reason(error)})",
            "type `sudo apt-get install libportaudio2`, or on macOS `brew install portaudio`",
        ) from error
    return sounddevice  # type: ignore[no-any-return]


def outputs(sounddevice: ModuleType) -> tuple[Output, ...]:
    """All devices that can play, in PortAudio's order."""
    return tuple(
        device for device in sounddevice.query_devices() if device["max_output_channels"] > 0
    )


def choose_output(available: Sequence[Output], *, default: int, name: str | None) -> Output:
    """The output called `name`, else the only one whose name contains it, in any case.

    For `name` None it is the one with the index `default`, else the first. Raises NoLoudspeaker,
    with the names there are, where none or more than one fits.
    """
    if not available:
        raise NoLoudspeaker("no loudspeaker found", "connect one")
    if name is None:
        return next((output for output in available if output["index"] == default), available[0])
    wanted = name.casefold()
    exact = [output for output in available if output["name"].casefold() == wanted]
    fitting = exact[:1] or [output for output in available if wanted in output["name"].casefold()]
    if len(fitting) == 1:
        return fitting[0]
    problem = f"fits {len(fitting)} loudspeakers" if fitting else "no such loudspeaker"
    names = ", ".join(repr(output["name"]) for output in fitting or available)
    raise NoLoudspeaker(f"{name!r}: {problem}", f"choose with --speaker one of {names}")
