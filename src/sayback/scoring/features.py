"""What a fact and a window of the answer have in common, as numbers that a model can weigh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import groupby, islice
from math import log

import numpy as np
from numpy.typing import NDArray

from sayback.model import KeyPoint
from sayback.scoring.contrast import (
    Contrast,
    Sides,
    are_exchanged,
    opposites_said,
    pronouns,
    rivals_said,
    sides,
)
from sayback.scoring.crossing import Clauses, SideBySide, clauses_of, side_by_side
from sayback.scoring.judge import known_words
from sayback.scoring.passages import Passage, Window, passages, windows
from sayback.scoring.tokens import Token, is_content, is_number, tokenize
from sayback.scoring.vectors import Vectors, vectors
from sayback.scoring.words import (
    MOST_WORDS,
    SOUND_CREDIT,
    Heard,
    Match,
    Unit,
    listen,
    match,
    stem,
    telling_stems,
    weight,
)

KEPT_WINDOWS = 8
"""Windows of an answer that are weighed for a fact: those nearest to it by words and meaning."""
NEAR_MEANING = 0.35
"""Cosine under which two words have nothing to do with each other."""
RESTATED_WEIGHT = 0.5
"""Own words of a fact weighing less than this cannot decide: it restates the question."""

Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Features:
    """One fact against one window. Shares are 0 to 1 by weight of the words.

    near: share of the fact's words found, of those that the question has not (of all for a
        restated fact); a word of near meaning counts by its cosine
    cosine: likeness of fact and window as sums of word vectors
    echo: share of the window's telling words that are the question's
    telling: log of 1 + telling words of the window that the question has not
    reversed: share of the words found whose negation differs from the fact's
    unnumbered: 1 where the fact has a number that the window has not
    opposed: share, as in `near` but of words found, of the passage that has most of the fact's; 0
        unless it has an opposite of another of them ("underfit" for "overfit") or two of them
        exchanged (both at once cancel: "a disk is slower than memory"), or the window says of one
        thing of the key points what holds for another
    elsewhere: the same share; 0 unless it is told of another of the things that are compared
    restated: 1 where the fact has hardly a word that the question has not
    fact_length, window_length: log of 1 + words
    """

    near: float
    cosine: float
    echo: float
    telling: float
    reversed: float
    unnumbered: float
    opposed: float
    elsewhere: float
    restated: float
    fact_length: float
    window_length: float

    def named(self) -> dict[str, float]:
        """Each feature by its name, as a model weighs them."""
        return {name: getattr(self, name) for name in FEATURES}


FEATURES = tuple(field.name for field in fields(Features))


@dataclass(frozen=True, slots=True)
class Seen:
    """A window of an answer, its text, and what it has in common with a fact."""

    window: Window
    text: str
    features: Features


@dataclass(frozen=True, slots=True, eq=False)  # its identity is the key of a cache
class Answer:
    """An answer prepared once for any number of facts.

    `gaps` are what stands before its tokens, `written` each gap and its token as in the text,
    numbers of two digits and more in digits. `meaning` are the vectors of its content tokens, shape
    (tokens, dimensions); those of passage n are at `bounds[n] : bounds[n + 1]`. `telling` are the
    stems of the telling words of each passage, `clauses` its clauses.
    `directions` are unit vectors, shape (windows, dimensions).
    """

    text: str
    heard: Heard
    gaps: tuple[str, ...]
    written: tuple[str, ...]
    cut: tuple[Passage, ...]
    windows: tuple[Window, ...]
    meaning: Vectors
    bounds: tuple[int, ...]
    telling: tuple[frozenset[str], ...]
    clauses: tuple[Clauses, ...]
    directions: Vectors

    def text_of(self, window: Passage, meant: Mapping[int, str]) -> str:
        """The words of a window as they are written, those at some positions otherwise."""
        words = list(self.written[window.first : window.last + 1])
        for at, word in meant.items():
            words[at - window.first] = self.gaps[at] + word if word else ""
        return " ".join("".join(words).removeprefix(self.gaps[window.first]).split())


@lru_cache(maxsize=8)  # an answer that goes on is prepared again and again: a megabyte each
def prepare(text: str) -> Answer:
    """Passages, words and vectors of an answer."""
    heard = listen(text)
    cut = passages(text, heard.tokens)
    content = [at for at, token in enumerate(heard.tokens) if is_content(token.key)]
    keys = [heard.tokens[at].key for at in content]
    meaning = vectors(keys)
    bounds = np.searchsorted(content, [*(each.first for each in cut), len(heard.tokens)])
    read = windows(cut)
    ends = (0, *(token.end for token in heard.tokens))
    gaps = tuple(text[end : token.start] for end, token in zip(ends, heard.tokens, strict=False))
    return Answer(
        text=text,
        heard=heard,
        gaps=gaps,
        written=tuple(
            gap + _written(token, text) for gap, token in zip(gaps, heard.tokens, strict=True)
        ),
        cut=cut,
        windows=read,
        meaning=meaning,
        bounds=tuple(bounds.tolist()),
        telling=tuple(
            frozenset(telling_stems(heard.tokens[each.first : each.last + 1])) for each in cut
        ),
        clauses=tuple(
            clauses_of(text, heard.tokens[each.first : each.last + 1], each.first) for each in cut
        ),
        directions=_directions(meaning, list(map(weight, keys)), bounds, read),
    )


def _written(token: Token, text: str) -> str:
    is_long_number = is_number(token.key) and len(token.key) > 1
    return token.key if is_long_number else text[token.start : token.end]


def _directions(
    meaning: Vectors, weights: Sequence[float], bounds: NDArray[np.int64], read: Sequence[Window]
) -> Vectors:
    """The weighted sums of the word vectors of each window, at length 1 (0 without words)."""
    sums = np.zeros((len(meaning) + 1, meaning.shape[1]), dtype=np.float32)
    np.cumsum(meaning * np.array(weights, np.float32).reshape(-1, 1), axis=0, out=sums[1:])
    edges = np.array([(each.opening, each.closing + 1) for each in read], np.int64).reshape(-1, 2)
    summed = sums[bounds[edges[:, 1]]] - sums[bounds[edges[:, 0]]]
    return np.asarray(summed / np.linalg.norm(summed, axis=1, keepdims=True).clip(1e-6))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A fact beside an answer.

    `own` are the words that count: those the question has not, or all of a fact that restates it.
    `near` is the share of them that is in each window, a word of near meaning by its likeness;
    `said` the share that was found in each passage. `unnumbered` are the windows that lack a number
    of the fact. `likeness` is the cosine of the fact and each window as sums of word vectors.
    `opposites`, `rivals` and `sides` are what the fact excludes; `positions` are those of all its
    words.
    """

    matches: tuple[Match, ...]
    own: NDArray[np.bool_]
    restates: bool
    near: Shares
    said: Shares
    unnumbered: NDArray[np.bool_]
    likeness: Vectors
    opposites: tuple[Contrast, ...]
    rivals: tuple[Contrast, ...]
    positions: Sequence[int]
    sides: Sequence[Sides]

    def central(self, window: Window) -> int:
        """The number of the passage of a window that says most of the words that count."""
        return max(window.numbers, key=lambda at: float(self.said[at]))


