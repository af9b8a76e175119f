"""What every Recorder promises."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sayback.capture.file_recorder import FileRecorder
from sayback.capture.microphone import Microphone
from sayback.capture.recorder import Recorder

# On a machine that is overloaded the virtual card itself drops sound; real faults fail each time.
pytestmark = pytest.mark.flaky(reruns=2)


@pytest.fixture(params=["microphone", "file"])
def recorder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Recorder]:
    """Each source there is, opened, with some sound in it."""
    if request.param == "microphone":
        with request.getfixturevalue("sound_card").room_noise(level_db=-30), Microphone() as source:
            yield source
        return
    noise = np.random.default_rng(0).standard_normal(5 * 16_000) * 0.03
    soundfile.write(tmp_path / "room.wav", noise, 16_000)
    with FileRecorder(tmp_path / "room.wav") as source:
        yield source


def test_blocks_are_mono_float32_at_full_scale_one(recorder: Recorder) -> None:
    blocks = list(islice(recorder.blocks(), 30))
    assert {(block.dtype, block.ndim) for block in blocks} == {(np.dtype(np.float32), 1)}
    assert all(len(block) for block in blocks)
    assert np.std(np.concatenate(blocks)) == pytest.approx(0.03, rel=0.3)


def test_blocks_come_as_they_sound(recorder: Recorder) -> None:
    heard_s, started_s = 0.0, time.monotonic()
    for block in recorder.blocks():
        heard_s += len(block) / 16_000
        if heard_s >= 1.5:
            break
    assert time.monotonic() - started_s == pytest.approx(1.5, abs=0.25)


def test_blocks_begin_at_the_call(recorder: Recorder) -> None:
    time.sleep(0.7)
    blocks = recorder.blocks()
    called_s = time.monotonic()
    heard_s = 0.0
    while time.monotonic() - called_s < 0.5:
        heard_s += len(next(blocks)) / 16_000
    assert heard_s == pytest.approx(0.5, abs=0.15)


def test_waits_or_goes_on_while_the_answer_pauses(recorder: Recorder) -> None:
    heard = list(islice(recorder.blocks(), 10))
    called_s = time.monotonic()
    idled_s = 0.0
    for block in recorder.idle():
        assert (block.dtype, block.ndim) == (np.dtype(np.float32), 1)
        idled_s += len(block) / 16_000
        if time.monotonic() - called_s > 0.5:
            break
    assert idled_s == pytest.approx(0.5, abs=0.15)
    heard += islice(recorder.blocks(), 10)
    # No stretch is delivered twice, and none of what is recorded is a hole.
    starts = {tuple(block[:50]) for block in heard}
    assert len(starts) == 20
    assert np.std(np.concatenate(heard)) == pytest.approx(0.03, rel=0.3)


def test_has_a_name(recorder: Recorder) -> None:
    assert getattr(recorder, "name", "")
