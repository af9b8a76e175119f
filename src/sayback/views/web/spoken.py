"""A transcript as runs of words: what each supports, where the fillers and long pauses are."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

from sayback.model import Interval, PointScore, Status, Word
from sayback.scoring.pace import Answer, fillers, joined

LONG_PAUSE_S = 1.0
"""Pauses from here on are shown in the text: our choice, four times the shortest pause."""
UNSURE = 0.5
"""The engine thought a word with less probability wrong rather than right."""

_CONTEXT = 4
"""Words around one that decide whether it is a filler; the longest pattern spans three."""
_ROUNDING_S = 0.005
_BY_SEVERITY = (Status.CONTRADICTED, Status.PARTIAL, Status.COVERED)
_LETTERS = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Said:
    """A word as it is shown; `heard` is what the engine wrote, also where nobody corrected it."""

    text: str
    start_s: float
    end_s: float
    heard: str
    is_filler: bool
    is_unsure: bool

    @property
    def is_corrected(self) -> bool:
        return self.text != self.heard


@dataclass(frozen=True, slots=True)
class Gap:
    """A long pause between two words."""

    length_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """Words in a row that support the same key points, by number; `opens` those that begin here."""

    points: tuple[int, ...]
    opens: tuple[int, ...]
    status: Status | None
    items: tuple[Said | Gap, ...]


def pauses(speech: Sequence[Interval]) -> tuple[Interval, ...]:
    """The silences inside an answer that count as pauses."""
    return tuple(Interval(a.end_s, b.start_s) for a, b in pairwise(joined(speech)))


def runs(
    words: Sequence[Word], points: Sequence[PointScore], silences: Iterable[Interval]
) -> tuple[Run, ...]:
    """The whole transcript, cut where the supported points change; points count from 1."""
    support = _support(words, points)
    said = _said(words)
    gaps = _gaps(words, silences)
    found: list[Run] = []
    seen: set[int] = set()
    for numbers, group in groupby(range(len(words)), key=support.__getitem__):
        places = list(group)
        opens = tuple(number for number in numbers if number not in seen)
        seen.update(numbers)
        status = _gravest(points[number - 1].status for number in numbers)
        if places[0] in gaps:  # a pause before evidence is no part of it
            found.append(Run((), (), None, (gaps.pop(places[0]),)))
        found.append(Run(numbers, opens, status, tuple(_items(places, said, gaps))))
    return tuple(found)


def filler_places(words: Sequence[str]) -> frozenset[int]:
    """The places of the words that belong to a filler: without them there are fewer."""
    return frozenset(at for at in range(len(words)) if _is_filler(words, at))


def evidence(point: PointScore) -> Interval | None:
    """The stretch of the recording that supports the point, if there is one."""
    found = point.evidence
    if point.status is Status.MISSED or not found or found.start_s is None or found.end_s is None:
        return None
    return Interval(found.start_s, found.end_s)


def _support(words: Sequence[Word], points: Sequence[PointScore]) -> list[tuple[int, ...]]:
    """For each word the numbers of the points that it is evidence for."""
    stretches = [(number, evidence(point)) for number, point in enumerate(points, start=1)]
    return [
        tuple(number for number, found in stretches if found and _is_within(word, found))
        for word in words
    ]


def _is_within(word: Word, stretch: Interval) -> bool:
    is_begun = word.start_s >= stretch.start_s - _ROUNDING_S
    return is_begun and word.end_s <= stretch.end_s + _ROUNDING_S


def _said(words: Sequence[Word]) -> list[Said]:
    hesitations = filler_places([word.text for word in words])
    return [
        Said(
            text=word.text,
            start_s=word.start_s,
            end_s=word.end_s,
            heard=word.text if word.heard is None else word.heard,
            is_filler=at in hesitations,
            is_unsure=word.heard is None and word.probability < UNSURE,
        )
        for at, word in enumerate(words)
    ]


def _is_filler(words: Sequence[str], at: int) -> bool:
    around = list(words[max(0, at - _CONTEXT) : at + _CONTEXT + 1])
    here = min(at, _CONTEXT)
    without = [*around[:here], _LETTERS.sub("x", around[here]), *around[here + 1 :]]
    return _fillers(without) < _fillers(around)


def _fillers(words: Sequence[str]) -> int:
    return fillers(Answer((), " ".join(words), None)).at_least


def _gaps(words: Sequence[Word], silences: Iterable[Interval]) -> dict[int, Gap]:
    """The long pauses by the word that follows them.

    A word belongs to the side on which its middle lies: word times hide pauses inside long words.
    """
    # Twice the middles; words may overlap, and the first that is late enough counts.
    latest = [*accumulate((word.start_s + word.end_s for word in words), max)]
    return {
        bisect_right(latest, each.start_s + each.end_s): Gap(each.duration_s)
        for each in silences
        if each.duration_s >= LONG_PAUSE_S
    }


def _items(
    places: Sequence[int], said: Sequence[Said], gaps: Mapping[int, Gap]
) -> Iterator[Said | Gap]:
    for at in places:
        if at in gaps:
            yield gaps[at]
        yield said[at]


def _gravest(statuses: Iterable[Status]) -> Status | None:
    found = set(statuses)
    return next((status for status in _BY_SEVERITY if status in found), None)
