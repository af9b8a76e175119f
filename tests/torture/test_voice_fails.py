"""A voice that hangs, crashes, is killed or broken: the question is read, the answer is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.rehearsed import QUESTION, Typist, loaded, write_answer
from tests.torture.campaign import Campaign
from tests.virtual_sound_card import RATE_HZ, SoundCard
from tests.voice.test_playback import PLAY
from tests.voice.test_pyttsx3_speaker import hide_system_library

from sayback.capture.file_recorder import FileRecorder
from sayback.capture.listen import Level, ListenSettings
from sayback.events import Event, Listening, Saved, Warned
from sayback.history.store import Store
from sayback.model import Question
from sayback.remote import Remote, Wish
from sayback.session import Stations, rehearse
from sayback.voice.playback import GRACE_S
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker, is_sound
from sayback.voice.speaker import PATIENCE_S
from sayback.workspace import Workspace

pytestmark = [
    pytest.mark.timeout(1500),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@pytest.fixture
def stations(tmp_path: Path) -> Iterator[Stations]:
    """Real ones, but for an engine that knows the answer and a loudspeaker that is not there."""
    write_answer(tmp_path / "answer.wav", 0.4, quiet_s=0.5)
    workspace = Workspace(tmp_path / "workspace")
    with Store(workspace.recordings) as store:
        yield Stations(
            workspace=workspace,
            store=store,
            open_recorder=lambda: FileRecorder(tmp_path / "answer.wav"),
            speaker=Pyttsx3Speaker(cache=tmp_path / "voice"),
            play=lambda path, stop: None,
            transcriber=loaded(Typist()),
            settings=ListenSettings(),
        )


def voices() -> set[int]:
    """The processes that speak for this one."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and b"pyttsx3_child" in (folder / "cmdline").read_bytes():
                found.add(int(folder.name))
    return found


def hit_voice(number: signal.Signals, *, after_s: float) -> threading.Thread:
    """Send a signal to the next voice once it has worked for so long."""
    known = voices()  # one that hangs is there for some time

    def work() -> None:
        until_s = time.monotonic() + 10
        found: set[int] = set()
        while not found and time.monotonic() < until_s:
            time.sleep(0.005)
            found = voices() - known
        time.sleep(after_s)
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, number)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@dataclass
class Asked:
    """What came of a question: how long until one could answer, and all that was said."""

    waited_s: float
    warnings: list[str]
    saved: bool


def asked(question: Question, stations: Stations) -> Asked:
    """Rehearse it with an answer of half a second."""
    remote, events, listening_s = Remote(), list[Event](), 0.0
    begun_s = time.monotonic()
    for event in rehearse(question, stations, remote):
        events.append(event)
        if isinstance(event, Listening):
            listening_s = time.monotonic()
        if isinstance(event, Level) and event.at_s > 0.5:
            remote.press(Wish.DONE)
    warnings = [event.message for event in events if isinstance(event, Warned)]
    return Asked(listening_s - begun_s, warnings, isinstance(events[-1], Saved))


FAULTS = (signal.SIGSTOP, signal.SIGKILL, signal.SIGSEGV)


def test_a_voice_that_hangs_or_dies_leaves_the_question_and_the_answer(
    campaign: Campaign, stations: Stations
) -> None:
    chance, waits_s, missed = campaign.chance(), dict[str, float](), 0
    for number in range(campaign.rounds(1, 12)):
        fault = FAULTS[number % len(FAULTS)]
        question = Question(f"What is number {number} of {campaign.seed}?", "number")
        thread = hit_voice(fault, after_s=chance.uniform(0, 0.1))
        round_ = asked(question, stations)
        thread.join()
        assert round_.saved
        if not round_.warnings:  # it had spoken by then
            missed += 1
            continue
        (warning,) = round_.warnings
        assert warning.startswith("the question is not read aloud: ")
        assert "\n" not in warning
        assert round_.waited_s < PATIENCE_S + 3
        waits_s[fault.name] = max(waits_s.get(fault.name, 0.0), round_.waited_s)
        if fault is not signal.SIGSTOP:  # no half of a file is taken for the whole
            assert is_sound(stations.speaker.render(question.text))
    assert waits_s, "each voice had spoken before it was hit"
    waited = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in waits_s.items())
    count = campaign.rounds(1, 12) - missed
    campaign.report("voice hangs or dies", f"{count} rounds: answered after {waited}; none lost")


def test_a_synthesiser_that_is_broken_leaves_the_question_and_the_answer(
    campaign: Campaign, stations: Stations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = hide_system_library(tmp_path, monkeypatch)
    (hidden / "espeakng_loader.py").write_text("raise ImportError('no espeakng_loader')")
    monkeypatch.setenv("PYTHONPATH", str(hidden))
    round_ = asked(QUESTION, stations)
    assert round_.saved
    (warning,) = round_.warnings
    assert "no espeakng_loader" in warning
    assert "sudo apt-get install libespeak-ng1" in warning
    campaign.report("voice is broken", f"answered after {round_.waited_s:.1f} s; none lost")


def test_a_loudspeaker_that_hangs_in_mid_question_is_given_up(
    campaign: Campaign, sound_card: SoundCard, tmp_path: Path
) -> None:
    time_s = np.arange(30 * RATE_HZ) / RATE_HZ
    soundfile.write(tmp_path / "long.wav", 0.3 * np.sin(2000 * time_s), RATE_HZ)
    chance, waits_s = campaign.chance(), []
    environment = os.environ | sound_card.environment
    for _ in range(campaign.rounds(1, 3)):
        command = [sys.executable, "-c", PLAY, str(tmp_path / "long.wav"), "", "0"]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "playing\n"
            time.sleep(chance.uniform(0.3, 1.5))
            suspend = ("pactl", "suspend-sink", "speakers")
            subprocess.run([*suspend, "1"], env=environment, check=True)
            begun_s = time.monotonic()
            try:
                said = process.stdout.readline()
                waits_s.append(time.monotonic() - begun_s)
            finally:
                subprocess.run([*suspend, "0"], env=environment, check=True)
                process.kill()
        assert "the loudspeaker takes no sound" in said
        assert waits_s[-1] < GRACE_S + 1.5
    campaign.report("loudspeaker hangs", f"given up within {max(waits_s):.1f} s of 30 s of sound")
