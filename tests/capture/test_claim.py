"""Who records, scores or deletes an answer has it to itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sayback.capture.claim import claim, is_free
from sayback.capture.wave_file import WaveFile
from sayback.capture.wave_header import miscounted_bytes
from sayback.errors import AnswerInUse

RECORDER = """
import sys, time
from pathlib import Path
from sayback.capture.wave_file import WaveFile

with WaveFile(Path(sys.argv[1])):
    print("recording", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    return tmp_path / "answer.wav"


def test_an_answer_being_recorded_is_in_use_until_its_process_is_dead(answer: Path) -> None:
    command = [sys.executable, "-c", RECORDER, str(answer)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == "recording\n"
        assert not is_free(answer)
        with pytest.raises(AnswerInUse, match=r"answer\.wav: still being given"), claim(answer):
            pass
        recorder.send_signal(signal.SIGKILL)
        recorder.wait()
    assert is_free(answer)


def test_an_answer_that_is_over_is_free(answer: Path) -> None:
    with WaveFile(answer):
        assert not is_free(answer)
    assert is_free(answer)


def test_what_one_has_claimed_another_cannot(answer: Path) -> None:
    answer.touch()
    with claim(answer):
        assert not is_free(answer)
        with pytest.raises(AnswerInUse), claim(answer):
            pass
        assert not is_free(answer)
    assert is_free(answer)


def test_a_recording_that_is_gone_is_nobodys(answer: Path) -> None:
    with claim(answer):
        assert is_free(answer)


def test_a_pipe_in_the_place_of_a_recording_is_not_waited_for(answer: Path) -> None:
    os.mkfifo(answer)
    with claim(answer):
        assert is_free(answer)
    assert miscounted_bytes(answer) == 0
