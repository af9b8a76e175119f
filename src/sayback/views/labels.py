"""Key points in two or three words, where there is no room for the sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sayback.model import KeyPoint

LONGEST = 22
_HEAD_ENDS = re.compile(r"[:;,(]| [-–—] ")
_UNTELLING_WORDS = (
    "a an the it its this that these there and or but so if then is are was were be been has have"
    " in on at of to by for with from as into than i you we they my your our can may will"
)
_UNTELLING = frozenset(_UNTELLING_WORDS.split())


def label(point: KeyPoint) -> str:
    """Its first bold term, what stands before a colon, or its first telling words."""
    for candidate in _candidates(point):
        if candidate.strip() and len(candidate) <= LONGEST:
            return candidate
    return _cut(point.text.split())


def _candidates(point: KeyPoint) -> Iterator[str]:
    yield from point.terms[:1]
    head, *rest = _HEAD_ENDS.split(point.text, maxsplit=1)
    if rest:
        yield " ".join(_telling(head.split()))
    yield " ".join(_telling(point.text.rstrip(".").split()))


def _cut(words: list[str]) -> str:
    """As many of the telling words from the first on as there is room for."""
    kept: list[str] = []
    for word in _telling(words) or words:
        if len(" ".join([*kept, word])) > LONGEST:
            break
        kept.append(word)
    whole = " ".join(_telling(kept) or kept).rstrip(".,;:")
    return whole or "".join(words)[: LONGEST - 1] + "…"


def _telling(words: list[str]) -> list[str]:
    """Without the words at both ends that say nothing."""
    kept = list(words)
    while kept and kept[0].casefold() in _UNTELLING:
        kept.pop(0)
    while kept and kept[-1].casefold() in _UNTELLING:
        kept.pop()
    return kept
