from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from itertools import chain
from pathlib import Path
from threading import Thread, current_thread, main_thread
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sayback.errors import TranscriptionError
from sayback.model import Transcript
from sayback.transcript import openai_one_run
from sayback.transcript.models import ctranslate2_folder, openai_checkpoint
from sayback.transcript.openai_alignment import cheapest_path, lighten
from sayback.transcript.openai_whisper import OpenAIWhisper
from sayback.transcript.transcriber import Samples, Transcriber
from sayback.transcript.words import LAST_MOMENT

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from whisper import Whisper

PATIENCE_S = 120
"""For threads, on a machine that may be busy."""


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
    for model in models(engine):
        model.encoder.conv1.register_forward_hook(lambda *of: runs.append(of))
    first = engine.transcribe(spoken)
    assert first.words
    assert len(runs) == 1
    other = engine.transcribe(spoken[: len(spoken) // 2])
    assert len(runs) == 2
    assert other.words is not None
    assert len(other.words) < len(first.words)


def test_a_quick_transcription_encodes_its_sound_once(
    cut_off: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whisper.decoding import decode

    engine = OpenAIWhisper("tiny.en", compute="cpu")
    runs: list[object] = []
    for model in models(engine):
        model.encoder.conv1.register_forward_hook(lambda *of: runs.append(of))
    heard = engine.transcribe(cut_off, quick=True)
    assert len(runs) == 1
    assert "the second half brings the picture back up" in heard.text
    monkeypatch.setattr(openai_one_run, "decode_in_one_run", decode)
    assert "brings the picture" not in engine.transcribe(cut_off, quick=True).text
    assert len(runs) == 1 + 2


ZERO, END, PROMPT = 51, 50, [1, 2, 3]
LATE = ZERO + LAST_MOMENT


@pytest.mark.parametrize(
    ("tokens", "may_end"),
    [
        ([], True),
        ([ZERO], True),
        ([ZERO, 10], True),
        ([ZERO, 10, ZERO + 9], True),
        ([ZERO, 10, ZERO + 9, ZERO + 9], False),
        ([ZERO, 10, ZERO + 9, ZERO + 9, 11], False),
        ([ZERO, 10, ZERO + 9, ZERO + 9, 11, ZERO + 19], True),
        ([ZERO, 10, LATE, LATE], True),  # no moment is left
    ],
)
def test_a_text_of_several_sentences_ends_with_the_last_one(
    tokens: list[int], may_end: bool
) -> None:
    import torch

    rule = openai_one_run.LastSentence(len(PROMPT), ZERO, END)
    logits = torch.zeros(1, LATE + 1)
    rule.apply(logits, torch.tensor([[*PROMPT, *tokens]]))
    forbidden = (logits[0] == float("-inf")).nonzero().flatten().tolist()
    assert forbidden == ([] if may_end else [END])


def test_a_failure_at_word_times_leaves_the_next_transcription_alone(
    spoken: Samples, loaded: Callable[[str, str], Transcriber]
) -> None:
    engine = OpenAIWhisper("tiny.en", compute="cpu")
    hooks = hook_counts(engine)

    def without_memory(_: object, __: object, options: dict[str, Any]) -> None:
        if "kv_cache" not in options:  # only where word times are looked for
            raise MemoryError

    for model in models(engine):
        model.decoder.register_forward_pre_hook(without_memory, with_kwargs=True)
        with pytest.raises(TranscriptionError, match="openai-whisper failed"):
            engine.transcribe(spoken)
    for model in models(engine):
        model.decoder._forward_pre_hooks.popitem()
    assert hook_counts(engine) == hooks
    assert engine.transcribe(spoken) == loaded("openai-whisper", "tiny.en").transcribe(spoken)


def models(engine: OpenAIWhisper) -> list[Whisper]:
    """The copies that nobody uses: one for each that may be at work."""
    found = [engine._models.get() for _ in range(engine._models.qsize())]
    for model in found:
        engine._models.put(model)
    return found


class Overtaking:
    """Has two quick transcriptions come at one step of a full one, and notes who ends when.

    A step is a layer of the encoder, a token, or the run of the decoder that finds word times.
    """

    def __init__(self, engine: OpenAIWhisper, quick: Samples, at: tuple[str, int]) -> None:
        self._engine, self._quick, self._at = engine, quick, at
        self._steps: Counter[str] = Counter()
        self._threads: list[Thread] = []
        self._cache: dict[Module, Tensor] = {}
        self.ends: list[tuple[str, Transcript]] = []
        self.kept = 0
        """The most places that the full one keeps something for while the last one is at work."""
        for model in models(engine):
            for module in (*model.encoder.blocks, model.decoder):
                module.register_forward_pre_hook(self._take, prepend=True, with_kwargs=True)

    def full(self, samples: Samples) -> None:
        self._transcribe(samples, "full")
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _take(self, module: Module, _: object, options: dict[str, Any]) -> None:
        from whisper.model import MultiHeadAttention

        if current_thread() is main_thread():
            self._cache = options.get("kv_cache", {})
            step = "token" if "kv_cache" in options else "layer"
            self._steps[step if MultiHeadAttention.use_sdpa else "word times"] += 1
            if self._steps[self._at[0]] == self._at[1] and not self._threads:
                self._come("caption")
                self._come("last")
        elif current_thread().name == "last":
            assert MultiHeadAttention.use_sdpa
            places = (tensor.shape[1] for tensor in self._cache.values())
            self.kept = max(self.kept, *places, 0)

    def _come(self, name: str) -> None:
        waiting = len(self._engine._turns._queue)
        self._threads.append(Thread(target=self._transcribe, args=(self._quick, name), name=name))
        self._threads[-1].start()
        while len(self._engine._turns._queue) == waiting:
            time.sleep(0.01)

    def _transcribe(self, samples: Samples, name: str) -> None:
        self.ends.append((name, self._engine.transcribe(samples, quick=name != "full")))


def hook_counts(engine: OpenAIWhisper) -> list[int]:
    modules = chain.from_iterable(model.modules() for model in models(engine))
    return [len(each._forward_hooks) + len(each._forward_pre_hooks) for each in modules]


@pytest.mark.parametrize("at", [("layer", 2), ("token", 1), ("token", 9), ("word times", 1)])
def test_an_overtaken_window_has_the_words_of_one_that_was_not(
    at: tuple[str, int], spoken: Samples, loaded: Callable[[str, str], Transcriber]
) -> None:
    from whisper.model import MultiHeadAttention

    engine, alone = OpenAIWhisper("tiny.en", compute="cpu"), loaded("openai-whisper", "tiny.en")
    quick = spoken[len(spoken) // 2 :]
    overtaking = Overtaking(engine, quick, at)
    hooks = hook_counts(engine)
    overtaking.full(spoken)
    gives_way = at[0] != "word times"
    ends = ["last", "caption", "full"] if gives_way else ["full", "last", "caption"]
    assert [name for name, _ in overtaking.ends] == ends
    heard = dict(overtaking.ends)
    assert heard["full"] == alone.transcribe(spoken)
    # In a thread of its own, as those were: another engine used in this one may have left it a
    # number of processors, by which sums differ in their seventh digit.
    with ThreadPoolExecutor(1) as pool:
        expected = pool.submit(alone.transcribe, quick, quick=True).result()
    assert heard["caption"] == heard["last"] == expected
    assert overtaking.kept < 20  # its own tokens, none of the 1500 places of the sound
    assert hook_counts(engine) == hooks
    assert MultiHeadAttention.use_sdpa


def test_lanes_share_their_weights() -> None:
    first, *others = models(OpenAIWhisper("tiny.en", compute="cpu"))
    assert len(others) == OpenAIWhisper.lanes + OpenAIWhisper.overtaking - 1
    for other in others:
        pairs = zip(first.parameters(), other.parameters(), strict=True)
        assert all(mine is yours for mine, yours in pairs)


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


def test_a_text_in_a_loop_gets_no_word_times(spoken: Samples) -> None:
    import whisper
    from whisper.tokenizer import get_tokenizer

    lighten()
    model = whisper.load_model(os.fspath(openai_checkpoint("tiny.en")))
    tokenizer = get_tokenizer(multilingual=False)
    mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(spoken))
    segments = [
        {"text": text, "tokens": tokenizer.encode(text), "seek": 0, "start": 0.0, "end": 3.0}
        | {"compression_ratio": ratio}
        for text, ratio in ((" Good evening.", 0.9), (" six, six," * 40, 11.5))
    ]
    import_module("whisper.transcribe").add_word_timestamps(
        segments=segments,
        model=model,
        tokenizer=tokenizer,
        mel=mel,
        num_frames=300,
        last_speech_timestamp=0.0,
    )
    assert [len(each["words"]) for each in segments] == [2, 0]
