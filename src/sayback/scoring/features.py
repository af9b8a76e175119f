"""How the words of a fact stand in a stretch of a transcript."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest
from itertools import pairwise
from operator import itemgetter

from sayback.scoring.evidence import Token, is_content, negated_positions, tokenize

FUZZY_SIMILARITY = 0.82
"""One slip in 6 letters, two in 12: what misspelt banks and misheard words need."""
FUZZY_LETTERS = 6
FUZZY_CREDIT = 0.9
FAMILY_LETTERS = 4
FAMILY_SHARE = 0.6
FAMILY_CREDIT = 0.5
"""Half, because "transform" and "transfer" are as near as "crime" and "criminal"."""
FUZZY_CANDIDATES = 500
"""Bound on comparisons for one word, so that hostile text stays linear."""
LONGEST_WORD = 40
COMMON_WEIGHT = 0.4
NUMBER_WEIGHT = 1.2
DIGIT_WEIGHT = 0.6
RESTATED_WEIGHT = 0.5
"""Own words of a fact weighing less than this cannot decide: it restates the question."""
ASKED_SHARE = 0.2
"""Pull of the question's own words on where the stretch lies; they add nothing to `fresh`."""
LEAST_WIDTH = 16
GREATEST_WIDTH = 30
"""Tokens of a stretch: about one long sentence for a long fact, a clause or two for a short."""
WEAK_END = 0.3
FAR_END = 4
"""A word worth less, more tokens away than this, is not worth stretching the quotation for."""


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_COMMON_WORDS = _words(
    "able actually add allow approach aspect base basically become best better big bit bring "
    "call case change choose come common component concern consist contain data day "
    "definition depend different do ensure example explain fact feature find first follow "
    "general get give go good great happen help idea important include involve issue keep key "
    "kind know large last less like long look lot main mainly make many mean mention method "
    "mostly need new number often overall part people possible problem process provide put "
    "reason require result right run say second see seem several show simple simply small "
    "something sort start step stuff take talk tell term thing think time try type use useful "
    "usually want way work"
)
_IMPLICIT_NEGATIONS = _words(
    "against abolish apart avoid ban differ different fail fewer forbid impossible lack less "
    "lose miss opposite prevent protect remove separate stop unlike"
)
_LETTER_NAMES = {
    "you": "u", "are": "r", "see": "c", "sea": "c", "why": "y", "be": "b", "bee": "b", "and": "n",
    "en": "n", "tea": "t", "tee": "t", "pee": "p", "el": "l", "ex": "x", "jay": "j", "kay": "k",
}  # fmt: skip
_BRITISH = re.compile(r"is(e|ed|es|er|ing|ation|ations)$")


@dataclass(frozen=True, slots=True)
class Unit:
    """A content word of a fact: its spelling, stem, weight, and whether the fact negates it.

    `pairs` are its spellings joined with the word before and the word after ("roialign").
    """

    raw: str
    stem: str
    weight: float
    negated: bool
    pairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """A text prepared for looking words up: positions of tokens by stem, spelling and joint."""

    tokens: tuple[Token, ...]
    stems: Mapping[str, Sequence[int]]
    spellings: Mapping[str, Sequence[int]]
    joints: Mapping[str, Sequence[int]]
    by_initial: Mapping[str, Sequence[str]]
    families: Mapping[str, Sequence[str]]
    negated: frozenset[int]


@dataclass(frozen=True, slots=True)
class Match:
    """A word of a fact, whether the question has it too, where it was said, and the credit."""

    unit: Unit
    asked: bool
    positions: Sequence[int]
    credit: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """The first and last token of a part of a transcript."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Features:
    """What one fact has in common with one stretch, shares being 0 to 1 by weight of the words.

    `fresh` counts only words that the question has not; `whole` counts all; `length` is
    the number of words that decide. `is_restated` tells
    that the fact has hardly a word of its own; `elaboration` is the number of telling words
    around the stretch that the question has not. `reversed` is the share of the words said whose
    negation differs from the fact's.
    """

    fresh: float
    whole: float
    length: int
    is_restated: bool
    elaboration: int
    reversed: float
    stretch: Stretch


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The Porter2 stem of a lower-case word, British spelling of -ize folded."""
    if len(word) > 6:
        word = _BRITISH.sub(r"iz\1", word)
    from snowballstemmer import stemmer  # late: it loads every language that it knows

    # One stemmer a call: it keeps the word in itself, and threads may call at once.
    return str(stemmer("english").stemWord(word[:LONGEST_WORD]))


def weight(key: str) -> float:
    """How much a word tells: long words are rarer (Zipf), common ones tell little."""
    if key.isdigit():
        return NUMBER_WEIGHT if len(key) > 1 else DIGIT_WEIGHT
    if key in _COMMON_WORDS or stem(key) in _common_stems():
        return COMMON_WEIGHT
    return 0.8 + 0.05 * min(len(key), 12)


