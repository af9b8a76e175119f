from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sayback.errors import TranscriptionError
from sayback.transcript.models import ctranslate2_folder, openai_checkpoint
from sayback.transcript.openai_alignment import cheapest_path, lighten
from sayback.transcript.openai_whisper import OpenAIWhisper
from sayback.transcript.transcriber import Samples, Transcriber


def test_a_folder_and_a_checkpoint_hear_what_the_name_hears(
    spoken: Samples, loaded: Callable[[str, str], Transcriber], tmp_path: Path
) -> None:
    by_name = loaded("openai-whisper", "tiny.en").transcribe(spoken)
    checkpoint = tmp_path / "tiny.en.pt"
    checkpoint.symlink_to(openai_checkpoint("tiny.en"))
    for path in (ctranslate2_folder("tiny.en"), checkpoint):
        heard = OpenAIWhisper(os.fspath(path), compute="cpu").transcribe(spoken)
        assert heard.words == by_name.words
        assert heard.model == os.fspath(path)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 no archive"])
def test_a_file_that_is_no_checkpoint_is_one_line(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bad.pt"
    file.write_bytes(content)
    with pytest.raises(TranscriptionError, match=r"bad\.pt: not a checkpoint") as caught:
        OpenAIWhisper(os.fspath(file), compute="cpu")
    assert "\n" not in str(caught.value)


def test_another_dictionary_is_no_checkpoint(tmp_path: Path) -> None:
    import torch

    torch.save({"weights": 1}, tmp_path / "other.pt")
    with pytest.raises(TranscriptionError, match=r"other\.pt: not a checkpoint"):
        OpenAIWhisper(os.fspath(tmp_path / "other.pt"), compute="cpu")


def test_a_window_is_encoded_once_for_its_words_and_their_times(spoken: Samples) -> None:
    engine = OpenAIWhisper("tiny.en", compute="cpu")
    runs: list[object] = []
    engine._model.encoder.conv1.register_forward_hook(lambda *of: runs.append(of))
    first = engine.transcribe(spoken)
    assert first.words
    assert len(runs) == 1
    other = engine.transcribe(spoken[: len(spoken) // 2])
    assert len(runs) == 2
    assert other.words is not None
    assert len(other.words) < len(first.words)


@pytest.fixture(scope="module")
def whispers_own() -> ModuleType:
    """The alignment of words as whisper ships it."""
    spec = find_spec("whisper.timing")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("tokens", "frames"), [(1, 1), (1, 40), (40, 1), (7, 60), (90, 700)])
def test_the_path_of_words_is_whispers_own(
    tokens: int, frames: int, whispers_own: ModuleType
) -> None:
    costs = np.random.default_rng(tokens).integers(-3, 3, (tokens, frames)) / 2  # with many ties
    assert np.array_equal(cheapest_path(costs), whispers_own.dtw_cpu(costs))


def test_the_attention_is_filtered_as_by_whisper(whispers_own: ModuleType) -> None:
    import torch
    from whisper import timing

    lighten()
    weights = torch.rand(8, 70, 200, generator=torch.manual_seed(1))
    filtered = timing.median_filter(weights, 7)
    assert timing.median_filter is not whispers_own.median_filter
    assert torch.equal(filtered, whispers_own.median_filter(weights, 7))
