"""The picture of the sound: what is in the file is what is drawn."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from tests.views.web.examples import SPEECH, write_tone

from sayback.model import Interval, Status
from sayback.views.web.wave import Sound, Stretch, lanes, pace, peaks, wave

SOUND = Sound(
    duration_s=8.0,
    peaks=(0.0, 0.5, 1.0, 0.25, 0.5, 0.5, 0.5, 0.5),
    speech=SPEECH,
    pauses=(Interval(3.0, 4.5),),
    fillers=((2.0, "<um>"),),
    evidence=(Stretch(1, Status.COVERED, 0.5, 2.0), Stretch(2, Status.CONTRADICTED, 1.0, 2.0)),
    words=(0.5, 1.0, 6.0),
)


def of_class(picture: str, name: str) -> list[ElementTree.Element]:
    return [each for each in ElementTree.fromstring(picture).iter() if each.get("class") == name]


def test_peaks_follow_the_sound(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav")
    found = peaks(tmp_path / "a.wav", blocks=16)
    assert len(found) == 16
    assert found[0] == 0.0
    assert found[-1] == 1.0
    assert list(found[1:]) == sorted(found[1:])


def test_silence_and_stereo_are_sound_too(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.zeros((1000, 2), "float32"), 8000)
    assert set(peaks(tmp_path / "a.flac")) == {0.0}


@pytest.mark.parametrize("content", [None, b"", b"no sound"])
def test_what_is_no_sound_has_no_peaks(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "a.raw"
    if content is not None:
        file.write_bytes(content)
    assert peaks(file) == ()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    assert peaks(tmp_path / "a.wav") == ()


def test_pace_counts_the_words_of_each_step() -> None:
    assert pace([0.1, 4.9, 5.0, 12.0], 12.5) == (2, 1, 1)
    assert pace([], 0.0) == (0,)


def test_the_speech_is_filled_and_the_silence_open() -> None:
    assert [len(of_class(wave(SOUND), name)) for name in ("speech", "silence")] == [7, 1]


def test_fillers_pauses_and_evidence_have_their_marks() -> None:
    picture = wave(SOUND)
    assert of_class(picture, "filler")[0].get("x1") == "25.00%"
    assert of_class(picture, "small-print")[0].text == "1.5 s"
    assert of_class(picture, "stretch contradicted")[0].findtext("text") == "2"


def test_the_picture_can_be_heard() -> None:
    described = ElementTree.fromstring(wave(SOUND)).get("aria-label", "")
    assert "with 1 long pause, 1 filler and the places of 2 key points" in described


def test_a_sound_without_anything_is_drawn() -> None:
    assert ElementTree.fromstring(wave(Sound(0.0, (0.0,), (), (), (), (), ()))) is not None


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0.1, 20)), max_size=12))
def test_no_two_numbers_of_a_lane_touch(stretches: list[tuple[float, float]]) -> None:
    evidence = [
        Stretch(at, Status.COVERED, start, start + length)
        for at, (start, length) in enumerate(stretches)
    ]
    rows = lanes(evidence, 100.0)
    assert sorted(each.number for row in rows for each in row) == list(range(len(evidence)))
    for row in rows:
        for before, after in pairwise(row):
            assert before.end_s <= after.start_s
            assert after.start_s - before.start_s >= 5.0 - 1e-9
