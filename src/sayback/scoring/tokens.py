"""Text as tokens that know their place, and which of them a negation governs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from unicodedata import normalize

NEGATION_REACH = 6
"""Tokens after a negation that it still governs, unless a new clause begins before."""

_LETTER = r"(?:[^\W_][\u0300-\u036f\u00ad\u200b-\u200d]*)"  # with accents and joiners after it
_TOKEN = re.compile(
    rf"\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?![^\W_])|\d+\.\d+(?![^\W_])|"
    rf"(?<![\d.,])[1-9]\d{{0,2}}(?:[ \xa0]000)+(?![^\W_])|(?<![^\W_])[Ww]/[Oo](?![^\W_])|"
    rf"{_LETTER}+(?:['’]{_LETTER}+)*"
)
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200d]")
_BREAK = re.compile(r"[,.;:!?()\n]")
_FUNCTION_WORDS = """
a about above after again all also although always am an and any are aren't as at be because
been before being below between both but by can can't cannot could couldn't did didn't do does
doesn't doing don't down during each either else ever every few for from further had hadn't
has hasn't have haven't having he he'd he'll her here hers herself him himself his how however
i i'd i'll i'm i've if in into is isn't it it'd it'll its itself just let me might more most
much must my myself neither no nor not of off often on once one's only onto or other our ours
ourselves out over own per quite rather really same shall she she'd she'll should shouldn't so
some such than that the their theirs them themselves then there these they they'd they'll
they're they've this those though through thus to too toward towards under unless until up
upon us very via was wasn't we we'd we'll we're we've were weren't what when where whereas
whether which while who whom whose why will with within without won't would wouldn't yet you
you'd you'll you're you've your yours yourself um uh er hmm okay ok yeah yes well etc eg ie
"""
_FUNCTION = frozenset(_FUNCTION_WORDS.split())
_SMALL_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {word: value for value, word in enumerate(_SMALL_NUMBERS.split())}
_VALUES |= {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
_MULTIPLIERS = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
LONGEST_NUMBER = 12
"""Words of a number that are read as one."""
LONGEST_DIGITS = 15
"""Digits that a float keeps."""
_NEGATIONS = {
    "not", "no", "never", "without", "neither", "nor", "none", "nothing", "hardly", "cannot",
    "cant", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "wont",
}  # fmt: skip
_PAIRED_NEGATIONS = {("rather", "than"), ("instead", "of"), ("free", "of")}
_HARMLESS_AFTER = {"only", "just", "merely", "doubt", "matter", "problem"}
_CLAUSE_OPENERS = {
    "but", "because", "so", "which", "whereas", "while", "when", "if", "instead", "rather",
    "since", "therefore", "although",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number: `key` is its comparable form, `start` and `end` index its text.

    `opens` tells that a punctuation mark stands before it, `hyphened` that a hyphen does.
    """

    key: str
    start: int
    end: int
    opens: bool = False
    hyphened: bool = False


def tokenize(text: str) -> tuple[Token, ...]:
    """The tokens of a text in order, a spelt number ("two hundred fifty five") being one token."""
    plain: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        key = _key(match.group())
        between = text[end : match.start()]
        opens = _BREAK.search(between) is not None and bool(plain)
        plain.append(Token(key, match.start(), match.end(), opens, between == "-"))
        end = match.end()
    return _with_numbers(plain)


def _key(word: str) -> str:
    if not word.isascii():
        word = normalize("NFC", _INVISIBLE.sub("", word)).replace("’", "'")
    key = word.casefold().removesuffix("'s")
    for joint in ", \xa0":
        key = key.replace(joint, "")
    return "without" if key == "w/o" else key


def _with_numbers(tokens: Sequence[Token]) -> tuple[Token, ...]:
    merged: list[Token] = []
    index = 0
    while index < len(tokens):
        is_number_word = tokens[index].key in _VALUES
        following = tokens[index + 1].key if index + 1 < len(tokens) else ""
        key, count = "", 0
        if is_number_word or following in _MULTIPLIERS:
            key, count = _spelt_number(tokens[index : index + LONGEST_NUMBER])
        first, last = tokens[index], tokens[index + max(count, 1) - 1]
        merged.append(Token(key or first.key, first.start, last.end, first.opens, first.hyphened))
        index += max(count, 1)
    return tuple(merged)


