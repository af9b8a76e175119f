"""Two things that a key point tells side by side, and whether an answer has exchanged them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, combinations, pairwise

from sayback.scoring.opposites import direction
from sayback.scoring.passages import Passage
from sayback.scoring.tokens import Token, is_content, tokenize
from sayback.scoring.words import stem

Clause = frozenset[str]
"""What a stretch of a text tells: the stems of its content words, and where it goes."""
Share = Mapping[int, set[str]]
"""Words of a clause, by the stretch of another text that alone has them."""

FEWEST_WORDS = 4
"""Two of each of two stretches: fewer cannot change places."""
_BETWEEN_SENTENCES = frozenset(
    ("although", "but", "however", "though", "versus", "vs", "whereas", "while")
)
_BETWEEN_CLAUSES = _BETWEEN_SENTENCES | {"and", "or", "plus", "unlike"}
_MARK = re.compile(r"[,.;!?()\n]")
_END = re.compile(r"[.;!?](?=\s)|\n")
_EMPTY = frozenset(("one", "ones"))
"""They stand for another word ("linear for large ones")."""


@dataclass(frozen=True, slots=True, eq=False)  # its identity is the key of a cache
class Told:
    """A text cut finely, less finely and coarsely, without stretches that tell nothing.

    The finest `cuts` are clauses, that end at any mark but a colon and at "and"; phrases do not end
    at commas; sentences end at a full stop, a semicolon and "but" only. `clauses` are those of each
    sentence, with their words in order. `spans` are the places of all clauses among the tokens.
    """

    spans: tuple[Passage, ...]
    words: Clause
    clauses: tuple[tuple[tuple[str, ...], ...], ...]
    cuts: tuple[tuple[Clause, ...], ...]

    @classmethod
    def of(cls, told: Sequence[Told]) -> Told:
        """What several stretches tell together."""
        return cls(
            tuple(chain.from_iterable(each.spans for each in told)),
            frozenset(chain.from_iterable(each.words for each in told)),
            tuple(chain.from_iterable(each.clauses for each in told)),
            tuple(tuple(chain(*cut)) for cut in zip(*(each.cuts for each in told), strict=True)),
        )


def tell(text: str, tokens: Sequence[Token], first: int = 0) -> Told:
    """The clauses and sentences of some tokens of a text, of which the first is number `first`."""
    clauses, phrases, sentences = [[list[str]()]], [set[str]()], [set[str]()]
    starts, end = [0], tokens[0].start if tokens else 0
    for at, token in enumerate(tokens):
        ends_sentence = token.key in _BETWEEN_SENTENCES or _END.search(text, end, token.start)
        ends_phrase = ends_sentence or token.key in _BETWEEN_CLAUSES
        if ends_sentence:
            sentences.append(set())
            clauses.append([])
        if ends_phrase:
            phrases.append(set())
        if ends_phrase or _MARK.search(text, end, token.start):
            clauses[-1].append([])
            starts.append(at)
        end = token.end
        if word := _word(token.key):
            clauses[-1][-1].append(word)
            phrases[-1].add(word)
            sentences[-1].add(word)
    return Told(
        spans=tuple(Passage(first + a, first + b - 1) for a, b in pairwise([*starts, len(tokens)])),
        words=frozenset(chain(*sentences)),
        clauses=tuple(tuple(map(tuple, filter(None, each))) for each in clauses),
        cuts=tuple(
            tuple(map(frozenset, filter(None, cut)))
            for cut in (chain(*clauses), phrases, sentences)
        ),
    )


@lru_cache(maxsize=50_000)
def _word(key: str) -> str:
    """The stem of a word that tells something; of those that tell where it goes "+" or "-"."""
    return direction(key) or (stem(key) if is_content(key) and key not in _EMPTY else "")


@dataclass(frozen=True, slots=True, eq=False)  # its identity is the key of a cache
class Division:
    """The words that each stretch of a text has for itself, two at least: word to number.

    `joined` are those that are nearest to each other across the end of a clause in a sentence.
    """

    owners: Mapping[str, int]
    joined: frozenset[Clause]

    @classmethod
    def of(cls, told: Told, cut: int) -> Division:
        """Of a text, by one of its cuts."""
        times = Counter(chain(*told.cuts[cut]))
        own = ([word for word in each if times[word] == 1] for each in told.cuts[cut])
        owners = {word: number for number, words in enumerate(own) for word in words if words[1:]}
        return cls(owners, frozenset(_joined(owners, told)))


def _joined(owners: Mapping[str, int], told: Told) -> Iterator[Clause]:
    for sentence in told.clauses:
        for clause, following in pairwise(sentence):
            before = next((word for word in reversed(clause) if word in owners), None)
            after = next((word for word in following if word in owners), None)
            if before and after:
                yield frozenset((before, after))


@lru_cache(maxsize=4096)  # the same for all facts of a point
def _crossed(division: Division, told: Told) -> tuple[tuple[int, int], ...]:
    """The stretches of a text, by twos, of which an answer says of one what holds for the other.

    "Bagging reduces bias, boosting variance" for "bagging reduces variance, boosting bias": two
    clauses that each join a word of one stretch to one of the other, where no clause joins those of
    one stretch. What is nearest to each other across the end of a clause in both texts is a list
    ("oxygen and food").
    """
    if len(told.words & division.owners.keys()) < FEWEST_WORDS:
        return ()
    listed = [
        {division.owners[word] for word in pair}
        for pair in division.joined.intersection(_joined(division.owners, told))
    ]
    clauses, *coarser = [[_shares(each, division) for each in cut] for cut in told.cuts]
    together = {two for each in coarser[-1] for two in combinations(sorted(each), 2)}
    return tuple(
        two
        for two in sorted(together)
        if {*two} not in listed
        and (
            _are_exchanged(clauses, clauses, *two)
            or (
                not any(_keeps(each, *two) for each in clauses)
                and any(_are_exchanged(cut, clauses, *two) for cut in coarser)
            )
        )
    )


def _shares(clause: Clause, division: Division) -> dict[int, set[str]]:
    """The words of a clause by the stretch that they belong to."""
    found: dict[int, set[str]] = defaultdict(set)
    for word in clause & division.owners.keys():
        found[division.owners[word]].add(word)
    return dict(found)


def _keeps(share: Share, one: int, other: int) -> bool:
    """Whether a clause has two words of one stretch and none of the other."""
    counts = sorted((len(share.get(one, ())), len(share.get(other, ()))))
    return counts[0] == 0 and counts[1] > 1


def _are_exchanged(shares: Sequence[Share], clauses: Sequence[Share], one: int, other: int) -> bool:
    """Whether two stretches of an answer have words of both that the other one has not.

    Not so where one of its clauses keeps such words of one together.
    """
    mixed = [(each[one], each[other]) for each in shares if one in each and other in each]
    return any(
        a - c and c - a and b - d and d - b
        and not _are_together(a - c, c - a, clauses, one, other)
        and not _are_together(b - d, d - b, clauses, other, one)
        for (a, b), (c, d) in combinations(mixed, 2)
    )  # fmt: skip


def _are_together(
    some: set[str], others: set[str], clauses: Sequence[Share], here: int, there: int
) -> bool:
    return any(
        there not in each and each.get(here, set()) & some and each.get(here, set()) & others
        for each in clauses
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What a key point sets side by side: its own clauses and sentences, and other points' clauses.

    `numbers` are those of its clauses in `question`.
    """

    point: tuple[Division, ...]
    question: Division
    numbers: frozenset[int]

    def are_crossed(self, told: Told) -> bool:
        """Whether an answer says of one of them what holds for another."""
        return any(_crossed(each, told) for each in self.point) or any(
            (one in self.numbers) != (other in self.numbers)
            for one, other in _crossed(self.question, told)
        )


@lru_cache(maxsize=64)
def parts_of(points: tuple[str, ...]) -> tuple[Parts, ...]:
    """What each key point of a question sets side by side, with the others."""
    told = [tell(each, tokenize(each)) for each in points]
    question = Division.of(Told.of(told), 0)
    ends = [0, *accumulate(len(each.cuts[0]) for each in told)]
    return tuple(
        Parts(
            tuple(Division.of(each, cut) for cut in range(len(each.cuts))),
            question,
            frozenset(range(first, end)),
        )
        for each, (first, end) in zip(told, pairwise(ends), strict=True)
    )
