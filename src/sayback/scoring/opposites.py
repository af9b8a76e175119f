"""Words that exclude each other: "large" and "small", "overfit" and "underfit"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from sayback.scoring.vectors import vectors
from sayback.scoring.words import stem

SHORTEST_REST = 3
"""Letters that must be left without a prefix."""
RELATED = 0.3
"""Cosine of a word with a prefix and the word without ("linear", "nonlinear"): under it the letters
are a prefix by chance ("form", "inform")."""

_PAIRS = """
above below, absent present, accept reject, active passive, add remove, add subtract, after
before, agree disagree, allow forbid, allow prevent, always never, always rarely, apart together,
approximate exact, ascending descending, attach detach, automatic manual, back front, backward
forward, bad good, begin end, best worst, better worse, big little, big small, bottom top, broad
narrow, cause prevent, cheap expensive, child parent, clean dirty, clean noisy, close open, cold
hot, common rare, complex simple, complicated simple, compress expand, connect separate, constant
variable, continuous discrete, create destroy, decline grow, decrease grow, decrease raise,
decrease rise, deep shallow, dense sparse, deterministic random, deterministic stochastic,
different same, difficult easy, difficult simple, discard keep, divide multiply, down up, drop
keep, dry wet, dynamic static, eager lazy, earlier later, early late, easy hard, empty full, end
start, external internal, fail pass, fail succeed, failure success, fall grow, fall increase, fall
rise, false true, far near, fast slow, faster slower, few many, fewer more, final initial, first
last, fixed variable, forget remember, global local, grow reduce, grow shrink, hard soft, heavy
light, high low, higher lower, horizontal vertical, increase reduce, increase shrink, inner outer,
input output, join split, keep remove, large little, large small, larger smaller, least most,
lengthen shorten, lenient strict, less more, lock unlock, long short, longer shorter, loose tight,
lose win, lower raise, lower upper, macro micro, major minor, majority minority, max min, maximal
minimal, maximum minimum, merge split, multiple single, narrow wide, narrower wider, negative
positive, never sometimes, new old, offline online, often rarely, often seldom, parallel
sequential, parallel serial, permanent temporary, plural singular, private public, pull push,
raise reduce, read write, receive send, rise sink, rough smooth, save waste, separate shared,
start stop, strengthen weaken, strong weak, stronger weaker, thick thin
"""
_PREFIXES = (
    ("over", "under"), ("up", "down"), ("en", "de"), ("in", "de"), ("in", "ex"), ("im", "ex"),
    ("in", "out"), ("hyper", "hypo"), ("pre", "post"), ("inter", "intra"), ("super", "sub"),
    ("homo", "hetero"), ("mono", "poly"), ("multi", "uni"), ("max", "min"), ("for", "back"),
    ("on", "off"), ("pro", "anti"),
)  # fmt: skip
_DENIALS = ("un", "non", "in", "im", "ir", "il", "dis", "de", "mis", "anti", "a")
_SURE_DENIALS = ("un", "non")
"""They deny any longer word; the others also begin words of their own."""


@lru_cache(maxsize=1)
def _listed() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for pair in _PAIRS.split(","):
        one, other = pair.split()
        found[stem(one)].add(stem(other))
        found[stem(other)].add(stem(one))
    return {word: frozenset(others) for word, others in found.items()}


@lru_cache(maxsize=50_000)
def opposites(word: str) -> Mapping[str, bool]:
    """Stems and spellings that may be the opposite of a lower-case word.

    True where they are it for certain, False where `are_related` must be asked.
    """
    found = dict.fromkeys(_listed().get(stem(word), ()), True)
    for form in dict.fromkeys((stem(word), word)):
        for other, is_sure in _by_prefix(form):
            found.setdefault(other, is_sure)
    return found


def _by_prefix(word: str) -> Iterator[tuple[str, bool]]:
    for pair in _PREFIXES:
        for prefix, other in (pair, pair[::-1]):
            rest = word.removeprefix(prefix)
            if SHORTEST_REST <= len(rest) < len(word):
                yield other + rest, len(rest) > SHORTEST_REST
    for prefix in _DENIALS:
        is_sure = prefix in _SURE_DENIALS
        rest = word.removeprefix(prefix)
        if SHORTEST_REST <= len(rest) < len(word):
            yield rest, is_sure
        if len(word) >= SHORTEST_REST:
            yield prefix + word, is_sure


@lru_cache(maxsize=50_000)
def are_related(word: str, other: str) -> bool:
    """Whether two words, alike but for a prefix, are near in meaning."""
    one, two = vectors([word, other])
    return float(one @ two) >= RELATED
