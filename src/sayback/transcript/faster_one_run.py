"""One run of faster-whisper's encoder over all of a short sound; see openai_one_run.py for why.

CTranslate2 lets nobody forbid a token. So where the text stops too early it is gone on with, from
the same encoded sound.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctranslate2.models import Whisper
    from faster_whisper import WhisperModel

_MOMENTS = 1500
"""That a token stands for in 30 s of sound, after the first one."""


def in_one_run(model: WhisperModel) -> WhisperModel:
    """The same model for sound that is to be heard in one run, at most 30 s."""
    hearing = copy(model)
    no_moments = model.hf_tokenizer.token_to_id("<|notimestamps|>")
    hearing.model = _InOneRun(model.model, no_moments)
    return hearing


@dataclass(frozen=True, slots=True)
class _Heard:
    """What faster-whisper reads of a `WhisperGenerationResult`."""

    sequences_ids: list[list[int]]
    scores: list[float]
    no_speech_prob: float


class _InOneRun:
    """CTranslate2's model, whose text ends with the one moment at which its last sentence does."""

    def __init__(self, model: Whisper, no_moments: int) -> None:
        self._model = model
        self._no_moments = no_moments

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, sound: Any, prompts: list[list[int]], **options: Any) -> list[_Heard]:
        """As CTranslate2 does it, for one encoded sound."""
        result = self._model.generate(sound, prompts, **options)[0]
        tokens = list(result.sequences_ids[0])
        text = [token for token in tokens if not self._is_moment(token)]
        if text and all(map(self._is_moment, tokens[-2:])):
            so_far = [*prompts[0], self._no_moments, *text]
            whole = self._model.generate(sound, [so_far], **options)[0].sequences_ids[0]
            tokens += whole[len(text) :]
        if text and not self._is_moment(tokens[-1]):
            tokens.append(self._no_moments + 1 + _MOMENTS)
        return [_Heard([tokens], result.scores, result.no_speech_prob)]

    def _is_moment(self, token: int) -> bool:
        return token > self._no_moments
