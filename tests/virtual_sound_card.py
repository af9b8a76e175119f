"""A sound card without hardware, for tests: a private PulseAudio server with null sinks.

Two sinks: what is played into `mic_in` is heard by the default source `mic`; what the tool plays
goes to the default sink `speakers`, whose monitor can be recorded. Needs no systemd, no D-Bus and
no rights. Each pytest process starts a server of its own.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

Samples = npt.NDArray[np.float32]

RATE_HZ = 16_000
_FORMAT = ["--raw", "--format=float32le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=20"]
_MICROPHONE = ["module-remap-source", "source_name=mic", "master=mic_in.monitor"]
_CONFIGURATION = """\
.fail
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name=speakers rate=48000 channels=2
load-module module-null-sink sink_name=mic_in rate=48000 channels=1 channel_map=mono
load-module {microphone}
set-default-sink speakers
set-default-source mic
"""
# An idle null sink renders 2 s ahead; a standing reader of its monitor keeps it at 10 ms, once
# the first 2 s are used up.
_SETTLING_S = 2.2
# A real card does not wait for the processor either; where that is denied, it goes on without.
_WITH_PRIORITY = ["nice", "--adjustment=-11"]


class SoundCard:
    """Plays into the microphone, records the loudspeaker, and breaks on request."""

    def __init__(self, directory: Path) -> None:
        self.environment = {
            "PULSE_SERVER": f"unix:{directory / 'native'}",
            "PULSE_COOKIE": str(directory / "cookie"),
        }
        self._server: subprocess.Popen[bytes] | None = None
        self._child_environment = os.environ | self.environment | {"HOME": str(directory)}

    def play_into_microphone(self, sound: Path | Samples) -> None:
        """Return when the microphone has heard all of it; samples are mono at 16 kHz."""
        with self.playing_into_microphone(sound) as player:
            player.wait(timeout=120)

    @contextmanager
    def playing_into_microphone(self, sound: Path | Samples) -> Iterator[subprocess.Popen[bytes]]:
        """Play while the block runs; what is left at its end is cut off."""
        with tempfile.NamedTemporaryFile() as raw:
            raw.write(_mono(sound).tobytes())
            raw.flush()
            with self._running("pacat", "--playback", "--device=mic_in", *_FORMAT, raw.name) as it:
                yield it

    @contextmanager
    def room_noise(self, *, level_db: float = -60.0, seconds: float = 120.0) -> Iterator[None]:
        """White noise in the microphone, which else gives exact zeros while nothing is played."""
        noise = np.random.default_rng(0).standard_normal(round(seconds * RATE_HZ))
        with self.playing_into_microphone((noise * 10 ** (level_db / 20)).astype(np.float32)):
            time.sleep(0.2)
            yield

    @contextmanager
    def audible_loudspeaker(self) -> Iterator[None]:
        """The microphone hears the loudspeaker, as on a laptop without a headset."""
        self._pactl(*("load-module", "module-loopback", "source=speakers.monitor"),
                    *("sink=mic_in", "latency_msec=20"))  # fmt: skip
        try:
            yield
        finally:
            self._pactl("unload-module", "module-loopback")

    @contextmanager
    def recording_loudspeaker(self) -> Iterator[Path]:
        """A file of raw mono float32 at 16 kHz that grows by what the loudspeaker plays."""
        with self._recording("speakers.monitor") as path:
            yield path

    @contextmanager
    def recording_microphone(self) -> Iterator[Path]:
        """The same for all that the microphone hears."""
        with self._recording("mic_in.monitor") as path:
            yield path

    @contextmanager
    def _recording(self, device: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "heard.raw"
            path.touch()
            with self._running("parec", f"--device={device}", *_FORMAT, str(path)):
                _wait_until(lambda: path.stat().st_size > 0, "parec delivers nothing")
                yield path
                time.sleep(0.1)  # what was played last is still on its way

    def record_loudspeaker(self, seconds: float) -> Samples:
        """What the loudspeaker plays from now on: mono at 16 kHz."""
        with self.recording_loudspeaker() as path:
            time.sleep(seconds)
            return np.fromfile(path, np.float32)

    @contextmanager
    def suspended_microphone(self) -> Iterator[None]:
        """The device stays but calls back no more, as in a laptop that went to sleep."""
        self._pactl("suspend-source", "mic", "1")
        try:
            yield
        finally:
            self._pactl("suspend-source", "mic", "0")

    @contextmanager
    def unplugged_microphone(self) -> Iterator[None]:
        """The device is gone; the server moves its streams to another input, which is silent."""
        self._pactl("unload-module", "module-remap-source")
        try:
            yield
        finally:
            self._pactl("load-module", *_MICROPHONE)
            self._pactl("set-default-source", "mic")

    @contextmanager
    def muted_microphone(self) -> Iterator[None]:
        """The device delivers exact zeros."""
        self._pactl("set-source-mute", "mic", "1")
        try:
            yield
        finally:
            self._pactl("set-source-mute", "mic", "0")

    @contextmanager
    def moved_microphone(self) -> Iterator[None]:
        """The server gives its listeners another input, which is silent, and leaves them there."""
        self._move_listeners("speakers.monitor")
        yield

    @contextmanager
    def remade_microphone(self) -> Iterator[None]:
        """The device goes and is there again at once with another sample rate."""
        self._make_microphone_again("rate=44100")
        try:
            yield
        finally:
            self._make_microphone_again()

    @contextmanager
    def hanging_server(self) -> Iterator[None]:
        """The server answers nobody, as a driver that is stuck."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._server.send_signal(signal.SIGCONT)

    def _make_microphone_again(self, *settings: str) -> None:
        self._pactl("unload-module", "module-remap-source")
        self._pactl("load-module", *_MICROPHONE, *settings)
        self._pactl("set-default-source", "mic")

    def _move_listeners(self, source: str) -> None:
        sources = {line[1]: line[0] for line in self._listed("sources")}
        for stream, its_source, *_ in self._listed("source-outputs"):
            if its_source == sources["mic"]:
                self._pactl("move-source-output", stream, source)

    def _listed(self, kind: str) -> list[list[str]]:
        return [line.split("\t") for line in self._pactl("list", "short", kind).splitlines()]

    def remove_all_devices(self) -> None:
        """No input and no output is left; for ever, so take a card of your own for it."""
        self._pactl("unload-module", "module-null-sink")

    @contextmanager
    def _running(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen(
            [*_WITH_PRIORITY, *command],
            env=self._child_environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield process
            finally:
                process.terminate()

    def _pactl(self, *arguments: str) -> str:
        """What it prints."""
        command = ["pactl", *arguments]
        done = subprocess.run(
            command, env=self._child_environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def answers(self) -> bool:
        """Whether the server is up."""
        done = subprocess.run(
            ["pactl", "info"], env=self._child_environment, check=False, capture_output=True
        )
        return done.returncode == 0

    @contextmanager
    def served(self, directory: Path) -> Iterator[None]:
        """The server and its standing readers, for as long as the block runs."""
        configuration = directory / "default.pa"
        configuration.write_text(
            _CONFIGURATION.format(socket=directory / "native", microphone=" ".join(_MICROPHONE))
        )
        self._child_environment |= {
            name: str(directory)
            for name in ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH")
        }
        with ExitStack() as running:
            self._server = running.enter_context(
                self._running(
                    *("pulseaudio", "-n", "-F", str(configuration), "--daemonize=no"),
                    *("--use-pid-file=no", "--exit-idle-time=-1", "--high-priority=no"),
                    *("--realtime=no", f"--log-target=file:{directory / 'pulse.log'}"),
                )
            )
            _wait_until(self.answers, "pulseaudio does not start")
            for sink in ("speakers", "mic_in"):
                monitor = f"--device={sink}.monitor"
                running.enter_context(self._running("parec", monitor, *_FORMAT, "/dev/null"))
            time.sleep(_SETTLING_S)
            yield


@contextmanager
def virtual_sound_card() -> Iterator[SoundCard]:
    """A card of one's own, the default of this process and its children for that long.

    Skips the test where the programs for it are missing.
    """
    for program in ("pulseaudio", "pactl", "pacat"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: type  scripts/setup-sound")
    if ctypes.util.find_library("portaudio") is None:
        pytest.skip("PortAudio is not installed: type  scripts/setup-sound")
    # A socket's path holds at most 107 characters, so pytest's own folders are too deep.
    with tempfile.TemporaryDirectory(prefix="sayback-") as folder:
        card = SoundCard(Path(folder))
        with pytest.MonkeyPatch.context() as patch, card.served(Path(folder)):
            for name, value in card.environment.items():
                patch.setenv(name, value)
            yield card


@pytest.fixture(scope="session")
def sound_card() -> Iterator[SoundCard]:
    """The card that all tests share."""
    with virtual_sound_card() as card:
        yield card


def _mono(sound: Path | Samples) -> Samples:
    if not isinstance(sound, Path):
        return np.asarray(sound, np.float32)
    import soxr

    samples, rate_hz = soundfile.read(sound, dtype="float32", always_2d=True)
    mono: Samples = soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ).astype(np.float32)
    return mono


def _wait_until(true: Callable[[], bool], problem: str, *, seconds: float = 10.0) -> None:
    deadline_s = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline_s:
            raise TimeoutError(problem)
        time.sleep(0.05)
