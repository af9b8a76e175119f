"""Intervals from probabilities, and from recordings whose pauses are known."""

from __future__ import annotations

import csv
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.capture.conftest import room

from sayback.capture.audio_file import read_audio
from sayback.capture.recorder import Samples
from sayback.capture.speech_detector import (
    BLOCK_S,
    MINIMUM_PAUSE_S,
    MINIMUM_SPEECH_S,
    Gate,
    Silero,
    SpeechTrack,
    Stretches,
    detect_speech,
)
from sayback.model import Interval

KNOWN_PAUSES = Path(__file__).resolve().parents[2].parent / "shared" / "speech" / "known_pauses"
KNOWN_FILES = ["syn01.flac", "syn02.flac", "syn05.flac", "syn06.flac", "syn11.flac"]


def intervals_of(probabilities: Sequence[float], *, duration_s: float) -> tuple[Interval, ...]:
    stretches = Stretches()
    for probability in probabilities:
        stretches.add(probability)
    return stretches.intervals(duration_s=duration_s)


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
    found = intervals_of(probabilities, duration_s=len(probabilities) * BLOCK_S)
    in_blocks = [(interval.start_s / BLOCK_S, interval.end_s / BLOCK_S) for interval in found]
    assert in_blocks == [pytest.approx(edge) for edge in edges]


def test_intervals_end_within_the_recording() -> None:
    (only,) = intervals_of(blocks((10, 0.9)), duration_s=0.3)
    assert only == Interval(0.0, 0.3)


@dataclass
class Announced:
    """A SpeechDetector that says what it was told to."""

    probabilities: Iterator[float]

    def probability(self, block: Samples) -> float:
        return next(self.probabilities)


def intervals_of_all(probabilities: Sequence[float], duration_s: float) -> tuple[Interval, ...]:
    """The definition, over all blocks at once: runs, then gaps, then clicks."""
    spoken = [False, *map(Gate().update, probabilities), False]
    edges = [i * BLOCK_S for i, (a, b) in enumerate(itertools.pairwise(spoken)) if a != b]
    for at in reversed(range(2, len(edges), 2)):
        if edges[at] - edges[at - 1] < MINIMUM_PAUSE_S:
            del edges[at - 1 : at + 1]
    ends = (min(end_s - BLOCK_S / 2, duration_s) for end_s in edges[1::2])
    found = itertools.starmap(Interval, zip(edges[::2], ends, strict=True))
    return tuple(interval for interval in found if interval.duration_s >= MINIMUM_SPEECH_S)


STRETCHES = st.tuples(st.integers(1, 12), st.sampled_from([0.0, 0.34, 0.36, 0.49, 0.5, 0.9]))


@settings(deadline=None)
@given(st.lists(STRETCHES, max_size=12), st.integers(300, 5000), st.integers(0, 511))
def test_grows_to_what_all_blocks_at_once_give(
    stretches: list[tuple[int, float]], length: int, missing: int
) -> None:
    probabilities = blocks(*stretches)
    track = SpeechTrack(Announced(iter(probabilities)))
    samples = max(0, 512 * len(probabilities) - missing)
    for start in range(0, samples, length):
        list(track.hear(np.zeros(min(length, samples - start), np.float32)))
        so_far = round(track.duration_s * 16_000) // 512
        assert track.speech == intervals_of_all(probabilities[:so_far], track.duration_s)
    finished = track.finish()
    assert finished == intervals_of_all(probabilities, samples / 16_000)
    assert finished == track.speech == track.finish()


@pytest.mark.parametrize("seed", range(3))
def test_speech_so_far_is_that_of_the_sound_so_far(spoken: Samples, seed: int) -> None:
    sound = np.concatenate([room(0.3), spoken, room(0.3), spoken[:20_000], room(2.0), spoken])
    track = SpeechTrack()
    heard = 0
    for count in 512 * np.random.default_rng(seed).integers(1, 80, size=12):
        list(track.hear(sound[heard : heard + count]))
        heard += int(count)
        assert track.speech == detect_speech(sound[:heard])


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
