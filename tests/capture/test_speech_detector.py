"""Intervals from probabilities, and from recordings whose pauses are known."""

from __future__ import annotations

import csv
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.capture.conftest import room

from sayback.capture.audio_file import read_audio
from sayback.capture.recorder import Samples
from sayback.capture.speech_detector import (
    BLOCK_S,
    Gate,
    Silero,
    SpeechTrack,
    detect_speech,
    speech_intervals,
)
from sayback.model import Interval

KNOWN_PAUSES = Path(__file__).resolve().parents[2].parent / "shared" / "speech" / "known_pauses"
KNOWN_FILES = ["syn01.flac", "syn02.flac", "syn05.flac", "syn06.flac", "syn11.flac"]


def blocks(*stretches: tuple[int, float]) -> list[float]:
    return [probability for count, probability in stretches for _ in range(count)]


@pytest.mark.parametrize(
    ("probabilities", "edges"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(blocks((50, 0.1)), [], id="silence"),
        pytest.param(blocks((10, 0), (20, 0.9), (10, 0)), [(10, 29.5)], id="one stretch"),
        pytest.param(blocks((10, 0), (20, 0.9)), [(10, 29.5)], id="speech to the end"),
        pytest.param(
            blocks((10, 0), (10, 0.5), (10, 0.36), (5, 0.34)), [(10, 29.5)], id="hysteresis"
        ),
        pytest.param(blocks((10, 0), (9, 0.49), (9, 0)), [], id="below the threshold"),
        pytest.param(
            blocks((10, 0.9), (6, 0), (10, 0.9), (9, 0)), [(0, 25.5)], id="a short gap is talk"
        ),
        pytest.param(
            blocks((10, 0.9), (7, 0), (10, 0.9), (9, 0)),
            [(0, 9.5), (17, 26.5)],
            id="one of 0.22 s a pause",
        ),
        pytest.param(blocks((10, 0), (3, 0.9), (10, 0)), [], id="a click is dropped"),
        pytest.param(
            blocks((10, 0), (2, 0.9), (3, 0), (2, 0.9), (10, 0)),
            [(10, 16.5)],
            id="two syllables are not clicks",
        ),
    ],
)
def test_intervals(probabilities: list[float], edges: list[tuple[float, float]]) -> None:
    found = speech_intervals(probabilities, duration_s=len(probabilities) * BLOCK_S)
    in_blocks = [(interval.start_s / BLOCK_S, interval.end_s / BLOCK_S) for interval in found]
    assert in_blocks == [pytest.approx(edge) for edge in edges]


def test_intervals_end_within_the_recording() -> None:
    (only,) = speech_intervals(blocks((10, 0.9)), duration_s=0.3)
    assert only == Interval(0.0, 0.3)


def test_gate_has_hysteresis() -> None:
    gate = Gate()
    assert [gate.update(p) for p in (0.4, 0.5, 0.4, 0.35, 0.34, 0.4)] == [
        *(False, True, True, True, False, False)
    ]


@pytest.mark.parametrize("length", [1, 320, 512, 4096])
def test_live_and_whole_file_find_the_same(spoken: Samples, length: int) -> None:
    sound = np.concatenate([room(0.5), spoken, room(1.0), spoken, room(0.71)])
    track = SpeechTrack()
    for start in range(0, len(sound) if length > 1 else 20_000, length):
        list(track.hear(sound[start : start + length]))
    heard = sound if length > 1 else sound[:20_000]
    assert track.finish() == detect_speech(heard) != ()


def test_finds_a_sentence_between_silences(spoken: Samples) -> None:
    sound = np.concatenate([room(1.0), spoken, room(1.0)])
    speech = detect_speech(sound)
    assert speech[0].start_s == pytest.approx(1.0, abs=0.15)
    assert speech[-1].end_s == pytest.approx(len(sound) / 16_000 - 1.0, abs=0.35)


@pytest.mark.parametrize(
    "sound",
    [np.zeros(0, np.float32), np.zeros(48_000, np.float32), room(3), room(3, level_db=-25)],
    ids=["nothing", "zeros", "quiet room", "loud hiss"],
)
def test_finds_nothing_where_nobody_speaks(sound: Samples) -> None:
    assert detect_speech(sound) == ()


def test_duration_counts_only_what_was_heard() -> None:
    track = SpeechTrack()
    list(track.hear(room(0.7)))
    assert track.duration_s == pytest.approx(0.7)
    track.finish()
    assert track.duration_s == pytest.approx(0.7)


def test_detectors_do_not_share_their_memory(spoken: Samples) -> None:
    silence = np.zeros(512, np.float32)
    first, second = Silero(), Silero()
    for start in range(0, 16_384, 512):
        first.probability(spoken[start : start + 512])
    assert first.probability(silence) != second.probability(silence)
    assert second.probability(silence) < 0.1


@pytest.mark.parametrize("name", KNOWN_FILES)
@pytest.mark.parametrize("noise_db", [None, -55.0])
def test_measures_known_pauses(name: str, noise_db: float | None) -> None:
    if not KNOWN_PAUSES.exists():
        pytest.skip("shared/speech/known_pauses is not here")
    with (KNOWN_PAUSES / "manifest.tsv").open(encoding="utf-8") as rows:
        truth = next(r for r in csv.DictReader(rows, delimiter="\t") if r["file"] == name)
    sound = read_audio(KNOWN_PAUSES / name)
    if noise_db is not None:
        sound = sound + room(len(sound) / 16_000, level_db=noise_db)[: len(sound)]
    speech = detect_speech(sound)
    long_pauses = sum(b.start_s - a.end_s > 0.5 for a, b in itertools.pairwise(speech))
    speaking_s = sum(interval.duration_s for interval in speech)
    assert speaking_s == pytest.approx(float(truth["true_speech_s"]), rel=0.03)
    assert abs(long_pauses - int(truth["n_pauses_gt_0_5"])) <= 1
    assert speech[-1].end_s == pytest.approx(float(truth["speech_offset_s"]), abs=0.15)


def test_nothing_is_reported_to_anyone(tmp_path: Path) -> None:
    """onnxruntime queues usage data for its maker where it is not told to leave that."""
    code = "import numpy as np; from sayback.capture.speech_detector import detect_speech; "
    code += "detect_speech(np.zeros(16_000, np.float32)); import os; "
    code += "assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert not list(tmp_path.rglob("*onnxruntime*"))
