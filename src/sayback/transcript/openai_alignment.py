"""The times of words in openai-whisper, worked out in less memory and without a compiler.

Whisper compiles its search for a path with numba on first use, which takes seconds of the first
answer and 60 MB; and it sorts the attention of all heads at once, which takes 100 MB.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

MOST_COMPRESSION = 2.4
"""A text that zlib makes smaller by more than this says the same again and again. Whisper's own
limit, after which it tries a higher temperature."""
_ROWS_AT_ONCE = 32
_DIAGONAL, _DOWN, _RIGHT = 0, 1, 2


@cache
def lighten() -> None:
    """Put these in the place of whisper's own functions, which give the same."""
    import torch
    from whisper import timing

    median_filter = timing.median_filter

    def part_by_part(weights: Tensor, width: int) -> Tensor:
        rows = torch.split(weights.flatten(end_dim=-2), _ROWS_AT_ONCE)
        return torch.cat([median_filter(some[None], width)[0] for some in rows]).view_as(weights)

    timing.median_filter = part_by_part
    timing.dtw_cpu = cheapest_path
    transcribe: Any = import_module("whisper.transcribe")  # whisper gives a function this name too
    add_word_times = transcribe.add_word_timestamps

    def add_to_those_that_go_on(*, segments: list[dict[str, Any]], **options: object) -> None:
        """A text in a loop has no places in the sound, and is so long that it takes 150 MB."""
        for each in segments:
            each["words"] = []
        going_on = [each for each in segments if each["compression_ratio"] <= MOST_COMPRESSION]
        add_word_times(segments=going_on, **options)

    transcribe.add_word_timestamps = add_to_those_that_go_on


def cheapest_path(costs: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Dynamic time warping: the cells of least total cost from the first to the last one.

    `costs` has the shape (tokens, frames); the result (2, steps) holds their indices. All cells of
    an anti-diagonal are worked out at once. Of equal ways whisper goes on to the next frame.
    """
    tokens, frames = costs.shape
    total = np.full((tokens + 1, frames + 1), np.inf, np.float32)
    total[0, 0] = 0
    came = np.full(total.shape, _RIGHT, np.int8)
    came[:, 0] = _DOWN
    for diagonal in range(2, tokens + frames + 1):
        row = np.arange(max(1, diagonal - frames), min(tokens, diagonal - 1) + 1)
        column = diagonal - row
        ways = total[row - 1, column - 1], total[row - 1, column], total[row, column - 1]
        both, down, right = ways
        came[row, column] = np.where(
            (both < down) & (both < right),
            _DIAGONAL,
            np.where((down < both) & (down < right), _DOWN, _RIGHT),
        )
        total[row, column] = costs[row - 1, column - 1] + np.choose(came[row, column], ways)
    return _backwards(came)


def _backwards(came: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    token, frame = came.shape[0] - 1, came.shape[1] - 1
    path = []
    while token > 0 or frame > 0:
        path.append((token - 1, frame - 1))
        step = came[token, frame]
        token -= step != _RIGHT
        frame -= step != _DOWN
    return np.array(path[::-1]).T