@lru_cache(maxsize=1)
def _common_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in _COMMON_WORDS)


@lru_cache(maxsize=1)
def _implicit_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in _IMPLICIT_NEGATIONS)


@lru_cache(maxsize=4096)
def units(fact: str) -> tuple[Unit, ...]:
    """The distinct content words of a fact; parts such as "U-Net" or "F 1" are one word."""
    tokens = tokenize(fact)
    negated = negated_positions(tokens)
    parts = _compounds(tokens)
    found: dict[str, Unit] = {}
    for index, (raw, position) in enumerate(parts):
        if not is_content(raw):
            continue
        neighbours = parts[max(index - 1, 0) : index + 2]
        pairs = tuple(a[0] + b[0] for a, b in pairwise(neighbours))
        found.setdefault(stem(raw), Unit(raw, stem(raw), weight(raw), position in negated, pairs))
    return tuple(found.values())


def _compounds(tokens: Sequence[Token]) -> list[tuple[str, int]]:
    parts: list[tuple[str, int]] = []
    for position, token in enumerate(tokens):
        previous = parts[-1][0] if parts else ""
        letter = len(previous) == 1 and previous.isalpha() and previous not in "ai"
        short = token.hyphened and min(len(previous), len(token.key)) <= 2
        if parts and not token.opens and (letter or short):
            parts[-1] = (previous + token.key, position)
        else:
            parts.append((token.key[:LONGEST_WORD], position))
    return parts