def observe(
    fact: str, question: Heard, answer: Answer, point: SideBySide | None = None
) -> list[Seen]:
    """The windows of an answer nearest to a fact, nearest first; none for a fact without words.

    `point` is the key point of the fact, among those of its question; None for a fact by itself.
    """
    matches = match(fact, question, answer.heard)
    if not matches or not answer.cut:
        return []
    if point is None:
        (point,) = side_by_side((KeyPoint(fact),))
    compared = _compare(fact, matches, answer, question, point)
    nearness = compared.near + compared.likeness / 2
    ranked = (int(index) for index in np.argsort(-nearness, kind="stable"))
    echoes = _echoes(question, answer, restates=compared.restates)
    telling = (at for at in ranked if echoes.isdisjoint(answer.windows[at].numbers))
    return [
        Seen(
            answer.windows[at],
            _as_meant(answer.windows[at], answer, matches),
            _features(at, answer, compared, question, point),
        )
        for at in islice(telling, KEPT_WINDOWS)
    ]


def _is_odd(key: str, unit: Unit) -> bool:
    """Whether a token found for a word is neither that word nor it joined with a neighbour."""
    return stem(key) != unit.stem and key not in unit.pairs


def _as_meant(window: Window, answer: Answer, matches: Sequence[Match]) -> str:
    """The words of a window; numbers and what was misheard, split or misspelt as the fact has them.

    So "by linear" is read as "bilinear" beside a fact that has it. A known word is left as it is
    although it sounds like one of the fact's ("micro" and "macro"), and so are relatives.
    """
    tokens = answer.heard.tokens
    meant: dict[int, str] = {}
    for each in matches:
        unit, within = each.unit, [at for at in each.positions if at in window]
        if each.credit < SOUND_CREDIT:
            continue
        is_digits = is_number(unit.raw)
        odd = [at for at in within if is_digits or _is_odd(tokens[at].key, unit)]
        for _, group in groupby(enumerate(odd), key=lambda pair: pair[1] - pair[0]):
            run = [at for _, at in group]
            keys = [tokens[at].key for at in run]
            is_meant = len(run) > 1 or keys[0] not in known_words()
            if "".join(keys) == unit.raw if is_digits else is_meant:
                meant |= {run[0]: unit.written, **dict.fromkeys(run[1:], "")}
    return answer.text_of(window, meant)


