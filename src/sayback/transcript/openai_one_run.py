"""One run of openai-whisper's encoder over all of a short sound.

Where sound ends right after a word, whisper sometimes takes the last sentence for unfinished, and
encodes what is left of it by itself: nearly twice the time, for worse words.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

from whisper.decoding import DecodingTask

from sayback.transcript.words import LAST_MOMENT

if TYPE_CHECKING:
    from torch import Tensor
    from whisper import Whisper
    from whisper.decoding import DecodingOptions, DecodingResult


def decode_in_one_run(model: Whisper, mel: Tensor, options: DecodingOptions) -> DecodingResult:
    """Like `whisper.decode` for one sound: log mel frames of the shape (bins, frames)."""
    task = DecodingTask(model, options)
    rule = LastSentence(task.sample_begin, task.tokenizer.timestamp_begin, task.tokenizer.eot)
    task.logit_filters.insert(0, rule)  # the next one weighs moments against all else
    return task.run(mel[None])[0]


@dataclass(frozen=True, slots=True)
class LastSentence:
    """A whisper `LogitFilter`: a text of several sentences ends with the moment the last one does.

    So not before that moment, nor after two, where another sentence would begin. `first` is the
    place of the first token after the prompt; the others are tokens: the moment 0.00, the end.
    """

    first: int
    first_moment: int
    end: int

    def apply(self, logits: Tensor, tokens: Tensor) -> None:
        """Forbid the end where it would be too early; shapes (1, vocabulary) and (1, tokens)."""
        so_far = tokens[0, self.first :].tolist()
        is_moment = [token >= self.first_moment for token in so_far]
        goes_on = any(map(all, pairwise(is_moment))) and is_moment[-2:] != [False, True]
        if goes_on and so_far[-1] != self.first_moment + LAST_MOMENT:
            logits[0, self.end] = -inf
