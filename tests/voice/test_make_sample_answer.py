"""The sample answer that the project ships, and the script that makes it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

import sayback
from sayback.model import SAMPLE_RATE_HZ

SAMPLE = Path(sayback.__file__).parent / "data" / "sample_answer.flac"
SCRIPT = Path(__file__).parents[2] / "scripts" / "make_sample_answer.py"
QUIET = 0.002
FRAME = SAMPLE_RATE_HZ // 50


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sample_answer", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def quiet_stretches_s(path: Path) -> list[float]:
    """The lengths of all stretches of at least 0.15 s in which nobody speaks."""
    samples, _ = soundfile.read(path)
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    speech = np.flatnonzero(np.sqrt(np.mean(frames**2, axis=1)) > QUIET)
    edges = np.concatenate([[-1], speech, [len(frames)]])
    return [float(gap) for gap in (np.diff(edges) - 1) * FRAME / SAMPLE_RATE_HZ if gap >= 0.15]


def test_the_sample_answer_is_small_and_of_the_length_of_an_answer() -> None:
    facts = soundfile.info(SAMPLE)
    assert (facts.samplerate, facts.channels, facts.subtype) == (SAMPLE_RATE_HZ, 1, "PCM_16")
    assert 35 <= facts.duration <= 45
    assert SAMPLE.stat().st_size < 600_000


def test_the_sample_answer_begins_and_ends_in_room_noise_and_holds_thinking_pauses() -> None:
    samples, _ = soundfile.read(SAMPLE)
    for end in (samples[: SAMPLE_RATE_HZ // 2], samples[-SAMPLE_RATE_HZ // 2 :]):
        assert 0.00005 < np.sqrt(np.mean(end**2)) < 0.001
    first, *pauses, last = quiet_stretches_s(SAMPLE)
    assert first == pytest.approx(1.0, abs=0.2)
    assert last == pytest.approx(1.0, abs=0.2)
    assert len([pause_s for pause_s in pauses if 0.8 <= pause_s <= 1.8]) == 2
    assert max(pauses) < 1.8


@pytest.mark.skipif(sys.platform != "linux", reason="made with espeak-ng")
def test_the_script_makes_the_sample_answer_again(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["make_sample_answer", str(tmp_path / "again.flac")])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    script.main()
    # Another release of espeak-ng speaks a little differently.
    again = soundfile.info(tmp_path / "again.flac").duration
    assert again == pytest.approx(soundfile.info(SAMPLE).duration, abs=2)
    assert len(quiet_stretches_s(tmp_path / "again.flac")) >= 8
