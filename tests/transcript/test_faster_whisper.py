from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sayback.errors import TranscriptionError
from sayback.transcript.faster_whisper import FasterWhisper
from sayback.transcript.models import ctranslate2_folder
from sayback.transcript.transcriber import Samples


def test_a_folder_is_a_model(spoken: Samples) -> None:
    folder = os.fspath(ctranslate2_folder("tiny.en"))
    transcript = FasterWhisper(folder, compute="cpu").transcribe(spoken)
    assert transcript.model == folder
    assert "network" in transcript.text


@pytest.mark.parametrize("keep", [0, 1000, 1_000_000])
def test_a_model_cut_short_is_one_line(keep: int, tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    shutil.copytree(ctranslate2_folder("tiny.en"), folder)
    os.truncate(folder / "model.bin", keep)
    with pytest.raises(TranscriptionError, match=r"cut: faster-whisper cannot run it") as caught:
        FasterWhisper(os.fspath(folder), compute="cpu")
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_openai_is_for_the_other_engine(tmp_path: Path) -> None:
    file = tmp_path / "small.pt"
    file.touch()
    with pytest.raises(TranscriptionError, match=r"use --engine openai-whisper for \.pt files"):
        FasterWhisper(os.fspath(file), compute="cpu")


def test_a_quick_transcription_encodes_its_sound_once(
    cut_off: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faster_whisper import WhisperModel

    encode, runs = WhisperModel.encode, []

    def counted(model: WhisperModel, features: np.ndarray[Any, Any]) -> object:
        runs.append(features.shape)
        return encode(model, features)

    monkeypatch.setattr(WhisperModel, "encode", counted)
    engine = FasterWhisper("tiny.en", compute="cpu")
    heard = engine.transcribe(cut_off, quick=True)
    assert len(runs) == 1
    assert heard.text.endswith("makes it smaller and less.")
    engine._quick_model = engine._model
    assert engine.transcribe(cut_off, quick=True).text != heard.text
    assert len(runs) == 1 + 2
