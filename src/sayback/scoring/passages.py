"""A transcript cut into passages short enough to be read as one thought."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sayback.scoring.tokens import Token

LONGEST_PASSAGE = 28
"""Tokens; a longer sentence is cut at a clause."""
LONGEST_WINDOW = 45
"""Tokens of what is read at once; more context than this blurs the judgement."""
SHORTEST_PART = 6
"""Tokens: a clause cut off must still say something."""

_MARK = re.compile(r"[.!?]")
_CLAUSE_STARTS = frozenset(
    (
        "and",
        "but",
        "so",
        "because",
        "then",
        "which",
        "while",
        "whereas",
        "since",
        "also",
        "or",
        "that",
        "when",
        "where",
        "if",
    )
)


@dataclass(frozen=True, slots=True)
class Passage:
    """The first and last token of a stretch of a transcript."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __contains__(self, position: int) -> bool:
        return self.first <= position <= self.last


@dataclass(frozen=True, slots=True)
class Window(Passage):
    """Neighbouring passages read as one: from number `opening` to number `closing`."""

    opening: int
    closing: int

    @property
    def numbers(self) -> range:
        """The numbers of its passages."""
        return range(self.opening, self.closing + 1)


def passages(text: str, tokens: Sequence[Token]) -> tuple[Passage, ...]:
    """The sentences of a text in order, long ones cut at clauses; without tokens none."""
    found: list[Passage] = []
    first = 0
    for position, (before, after) in enumerate(pairwise(tokens)):
        if _ends_sentence(text[before.end : after.start]):
            found += _cut(tokens, Passage(first, position))
            first = position + 1
    if tokens:
        found += _cut(tokens, Passage(first, len(tokens) - 1))
    return tuple(found)


def _ends_sentence(between: str) -> bool:
    """Whether what stands between two tokens is a line's end, or a mark with a space after it."""
    mark = _MARK.search(between)
    return "\n" in between or (mark is not None and any(map(str.isspace, between[mark.end() :])))


def _cut(tokens: Sequence[Token], passage: Passage) -> Iterator[Passage]:
    """A passage without change, or in parts of LONGEST_PASSAGE tokens at most."""
    first = passage.first
    while passage.last - first >= LONGEST_PASSAGE:
        cut = _best_cut(tokens, first, passage.last)
        yield Passage(first, cut - 1)
        first = cut
    yield Passage(first, passage.last)


def _best_cut(tokens: Sequence[Token], first: int, last: int) -> int:
    """Where the next part begins: at the last comma in reach, else clause, else at full length."""
    reach = range(
        min(first + LONGEST_PASSAGE, last - SHORTEST_PART + 1), first + SHORTEST_PART - 1, -1
    )
    for is_opening in (_opens, _begins_clause):
        if cut := next((at for at in reach if is_opening(tokens[at])), None):
            return cut
    return reach[0]


def _opens(token: Token) -> bool:
    return token.opens


def _begins_clause(token: Token) -> bool:
    return token.key in _CLAUSE_STARTS


def windows(cut: Sequence[Passage]) -> tuple[Window, ...]:
    """What is read at once: each passage, each two neighbours, and a short answer as a whole."""
    singles = [Window(each.first, each.last, at, at) for at, each in enumerate(cut)]
    pairs = [Window(a.first, b.last, a.opening, b.closing) for a, b in pairwise(singles)]
    whole = [Window(cut[0].first, cut[-1].last, 0, len(cut) - 1)] if len(cut) > 2 else []
    return (*singles, *(each for each in (*pairs, *whole) if len(each) <= LONGEST_WINDOW))
