"""A whole recording, window by window: where to cut it, and how the words come together again."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from itertools import pairwise
from math import ceil

import numpy as np

from sayback.model import SAMPLE_RATE_HZ, Interval, Transcript, Word
from sayback.transcript.jobs import Job
from sayback.transcript.lanes import start_lanes
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
_TICK_S = 0.5

ReadSound = Callable[[Interval], Samples]
"""Gives the sound of a stretch of a recording, mono float32 at 16 kHz."""

Moment = Callable[[Interval], float]


def transcribe_recording(
    transcriber: Transcriber, sound: ReadSound, duration_s: float, speech: tuple[Interval, ...]
) -> Transcript:
    """The words of a recording of any length, with times from its start.

    `speech` says where speech was detected in it; without any the engine is not asked at all.
    Raises TranscriptionError, also of an engine that hangs, and what `sound` raises.
    """
    windows = plan_windows(speech, duration_s, cut_at=quietest_moment(sound))
    return joined(windows, _transcribe_each(transcriber, sound, windows))


def joined(windows: Sequence[Interval], parts: Sequence[Transcript]) -> Transcript:
    """One transcript out of those of its windows, in order; each has times from its window."""
    if not parts:
        return Transcript(text="", words=())
    heard = zip(windows, parts, strict=True)
    words = tuple(word for window, part in heard for word in placed(part.words or (), window))
    return replace(parts[0], text=" ".join(word.text for word in words), words=words)


def quietest_moment(sound: ReadSound) -> Moment:
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
    speech: Sequence[Interval],
    duration_s: float,
    *,
    cut_at: Moment = middle,
    done: tuple[Interval, ...] = (),
) -> tuple[Interval, ...]:
    """The stretches of a recording to hand to the engine: none over 28 s, none overlapping.

    Together they hold all speech with 0.2 s around it. Each is as long as it can be and ends in
    the longest pause of its last 4 s; silences over 5 s are in none. `cut_at` picks the moment
    to cut inside the part of a stretch it is given, where someone speaks for longer than 28 s.
    With the first windows of an earlier plan, `done`, it goes on behind those; `speech` has to be
    in order then.
    """
    padded = _pad(_merge(_from_window(speech, done), duration_s), duration_s)
    stretches = [part for stretch in padded for part in _shorten(stretch, cut_at)]
    windows = [*done]
    first = sum(part.end_s <= done[-1].end_s for part in stretches) if done else 0
    while first < len(stretches):
        end = _end_of_window(stretches, first)
        windows.append(Interval(stretches[first].start_s, stretches[end - 1].end_s))
        first = end
    return tuple(windows)


def _from_window(speech: Sequence[Interval], done: tuple[Interval, ...]) -> Sequence[Interval]:
    """Speech from the last that lies in windows on: the pause behind it is shared with the next."""
    if not done:
        return speech
    after = bisect_right(speech, done[-1].end_s, key=lambda stretch: stretch.end_s)
    return speech[max(after - 1, 0) :]


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


def _end_of_window(stretches: list[Interval], first: int) -> int:
    """The stretch before which the window that begins with `first` ends, cut at its best pause."""
    start_s = stretches[first].start_s
    end = first + 1
    while end < len(stretches) and stretches[end].end_s - start_s <= LONGEST_WINDOW_S:
        if _pause_before(stretches, end) > LONGEST_PAUSE_S:
            return end
        end += 1
    if end == len(stretches) or _pause_before(stretches, end) > LONGEST_PAUSE_S:
        return end
    late = [n for n in range(first + 1, end) if stretches[n - 1].end_s - start_s >= EARLIEST_CUT_S]
    # The last one wins among equal pauses: fewer windows cost less time.
    return max([*late, end], key=lambda n: _pause_before(stretches, n))


def _pause_before(stretches: list[Interval], number: int) -> float:
    return stretches[number].start_s - stretches[number - 1].end_s


def _transcribe_each(
    transcriber: Transcriber, sound: ReadSound, windows: Sequence[Interval]
) -> list[Transcript]:
    """The transcripts of the windows in order, as many at once as the engine has lanes."""
    work = _Windows(transcriber, sound, windows)
    start_lanes(work.go_on, min(transcriber.lanes, len(windows)))
    try:  # in lanes, so that an interrupt ends it even where the engine hangs
        return [_in_time(window, result) for window, result in work.all]
    finally:
        work.left.clear()


def _in_time(window: Interval, result: Future[Transcript]) -> Transcript:
    """The transcript of the window that is under way, or the error of an engine that hangs.

    In short waits, so that no time passes while the program is stopped.
    """
    job = Job(window, quick=False)
    for _ in range(ceil(job.limit_s / _TICK_S)):
        if result in wait([result], _TICK_S).done:
            return result.result()
    raise job.hangs()


class _Windows:
    """What lanes do of a whole recording: one window after another."""

    def __init__(
        self, transcriber: Transcriber, sound: ReadSound, windows: Sequence[Interval]
    ) -> None:
        self._transcriber = transcriber
        self._sound = sound
        self.all = [(window, Future[Transcript]()) for window in windows]
        self.left = deque(self.all)

    def go_on(self) -> bool:
        """Transcribe the next window; False without one."""
        try:
            window, result = self.left.popleft()
        except IndexError:
            return False
        try:
            result.set_result(self._transcriber.transcribe(self._sound(window)))
        except Exception as error:  # noqa: BLE001 - raised again where the result is asked for
            result.set_exception(error)
        return True


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
