from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sayback.errors import TranscriptionError
from sayback.transcript.faster_one_run import Generated, LastSentence
from sayback.transcript.faster_whisper import FasterWhisper
from sayback.transcript.models import ctranslate2_folder
from sayback.transcript.transcriber import Samples
from sayback.transcript.words import LAST_MOMENT


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
    assert "the second half brings the picture back up" in heard.text
    engine._quick_model = engine._model
    assert "brings" not in engine.transcribe(cut_off, quick=True).text
    assert len(runs) == 1 + 2


NO_MOMENTS, ZERO, END = 50, 51, 51 + LAST_MOMENT
SOME = [10, 11]


class Scripted:
    """A CTranslate2 model that says what it is told to, and keeps what it was asked."""

    def __init__(self, *texts: list[int]) -> None:
        self._texts = iter(texts)
        self.prompts: list[list[int]] = []

    def generate(self, _: object, prompts: list[list[int]]) -> list[Generated]:
        self.prompts += prompts
        return [Generated([next(self._texts)], [-0.5], 0.1)]


@pytest.mark.parametrize(
    ("tokens", "whole"),
    [
        ([], []),
        ([ZERO], [ZERO]),
        ([ZERO, ZERO + 9], [ZERO, ZERO + 9]),
        ([ZERO, *SOME, ZERO + 9], [ZERO, *SOME, ZERO + 9]),
        ([ZERO, *SOME], [ZERO, *SOME, END]),
        ([ZERO, *SOME, ZERO + 9, ZERO + 9, 12], [ZERO, *SOME, ZERO + 9, ZERO + 9, 12, END]),
    ],
)
def test_a_text_that_is_finished_gets_its_last_moment_at_most(
    tokens: list[int], whole: list[int]
) -> None:
    model = Scripted(tokens)
    heard = LastSentence(model, NO_MOMENTS).generate(None, [[1, 2]])
    assert heard == [Generated([whole], [-0.5], 0.1)]
    assert model.prompts == [[1, 2]]


@pytest.mark.parametrize(
    ("more", "whole"),
    [
        ([12, 13], [ZERO, *SOME, ZERO + 9, ZERO + 9, 12, 13, END]),
        ([], [ZERO, *SOME, ZERO + 9]),  # such as where the text is as long as it may be
    ],
)
def test_a_text_that_stops_where_another_sentence_begins_is_continued(
    more: list[int], whole: list[int]
) -> None:
    model = Scripted([ZERO, *SOME, ZERO + 9, ZERO + 9], SOME + more)
    (heard,) = LastSentence(model, NO_MOMENTS).generate(None, [[1, 2]])
    assert heard.sequences_ids == [whole]
    assert model.prompts == [[1, 2], [1, 2, NO_MOMENTS, *SOME]]
