"""Speech made by the synthesiser, and real engines loaded once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from sayback.errors import VoiceError
from sayback.model import SAMPLE_RATE_HZ
from sayback.transcript.engines import load
from sayback.transcript.transcriber import Samples, Transcriber
from sayback.views.rehearsal import SAMPLE_ANSWER
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

SENTENCE = (
    "A convolutional network learns small filters that slide over the picture. "
    "Pooling makes it smaller, and the last layers decide what is in it."
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """openai-whisper opens its tables without closing them; that is no fault of ours."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(
                pytest.mark.filterwarnings("ignore:unclosed file .*whisper:ResourceWarning")
            )


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the session's own, so that tests neither use nor fill the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", os.fspath(folder))
        yield folder


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """`SENTENCE` in the synthetic voice, mono at 16 kHz."""
    try:
        path = Pyttsx3Speaker(cache=tmp_path_factory.mktemp("voice")).render(SENTENCE)
    except VoiceError as error:
        pytest.skip(f"no synthesiser: {error}")
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    resampled = soxr.resample(samples.mean(axis=1), rate_hz, SAMPLE_RATE_HZ)
    return np.asarray(resampled, np.float32)


@pytest.fixture(scope="session")
def cut_off() -> Samples:
    """The first 22 s of the sample answer, which end in mid-sentence.

    Left alone whisper (tiny.en) encodes the last sentence by itself: "rings the trick".
    """
    frames = 22 * SAMPLE_RATE_HZ
    with resources.as_file(resources.files("sayback") / SAMPLE_ANSWER) as path:
        samples, _ = soundfile.read(path, dtype="float32", frames=frames)
    return np.asarray(samples, np.float32)


@pytest.fixture(scope="session")
def loaded() -> Callable[[str, str], Transcriber]:
    """`load(engine, model, "cpu")`, each only once in the session."""

    @cache
    def once(engine: str, model: str) -> Transcriber:
        return load(engine, model, "cpu")

    return once
