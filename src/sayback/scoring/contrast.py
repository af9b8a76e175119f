"""What a passage says instead of a fact: opposites, exchanged words, another thing asked about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from sayback.scoring.opposites import are_related, opposites
from sayback.scoring.passages import Passage
from sayback.scoring.tokens import Token, is_content, negated_positions
from sayback.scoring.words import COMMON_WEIGHT, Heard, Match, stem, weight

DIRECTED = frozenset(
    ("above", "after", "before", "behind", "below", "by", "from", "into", "over", "than", "under")
)
"""Words that say something else when what stands before them and after them is exchanged."""
_JOINING = frozenset(("and", "or", "vs", "versus", "than", "over", "from"))
_ARTICLES = frozenset(("a", "an", "the"))
REACH = 3
"""Tokens after such a word among which that word stands which it governs."""

Sides = tuple[str, set[str], str]
"""A directed word, the stems of the content words before it, and that of the one after it."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """The positions of what a fact has, and those of what excludes it."""

    own: Collection[int]
    other: Collection[int]

    def is_in(self, passage: Passage) -> bool:
        """Whether the passage has only what excludes the fact's."""
        is_other = any(at in passage for at in self.other)
        return is_other and not any(at in passage for at in self.own)


def opposites_said(
    tokens: Sequence[Token], matches: Sequence[Match], heard: Heard
) -> tuple[Contrast, ...]:
    """The words of a fact whose opposites were said, denied or not as in the fact."""
    denied = negated_positions(tokens)
    meant = {stem(each.key) for each in tokens}
    meant |= {one.key + two.key for one, two in pairwise(tokens)}  # "non-maximum"
    matched = {each.unit.stem: each.positions for each in matches}
    found = []
    for at, token in enumerate(tokens):
        other = [
            place
            for word, is_sure in _said(opposites(token.key), heard)
            if word not in meant
            for place in _places(word, heard, joined=is_sure)
            if (place in heard.negated) is (at in denied)
            and (is_sure or are_related(token.key, heard.tokens[place].key))
        ]
        if other:
            word = stem(token.key)
            own = matched.get(word) or _places(word, heard, joined=False)
            found.append(Contrast({*own}.difference(other), other))
    return tuple(found)


def _said(words: Mapping[str, bool], heard: Heard) -> Iterator[tuple[str, bool]]:
    """Those of the words that were said; most were not."""
    lists = heard.stems, heard.spellings, heard.joints
    for word in set[str]().union(*(words.keys() & each.keys() for each in lists)):
        yield word, words[word]


def _places(word: str, heard: Heard, *, joined: bool) -> Sequence[int]:
    """Where a stem or a function word was said; `joined`: also as two words ("under fit")."""
    return (
        *heard.stems.get(word, ()),
        *(() if is_content(word) else heard.spellings.get(word, ())),
        *(heard.joints.get(word, ()) if joined else ()),
    )


def are_exchanged(fact: Sequence[Sides], passage: Sequence[Token]) -> bool:
    """Whether two words of a fact have changed places ("warmer than ice", "ice is warmer than")."""
    if not fact:
        return False
    said = {stem(each.key) for each in passage}
    return any(
        directed == theirs and after != instead and after in said and instead in before
        for theirs, _, instead in sides(passage)
        for directed, before, after in fact
    )


def sides(tokens: Sequence[Token]) -> Iterator[Sides]:
    """The directed words of a text, with what stands on both sides of each."""
    stems = [stem(each.key) if is_content(each.key) else "" for each in tokens]
    for at, token in enumerate(tokens):
        if token.key in DIRECTED:
            after = next(filter(None, stems[at + 1 : at + 1 + REACH]), None)
            if after:
                yield token.key, {*stems[:at]}, after


def rivals_said(matches: Sequence[Match], heard: Heard, question: Heard) -> tuple[Contrast, ...]:
    """What a fact names of things between which the question asks, against the others of them."""
    stems = {each.unit.stem for each in matches}
    found = []
    for group in _alternatives(question):
        own = {at for each in matches if each.unit.stem in group for at in each.positions}
        other = [at for word in group - stems for at in heard.stems.get(word, ())]
        if other and group & stems:
            found.append(Contrast(own.difference(other), other))
    return tuple(found)


@lru_cache(maxsize=16)  # the same for all facts of a question
def _alternatives(question: Heard) -> tuple[frozenset[str], ...]:
    """The stems of things that a question puts side by side ("Adam or SGD", "a list, a tuple")."""
    groups: list[set[str]] = []
    previous = ""
    is_joined = False
    for token in question.tokens:
        is_joined = is_joined or token.opens
        if token.key in _JOINING:
            is_joined = True
        elif is_content(token.key) and weight(token.key) > COMMON_WEIGHT:
            word = stem(token.key)
            if is_joined and previous:
                if not (groups and previous in groups[-1]):
                    groups.append({previous})
                groups[-1].add(word)
            previous, is_joined = word, False
        elif token.key not in _ARTICLES and stem(token.key) != "differ":
            previous = ""
    return tuple(map(frozenset, groups))
