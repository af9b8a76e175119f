"""The header of a recording that was cut off counts all of its sound again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sayback.capture.audio_file import read_audio
from sayback.capture.claim import claim
from sayback.capture.wave_file import WaveFile
from sayback.capture.wave_header import mend_header, miscounted_bytes, renew_header
from sayback.errors import AnswerInUse
from sayback.model import WAVE_HEADER_BYTES

SOUND = np.arange(1000, dtype=np.int16)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "answer.wav"
    with WaveFile(path) as file:
        file.append(SOUND)
    return path


def test_a_whole_recording_is_left_alone(recording: Path) -> None:
    assert miscounted_bytes(recording) == 0


@pytest.mark.parametrize(("more", "counted"), [(b"ab" * 50, 50), (b"ab" * 50 + b"c", 50)])
def test_sound_behind_what_the_header_counts(recording: Path, more: bytes, counted: int) -> None:
    with recording.open("ab") as file:
        file.write(more)
    before = recording.read_bytes()
    assert miscounted_bytes(recording) == 2 * counted
    mend_header(recording)
    assert miscounted_bytes(recording) == 0
    assert recording.read_bytes()[WAVE_HEADER_BYTES:] == before[WAVE_HEADER_BYTES:]
    assert len(read_audio(recording)) == len(SOUND) + counted


def test_a_recording_that_was_cut_short(recording: Path) -> None:
    recording.write_bytes(recording.read_bytes()[:-500])
    assert miscounted_bytes(recording) == -500
    mend_header(recording)
    assert soundfile.info(recording).frames == len(SOUND) - 250


def test_other_files_are_none_of_ours(tmp_path: Path) -> None:
    flac, text, foreign = tmp_path / "a.flac", tmp_path / "a.wav", tmp_path / "b.wav"
    soundfile.write(flac, SOUND, 16_000)
    text.write_text("no sound")
    soundfile.write(foreign, SOUND, 44_100, subtype="PCM_24")
    assert [miscounted_bytes(file) for file in (flac, text, foreign)] == [0, 0, 0]


def test_one_that_is_still_recorded_is_not_touched(recording: Path) -> None:
    with claim(recording), pytest.raises(AnswerInUse):
        mend_header(recording)


def test_a_header_written_anew_is_the_one_that_was_written_first(recording: Path) -> None:
    before = recording.read_bytes()
    recording.write_bytes(bytes(WAVE_HEADER_BYTES) + before[WAVE_HEADER_BYTES:])
    renew_header(recording)
    assert recording.read_bytes() == before
