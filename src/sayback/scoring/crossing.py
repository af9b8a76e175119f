"""Things that key points set side by side, and whether an answer has exchanged them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, combinations, islice, pairwise

from sayback.model import KeyPoint
from sayback.scoring.contrast import keys_before
from sayback.scoring.facts import facts_of
from sayback.scoring.opposites import direction
from sayback.scoring.passages import Passage
from sayback.scoring.tokens import Token, is_content, negated_positions, tokenize
from sayback.scoring.words import LONGEST_WORD, compounds, stem

Words = frozenset[str]
"""Stems of content words; of those that tell that something goes up or down, "+" or "-"."""
Share = Mapping[int, set[str]]
"""Words of a stretch of an answer, by the stretch of the key points that alone has them."""

FEWEST_WORDS = 4
"""Two of each of two stretches: fewer cannot change places."""
_BETWEEN_SENTENCES = frozenset(
    ("although", "but", "however", "though", "versus", "vs", "whereas", "while")
)
_BETWEEN_PHRASES = frozenset(("and", "or", "plus", "unlike"))
_ENDS_SENTENCE = re.compile(r"[.;!?](?=\s)|\n")
_ENDS_CLAUSE = re.compile(r"[,.;!?()\n]")
"""A colon does not: what is named before it is told of after it."""
_CLAUSE, _PHRASE, _SENTENCE = 1, 2, 3
_OUT_OF_ORDER = frozenset(("respectively", "sorry", "wait"))
"""After these, or "I mean", what stands together need not belong together."""
_STANDS_FOR_ANOTHER = frozenset(("1", "ones"))
"""No words of their own ("linear for small errors, quadratic for large ones"); "one" is "1"."""


@dataclass(frozen=True, slots=True, eq=False)  # its identity is the key of a cache
class Clauses:
    """A text cut finely, less finely and coarsely; what is denied or set aside is left out.

    Sentences end at a full stop, semicolon, question or exclamation mark or line, and before words
    such as "but" and "while"; phrases also before "and", "or", "plus" and "unlike"; clauses also at
    commas and parentheses. A text that corrects itself or says "respectively" is one clause.
    `words` are all of it, `ordered` the phrases of each sentence, `cuts` the clauses, phrases and
    sentences without order, `spans` the places of the clauses of each phrase among the tokens.
    """

    words: Words
    spans: tuple[tuple[Passage, ...], ...]
    ordered: tuple[tuple[tuple[str, ...], ...], ...]
    cuts: tuple[tuple[Words, ...], ...]

    @classmethod
    def joined(cls, several: Sequence[Clauses]) -> Clauses:
        """Those of several texts one after the other."""
        return cls(
            frozenset(chain.from_iterable(each.words for each in several)),
            tuple(chain.from_iterable(each.spans for each in several)),
            tuple(chain.from_iterable(each.ordered for each in several)),
            tuple(tuple(chain(*cut)) for cut in zip(*(each.cuts for each in several), strict=True)),
        )


def clauses_of(text: str, tokens: Sequence[Token], first: int = 0) -> Clauses:
    """The clauses of some tokens of a text, of which the first is number `first`."""
    negated = negated_positions(tokens)
    words = [
        "" if at in negated or "unlike" in keys_before(at, tokens) else _word(token.key)
        for at, token in enumerate(tokens)
    ]
    ends = [0, *(_end(text[one.end : other.start], other.key) for one, other in pairwise(tokens))]
    if not _is_in_order(tokens):
        ends = [0] * len(tokens)

    def cut(start: int, stop: int, end: int) -> Iterator[tuple[int, int]]:
        return pairwise([start, *(at for at in range(start + 1, stop) if ends[at] >= end), stop])

    def inside(start: int, stop: int) -> tuple[str, ...]:
        return tuple(filter(None, words[start:stop]))

    sentences = [*cut(0, len(tokens), _SENTENCE)] if tokens else []
    ordered = [[inside(*phrase) for phrase in cut(*each, _PHRASE)] for each in sentences]
    return Clauses(
        words=frozenset(filter(None, words)),
        spans=tuple(
            tuple(Passage(first + start, first + stop - 1) for start, stop in cut(*phrase, _CLAUSE))
            for each in sentences
            for phrase in cut(*each, _PHRASE)
        ),
        ordered=tuple(tuple(filter(None, each)) for each in ordered),
        cuts=tuple(
            tuple(frozenset(found) for each in sentences for span in cut(*each, end)
                  if (found := inside(*span)))
            for end in (_CLAUSE, _PHRASE, _SENTENCE)
        ),
    )  # fmt: skip


def _is_in_order(tokens: Sequence[Token]) -> bool:
    """Whether what stands together belongs together: not in "A and B do X and Y respectively"."""
    keys = [token.key for token in tokens]
    return _OUT_OF_ORDER.isdisjoint(keys) and ("i", "mean") not in pairwise(keys)


def _end(between: str, key: str) -> int:
    """What ends between two tokens, of which the second has a key; 0 for nothing."""
    if key in _BETWEEN_SENTENCES or _ENDS_SENTENCE.search(between):
        return _SENTENCE
    if key in _BETWEEN_PHRASES:
        return _PHRASE
    return _CLAUSE if _ENDS_CLAUSE.search(between) else 0


def _word(key: str) -> str:
    tells = is_content(key) and key not in _STANDS_FOR_ANOTHER
    return direction(key) or (stem(key[:LONGEST_WORD]) if tells else "")


@dataclass(frozen=True, slots=True, eq=False)  # its identity is the key of a cache
class Division:
    """Key points in stretches: of each word that one stretch alone has the number of that stretch.

    Stretches with one such word are left out. `listed` are pairs of these words that stand nearest
    to each other across the end of a phrase within a sentence.
    """

    owners: Mapping[str, int]
    listed: frozenset[Words]

    def __bool__(self) -> bool:
        return bool(self.owners)

    @classmethod
    def of(cls, clauses: Clauses, cut: int) -> Division:
        """By one of the cuts of the clauses."""
        times = Counter(chain(*clauses.cuts[cut]))
        own = [[word for word in each if times[word] == 1] for each in clauses.cuts[cut]]
        owners = {
            word: number for number, words in enumerate(own) if len(words) > 1 for word in words
        }
        return cls(owners, frozenset(_listed(owners, clauses)))


def _listed(owners: Mapping[str, int], clauses: Clauses) -> Iterator[Words]:
    for sentence in clauses.ordered:
        for phrase, following in pairwise(sentence):
            before = next((word for word in reversed(phrase) if word in owners), None)
            after = next((word for word in following if word in owners), None)
            if before and after:
                yield frozenset((before, after))


@lru_cache(maxsize=4096)  # the same for all facts of a point
def _crossed(division: Division, read: tuple[Clauses, ...]) -> tuple[tuple[int, int], ...]:
    """Stretches of key points, by twos, of which an answer says of one what holds for the other.

    "Bagging reduces bias, boosting variance" for "bagging reduces variance, boosting bias": two
    clauses of the answer that each join a word of one stretch to one of the other, where no clause
    joins those of one stretch. What is nearest to each other across the end of a phrase in both is
    a list ("oxygen and food").
    """
    words = frozenset[str]().union(*(each.words for each in read))
    if len(words & division.owners.keys()) < FEWEST_WORDS:
        return ()
    answer = Clauses.joined(read)
    listed = [
        {division.owners[word] for word in pair}
        for pair in division.listed.intersection(_listed(division.owners, answer))
    ]
    clauses, *coarser = [[_shares(each, division) for each in cut] for cut in answer.cuts]
    return tuple(
        two
        for two in sorted({two for each in coarser[-1] for two in combinations(sorted(each), 2)})
        if {*two} not in listed
        and (
            _have_changed_places(clauses, clauses, *two)
            or (
                not any(_has_one_only(each, *two) for each in clauses)
                and any(_have_changed_places(cut, clauses, *two) for cut in coarser)
            )
        )
    )


def _shares(words: Words, division: Division) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for word in words & division.owners.keys():
        found[division.owners[word]].add(word)
    return dict(found)


def _has_one_only(share: Share, one: int, other: int) -> bool:
    """Whether there are two words of one stretch and none of the other."""
    counts = sorted((len(share.get(one, ())), len(share.get(other, ()))))
    return counts[0] == 0 and counts[1] > 1


def _have_changed_places(
    shares: Sequence[Share], clauses: Sequence[Share], one: int, other: int
) -> bool:
    """Whether two shares have words of both stretches that the other share has not.

    Not so where a clause has such words of one stretch together, and none of the other.
    """
    mixed = [(each[one], each[other]) for each in shares if one in each and other in each]
    ones = [each[one] for each in clauses if one in each and other not in each]
    others = [each[other] for each in clauses if other in each and one not in each]
    return any(
        _have_parted(a, c, ones) and _have_parted(b, d, others)
        for (a, b), (c, d) in combinations(mixed, 2)
    )


def _have_parted(some: set[str], others: set[str], together: Sequence[set[str]]) -> bool:
    """Whether each of two sets has words that the other has not, and no third set both kinds."""
    left, right = some - others, others - some
    return bool(left and right) and not any(each & left and each & right for each in together)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A key point among those of its question, in stretches that an answer may exchange.

    `own` divides it alone, `all_points` all of them, where its stretches have these `numbers`.
    `words` are the stems of its own text, `subjects` those with which the facts of all begin.
    """

    own: tuple[Division, ...]
    all_points: Division
    numbers: range
    words: Words
    subjects: Words

    def are_crossed(self, read: tuple[Clauses, ...]) -> bool:
        """Whether an answer exchanges stretches of the point, or one with one of another point."""
        return any(_crossed(each, read) for each in self.own) or any(
            (one in self.numbers) != (other in self.numbers)
            for one, other in _crossed(self.all_points, read)
        )


@lru_cache(maxsize=64)
def side_by_side(points: tuple[KeyPoint, ...]) -> tuple[SideBySide, ...]:
    """The key points of a question."""
    if not points:
        return ()
    texts = ["; ".join((each.text, *each.facts)) for each in points]
    clauses = [clauses_of(each, tokenize(each)) for each in texts]
    together = Division.of(Clauses.joined(clauses), 0)
    ends = [0, *accumulate(len(each.cuts[0]) for each in clauses)]
    subjects = frozenset(_subjects(points))
    return tuple(
        SideBySide(
            tuple(filter(None, (Division.of(each, cut) for cut in range(len(each.cuts))))),
            together,
            range(first, end),
            frozenset(_stems(text)),
            subjects,
        )
        for text, each, (first, end) in zip(texts, clauses, pairwise(ends), strict=True)
    )


def _subjects(points: Sequence[KeyPoint]) -> Iterator[str]:
    """The stem of the first content word of each fact: what a fact is about, if it is a thing."""
    for fact in chain.from_iterable(map(facts_of, points)):
        yield from islice(_stems(fact.text), 1)


def _stems(text: str) -> Iterator[str]:
    return (stem(word) for word, *_ in compounds(tokenize(text)) if is_content(word))
