from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayback.history.store import Store
from sayback.model import Question
from sayback.remote import Remote
from sayback.session import Event, Saved, Stations
from sayback.views import stage
from sayback.views.rehearsal import Equipment, Show
from sayback.views.stage import _place, _rehearsed_anywhere
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker
from sayback.workspace import Workspace

QUESTION = Question("What does dropout do?", "dropout")


@pytest.fixture
def stations(tmp_path: Path) -> Iterator[Stations]:
    """The real ones, with an answer from a file and no loudspeaker."""
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
        mute=True,
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
        events.extend(_rehearsed_anywhere(QUESTION, Remote(), stations=stations, show=Show()))

    thread = threading.Thread(target=follow)
    thread.start()
    thread.join(60)
    assert isinstance(events[-1], Saved)
    assert stations.store.attempt(1) == events[-1].attempt


def test_setting_up_imports_neither_an_engine_nor_the_full_screen() -> None:
    heavy = ("torch", "faster_whisper", "onnxruntime", "tokenizers", "textual", "sounddevice")
    code = f"import sys; from sayback.views import stage; print(sys.modules.keys() & {set(heavy)})"
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "set()"
