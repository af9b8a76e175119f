"""Words that exclude each other: "large" and "small", "overfit" and "underfit"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from sayback.scoring.vectors import vectors
from sayback.scoring.words import LONGEST_WORD, stem

SHORTEST_REST = 3
"""Letters that must be left without a prefix."""
RELATED = 0.3
"""Cosine of words that differ by a prefix ("balanced", "imbalanced"): under it the letters are a
prefix by chance ("form", "inform")."""

_PAIRS = """
absent present, accept reject, active passive, add remove, add subtract, agree disagree, allow
forbid, allow prevent, apart together, approximate exact, ascending descending, attach detach,
automatic manual, back front, bad good, best worst, better worse, big little, big small, bigger
smaller, bottom top, broad narrow, cause prevent, cheap expensive, child parent, clean dirty,
clean noisy, close open, cold hot, common rare, complex simple, complicated simple, compress
expand, connect separate, constant variable, continuous discrete, create destroy, decline grow,
decrease grow, decrease raise, decrease rise, deep shallow, dense sparse, deterministic random,
deterministic stochastic, different same, difficult easy, difficult simple, discard keep, divide
multiply, drop keep, dry wet, dynamic static, eager lazy, early late, easy hard, empty full,
external internal, fail pass, fail succeed, failure success, fall grow, fall increase, fall rise,
false true, far near, fast slow, faster slower, final initial, first last, fixed variable, forget
remember, global local, grow reduce, grow shrink, hard soft, heavier lighter, heavy light, high
low, higher lower, horizontal vertical, increase reduce, increase shrink, inner outer, input
output, join split, keep remove, large little, large small, larger smaller, lengthen shorten,
lenient strict, long short, longer shorter, loose tight, lose win, lower raise, lower upper, macro
micro, major minor, majority minority, max min, maximal minimal, merge split, multiple single,
narrow wide, narrower wider, negative positive, new old, offline online, parallel sequential,
parallel serial, permanent temporary, plural singular, private public, pull push, raise reduce,
read write, receive send, rise sink, rough smooth, save waste, separate shared, start stop,
strengthen weaken, strong weak, stronger weaker, thick thin
"""
_UP = "climb gain greater grow higher increase more raise rise up"
_DOWN = "decline decrease down drop fall fewer less lower reduce shrink sink"
_PREFIXES = (
    ("over", "under"), ("up", "down"), ("en", "de"), ("in", "de"), ("in", "ex"), ("im", "ex"),
    ("in", "out"), ("hyper", "hypo"), ("pre", "post"), ("inter", "intra"), ("super", "sub"),
    ("homo", "hetero"), ("mono", "poly"), ("multi", "uni"), ("max", "min"), ("for", "back"),
    ("on", "off"), ("pro", "anti"), ("un", ""), ("non", ""), ("in", ""), ("im", ""), ("ir", ""),
    ("il", ""), ("dis", ""), ("de", ""), ("mis", ""), ("anti", ""), ("a", ""),
)  # fmt: skip
_SURE = ("un", "non")
"""They deny any longer word; the others also begin words of their own."""


@lru_cache(maxsize=1)
def _directions() -> Mapping[str, str]:
    return {
        stem(word): sign for sign, words in (("+", _UP), ("-", _DOWN)) for word in words.split()
    }


def direction(word: str) -> str:
    """ "+" for a lower-case word that tells that something goes up, "-" for down, else nothing."""
    return _directions().get(stem(word[:LONGEST_WORD]), "")


@lru_cache(maxsize=1)
def _listed() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for pair in _PAIRS.split(","):
        one, other = map(stem, pair.split())
        found[one].add(other)
        found[other].add(one)
    return {word: frozenset(others) for word, others in found.items()}


@lru_cache(maxsize=2048)
def candidates(word: str) -> frozenset[str]:
    """Stems and spellings among which the opposites of a lower-case word are."""
    word = word[:LONGEST_WORD]
    by_prefix = (
        second + rest
        for written in (stem(word), word)
        for first, second in _both_ways()
        if (rest := _without(first, written))
    )
    return frozenset(by_prefix) | _listed().get(stem(word), frozenset())


@lru_cache(maxsize=8192)
def are_opposite(word: str, other: str) -> bool:
    """Whether two lower-case words exclude each other."""
    if stem(other) in _listed().get(stem(word), ()):
        return True
    return any(
        stem(rest) == stem(other_rest)
        and ((first + second in _SURE and len(rest) > SHORTEST_REST) or _are_related(word, other))
        for first, second in _both_ways()
        if (rest := _without(first, word)) and (other_rest := _without(second, other))
    )


def _both_ways() -> Iterator[tuple[str, str]]:
    for one, other in _PREFIXES:
        yield one, other
        yield other, one


def _without(prefix: str, word: str) -> str:
    """What is left of a word without a prefix; empty where it has none, or too little is left."""
    rest = word[len(prefix) :] if word.startswith(prefix) else ""
    return rest if len(rest) >= SHORTEST_REST else ""


def _are_related(word: str, other: str) -> bool:
    one, two = vectors([word, other])
    return float(one @ two) >= RELATED
