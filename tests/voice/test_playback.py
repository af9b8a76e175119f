from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.virtual_sound_card import RATE_HZ, Samples, SoundCard, virtual_sound_card

from sayback.errors import NoLoudspeaker, VoiceError
from sayback.voice.playback import Output, at_rate, choose_output

# On a machine that is overloaded the virtual card itself drops sound; real faults fail each time.
pytestmark = pytest.mark.flaky(reruns=2)

PLAY = """
import signal, sys, threading, time
from pathlib import Path
from sayback.errors import VoiceError
from sayback.voice.playback import play

path, device, stop_after_s = Path(sys.argv[1]), sys.argv[2] or None, float(sys.argv[3])
import sounddevice  # ahead, so that the seconds printed are those of playing
stop = threading.Event()
if stop_after_s:
    threading.Timer(stop_after_s, stop.set).start()
# A shell starts its background jobs, perhaps these tests, deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
start_s = time.monotonic()
print("playing", flush=True)
try:
    play(path, device=device, stop=stop)
except VoiceError as error:
    print(f"{type(error).__name__}: {error}")
except KeyboardInterrupt:
    time.sleep(0.001)
    print("interrupted", *(thread.name for thread in threading.enumerate()[1:]))
print(time.monotonic() - start_s)
"""

MARK_S = 0.1


