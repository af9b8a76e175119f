"""The stretch of a transcript that supports a point, word for word and with its time."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from sayback.model import Evidence, Transcript, Word
from sayback.scoring.tokens import Token

Placed = tuple[int, Word]
"""A word of a transcript and where it begins in the text."""

_SLACK_CHARACTERS = 40
_LONGEST_SIGNS = 20
_WRITTEN_BEFORE = re.compile(r"[^\s.,;:!?\"“”'‘’()\[\]]*\Z")
_WRITTEN_AFTER = re.compile(r"(?:\([^\s()]*\)|[^\s.,;:!?\"“”'‘’()\[\]])*")


def narrowest(places: Sequence[Sequence[int]]) -> tuple[int, int]:
    """The shortest range that has a position of each word; `places` are the words' positions.

    Raises ValueError where a word has no position.
    """
    hits = sorted((at, word) for word, positions in enumerate(places) for at in positions)
    counts = [0] * len(places)
    missing = len(places)
    ranges: list[tuple[int, int]] = []
    opening = 0
    for last, word in hits:
        missing -= counts[word] == 0
        counts[word] += 1
        while not missing:
            first, leaving = hits[opening]
            ranges.append((first, last))
            counts[leaving] -= 1
            missing += counts[leaving] == 0
            opening += 1
    return min(ranges, key=lambda each: each[1] - each[0])


def quote(text: str, placed: Sequence[Placed], first: Token, last: Token) -> Evidence:
    """The text verbatim from one token to another, with times where words were placed in it.

    Signs that are written together with its ends belong to it: "C++", "95%", "O(n)".
    """
    opening, closing = _word_at(placed, first.start), _word_at(placed, last.end - 1)
    before = _WRITTEN_BEFORE.search(text, max(first.start - _LONGEST_SIGNS, 0), first.start)
    after = _WRITTEN_AFTER.match(text, last.end, last.end + _LONGEST_SIGNS)
    start, end = before.start() if before else first.start, after.end() if after else last.end
    return Evidence(
        text=text[start:end],
        start_s=opening.start_s if opening and closing else None,
        end_s=closing.end_s if opening and closing else None,
    )


def place(transcript: Transcript) -> tuple[Placed, ...]:
    """Where in its text each word of a transcript begins; none for a text that was not heard.

    A word that does not stand in the text near its turn is left out.
    """
    placed: list[Placed] = []
    cursor = 0
    for word in transcript.words or ():
        bare = word.text.strip()
        limit = cursor + len(bare) + _SLACK_CHARACTERS
        found = transcript.text.find(bare, cursor, limit) if bare else -1
        if found >= 0:
            placed.append((found, word))
            cursor = found + len(bare)
    return tuple(placed)


def _word_at(placed: Sequence[Placed], position: int) -> Word | None:
    """The word that stands at a position of the text; None where none was placed there."""
    index = bisect_right(placed, position, key=lambda pair: pair[0]) - 1
    if index < 0:
        return None
    start, word = placed[index]
    return word if position < start + len(word.text.strip()) else None
