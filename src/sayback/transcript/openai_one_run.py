"""One run of openai-whisper's decoder over all of a short sound.

Where sound ends right after a word, whisper often takes the last sentence for unfinished, and hears
that again by itself: another run of its encoder, nearly twice the time, and no better words.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from whisper.decoding import DecodingTask

if TYPE_CHECKING:
    from torch import Tensor
    from whisper import Whisper
    from whisper.decoding import DecodingOptions, DecodingResult


def decode_in_one_run(model: Whisper, mel: Tensor, options: DecodingOptions) -> DecodingResult:
    """Like `whisper.decode` for one sound: log mel frames of the shape (bins, frames)."""
    task = DecodingTask(model, options)
    until_finished = _UntilFinished(
        task.sample_begin, task.tokenizer.timestamp_begin, task.tokenizer.eot
    )
    task.logit_filters.append(until_finished)
    return task.run(mel[None])[0]


@dataclass(frozen=True, slots=True)
class _UntilFinished:
    """A whisper `LogitFilter`: text ends with the one moment at which its last sentence does.

    Not without it, nor where that moment is followed by the one at which another sentence begins.
    """

    first: int
    first_moment: int
    end: int

    def apply(self, logits: Tensor, tokens: Tensor) -> None:
        """Forbid the end where it would be too early; shapes (rows, vocabulary), (rows, tokens)."""
        for row, so_far in zip(logits, tokens[:, self.first :].tolist(), strict=True):
            is_moment = [token >= self.first_moment for token in so_far]
            if not all(is_moment) and is_moment[-2:] != [False, True]:
                row[self.end] = -inf