def _spelt_number(tokens: Sequence[Token]) -> tuple[str, int]:
    """The number that tokens begin with, in digits, and how many spell it ("" and 0: none).

    "two hundred and fifty five", "a thousand", "11 million", "zero point nine"; what is in digits
    alone is no spelt number, and a year such as "nineteen ninety" is two.
    """
    keys = [each.key for each in takewhile(lambda each: not each.opens, tokens[1:])]
    keys = [tokens[0].key, *keys, *[""] * LONGEST_NUMBER]  # no word is beyond the end
    total, part, count, decimals = 0.0, 0.0, 0, ""
    if keys[1] in _MULTIPLIERS and (
        keys[0] == "a" or (is_number(keys[0]) and len(keys[0]) <= LONGEST_DIGITS)
    ):
        part, count = 1.0 if keys[0] == "a" else float(keys[0]), 1
    previous = count  # of the last word read: digits follow tens, tens follow hundreds
    while True:
        is_joined = keys[count] == "and" and _goes_on(previous, keys[count + 1 :])
        word = keys[count + is_joined]
        small, multiplier = _VALUES.get(word), _MULTIPLIERS.get(word, 0)
        if small is not None and (not count or previous >= (20 if 0 < small < 10 else 100)):
            part, previous = part + small, (small if small > 19 else 1)
        elif multiplier and part:
            part *= multiplier
            previous = multiplier
            if multiplier > 100:
                total, part = total + part, 0.0
        elif word == "point" and count > 0 and previous < 100 and not decimals:
            decimals = "".join(takewhile(str.isdigit, map(_digit, keys[count + 1 :])))
            if not decimals:
                break
            part, count = float(f"{part:.0f}.{decimals}"), count + len(decimals)
        else:
            break
        count += 1 + is_joined
    value = total + part
    return (f"{value:.0f}" if value.is_integer() else f"{value:.15g}") if count else "", count


def _digit(word: str) -> str:
    """A spelt digit in figures; empty for any other word."""
    return str(_VALUES[word]) if _VALUES.get(word, 10) < 10 else ""


def _goes_on(previous: int, keys: Sequence[str]) -> bool:
    """Whether a number goes on behind "and": with ten or more, and no second number of its own.

    "A hundred and ten thousand", but not "a hundred and two hundred" or "a thousand and ten
    thousand".
    """
    words = [*takewhile(_VALUES.__contains__, keys)]
    behind = _MULTIPLIERS.get(keys[len(words)], previous + 1)
    return previous >= 100 and bool(words) and _VALUES[words[0]] >= 10 and behind > previous


def is_content(key: str) -> bool:
    """Whether a token carries meaning of its own."""
    return key not in _FUNCTION and key not in _NEGATIONS and not key.endswith("n't")


def is_number(key: str) -> bool:
    """Whether a token is a number, decimals included."""
    return key.replace(".", "", 1).isdecimal()


def negated_positions(tokens: Sequence[Token]) -> frozenset[int]:
    """Positions governed by a negation: the words after it in the same clause."""
    found: set[int] = set()
    reach = 0
    for position, token in enumerate(tokens):
        if token.opens or token.key in _CLAUSE_OPENERS:
            reach = 0
        if reach:
            found.add(position)
            reach -= 1
        if _negates(tokens, position):
            reach = NEGATION_REACH
    return frozenset(found)


def _negates(tokens: Sequence[Token], position: int) -> bool:
    key = tokens[position].key
    following = tokens[position + 1].key if position + 1 < len(tokens) else ""
    previous = tokens[position - 1].key if position else ""
    if (previous, key) in _PAIRED_NEGATIONS:
        return True
    return (key in _NEGATIONS or key.endswith("n't")) and following not in _HARMLESS_AFTER
