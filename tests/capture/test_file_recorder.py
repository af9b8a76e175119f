"""A file heard in real time."""

from __future__ import annotations

import time
from itertools import islice
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


def test_goes_on_where_it_stopped(file: Path) -> None:
    with FileRecorder(file) as recorder:
        heard = list(islice(recorder.blocks(), 5))
        silence = list(islice(recorder.idle(), 5))
        heard += islice(recorder.blocks(), 5)
        time.sleep(0.3)
        started_s = time.monotonic()
        rest = list(recorder.blocks())
        took_s = time.monotonic() - started_s
        assert list(recorder.blocks()) == []
    assert not np.concatenate(silence).any()
    np.testing.assert_array_equal(np.concatenate([*heard, *rest]), read_audio(file))
    assert took_s == pytest.approx(sum(map(len, rest)) / 16_000, abs=0.15)


def test_begins_again_when_it_is_opened_again(file: Path) -> None:
    recorder = FileRecorder(file)
    heard = []
    for _ in range(2):
        with recorder:
            heard.append(np.concatenate(list(islice(recorder.blocks(), 5))))
    np.testing.assert_array_equal(heard[0], heard[1])


def test_is_silent_once_it_is_closed(file: Path) -> None:
    with FileRecorder(file) as recorder:
        next(recorder.blocks())
    assert list(recorder.blocks()) == []


def test_says_when_it_opens_that_a_file_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "answer.wav"
    soundfile.write(path, np.full(16_000, np.nan), 16_000, subtype="FLOAT")
    with pytest.raises(CaptureError, match="no numbers"), FileRecorder(path):
        pass


def test_refuses_to_open_what_is_not_audio(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no such audio file"), FileRecorder(tmp_path / "x.wav"):
        pass