@lru_cache(maxsize=16)  # the same for most facts of a question
def _echoes(question: Heard, answer: Answer, *, restates: bool) -> frozenset[int]:
    """The numbers of the passages that only say the question back: they earn nothing.

    They have no content word but the question's, and do not even deny them. A fact that restates
    the question can only be said in such words, so for it only what is asked back is left out.
    """
    tokens, negated = answer.heard.tokens, answer.heard.negated
    found = set()
    for number, each in enumerate(answer.cut):
        keys = (token.key for token in tokens[each.first : each.last + 1])
        stems = {stem(key) for key in keys if is_content(key)}
        denies = any(at in negated for at in range(each.first, each.last + 1))
        end = tokens[each.last + 1].start if each.last + 1 < len(tokens) else len(answer.text)
        asks = "?" in answer.text[tokens[each.last].end : end]
        if not denies and stems <= question.stems.keys() and (asks or not restates):
            found.add(number)
    return frozenset(found)


def _compare(
    fact: str, matches: tuple[Match, ...], answer: Answer, question: Heard, point: SideBySide
) -> _Comparison:
    found = np.zeros((len(matches), len(answer.cut)))
    firsts = [each.first for each in answer.cut]
    for row, each in enumerate(matches):
        if each.positions:
            found[row, np.searchsorted(firsts, each.positions, side="right") - 1] = each.credit
    meaning = vectors([each.unit.raw for each in matches])
    near = _by_window(np.maximum(found, _near(meaning, answer)), answer.windows)
    weights = np.array([each.unit.weight for each in matches])
    asked = np.array([each.asked for each in matches])
    restates = float(weights[~asked].sum()) < RESTATED_WEIGHT
    own = np.ones_like(asked) if restates else ~asked
    total = float(weights[own].sum()) or 1.0
    summed = weights.astype(np.float32) @ meaning
    tokens, its_sides = _tokens_and_sides(fact)
    in_windows = _by_window(found, answer.windows)
    numbers = np.array([is_number(each.unit.raw) for each in matches])
    return _Comparison(
        matches=matches,
        own=own,
        restates=restates,
        unnumbered=(in_windows[numbers] == 0).any(axis=0),
        near=weights[own] @ near[own] / total,
        said=weights[own] @ found[own] / total,
        likeness=answer.directions @ (summed / max(float(np.linalg.norm(summed)), 1e-6)),
        opposites=opposites_said(tokens, matches, answer.heard),
        rivals=rivals_said(matches, answer.heard, question, point.words, point.subjects),
        positions=sorted({at for each in matches for at in each.positions}),
        sides=its_sides,
    )


