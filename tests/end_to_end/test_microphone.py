"""A whole rehearsal over a sound card: what is played, what is heard, and when it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr
from tests.virtual_sound_card import SoundCard

from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

# On a machine that is overloaded the virtual card itself drops sound; real faults fail each time.
pytestmark = pytest.mark.flaky(reruns=2)

Start = Callable[..., subprocess.Popen[str]]
Samples = npt.NDArray[np.float32]

RATE_HZ = 16_000
QUESTION = "What is U-Net and when would you use it?"
ANSWER = "U-Net is mainly used for semantic segmentation. An encoder shrinks the image."
PRACTICE = ("practice", "--plain", "--question", QUESTION, "--model", "tiny.en", "--json")


def rendered(text: str) -> Samples:
    """The sound of `text` at 16 kHz, without the silence around it."""
    samples, rate_hz = soundfile.read(Pyttsx3Speaker().render(text), dtype="float32")
    sound = soxr.resample(samples, rate_hz, RATE_HZ)
    audible = np.flatnonzero(np.abs(sound) > 0.005)
    return np.asarray(sound[audible[0] : audible[-1] + 1], np.float32)


def find(wanted: Samples, sound: Samples) -> tuple[int, float]:
    """Where `wanted` fits best into `sound`, and how well: 1 is a copy of any loudness."""
    size = len(sound) + len(wanted)
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wanted, size))
    at = int(np.argmax(np.fft.irfft(spectrum, size)[: len(sound) - len(wanted)]))
    piece = sound[at : at + len(wanted)]
    likeness = piece @ wanted / (np.linalg.norm(piece) * np.linalg.norm(wanted) + 1e-9)
    return at, float(likeness)


def answer_kept(workspace: Path) -> Samples:
    (path,) = (workspace / "recordings").glob("*.wav")
    return np.asarray(soundfile.read(path, dtype="float32")[0])


def wait_for_listening(process: subprocess.Popen[str]) -> None:
    wait_for_line(process, "Listening")
    assert process.stderr is not None
    threading.Thread(target=process.stderr.read, daemon=True).start()


def wait_for_line(process: subprocess.Popen[str], beginning: str) -> None:
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line.strip().startswith(beginning):
            return
    raise AssertionError("".join(lines))


def press_enter(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    card: dict[str, Any] = json.loads(process.stdout.read())
    assert process.wait(timeout=60) == 0
    return card


@pytest.fixture
def quiet_room(sound_card: SoundCard):  # type: ignore[no-untyped-def]
    with sound_card.room_noise(level_db=-62):
        yield sound_card


def test_the_question_is_heard_and_is_not_in_the_recording(
    quiet_room: SoundCard, start: Start, workspace: Path
) -> None:
    asked, answer = rendered(QUESTION), rendered(ANSWER)
    with (
        quiet_room.audible_loudspeaker(),
        quiet_room.recording_loudspeaker() as loudspeaker,
        quiet_room.recording_microphone() as microphone,
    ):
        process = start(*PRACTICE)
        wait_for_listening(process)
        time.sleep(0.5)
        quiet_room.play_into_microphone(answer)
        card = result(process)
        played = np.fromfile(loudspeaker, np.float32)
        heard = np.fromfile(microphone, np.float32)

    kept = answer_kept(workspace)
    assert find(asked, played)[1] > 0.95
    # So the microphone did hear it; in parts, as a busy card leaves gaps …
    parts = np.array_split(asked, 5)
    in_the_room = [find(part, heard) for part in parts]
    assert np.median([likeness for _, likeness in in_the_room]) > 0.7
    assert find(asked, kept)[1] < 0.3  # … and none of it was kept
    assert find(answer, kept)[1] > 0.95

    began = find(answer, heard)[0] - find(answer, kept)[0]
    late_s = (began - in_the_room[-1][0] - len(parts[-1])) / RATE_HZ
    assert 0 <= late_s <= 0.2
    assert "semantic segmentation" in card["transcript"]["text"].lower()
    assert card["coverage"]["points"][0]["status"] == "covered"


@pytest.mark.parametrize("after_s", [0.3, 1.0])
def test_control_c_while_the_question_is_read_ends_cleanly(
    quiet_room: SoundCard, start: Start, after_s: float
) -> None:
    with quiet_room.recording_loudspeaker() as loudspeaker:
        process = start("practice", "--plain", "--question", QUESTION, "--model", "tiny.en")
        while not np.fromfile(loudspeaker, np.float32).any():
            time.sleep(0.01)
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert process.stderr is not None
    assert process.stderr.read().strip() == "sayback: interrupted"


def test_silence_after_speech_ends_the_answer_and_silence_before_it_does_not(
    quiet_room: SoundCard, start: Start, workspace: Path
) -> None:
    process = start(*PRACTICE, "--patience", "1.5")
    wait_for_listening(process)
    time.sleep(4)  # thinking, for longer than the patience
    quiet_room.play_into_microphone(rendered(ANSWER))
    card = result(process)
    assert card["pace"]["response_latency_s"] > 3.5
    silence_s = len(answer_kept(workspace)) / RATE_HZ - card["pace"]["total_s"]
    assert silence_s == pytest.approx(1.5, abs=0.25)


def test_enter_ends_the_answer(quiet_room: SoundCard, start: Start, workspace: Path) -> None:
    process = start(*PRACTICE)
    wait_for_listening(process)
    quiet_room.play_into_microphone(rendered(ANSWER))
    press_enter(process)
    card = result(process)
    assert len(answer_kept(workspace)) / RATE_HZ - card["pace"]["total_s"] < 1.5


def test_a_microphone_that_goes_is_named_and_the_answer_so_far_is_scored(
    quiet_room: SoundCard, start: Start, workspace: Path
) -> None:
    process = start(*PRACTICE)
    wait_for_line(process, "Listening")
    quiet_room.play_into_microphone(rendered(ANSWER))
    with quiet_room.suspended_microphone():
        wait_for_line(process, "! 'default': the microphone stopped delivering sound; plug it in")
        wait_for_line(process, "your answer so far is kept (0:0")
        press_enter(process)
        card = result(process)
    assert any("stopped delivering" in warning for warning in card["warnings"])
    assert card["coverage"]["points"][0]["status"] == "covered"
    assert find(rendered(ANSWER), answer_kept(workspace))[1] > 0.95


def test_an_answer_goes_on_once_the_microphone_is_back(
    quiet_room: SoundCard, start: Start, workspace: Path
) -> None:
    process = start(*PRACTICE, "--patience", "2")
    wait_for_line(process, "Listening")
    quiet_room.play_into_microphone(rendered("U-Net is mainly used for semantic segmentation."))
    with quiet_room.suspended_microphone():
        wait_for_line(process, "your answer so far is kept (0:0")
    wait_for_line(process, "the microphone is back: your answer goes on")
    time.sleep(3)  # longer than the patience
    quiet_room.play_into_microphone(rendered("An encoder shrinks the image."))
    card = result(process)
    assert "image" in card["transcript"]["text"].lower()
    assert "semantic segmentation" in card["transcript"]["text"].lower()
    assert any("what was said meanwhile is not in it" in warning for warning in card["warnings"])


def test_the_longest_answer_is_a_setting(
    quiet_room: SoundCard, start: Start, workspace: Path
) -> None:
    process = start(*PRACTICE, "--max-length", "3")
    wait_for_listening(process)
    quiet_room.play_into_microphone(rendered(ANSWER))
    result(process)
    assert len(answer_kept(workspace)) / RATE_HZ == pytest.approx(3, abs=0.1)


def test_a_dead_microphone_is_named_within_two_seconds(quiet_room: SoundCard, start: Start) -> None:
    with quiet_room.muted_microphone():
        process = start(*PRACTICE)
        assert process.stderr is not None
        listening_at = None
        for line in process.stderr:
            if line.startswith("Listening"):
                listening_at = time.monotonic()
            if "only zeros" in line:
                break
        assert listening_at is not None
        assert time.monotonic() - listening_at < 2
        card = json.loads(process.communicate("\n", timeout=60)[0])
    assert card["coverage"] is None
    assert any("zeros" in warning for warning in card["warnings"])
