"""One run of faster-whisper's encoder over all of a short sound; see openai_one_run.py for why.

CTranslate2 cannot forbid the end depending on what came before. So a text that stops too early is
continued, from the same encoded sound.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayback.transcript.words import LAST_MOMENT

if TYPE_CHECKING:
    from ctranslate2.models import Whisper
    from faster_whisper import WhisperModel


def in_one_run(model: WhisperModel) -> WhisperModel:
    """The same model for sound that is to be heard in one run, at most 30 s."""
    hearing = copy(model)
    no_moments = model.hf_tokenizer.token_to_id("<|notimestamps|>")
    hearing.model = LastSentence(model.model, no_moments)
    return hearing


@dataclass(frozen=True, slots=True)
class Generated:
    """What faster-whisper reads of a `WhisperGenerationResult`."""

    sequences_ids: list[list[int]]
    scores: list[float]
    """Of the text before it was continued."""
    no_speech_prob: float


class LastSentence:
    """CTranslate2's model, whose text ends with the moment at which its last sentence does.

    `no_moments` is the token that asks for a text without moments; these come next to it.
    """

    def __init__(self, model: Whisper, no_moments: int) -> None:
        self._model = model
        self._no_moments = no_moments

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, sound: Any, prompts: list[list[int]], **options: Any) -> list[Generated]:
        """As CTranslate2 does it, for one encoded sound and its one prompt."""
        result = self._model.generate(sound, prompts, **options)[0]
        tokens = list(result.sequences_ids[0])
        text = [token for token in tokens if not self._is_moment(token)]
        if text and all(map(self._is_moment, tokens[-2:])):
            so_far = [*prompts[0], self._no_moments, *text]
            whole = self._model.generate(sound, [so_far], **options)[0].sequences_ids[0]
            more = whole[len(text) :]
            tokens = [*tokens, *more] if more else tokens[:-1]
        if text and not self._is_moment(tokens[-1]):
            tokens.append(self._no_moments + 1 + LAST_MOMENT)
        return [Generated([tokens], result.scores, result.no_speech_prob)]

    def _is_moment(self, token: int) -> bool:
        return token > self._no_moments