@lru_cache(maxsize=4096)  # the same for every answer
def _tokens_and_sides(fact: str) -> tuple[tuple[Token, ...], tuple[Sides, ...]]:
    tokens = tokenize(fact)[:MOST_WORDS]
    return tokens, tuple(sides(tokens))


def _near(meaning: Vectors, answer: Answer) -> Shares:
    """Likeness of each word to the nearest of each passage, shape (words, passages)."""
    near = np.zeros((len(meaning), len(answer.cut)))
    bounds = np.array(answer.bounds)
    telling = bounds[1:] > bounds[:-1]  # passages with a content word
    if telling.any():
        likeness = meaning @ answer.meaning.T
        near[:, telling] = np.maximum.reduceat(likeness, bounds[:-1][telling], axis=1)
    return np.where(near > NEAR_MEANING, near.clip(max=1.0), 0.0)


def _by_window(credits: Shares, read: Sequence[Window]) -> Shares:
    """From credit in passages to the best credit in the passages of each window."""
    best = np.maximum(
        credits[:, [each.opening for each in read]], credits[:, [each.closing for each in read]]
    )
    for at, each in enumerate(read):
        if each.closing > each.opening + 1:
            best[:, at] = credits[:, each.opening : each.closing + 1].max(axis=1)
    return best


def _features(
    at: int, answer: Answer, compared: _Comparison, question: Heard, point: SideBySide
) -> Features:
    window, heard = answer.windows[at], answer.heard
    telling = frozenset[str]().union(*(answer.telling[number] for number in window.numbers))
    asked = len(telling & question.stems.keys())
    central = compared.central(window)
    share, passage = float(compared.said[central]), answer.cut[central]
    phrases = answer.clauses[central].spans
    contrasted, elsewhere = (
        any(each.is_told(phrases, compared.positions, pronouns(heard)) for each in contrasts)
        for contrasts in (compared.opposites, compared.rivals)
    )
    exchanged = are_exchanged(compared.sides, heard.tokens[passage.first : passage.last + 1])
    crossed = point.are_crossed(answer.clauses[window.opening : window.closing + 1])
    counted = [each for each, counts in zip(compared.matches, compared.own, strict=True) if counts]
    return Features(
        near=float(compared.near[at]),
        cosine=float(compared.likeness[at]),
        echo=asked / len(telling) if telling else 1.0,
        telling=log(1 + len(telling) - asked),
        reversed=_reversed(counted, window, heard.negated),
        unnumbered=float(compared.unnumbered[at]),
        opposed=share * (crossed or contrasted != exchanged),
        elsewhere=share * elsewhere,
        restated=float(compared.restates),
        fact_length=log(1 + len(compared.matches)),
        window_length=log(1 + len(window)),
    )


def _reversed(matches: Sequence[Match], window: Passage, negated: frozenset[int]) -> float:
    """The share of the words said that are negated where the fact is not, or the reverse.

    Two negations agree wherever they stand. A negation of the fact counts as dropped only where
    all that it governs was said without one.
    """

    def said(each: Match) -> list[int]:
        return [at for at in each.positions if at in window]

    denied = [said(each) for each in matches if each.unit.negated]
    if denied:
        return float(all(places and negated.isdisjoint(places) for places in denied))
    found = [(each.unit.weight, said(each)) for each in matches]
    total = sum(weight for weight, places in found if places)
    added = sum(weight for weight, places in found if places and negated.issuperset(places))
    return added / total if total else 0.0
