"""Words of a fact looked up in a text: by stem, spelling, sound, and joined or split."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise

from sayback.scoring.tokens import Token, is_content, is_number, negated_positions, tokenize

FUZZY_SIMILARITY = 0.82
"""One slip in 6 letters, two in 12: what misspelt banks and misheard words need."""
FUZZY_LETTERS = 6
FUZZY_CREDIT = 0.9
SOUND_CONSONANTS = 3
"""Shorter Metaphone codes are shared by unlike words ("net", "note", "neat")."""
SOUND_SIMILARITY = 0.6
"""Letters that words of one sound must share: "bilinear" and "by linear", not "later" and "ladder"
of other subjects."""
SOUND_CREDIT = 0.9
FAMILY_LETTERS = 4
FAMILY_SHARE = 0.6
FAMILY_CREDIT = 0.5
"""Half, because "transform" and "transfer" are as near as "crime" and "criminal"."""
MOST_CANDIDATES = 500
"""Bound on comparisons for one word, so that hostile text stays linear."""
SUPERLATIVE_LETTERS = 6
"""Stems of so many letters that end in -est are mostly no superlatives ("forest", "honest")."""
LONGEST_WORD = 40
MOST_WORDS = 60
"""Words of a fact that are compared; a longer one is no fact."""
COMMON_WEIGHT = 0.4
NUMBER_WEIGHT = 1.2
DIGIT_WEIGHT = 0.6


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
_LETTER_NAMES = {
    "you": "u", "are": "r", "see": "c", "sea": "c", "why": "y", "be": "b", "bee": "b", "and": "n",
    "en": "n", "tea": "t", "tee": "t", "pee": "p", "el": "l", "ex": "x", "jay": "j", "kay": "k",
    "cue": "q", "queue": "q", "eff": "f", "dee": "d", "gee": "g",
}  # fmt: skip
_NO_SUPERLATIVES = _words(
    "backtest conquest contest harvest interest manifest protest request suggest unittest"
)
_SUPERLATIVE = re.compile(r"(?:(?<=([bdgmnpt]))\1)?est$")
_BRITISH = re.compile(r"is(e|ed|es|er|ing|ation|ations)$")


@dataclass(frozen=True, slots=True)
class Unit:
    """A content word of a fact: its spelling, stem, weight, and whether the fact negates it.

    `written` is how it stands in the fact ("U-Net" for "unet"); `pairs` are its spellings joined
    with the word before and the word after ("roialign").
    """

    raw: str
    written: str
    stem: str
    weight: float
    negated: bool
    pairs: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)  # its identity is the key of a cache
class Heard:
    """A text prepared for looking words up: positions of tokens by stem, spelling and joint."""

    tokens: tuple[Token, ...]
    stems: Mapping[str, Sequence[int]]
    spellings: Mapping[str, Sequence[int]]
    joints: Mapping[str, Sequence[int]]
    by_initial: Mapping[str, Sequence[str]]
    by_sound: Mapping[str, Sequence[str]]
    families: Mapping[str, Sequence[str]]
    negated: frozenset[int]


@dataclass(frozen=True, slots=True)
class Match:
    """A word of a fact, whether the question has it too, where it was said, and the credit."""

    unit: Unit
    asked: bool
    positions: Sequence[int]
    credit: float


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The Porter2 stem of a lower-case word; -ise as -ize, a superlative as its word."""
    if len(word) > 6:
        word = _BRITISH.sub(r"iz\1", word)
    from snowballstemmer import stemmer  # late: it loads every language that it knows

    # One stemmer a call: it keeps the word in itself, and threads may call at once.
    found = str(stemmer("english").stemWord(word[:LONGEST_WORD]))
    if len(found) <= SUPERLATIVE_LETTERS or found in _NO_SUPERLATIVES:
        return found
    return _SUPERLATIVE.sub("", found)


@lru_cache(maxsize=50_000)
def sound(word: str) -> str:
    """The Metaphone code of a word (Philips 1990); empty where it is too short to tell."""
    from jellyfish import metaphone

    code = metaphone(word) if word.isascii() and word.isalpha() else ""
    return code if len(code) >= SOUND_CONSONANTS else ""


def weight(key: str) -> float:
    """How much a word tells: long words are rarer (Zipf), common ones tell little."""
    if is_number(key):
        return NUMBER_WEIGHT if len(key) > 1 else DIGIT_WEIGHT
    if stem(key) in _common_stems():
        return COMMON_WEIGHT
    return 0.8 + 0.05 * min(len(key), 12)


@lru_cache(maxsize=1)
def _common_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in _COMMON_WORDS)


@lru_cache(maxsize=4096)
def units(fact: str) -> tuple[Unit, ...]:
    """The distinct content words of a fact; parts such as "U-Net" or "F 1" are one word.

    A fact without any content word ("Yes", "To be or not to be") is taken literally.
    """
    return content_units(fact) or _units(fact, _anything)


def content_units(fact: str) -> tuple[Unit, ...]:
    """The distinct content words of a fact; none for a fact of function words."""
    return _units(fact, is_content)


def _anything(key: str) -> bool:
    return bool(key)


@lru_cache(maxsize=4096)
def _units(fact: str, counts: Callable[[str], bool]) -> tuple[Unit, ...]:
    tokens = tokenize(fact)
    negated = negated_positions(tokens)
    parts = compounds(tokens)
    found: dict[str, Unit] = {}
    for index, (raw, first, last) in enumerate(parts):
        if not counts(raw):
            continue
        neighbours = parts[max(index - 1, 0) : index + 2]
        unit = Unit(
            raw=raw,
            written=fact[tokens[first].start : tokens[last].end],
            stem=stem(raw),
            weight=weight(raw),
            negated=last in negated,
            pairs=tuple(a[0] + b[0] for a, b in pairwise(neighbours)),
        )
        found.setdefault(unit.stem, unit)
    return tuple(islice(found.values(), MOST_WORDS))


