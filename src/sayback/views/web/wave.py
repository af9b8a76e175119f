"""The sound of an answer as a picture: speech and pauses, evidence, fillers and pace over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sayback.model import Interval, Status
from sayback.views.charts import clock
from sayback.views.web.svg import element, share
from sayback.views.web.wording import count, seconds

BLOCKS = 150
"""Bars of the waveform; at a phone's width each is two pixels wide."""
PACE_STEP_S = 5.0
MOST_AXIS_LABELS = 7

_LANE, _WAVE, _TICKS, _PACE, _AXIS = 22, 76, 16, 30, 20
_LEAST_LABEL = 0.05
"""Share of the width that the number of a point takes in its lane."""
_LEAST_PAUSE_LABEL = 0.09
_MOST_NUMBERS = 24
"""Steps of pace up to which each has its number written into it."""
_AXIS_STEPS_S = (5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The evidence of a key point: its number and status, and the time it takes."""

    number: int
    status: Status
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Sound:
    """What the picture shows: `peaks` are 0 to 1 in equal blocks; `words` are when words begin."""

    duration_s: float
    peaks: tuple[float, ...]
    speech: tuple[Interval, ...]
    pauses: tuple[Interval, ...]
    fillers: tuple[tuple[float, str], ...]
    evidence: tuple[Stretch, ...]
    words: tuple[float, ...]


def peaks(path: Path, blocks: int = BLOCKS) -> tuple[float, ...]:
    """The loudest sample of each block, as a share of the loudest of all.

    None at all where the file is missing or is no sound: the page does without the picture then.
    """
    if not path.is_file():  # a pipe would be waited for
        return ()
    import soundfile  # late: loads a library that only this picture needs

    try:
        with soundfile.SoundFile(path) as file:
            size = max(1, -(-file.frames // blocks))
            highest = [
                float(abs(block).max())
                for block in file.blocks(blocksize=size, dtype="float32", always_2d=True)
                if len(block)
            ]
    except (soundfile.LibsndfileError, OSError, TypeError):  # TypeError: a name that ends in .raw
        return ()
    loudest = max(highest, default=0.0)
    return tuple(each / loudest if loudest > 0 else 0.0 for each in highest)


def pace(words: Iterable[float], duration_s: float) -> tuple[int, ...]:
    """How many words begin in each PACE_STEP_S of the recording."""
    counts = Counter(int(max(0.0, start_s) // PACE_STEP_S) for start_s in words)
    steps = max(int(duration_s // PACE_STEP_S) + 1, max(counts, default=0) + 1)
    return tuple(counts[step] for step in range(steps))


def lanes(evidence: Sequence[Stretch], duration_s: float) -> tuple[tuple[Stretch, ...], ...]:
    """The stretches in as few lanes as keep their numbers apart."""
    found: list[list[Stretch]] = []
    ends: list[float] = []
    for each in sorted(evidence, key=lambda stretch: (stretch.start_s, stretch.number)):
        end_s = max(each.end_s, each.start_s + _LEAST_LABEL * duration_s)
        free = next((at for at, taken in enumerate(ends) if taken <= each.start_s), None)
        if free is None:
            found.append([each])
            ends.append(end_s)
        else:
            found[free].append(each)
            ends[free] = end_s
    return tuple(map(tuple, found))


def wave(sound: Sound) -> Markup:
    """All lanes over one axis of time: evidence, waveform, fillers, pace."""
    rows = lanes(sound.evidence, sound.duration_s)
    top = _LANE * len(rows) + 4
    height = top + _WAVE + _TICKS + _PACE + _AXIS
    playhead = element("line", class_="playhead", x1=0, x2=0, y1=0, y2=height - _AXIS)
    parts = [
        *_evidence(rows, sound.duration_s),
        *_bars(sound, top),
        *_long_pauses(sound, top + _WAVE),
        *_fillers(sound, top + _WAVE),
        *_pace(sound, top + _WAVE + _TICKS),
        *_axis(sound.duration_s, height - 5),
        playhead,
    ]
    return element(
        "svg", *parts, class_="wave", height=height, role="img", aria_label=_described(sound),
        data_duration=f"{sound.duration_s:.2f}",
    )  # fmt: skip


def _evidence(rows: Sequence[Sequence[Stretch]], duration_s: float) -> Iterator[Markup]:
    for lane, row in enumerate(rows):
        y = lane * _LANE + _LANE - 5
        for each in row:
            start, end = share(each.start_s, duration_s), share(each.end_s, duration_s)
            name = element("title", f"key point {each.number}, {clock(each.start_s)}")
            label = element("text", str(each.number), x=start, y=y - 5)
            line = element("line", x1=start, x2=end, y1=y, y2=y)
            yield element("g", name, label, line, class_=f"stretch {each.status.value}")


def _bars(sound: Sound, top: int) -> Iterator[Markup]:
    """A bar a block, filled where there is speech at its middle."""
    blocks = len(sound.peaks)
    for at, peak in enumerate(sound.peaks):
        middle_s = (at + 0.5) / blocks * sound.duration_s
        kind = "speech" if _is_in(sound.speech, middle_s) else "silence"
        tall = max(2.0, round(peak * (_WAVE - 4), 1))
        yield element(
            "rect", class_=kind, x=share(at + 0.2, blocks), width=share(0.6, blocks),
            y=round(top + (_WAVE - tall) / 2, 1), height=tall, rx=1,
        )  # fmt: skip


def _is_in(intervals: Sequence[Interval], moment_s: float) -> bool:
    return any(each.start_s <= moment_s <= each.end_s for each in intervals)


def _long_pauses(sound: Sound, top: int) -> Iterator[Markup]:
    """How long the long pauses are, written below them where there is room."""
    free_s = 0.0
    for each in sound.pauses:
        middle_s = (each.start_s + each.end_s) / 2
        if middle_s >= free_s:
            free_s = middle_s + _LEAST_PAUSE_LABEL * sound.duration_s
            yield element(
                "text", seconds(each.duration_s), class_="small-print", y=top + 12,
                x=share(middle_s, sound.duration_s), text_anchor="middle",
            )  # fmt: skip


def _fillers(sound: Sound, top: int) -> Iterator[Markup]:
    for start_s, text in sound.fillers:
        x = share(start_s, sound.duration_s)
        name = element("title", f"{text} at {clock(start_s)}")
        yield element("line", name, class_="filler", x1=x, x2=x, y1=top + 2, y2=top + 12)


def _pace(sound: Sound, top: int) -> Iterator[Markup]:
    steps = pace(sound.words, sound.duration_s)
    most = max(steps)
    for at, words in enumerate(steps if most else ()):
        start_s = at * PACE_STEP_S
        room_s = min(PACE_STEP_S, sound.duration_s - start_s)
        tall = round(words / most * _PACE, 1)
        name = element("title", f"{words} words from {clock(start_s)}")
        box: dict[str, Any] = {"y": top + _PACE - tall, "height": tall, "rx": 2}
        yield element(
            "rect", name, class_="pace", x=share(start_s + 0.1, sound.duration_s),
            width=share(max(room_s - 0.2, 0.1), sound.duration_s), **box,
        )  # fmt: skip
        if len(steps) <= _MOST_NUMBERS and room_s > PACE_STEP_S / 2 and words:
            yield element(
                "text", str(words), class_="pace-number", text_anchor="middle", y=top + _PACE - 4,
                x=share(start_s + room_s / 2, sound.duration_s),
            )  # fmt: skip


def _axis(duration_s: float, y: int) -> Iterator[Markup]:
    most = duration_s / MOST_AXIS_LABELS
    step = next((each for each in _AXIS_STEPS_S if each >= most), _AXIS_STEPS_S[-1])
    for moment_s in range(0, int(duration_s) + 1, step):
        if moment_s <= duration_s * 0.97:
            anchor = "start" if moment_s == 0 else "middle"
            x = share(moment_s, duration_s)
            yield element("text", clock(moment_s), class_="axis", x=x, y=y, text_anchor=anchor)


def _described(sound: Sound) -> str:
    pauses, fillers = count(len(sound.pauses), "long pause"), count(len(sound.fillers), "filler")
    return (
        f"The sound of the answer, {clock(sound.duration_s)} long, with {pauses}, {fillers} and the"
        f" places of {count(len(sound.evidence), 'key point')}; pauses, fillers and pace stand in"
        " the tables below it, the places beside the key points"
    )
