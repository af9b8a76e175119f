"""A whole rehearsal as most have it: on the screen of a terminal, over a sound card."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.end_to_end.test_microphone import ANSWER, QUESTION, rendered
from tests.terminal import LIMIT_S, in_a_terminal
from tests.virtual_sound_card import SoundCard

# On a machine that is overloaded the virtual card itself drops sound; real faults fail each time.
pytestmark = pytest.mark.flaky(reruns=2)

Run = Callable[..., subprocess.CompletedProcess[str]]

SAMPLE = ("practice", "--question", QUESTION, "--model", "tiny.en", "--answer")
PRACTICE = ("practice", "--question", QUESTION, "--model", "tiny.en", "--patience", "60")
GLANCE_S = 1.5
"""Enter is not obeyed sooner after a scorecard has appeared."""


def test_an_answer_is_seen_scored_and_kept(
    sound_card: SoundCard, environment: dict[str, str], run: Run, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "sayback", *PRACTICE]
    with (
        sound_card.room_noise(level_db=-62, seconds=2 * LIMIT_S),
        in_a_terminal(command, environment, tmp_path) as terminal,
    ):
        terminal.wait_for("speak when you are ready")
        sound_card.play_into_microphone(rendered(ANSWER))
        terminal.wait_for("mainly used for")  # no key point has a name with these words
        assert "% covered" not in terminal.text
        terminal.type("\r")
        terminal.wait_for("% covered")
        terminal.wait_for("kept as attempt 1")
        time.sleep(GLANCE_S)
        terminal.type("\r")
        assert terminal.process.wait(LIMIT_S) == 0

    (line,) = json.loads(run("history", "--json").stdout)
    assert line["scored"]
    assert line["coverage"] > 0


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_signal_leaves_the_terminal_as_it_was_and_keeps_the_answer(
    environment: dict[str, str], run: Run, sample_answer: Path, tmp_path: Path, ending: int
) -> None:
    command = [sys.executable, "-m", "sayback", *SAMPLE, str(sample_answer)]
    with in_a_terminal(command, environment, tmp_path) as terminal:
        terminal.wait_for("mainly used for")
        assert terminal.is_raw
        terminal.process.send_signal(ending)
        assert terminal.process.wait(LIMIT_S) == 130
        terminal.wait_for("your answer is kept, score it with `sayback rescore 1`")
        assert not terminal.is_raw
    assert run("rescore", "1", "--model", "tiny.en").returncode == 0