def compounds(tokens: Sequence[Token]) -> list[tuple[str, int, int]]:
    """Words, some of several tokens, with the positions of the first and the last."""
    parts: list[tuple[str, int, int]] = []
    for position, token in enumerate(tokens):
        previous = parts[-1][0] if parts else ""
        is_letter = len(previous) == 1 and previous.isalpha() and previous not in "ai"
        is_lettered = is_letter and len(token.key) <= 1 + token.key.isdigit()
        is_short = token.hyphened and min(len(previous), len(token.key)) <= 2
        both_numbers = is_number(previous) and is_number(token.key)
        if not token.opens and not both_numbers and (is_lettered or (previous and is_short)):
            parts[-1] = ((previous + token.key)[:LONGEST_WORD], parts[-1][1], position)
        else:
            parts.append((token.key[:LONGEST_WORD], position, position))
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
    joints = _joints(tokens, keys)
    written = {**spellings, **joints}
    long = (each for each in written if len(each) >= FUZZY_LETTERS - 1)
    families = (each for each in stems if len(each) >= FAMILY_LETTERS)
    return Heard(
        tokens=tokens,
        stems=stems,
        spellings=spellings,
        joints=joints,
        by_initial=_grouped((each[0], each) for each in long),
        by_sound=_grouped((sound(each), each) for each in written if sound(each)),
        families=_grouped((each[:FAMILY_LETTERS], each) for each in families),
        negated=negated_positions(tokens),
    )


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def _joints(tokens: Sequence[Token], keys: Sequence[str]) -> dict[str, list[int]]:
    """Neighbouring words written as one, letter names also as letters ("you net" as "unet").

    A joint has the positions of all its words.
    """
    joints: dict[str, list[int]] = defaultdict(list)
    for at in range(len(keys) - 1):
        if tokens[at + 1].opens:
            continue
        group = keys[at : at + (2 if at + 2 >= len(keys) or tokens[at + 2].opens else 3)]
        letters = [_LETTER_NAMES.get(key, key) for key in group]
        spellings = {"".join(group[:2]): 2, "".join(letters[:2]): 2}
        if len(group) == 3 and sorted(map(len, letters))[1] <= 3:
            spellings["".join(letters)] = 3
        for spelling, length in spellings.items():
            joints[spelling].extend(range(at, at + length))
    return joints


def find(unit: Unit, heard: Heard) -> tuple[Sequence[int], float]:
    """Positions at which a word was said and the credit for it: less for a near spelling."""
    exact = [
        *heard.stems.get(unit.stem, ()),
        *(() if is_content(unit.raw) else heard.spellings.get(unit.raw, ())),
        *heard.joints.get(unit.raw, ()),
        *(place for pair in unit.pairs for place in heard.spellings.get(pair, ())),
    ]
    if exact:
        return exact, 1.0
    if is_number(unit.raw):
        return (), 0.0
    for places, credit in ((_misspelt, FUZZY_CREDIT), (_misheard, SOUND_CREDIT)):
        if near := places(unit, heard):
            return near, credit
    return _related(unit, heard), FAMILY_CREDIT


def _misspelt(unit: Unit, heard: Heard) -> Sequence[int]:
    """Positions of the word that is spelt most like this one, if it is near enough."""
    if len(unit.raw) < FUZZY_LETTERS:
        return ()
    from rapidfuzz.distance import OSA

    candidates = heard.by_initial.get(unit.raw[0], ())
    return _nearest(unit, heard, candidates, OSA.normalized_similarity, FUZZY_SIMILARITY)


def _misheard(unit: Unit, heard: Heard) -> Sequence[int]:
    """Positions of the word, or of two words joined, that sounds the same and looks most alike."""
    from rapidfuzz.distance import Indel

    candidates = heard.by_sound.get(sound(unit.raw), ())
    return _nearest(unit, heard, candidates, Indel.normalized_similarity, SOUND_SIMILARITY)


def _nearest(
    unit: Unit,
    heard: Heard,
    candidates: Sequence[str],
    similarity: Callable[..., float],
    least: float,
) -> Sequence[int]:
    from rapidfuzz import process

    near = process.extractOne(
        unit.raw,
        candidates[:MOST_CANDIDATES],
        scorer=similarity,
        processor=None,
        score_cutoff=least,
    )
    return heard.spellings.get(near[0]) or heard.joints.get(near[0], ()) if near else ()


def _related(unit: Unit, heard: Heard) -> list[int]:
    """Positions of words of the same family: "crime" and "criminal" share most of their stems."""
    from rapidfuzz.distance import Prefix

    family = heard.families.get(unit.stem[:FAMILY_LETTERS], ())
    return [
        place
        for other in family[:MOST_CANDIDATES]
        if Prefix.similarity(unit.stem, other) >= FAMILY_SHARE * max(len(unit.stem), len(other))
        for place in heard.stems[other]
    ]


def match(fact: str, question: Heard, heard: Heard) -> tuple[Match, ...]:
    """Where each word of a fact was said, and whether the question has it."""
    return tuple(
        Match(unit, bool(find(unit, question)[0]), *find(unit, heard)) for unit in units(fact)
    )


def telling_stems(tokens: Iterable[Token]) -> Iterator[str]:
    """The stems of the tokens that tell something: content words that are not common ones."""
    for token in tokens:
        if is_content(token.key) and weight(token.key) > COMMON_WEIGHT:
            yield stem(token.key)
