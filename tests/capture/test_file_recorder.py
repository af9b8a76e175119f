"""A file heard in real time."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sayback.capture.audio_file import read_audio
from sayback.capture.file_recorder import FileRecorder
from sayback.errors import CaptureError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "answer.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (44_100, 2)), 44_100)
    return path


def test_delivers_all_of_the_file_in_real_time(file: Path) -> None:
    with FileRecorder(file) as recorder:
        time.sleep(0.3)
        started_s = time.monotonic()
        heard, late_s = [], []
        for block in recorder.blocks():
            heard.append(block)
            time.sleep(0.01)  # the listener's work must not add up
            delivered_s = sum(map(len, heard)) / 16_000
            late_s.append(time.monotonic() - started_s - delivered_s)
    np.testing.assert_array_equal(np.concatenate(heard), read_audio(file))
    assert time.monotonic() - started_s == pytest.approx(1.0, abs=0.15)
    assert min(late_s) >= 0


def test_begins_again_at_each_call(file: Path) -> None:
    with FileRecorder(file) as recorder:
        first, second = (next(iter(recorder.blocks())) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_refuses_to_open_what_is_not_audio(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no such audio file"), FileRecorder(tmp_path / "x.wav"):
        pass