@pytest.fixture(scope="module")
def sound() -> Samples:
    """1.5 s of a low tone whose last MARK_S are a high one, loud to the last sample."""
    time_s = np.arange(int(1.5 * RATE_HZ)) / RATE_HZ
    frequency_hz = np.where(time_s < 1.5 - MARK_S, 300.0, 2000.0)
    return (0.3 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


@pytest.fixture
def sound_file(sound: Samples, tmp_path: Path) -> Path:
    path = tmp_path / "sound.wav"
    soundfile.write(path, sound, RATE_HZ)
    return path


def played(
    path: Path, *, device: str = "", stop_after_s: float = 0, **environment: str
) -> tuple[list[str], float]:
    """What `play` reported in a process of its own, whose device list is fresh, and its seconds."""
    done = subprocess.run(
        [sys.executable, "-c", PLAY, str(path), device, str(stop_after_s)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = done.stdout.splitlines()
    return lines[1:-1], float(lines[-1])


def loud_part(heard: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(heard) > 0.02)
    return heard[loud[0] : loud[-1] + 1] if len(loud) else heard[:0]


@pytest.mark.parametrize("device", ["", "PULS"])
def test_all_of_a_sound_is_heard_before_it_returns(
    sound_card: SoundCard, sound_file: Path, sound: Samples, device: str
) -> None:
    with sound_card.recording_loudspeaker() as recording:
        problems, took_s = played(sound_file, device=device)
        heard = loud_part(np.fromfile(recording, np.float32))
    assert problems == []
    assert len(heard) == pytest.approx(len(sound), abs=0.02 * RATE_HZ)
    # The high tone crosses zero 4000 times a second; the low one only 600 times.
    mark = heard[-int(MARK_S * RATE_HZ) :]
    assert np.count_nonzero(np.diff(np.signbit(mark))) > 0.9 * 4000 * MARK_S
    assert 1.5 <= took_s < 2.5


def test_stop_ends_the_sound_at_once(sound_card: SoundCard, sound_file: Path) -> None:
    with sound_card.recording_loudspeaker() as recording:
        problems, took_s = played(sound_file, stop_after_s=0.7)
        heard = loud_part(np.fromfile(recording, np.float32))
    assert problems == []
    assert took_s < 1.1
    assert 0.2 < len(heard) / RATE_HZ < 0.9


def test_control_c_ends_the_sound_at_once_and_leaves_nothing_open(
    sound_card: SoundCard, sound_file: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PLAY, str(sound_file), "", "0"], stdout=subprocess.PIPE, text=True
    ) as player:
        assert player.stdout is not None
        assert player.stdout.readline() == "playing\n"
        time.sleep(0.7)
        player.send_signal(signal.SIGINT)
        said, took_s = player.stdout.read().splitlines()
    assert said == "interrupted"
    assert float(took_s) < 1.2


def test_an_output_that_takes_no_sound_is_given_up(sound_card: SoundCard, sound_file: Path) -> None:
    suspend = ["pactl", "suspend-sink", "speakers"]
    environment = os.environ | sound_card.environment
    subprocess.run([*suspend, "1"], env=environment, check=True)
    try:
        problems, took_s = played(sound_file)
    finally:
        subprocess.run([*suspend, "0"], env=environment, check=True)
    assert len(problems) == 1
    assert problems[0].startswith("VoiceError: 'default': the loudspeaker takes no sound; ")
    assert took_s < 1.5 + 3 + 1


HANGING = """
import os, sys, time
from pathlib import Path
from sayback.errors import VoiceError
from sayback.voice.playback import output_names, play

begun_s = time.monotonic()
try:
    play(Path(sys.argv[1]), device=None)
except VoiceError as error:
    print(error)
print(output_names())
print(time.monotonic() - begun_s, flush=True)
os.write(2, b"heard")
"""


def test_a_sound_server_that_hangs_holds_nobody_up(sound_card: SoundCard, sound_file: Path) -> None:
    with virtual_sound_card() as card, card.hanging_server():
        begun_s = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", HANGING, str(sound_file)],
            env=os.environ | card.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
        took_s = time.monotonic() - begun_s
    problem, names, waited_s = done.stdout.splitlines()
    assert problem.startswith("the sound system does not answer within 5 s; ")
    assert names == "()"
    assert float(waited_s) < 12
    assert took_s < float(waited_s) + 4  # the end of the program waits for nothing either
    assert done.stderr == "heard"


def test_a_name_that_fits_nothing_is_told_the_names_there_are(
    sound_card: SoundCard, sound_file: Path
) -> None:
    problems, _ = played(sound_file, device="Sennheiser")
    assert len(problems) == 1
    assert problems[0].startswith("NoLoudspeaker: 'Sennheiser': no such loudspeaker; ")
    assert "'pulse'" in problems[0]


def test_a_missing_portaudio_is_named_with_its_package(sound_file: Path, tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    probe = (
        "from sayback.voice import playback; print(playback.output_names()); "
        "from pathlib import Path; playback.play(Path('x.wav'), device=None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "()\n"
    last_line = done.stderr.splitlines()[-1]
    assert last_line.startswith("sayback.errors.NoLoudspeaker: ")
    assert "sudo apt-get install libportaudio2" in last_line


def output(index: int, name: str) -> Output:
    return {"index": index, "name": name, "max_output_channels": 2, "default_samplerate": 48000.0}


THREE = (output(0, "Built-in Speakers"), output(3, "USB Speakers"), output(5, "Speakers"))


@pytest.mark.parametrize(
    ("name", "default", "index"),
    [
        ("usb", 0, 3),
        ("SPEAKERS", 0, 5),  # a whole name wins over parts
        ("built", 3, 0),
        (None, 3, 3),
        (None, -1, 0),
    ],
)
def test_an_output_is_chosen_by_its_name(name: str | None, default: int, index: int) -> None:
    assert choose_output(THREE, default=default, name=name)["index"] == index


@pytest.mark.parametrize(
    ("available", "name", "message"),
    [
        ((), None, "no loudspeaker found"),
        ((), "usb", "no loudspeaker found"),
        (
            THREE,
            "speaker",
            "'speaker': fits 3 loudspeakers; choose with --speaker one of 'Built-in",
        ),
        (THREE, "hdmi", "'hdmi': no such loudspeaker; choose with --speaker one of 'Built-in"),
    ],
)
def test_without_one_fitting_output_the_message_says_so(
    available: tuple[Output, ...], name: str | None, message: str
) -> None:
    with pytest.raises(NoLoudspeaker, match=f"^{message}"):
        choose_output(available, default=0, name=name)


@pytest.mark.parametrize(("file_rate_hz", "channels"), [(22_050, 1), (44_100, 2), (48_000, 6)])
def test_a_file_of_any_form_becomes_mono_at_the_rate_asked_for(
    tmp_path: Path, file_rate_hz: int, channels: int
) -> None:
    time_s = np.arange(file_rate_hz) / file_rate_hz
    tone = 0.5 * np.sin(2 * np.pi * 440 * time_s)
    soundfile.write(tmp_path / "a.wav", np.tile(tone[:, None], channels), file_rate_hz)
    samples = at_rate(tmp_path / "a.wav", 48_000)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    assert samples.shape == (48_000,)
    assert np.abs(samples - expected)[2400:-2400].max() < 0.01


@pytest.mark.parametrize("content", [None, b"", b"not a sound"])
def test_a_file_that_is_no_sound_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VoiceError, match=r"broken\.wav: cannot be played \(.*[^.]\); delete"):
        at_rate(path, 48_000)
