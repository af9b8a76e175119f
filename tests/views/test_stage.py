from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.terminal import LIMIT_S, in_a_terminal

from sayback.errors import CaptureError, NoLoudspeaker
from sayback.events import Event, Saved, Warned
from sayback.history.store import Store
from sayback.model import KeyPoint, Question
from sayback.remote import Remote, Wish
from sayback.session import Stations
from sayback.views import stage
from sayback.views.rehearsal import Equipment, Show
from sayback.views.spoken import spoken_result
from sayback.views.stage import _hear, _place, _rehearsed, _rehearsed_anywhere
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker
from sayback.workspace import Workspace

QUESTION = Question("What does dropout do?", "dropout", (), (KeyPoint("Units are dropped"),))


@pytest.fixture
def stations(tmp_path: Path) -> Iterator[Stations]:
    """The real ones, with an answer from a file."""
    speaker = Pyttsx3Speaker()
    workspace = Workspace(tmp_path)
    equipment = Equipment(
        engine="auto",
        model="tiny.en",
        compute="cpu",
        microphone=None,
        speaker=None,
        patience=1.0,
        max_length=60,
        workspace=tmp_path,
        answer=speaker.render("Units are dropped at random."),
    )
    with Store(workspace.recordings) as store:
        yield stage.stations(equipment, workspace, store, speaker)


@pytest.mark.parametrize(
    ("number", "count", "place"), [(3, 5, "3 of 5"), (2, 3, "2 of 3"), (1, 1, "")]
)
def test_a_place_is_told_where_there_are_several(number: int, count: int, place: str) -> None:
    assert _place(number, count) == place


def test_a_rehearsal_in_another_thread_is_kept(stations: Stations) -> None:
    events: list[Event] = []

    def follow() -> None:
        events.extend(
            _rehearsed_anywhere(QUESTION, Remote(), stations=stations, show=Show(mute=True))
        )

    thread = threading.Thread(target=follow)
    thread.start()
    thread.join(60)
    assert isinstance(events[-1], Saved)
    assert stations.store.attempt(1) == events[-1].attempt


def test_muted_the_question_is_only_shown(stations: Stations) -> None:
    def play(path: Path, stop: threading.Event) -> None:
        raise NoLoudspeaker("no loudspeaker", "plug one in")

    there = replace(stations, play=play)
    events = _rehearsed(QUESTION, Remote(), stations=there, show=Show(mute=True))
    assert not [event for event in events if isinstance(event, Warned)]


def rehearsed(stations: Stations, remote: Remote) -> Iterator[Event]:
    yield from _rehearsed(QUESTION, remote, stations=stations, show=Show(speak_result=True))


def test_the_result_is_read_aloud_until_a_key_is_pressed(stations: Stations) -> None:
    remote = Remote()
    played: list[Path] = []

    def play(path: Path, stop: threading.Event) -> None:
        played.append(path)
        if len(played) == 2:
            assert not stop.is_set()
            threading.Timer(0.1, remote.press, [Wish.DONE]).start()
            assert stop.wait(LIMIT_S)

    *_, last = rehearsed(replace(stations, play=play), remote)
    assert isinstance(last, Saved)
    assert last.attempt.scorecard is not None
    texts = (QUESTION.text, spoken_result(last.attempt.scorecard))
    assert played == [stations.speaker.render(text) for text in texts]


def test_a_press_when_the_answer_is_kept_ends_the_reading_before_it_begins(
    stations: Stations,
) -> None:
    remote = Remote()
    stops: list[bool] = []

    def play(path: Path, stop: threading.Event) -> None:
        stops.append(stop.is_set())

    for event in rehearsed(replace(stations, play=play), remote):
        if isinstance(event, Saved):
            remote.press(Wish.DONE)
    assert stops.count(False) == 1  # the question, and nothing of the result


def test_a_sound_system_that_complains_does_not_write_over_the_screen(
    stations: Stations, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def complaining(path: Path, *, device: str | None, stop: threading.Event) -> None:
        ctypes.CDLL(None).perror(b"underrun occurred")
        print("a word of ours", file=sys.stderr)

    monkeypatch.setattr(stage, "play", complaining)
    stations.play(Path("a.wav"), threading.Event())
    assert capfd.readouterr().err == "a word of ours\n"


def test_a_result_that_cannot_be_read_aloud_is_a_warning(stations: Stations) -> None:
    def play(path: Path, stop: threading.Event) -> None:
        raise NoLoudspeaker("no loudspeaker", "plug one in")

    *_, kept, last = rehearsed(replace(stations, play=play), Remote())
    assert isinstance(kept, Saved)
    assert last == Warned("the result is not read aloud: no loudspeaker; plug one in")


WANTED = """
from sayback.views.keyboard import Keyboard
from sayback.views.plain import console
from sayback.views.stage import _wanted
keyboard = Keyboard()
for is_last in (False, False, True):
    print("->", _wanted(keyboard, console(), is_last=is_last).name)
"""


def test_a_person_at_a_terminal_is_asked_what_is_next() -> None:
    with in_a_terminal([sys.executable, "-c", WANTED], os.environ, Path.cwd()) as terminal:
        for number, line in enumerate(("a\n", "q\n", "\n"), start=1):
            terminal.wait_for("a Enter again", times=number)
            terminal.type(line)
            terminal.wait_for("->", times=number)
        assert terminal.process.wait(LIMIT_S) == 0
        terminal.wait_for("-> NEXT")
        words = terminal.text.split()
    assert [words[at + 1] for at, word in enumerate(words) if word == "->"] == [
        "AGAIN", "STOP", "NEXT",
    ]  # fmt: skip
    assert "Enter end" in terminal.text


def test_without_a_terminal_the_next_question_comes() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", WANTED], input="", capture_output=True, text=True, check=True
    )
    assert finished.stdout.split() == ["->", "NEXT"] * 3


def test_setting_up_imports_neither_an_engine_nor_the_full_screen() -> None:
    heavy = ("torch", "faster_whisper", "onnxruntime", "tokenizers", "textual", "sounddevice")
    code = f"import sys; from sayback.views import stage; print(sys.modules.keys() & {set(heavy)})"
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "set()"


@pytest.mark.parametrize("content", [None, b"", b"not a sound"])
def test_nobody_is_told_to_delete_an_answer(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "answer.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaptureError) as told:
        _hear(lambda *_: pytest.fail("played"), path, threading.Event())
    assert "delete" not in told.value.remedy