@lru_cache(maxsize=64)
def listen(text: str) -> Heard:
    """A text prepared once for any number of facts."""
    tokens = tokenize(text)
    keys = [token.key[:LONGEST_WORD] for token in tokens]
    stems: dict[str, list[int]] = defaultdict(list)
    spellings: dict[str, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        spellings[key].append(position)
        if is_content(key):
            stems[stem(key)].append(position)
    joints = _joints(keys)
    by_initial: dict[str, list[str]] = defaultdict(list)
    for spelling in {**spellings, **joints}:
        if len(spelling) >= FUZZY_LETTERS - 1:
            by_initial[spelling[0]].append(spelling)
    families: dict[str, list[str]] = defaultdict(list)
    for each in stems:
        if len(each) >= FAMILY_LETTERS:
            families[each[:FAMILY_LETTERS]].append(each)
    negated = negated_positions(tokens)
    return Heard(tokens, stems, spellings, joints, by_initial, families, negated)


def _joints(keys: Sequence[str]) -> dict[str, list[int]]:
    """Neighbouring words written as one, letter names also as letters ("you net" as "unet")."""
    joints: dict[str, list[int]] = defaultdict(list)
    for position in range(len(keys) - 1):
        group = keys[position : position + 3]
        joints["".join(group[:2])].append(position)
        letters = [_LETTER_NAMES.get(key, key) for key in group]
        if letters[:2] != group[:2]:
            joints["".join(letters[:2])].append(position)
        if len(group) == 3 and sorted(map(len, letters))[1] <= 2:
            joints["".join(letters)].append(position)
    return joints


def find(unit: Unit, heard: Heard) -> tuple[Sequence[int], float]:
    """Positions at which a word was said and the credit for it: less for a near spelling."""
    exact = [
        *heard.stems.get(unit.stem, ()),
        *heard.joints.get(unit.raw, ()),
        *(place for pair in unit.pairs for place in heard.spellings.get(pair, ())),
    ]
    if exact:
        return exact, 1.0
    if unit.raw.isdigit():
        return (), 0.0
    near = _misspelt(unit, heard)
    return (near, FUZZY_CREDIT) if near else (_related(unit, heard), FAMILY_CREDIT)


def _misspelt(unit: Unit, heard: Heard) -> Sequence[int]:
    """Positions of the word that is spelt most like this one, if it is near enough."""
    if len(unit.raw) < FUZZY_LETTERS:
        return ()
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    candidates = heard.by_initial.get(unit.raw[0], ())[:FUZZY_CANDIDATES]
    near = process.extractOne(
        unit.raw,
        candidates,
        scorer=OSA.normalized_similarity,
        processor=None,
        score_cutoff=FUZZY_SIMILARITY,
    )
    if near is None:
        return ()
    return heard.spellings.get(near[0]) or heard.joints.get(near[0], ())


def _related(unit: Unit, heard: Heard) -> list[int]:
    """Positions of words of the same family: "crime" and "criminal" share most of their stems."""
    from rapidfuzz.distance import Prefix

    family = heard.families.get(unit.stem[:FAMILY_LETTERS], ())
    return [
        place
        for other in family[:FUZZY_CANDIDATES]
        if Prefix.similarity(unit.stem, other) >= FAMILY_SHARE * max(len(unit.stem), len(other))
        for place in heard.stems[other]
    ]


def match(fact: str, question: Heard, heard: Heard) -> tuple[Match, ...]:
    """Where each word of a fact was said, and whether the question has it."""
    return tuple(
        Match(unit, bool(find(unit, question)[0]), *find(unit, heard)) for unit in units(fact)
    )


def observe(fact: str, question: Heard, heard: Heard) -> tuple[Features, ...]:
    """Features of the stretches that share most with a fact, best first; empty if none does."""
    matches = match(fact, question, heard)
    own = [each for each in matches if not each.asked]
    restated = sum(each.unit.weight for each in own) < RESTATED_WEIGHT
    counted = [
        each.unit.weight * (ASKED_SHARE if each.asked and not restated else 1.0) for each in matches
    ]
    return tuple(
        Features(
            fresh=_share(matches, stretch, asked=False),
            whole=_share(matches, stretch),
            length=len(matches if restated else own),
            is_restated=restated,
            elaboration=_elaboration(question, heard, stretch),
            reversed=_reversed(matches if restated else own, stretch, heard.negated),
            stretch=stretch,
        )
        for stretch in _stretches(matches, counted)
    )


def _stretches(matches: Sequence[Match], counted: Sequence[float]) -> list[Stretch]:
    """The windows with most of the counted weight: at most three, apart from each other."""
    hits = sorted((at, index) for index, each in enumerate(matches) for at in each.positions)
    values = [each.credit * value for each, value in zip(matches, counted, strict=True)]
    width = min(LEAST_WIDTH + 3 * len(matches), GREATEST_WIDTH)
    chosen: list[Stretch] = []
    for _, stretch in nlargest(50, _windows(hits, values, width), key=itemgetter(0)):
        if all(stretch.last < other.first or stretch.first > other.last for other in chosen):
            chosen.append(stretch)
    return [_tightened(stretch, hits, values) for stretch in chosen[:3]]


def _tightened(
    stretch: Stretch, hits: Sequence[tuple[int, int]], values: Sequence[float]
) -> Stretch:
    """The stretch without ends that are said again inside, or far off and hardly worth it."""
    inside = deque(hit for hit in hits if stretch.first <= hit[0] <= stretch.last)
    counts = Counter(index for _, index in inside)
    while len(inside) > 1:
        gaps = {0: inside[1][0] - inside[0][0], -1: inside[-1][0] - inside[-2][0]}
        spare = {
            gap: end
            for end, gap in gaps.items()
            if counts[inside[end][1]] > 1 or (values[inside[end][1]] < WEAK_END and gap > FAR_END)
        }
        if not spare:
            break
        _, dropped = inside.pop() if spare[max(spare)] else inside.popleft()
        counts[dropped] -= 1
    return Stretch(inside[0][0], inside[-1][0])


def _windows(
    hits: Sequence[tuple[int, int]], values: Sequence[float], width: int
) -> Iterator[tuple[float, Stretch]]:
    """For each hit the value of the window that begins there; linear in the number of hits."""
    inside = [0] * len(values)
    total = 0.0
    right = 0
    for first, leaving in hits:
        while right < len(hits) and hits[right][0] < first + width:
            last, entering = hits[right]
            total += 0.0 if inside[entering] else values[entering]
            inside[entering] += 1
            right += 1
        yield total, Stretch(first, last)
        inside[leaving] -= 1
        total -= 0.0 if inside[leaving] else values[leaving]


def _said(match: Match, stretch: Stretch) -> list[int]:
    return [at for at in match.positions if stretch.first <= at <= stretch.last]


def _share(matches: Sequence[Match], stretch: Stretch, *, asked: bool = True) -> float:
    counted = [each for each in matches if asked or not each.asked]
    total = sum(each.unit.weight for each in counted)
    said = sum(each.unit.weight * each.credit for each in counted if _said(each, stretch))
    return said / total if total else 0.0


def _elaboration(question: Heard, heard: Heard, stretch: Stretch) -> int:
    """How many telling words in and around the stretch the question does not have."""
    around = heard.tokens[max(stretch.first - 6, 0) : stretch.last + 7]
    telling = (each.key for each in around if is_content(each.key))
    stems = {stem(key) for key in telling if weight(key) > COMMON_WEIGHT}
    return len(stems - question.stems.keys())


def _reversed(matches: Sequence[Match], stretch: Stretch, negated: frozenset[int]) -> float:
    """The share of the words said that are negated where the fact is not, or the reverse.

    Two negations agree wherever they stand. A negation of the fact counts as dropped only where
    all that it governs was said without one. A fact such as "differ" or "prevent" may be put
    in other words by a negation ("not the same"), so there nothing is concluded.
    """
    if any(each.unit.stem in _implicit_stems() and not _said(each, stretch) for each in matches):
        return 0.0
    denied = [_said(each, stretch) for each in matches if each.unit.negated]
    if denied:
        return float(all(said and negated.isdisjoint(said) for said in denied))
    found = [(each.unit.weight, _said(each, stretch)) for each in matches]
    total = sum(weight for weight, said in found if said)
    added = sum(weight for weight, said in found if said and negated.issuperset(said))
    return added / total if total else 0.0
