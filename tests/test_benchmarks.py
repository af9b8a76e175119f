"""The benchmarks start: they are run by hand, so nothing else would notice what breaks them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

ROOT = Path(__file__).resolve().parents[1]


def run(*arguments: object) -> str:
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["coverage", "latency", "review", "scale", "transcription"])
def test_it_starts(name: str) -> None:
    assert "usage" in run(ROOT / "benchmarks" / f"{name}.py", "--help")


@pytest.mark.parametrize("name", ["latency", "transcription"])
def test_without_recordings_it_says_so_and_is_content(name: str, tmp_path: Path) -> None:
    assert run(ROOT / "benchmarks" / f"{name}.py", "--shared", tmp_path) == ""


def test_a_replayed_answer_ends_by_key_after_its_last_word(tmp_path: Path) -> None:
    samples, rate_hz = soundfile.read(Pyttsx3Speaker().render("An encoder and a decoder."))
    room = np.random.default_rng(0).normal(0, 1e-3, 5 * rate_hz)
    room[: len(samples)] += samples
    soundfile.write(tmp_path / "answer.wav", room, rate_hz)
    replayed = json.loads(
        run(
            *("-P", ROOT / "benchmarks/replay.py", tmp_path / "answer.wav", "--press"),
            *("--last-word", len(samples) / rate_hz, "--bank", ROOT / "questions"),
            *("--question", "What is U-Net", "--engine", "auto", "--model", "tiny.en"),
        )
    )
    assert replayed["ending"] == "key"
    assert 3 <= replayed["words"] <= 8
    assert 0 < replayed["wait_s"] <= replayed["final_s"]
    assert replayed["wait_s"] == pytest.approx(replayed["last_word_s"], abs=0.2)
    assert 50 < replayed["peak_rss_mb"] < 2000
    assert replayed["cpu_share"] > 0
