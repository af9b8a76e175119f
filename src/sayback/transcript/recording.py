"""A whole recording, window by window: where to cut it, and how the words come together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np

from sayback.model import SAMPLE_RATE_HZ, Interval, Transcript, Word
from sayback.transcript.transcriber import Samples, Transcriber

LONGEST_WINDOW_S = 28.0
"""Whisper hears 30 s at a time; the rest is room for the silence in front and for rounding."""

PADDING_S = 0.2
"""Kept around detected speech: detectors notice a first sound 50 to 150 ms late."""

LONGEST_PAUSE_S = 5.0
"""Longer silences are left out between windows: Whisper invents words in them."""

EARLIEST_CUT_S = 24.0
"""Where a window has to be cut, it is cut after this much of it."""

_LEVEL_FRAME_S = 0.03

Sound = Callable[[Interval], Samples]
"""Gives the sound of a stretch of a recording, mono float32 at 16 kHz."""

Moment = Callable[[Interval], float]


def transcribe_recording(
    transcriber: Transcriber, samples: Samples, speech: tuple[Interval, ...]
) -> Transcript:
    """The words of a recording of any length, with times from its start.

    `samples` are mono float32 at 16 kHz; `speech` says where speech was detected in them. Without
    speech the engine is not asked at all. Raises TranscriptionError.
    """
    sound = sound_of(samples)
    duration_s = len(samples) / SAMPLE_RATE_HZ
    windows = plan_windows(speech, duration_s, cut_at=quietest_moment(sound))
    return joined(windows, _transcribe_each(transcriber, sound, windows))


def joined(windows: Sequence[Interval], parts: Sequence[Transcript]) -> Transcript:
    """One transcript out of those of its windows, in order; each has times from its window."""
    if not parts:
        return Transcript(text="", words=())
    heard = zip(windows, parts, strict=True)
    words = tuple(word for window, part in heard for word in placed(part.words or (), window))
    return replace(parts[0], text=" ".join(word.text for word in words), words=words)


def sound_of(samples: Samples) -> Sound:
    """The stretches of samples that are in memory."""

    def sound(stretch: Interval) -> Samples:
        start, end = (round(at_s * SAMPLE_RATE_HZ) for at_s in (stretch.start_s, stretch.end_s))
        return samples[start:end]

    return sound


def quietest_moment(sound: Sound) -> Moment:
    """Where the level inside a stretch, smoothed over 30 ms, is lowest."""

    def moment(stretch: Interval) -> float:
        frame = round(_LEVEL_FRAME_S * SAMPLE_RATE_HZ)
        part = sound(stretch)
        frames = part[: len(part) // frame * frame].reshape(-1, frame)
        quietest = int(np.argmin(np.mean(frames**2, axis=1)))
        return stretch.start_s + (quietest + 0.5) * frame / SAMPLE_RATE_HZ

    return moment


def middle(stretch: Interval) -> float:
    """The middle of a stretch: where to cut it when its sound is not known."""
    return (stretch.start_s + stretch.end_s) / 2


def plan_windows(
    speech: Iterable[Interval], duration_s: float, *, cut_at: Moment = middle
) -> tuple[Interval, ...]:
    """The stretches of a recording to hand to the engine: none over 28 s, none overlapping.

    Together they hold all speech with 0.2 s around it. Each is as long as it can be and ends in
    the longest pause of its last 4 s; silences over 5 s are in none. `cut_at` picks the moment
    to cut inside the part of a stretch it is given, where someone speaks for longer than 28 s.
    """
    padded = _pad(_merge(speech, duration_s), duration_s)
    stretches = [part for stretch in padded for part in _shorten(stretch, cut_at)]
    windows = []
    while stretches:
        count = _stretches_in_window(stretches)
        windows.append(Interval(stretches[0].start_s, stretches[count - 1].end_s))
        stretches = stretches[count:]
    return tuple(windows)


def _merge(speech: Iterable[Interval], duration_s: float) -> list[Interval]:
    """The same speech in order, inside the recording, as stretches that do not touch."""
    merged: list[Interval] = []
    for stretch in sorted(speech, key=lambda stretch: stretch.start_s):
        start_s, end_s = max(stretch.start_s, 0.0), min(stretch.end_s, duration_s)
        if end_s <= start_s:
            continue
        if merged and start_s <= merged[-1].end_s:
            merged[-1] = Interval(merged[-1].start_s, max(merged[-1].end_s, end_s))
        else:
            merged.append(Interval(start_s, end_s))
    return merged


def _pad(stretches: list[Interval], duration_s: float) -> list[Interval]:
    """Stretches with some silence around them, at most half of the pause on either side."""
    pauses_s = [after.start_s - before.end_s for before, after in pairwise(stretches)]
    inside_s = [min(PADDING_S, pause_s / 2) for pause_s in pauses_s]
    before_s = [PADDING_S, *inside_s]
    after_s = [*inside_s, PADDING_S]
    return [
        Interval(max(stretch.start_s - before, 0.0), min(stretch.end_s + after, duration_s))
        for stretch, before, after in zip(stretches, before_s, after_s, strict=False)
    ]


def _shorten(stretch: Interval, cut_at: Moment) -> list[Interval]:
    """One stretch as touching parts of at most 28 s."""
    parts = []
    while stretch.duration_s > LONGEST_WINDOW_S:
        latest_s = stretch.start_s + LONGEST_WINDOW_S
        cut_s = cut_at(Interval(stretch.start_s + EARLIEST_CUT_S, min(latest_s, stretch.end_s)))
        parts.append(Interval(stretch.start_s, cut_s))
        stretch = Interval(cut_s, stretch.end_s)
    return [*parts, stretch]


def _stretches_in_window(stretches: list[Interval]) -> int:
    """How many of the stretches make the next window, cut at its best pause."""
    start_s = stretches[0].start_s
    fitting = 1
    for before, after in pairwise(stretches):
        if after.start_s - before.end_s > LONGEST_PAUSE_S:
            return fitting
        if after.end_s - start_s > LONGEST_WINDOW_S:
            break
        fitting += 1
    if fitting == len(stretches):
        return fitting
    late = [n for n in range(1, fitting) if stretches[n - 1].end_s - start_s >= EARLIEST_CUT_S]
    # The last one wins among equal pauses: fewer windows cost less time.
    return max([*late, fitting], key=lambda n: stretches[n].start_s - stretches[n - 1].end_s)


def _transcribe_each(
    transcriber: Transcriber, sound: Sound, windows: Sequence[Interval]
) -> list[Transcript]:
    """The transcripts of the windows in order, as many at once as the engine has lanes."""
    if transcriber.lanes == 1:  # in this thread, where an interrupt ends it at once
        return [transcriber.transcribe(sound(window)) for window in windows]
    with ThreadPoolExecutor(transcriber.lanes) as pool:
        return list(pool.map(lambda window: transcriber.transcribe(sound(window)), windows))


def placed(words: Iterable[Word], window: Interval) -> list[Word]:
    """Words of a window with times of the recording, clipped into the window."""
    return [
        replace(
            word,
            start_s=min(window.start_s + word.start_s, window.end_s),
            end_s=min(window.start_s + word.end_s, window.end_s),
        )
        for word in words
    ]
