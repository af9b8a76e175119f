"""What every engine of the table must do, on real weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import jiwer
import numpy as np
import pytest
from tests.transcript.conftest import SENTENCE
from whisper.normalizers import EnglishTextNormalizer

from sayback.errors import TranscriptionError
from sayback.model import SAMPLE_RATE_HZ
from sayback.transcript.engines import ENGINES, load
from sayback.transcript.transcriber import Samples, Transcriber

Loaded = Callable[[str, str], Transcriber]

MODELS = [(engine, model) for engine in ENGINES for model in ("tiny.en", "base")]


@pytest.mark.parametrize(("engine", "model"), MODELS)
def test_a_sentence_is_understood(
    engine: str, model: str, spoken: Samples, loaded: Loaded, capfd: pytest.CaptureFixture[str]
) -> None:
    transcript = loaded(engine, model).transcribe(spoken)
    normalise = EnglishTextNormalizer()
    assert jiwer.wer(normalise(SENTENCE), normalise(transcript.text)) < 0.35
    assert (transcript.engine, transcript.model, transcript.language) == (engine, model, "en")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("engine", ENGINES)
def test_words_ascend_inside_the_audio(engine: str, spoken: Samples, loaded: Loaded) -> None:
    transcript = loaded(engine, "tiny.en").transcribe(spoken)
    words = transcript.words or ()
    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= len(spoken) / SAMPLE_RATE_HZ
    assert all(word.end_s - word.start_s <= 2.0 + 1e-9 for word in words)
    assert all(0 <= word.probability <= 1 for word in words)
    assert transcript.text == " ".join(word.text for word in words)


@pytest.mark.parametrize("engine", ENGINES)
def test_word_times_follow_the_sound(engine: str, spoken: Samples, loaded: Loaded) -> None:
    late_s = 5.0
    lead = np.zeros(round(late_s * SAMPLE_RATE_HZ), np.float32)
    transcriber = loaded(engine, "tiny.en")
    early = transcriber.transcribe(spoken).words or ()
    late = transcriber.transcribe(np.concatenate([lead, spoken])).words or ()
    assert late[-1].end_s - early[-1].end_s == pytest.approx(late_s, abs=0.5)
    assert late[0].end_s > late_s


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(48_000, np.float32)])
@pytest.mark.parametrize("quick", [False, True])
def test_a_window_with_nothing_in_it_has_no_words(
    engine: str, samples: Samples, quick: bool, loaded: Loaded
) -> None:
    transcript = loaded(engine, "tiny.en").transcribe(samples, quick=quick)
    assert (transcript.text, transcript.words) == ("", ())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gpu_that_is_not_there_is_one_line(engine: str) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(TranscriptionError, match=r"^cuda: no CUDA device.*--compute cpu$"):
        load(engine, "tiny.en", "cuda")


def test_auto_takes_the_first_installed_engine() -> None:
    assert type(load("auto", "tiny.en", "auto")).__name__ == ENGINES["faster-whisper"].class_name


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(
        TranscriptionError, match=r"^siri: no such engine; .* --engine one of auto, fast"
    ):
        load("siri", "base", "auto")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )


def run_without(library: str, code: str) -> subprocess.CompletedProcess[str]:
    """`code` in a Python of its own, in which `library` is not installed."""
    hide = (
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "PathFinder.find_spec = lambda name, path=None, target=None: "
        f"None if name == {library!r} else find(name, path, target)\n"
    )
    return run(hide + code)


def test_a_missing_extra_is_named_with_what_to_install() -> None:
    code = (
        "from sayback.transcript.engines import load\n"
        "from sayback.errors import TranscriptionError\n"
        "try: load('faster-whisper', 'base', 'auto')\n"
        "except TranscriptionError as error: print(error)\n"
    )
    done = run_without("faster_whisper", code)
    assert done.stdout.strip() == (
        "faster-whisper: not installed; type `pip install 'sayback[fast]'`"
    ), done.stderr


def test_faster_whisper_never_imports_torch() -> None:
    code = (
        "import sys, numpy as np\n"
        "from sayback.transcript.engines import load\n"
        "load('faster-whisper', 'tiny.en', 'cpu').transcribe(np.zeros(16000, np.float32))\n"
        "print('torch' in sys.modules, 'whisper' in sys.modules)\n"
    )
    done = run(code)
    assert done.stdout.strip() == "False False", done.stderr
