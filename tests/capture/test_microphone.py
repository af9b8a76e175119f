"""The microphone over a virtual sound card, with the faults of real ones."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import chain, islice, takewhile
from pathlib import Path

import numpy as np
import pytest
from tests.virtual_sound_card import SoundCard, virtual_sound_card

from sayback.capture.audio_file import read_audio
from sayback.capture.listen import Level, ListenSettings, Take
from sayback.capture.microphone import Microphone, input_names, match_name
from sayback.capture.recorder import Samples
from sayback.errors import MicrophoneLost, NoMicrophone
from sayback.model import Ending

# On a machine that is overloaded the virtual card itself drops sound; real faults fail each time.
pytestmark = pytest.mark.flaky(reruns=2)

STANDARD_ERROR = 2
"""The descriptor itself: `sys.stderr` of pytest is another one."""

WITHOUT_PORTAUDIO = """
import ctypes.util, sys
ctypes.util.find_library = lambda name: None
from sayback.capture.microphone import input_names
from sayback.errors import NoMicrophone
try:
    input_names()
except NoMicrophone as error:
    print(error)
"""


@pytest.fixture
def noisy_card(sound_card: SoundCard) -> Iterator[SoundCard]:
    """The card in a room that is not digitally silent."""
    with sound_card.room_noise():
        yield sound_card


def chirp(seconds: float) -> Samples:
    """A sweep, so that each moment of it is found again at one place only."""
    times_s = np.arange(round(seconds * 16_000)) / 16_000
    return (0.3 * np.sin(2 * np.pi * (300 + 100 * times_s) * times_s)).astype(np.float32)


def listening_seconds(microphone: Microphone, seconds: float) -> Samples:
    blocks = microphone.blocks()
    heard = [next(blocks)]
    while sum(map(len, heard)) < seconds * 16_000:
        heard.append(next(blocks))
    return np.concatenate(heard)


def best_correlation(sound: Samples, wanted: Samples) -> float:
    """1 where `wanted` is in `sound` whole and unchanged but for its loudness."""
    size = len(sound) + len(wanted)
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wanted, size))
    at = int(np.argmax(np.fft.irfft(spectrum)[: len(sound) - len(wanted)]))
    piece = sound[at : at + len(wanted)]
    return float(piece @ wanted / np.linalg.norm(piece) / np.linalg.norm(wanted))


def test_hears_all_that_is_played(noisy_card: SoundCard) -> None:
    wanted = chirp(3)
    with Microphone() as microphone, noisy_card.playing_into_microphone(wanted):
        heard = listening_seconds(microphone, 4)
    assert heard.dtype == np.float32
    assert best_correlation(heard, wanted) > 0.99


def test_drops_what_came_before(noisy_card: SoundCard) -> None:
    with Microphone() as microphone:
        noisy_card.play_into_microphone(chirp(1))
        time.sleep(0.3)
        heard = listening_seconds(microphone, 0.5)
    assert np.abs(heard).max() < 0.02


def test_records_an_answer_and_ends_after_it(
    noisy_card: SoundCard, tmp_path: Path, spoken: Samples
) -> None:
    settings = ListenSettings(patience_s=2.5)
    with Microphone() as microphone, Take(tmp_path / "answer.wav", settings, "desk") as take:
        listening = take.listen(microphone.blocks(), threading.Event())
        next(listening)
        with noisy_card.playing_into_microphone(spoken):
            heard = list(listening)
    recording = take.recording()
    assert recording.ending is Ending.SILENCE
    assert recording.warnings == ()
    spoken_s = len(np.trim_zeros(spoken)) / 16_000
    assert sum(i.duration_s for i in recording.speech) == pytest.approx(spoken_s, rel=0.1)
    assert recording.duration_s == pytest.approx(recording.speech[-1].end_s + 2.5, abs=0.15)
    assert best_correlation(read_audio(recording.path), spoken) > 0.98
    levels = [level.level_db for level in heard]
    assert max(levels) - min(levels) > 20


def test_a_soft_stop_is_no_end(noisy_card: SoundCard, tmp_path: Path, spoken: Samples) -> None:
    said = spoken[:24_000]
    silence = np.zeros(3 * 16_000, np.float32)
    with Microphone() as microphone, Take(tmp_path / "a.wav", ListenSettings(), "desk") as take:
        listening = take.listen(microphone.blocks(), threading.Event())
        next(listening)
        with noisy_card.playing_into_microphone(np.concatenate([said, silence, said])):
            levels = list(listening)
    assert take.ending is Ending.SILENCE
    # `spoken` has no pause; that each sample is kept is tested without a card, in test_listen.
    first, second = take.speech
    assert second.start_s - first.start_s == pytest.approx(4.5, abs=0.3)
    assert second.duration_s == pytest.approx(first.duration_s, abs=0.2)
    stops_s = [level.at_s for level in levels if level.ends_in_s is not None]
    assert first.end_s + 1 < min(stops_s) < second.start_s
    assert second.end_s + 3 < max(stops_s)


def test_a_pause_leaves_out_what_is_heard_meanwhile(
    noisy_card: SoundCard, tmp_path: Path, spoken: Samples
) -> None:
    with Microphone() as microphone, Take(tmp_path / "a.wav", ListenSettings(), "desk") as take:
        for level in take.listen(microphone.blocks(), threading.Event()):
            if level.at_s > 0.5:
                break
        recorded_s = take.duration_s
        with noisy_card.playing_into_microphone(spoken):
            pausing = take.hold(microphone.idle(), threading.Event())
            levels = [next(pausing) for _ in range(20)]
        time.sleep(0.3)
        for level in take.listen(microphone.blocks(), threading.Event()):
            if level.at_s > recorded_s + 0.5:
                break
    assert {(level.at_s, level.paused) for level in levels} == {(recorded_s, True)}
    assert max(level.level_db for level in levels) > -35
    assert np.abs(read_audio(take.path)).max() < 0.05
    assert take.speech == ()


@pytest.mark.parametrize(
    ("fault", "warning"),
    [
        ("suspended_microphone", "'default': the microphone stopped"),
        ("unplugged_microphone", "'default': delivers only zeros"),
        ("muted_microphone", "'default': delivers only zeros"),
        ("moved_microphone", "'default': delivers only zeros"),
    ],
)
def test_notices_a_fault_within_two_seconds(
    noisy_card: SoundCard, tmp_path: Path, spoken: Samples, fault: str, warning: str
) -> None:
    path = tmp_path / "answer.wav"
    told, take = listen_with_fault(noisy_card, path, spoken, fault)
    assert told.startswith(warning)
    recording = take.recording()
    assert take.ending is None
    assert sum(interval.duration_s for interval in recording.speech) > 1.5
    assert len(read_audio(path)) == pytest.approx(recording.duration_s * 16_000, abs=1)


def listen_with_fault(card: SoundCard, path: Path, spoken: Samples, fault: str) -> tuple[str, Take]:
    """What is told of the fault, 2 s into the answer, within 2 s."""
    breaking: AbstractContextManager[None] = getattr(card, fault)()
    with (
        Microphone() as microphone,
        card.playing_into_microphone(np.tile(spoken, 2)),
        Take(path, ListenSettings(), microphone.name) as take,
    ):
        for level in take.listen(microphone.blocks(), threading.Event()):
            if level.at_s > 2:
                break
        with breaking:
            broken_s = time.monotonic()
            level = told(take, microphone)
            assert time.monotonic() - broken_s < 2
            closing_s = time.monotonic()
            microphone.__exit__()
            assert time.monotonic() - closing_s < 2
    assert level.warning is not None
    return level.warning, take


def told(take: Take, microphone: Microphone) -> Level:
    """The first level that carries a warning."""
    never = threading.Event()
    heard = chain(take.listen(microphone.blocks(), never), take.wait(iter(()), never))
    return next(level for level in heard if level.warning)


def test_another_sample_rate_in_mid_answer_loses_no_second(
    noisy_card: SoundCard, tmp_path: Path
) -> None:
    with (
        Microphone() as microphone,
        Take(tmp_path / "a.wav", ListenSettings(), microphone.name) as take,
    ):
        for level in take.listen(microphone.blocks(), threading.Event()):
            if level.at_s > 0.5:
                break
        with noisy_card.remade_microphone():
            changed_s, recorded_s = time.monotonic(), take.duration_s
            listening = take.listen(microphone.blocks(), threading.Event())
            levels = list(takewhile(lambda level: level.at_s < 2.5, listening))
            late_s = time.monotonic() - changed_s - (take.duration_s - recorded_s)
    assert late_s < 1
    assert {level.warning for level in levels} == {None}
    assert min(level.level_db for level in levels[-10:]) > -70


def test_is_opened_anew_until_it_is_back(sound_card: SoundCard) -> None:
    with Microphone() as microphone:
        with sound_card.muted_microphone(), sound_card.room_noise():
            waiting = microphone.until_back()
            away = list(islice(waiting, 20))
            assert not np.concatenate(away).any()
            asked_s = time.monotonic()
        with sound_card.room_noise():
            back_after = len(list(waiting))
            assert back_after < 40
            assert len(listening_seconds(microphone, 0.5)) >= 8_000
    assert time.monotonic() - asked_s < 4


def test_a_server_that_hangs_holds_nobody_up(capfd: pytest.CaptureFixture[str]) -> None:
    with virtual_sound_card() as card:
        with Microphone() as microphone, card.room_noise():
            next(microphone.blocks())
            with card.hanging_server():
                with pytest.raises(MicrophoneLost):
                    deque(microphone.blocks())
                waiting = microphone.until_back()
                assert not np.concatenate(list(islice(waiting, 30))).any()
                os.write(STANDARD_ERROR, b"seen all the same\n")
            deque(waiting)
            assert len(listening_seconds(microphone, 0.5)) >= 8_000
        with card.hanging_server():
            asked_s = time.monotonic()
            with pytest.raises(NoMicrophone, match="does not open within 5 s"), Microphone():
                pass
            assert time.monotonic() - asked_s < 7
    assert capfd.readouterr().err == "seen all the same\n"


def test_names_are_not_waited_for_where_the_server_hangs() -> None:
    code = WITHOUT_PORTAUDIO.replace("lambda name: None", "ctypes.util.find_library")
    with virtual_sound_card() as card, card.hanging_server():
        asked_s = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100
        )
    assert done.stdout.startswith("the sound system does not answer within 5 s; check")
    assert time.monotonic() - asked_s < 10


def test_what_we_say_while_it_opens_arrives_and_nothing_else(
    sound_card: SoundCard, capfd: pytest.CaptureFixture[str]
) -> None:
    with Microphone():  # sounddevice is imported from now on
        pass

    def open_again() -> None:
        for _ in range(3):
            with Microphone():
                pass

    opening, said = threading.Thread(target=open_again), 0
    opening.start()
    while opening.is_alive():
        os.write(STANDARD_ERROR, b"%d\n" % said)
        said += 1
        time.sleep(0.005)
    assert capfd.readouterr().err.splitlines() == [str(number) for number in range(said)]


def test_a_program_that_was_held_up_itself_has_lost_no_microphone(noisy_card: SoundCard) -> None:
    usleep = ctypes.PyDLL(None).usleep  # nothing else runs meanwhile, as when a model is loaded

    def hold_up() -> None:
        for _ in range(4):
            usleep(1_300_000)

    with Microphone() as microphone:
        blocks = microphone.blocks()
        next(blocks)
        held_up = threading.Thread(target=hold_up)
        held_up.start()
        while held_up.is_alive():
            next(blocks)


def test_notices_that_no_device_is_left() -> None:
    with virtual_sound_card() as card:
        with Microphone() as microphone:
            blocks = microphone.blocks()
            next(blocks)
            card.remove_all_devices()
            removed_s = time.monotonic()
            with pytest.raises(
                MicrophoneLost, match="'default': the microphone stopped delivering"
            ):
                deque(blocks)
            assert time.monotonic() - removed_s < 2
            with pytest.raises(MicrophoneLost):
                next(microphone.blocks())
        with pytest.raises(NoMicrophone, match="cannot be opened"), Microphone():
            pass


def test_is_chosen_by_part_of_its_name(noisy_card: SoundCard) -> None:
    assert "pulse" in input_names()
    with Microphone("PULS") as microphone:
        assert microphone.name == "pulse"
        assert len(listening_seconds(microphone, 0.1)) >= 1600


@pytest.mark.parametrize(
    ("wanted", "problem"), [("headset", "'headset': no such"), ("u", "'u': fits 2")]
)
def test_names_the_devices_there_are(sound_card: SoundCard, wanted: str, problem: str) -> None:
    with pytest.raises(NoMicrophone, match=problem) as raised, Microphone(wanted):
        pass
    assert "'pulse', 'default'" in str(raised.value)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("headset", (1,)),
        ("HEADSET", (1,)),
        ("usb", (0, 1)),
        ("USB", (0, 1)),
        ("default", (2,)),
        ("sys", (3,)),
        ("nothing", ()),
    ],
)
def test_match_name(wanted: str, found: tuple[int, ...]) -> None:
    names = ("USB Camera", "USB Headset: Audio (hw:1,0)", "default", "sysdefault")
    assert match_name(wanted, names) == found


def test_devices_are_looked_for_without_a_standard_error() -> None:
    looking = "from sayback.capture.microphone import input_names as names; print(type(names()))"
    finished = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", looking],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert finished.returncode == 0
    assert finished.stdout.startswith("<class ")


def test_says_how_to_install_portaudio() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PORTAUDIO], capture_output=True, text=True, check=True
    )
    if not done.stdout:
        pytest.skip("this sounddevice brings its own PortAudio")
    assert done.stdout.startswith("PortAudio is not installed")
    assert "; type `sudo apt-get install libportaudio2`" in done.stdout
