"""A key point cut into the facts that can be said one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, takewhile

from sayback.model import KeyPoint
from sayback.scoring.passages import LONGEST_PASSAGE, passages
from sayback.scoring.tokens import tokenize
from sayback.scoring.words import COMMON_WEIGHT, content_units

ITEM_WORDS = 4
"""Longest item of an enumeration; what is longer is a clause."""
SUBJECT_WORDS = 12
"""A longer introduction is no subject that an item needs to be understood."""

_PARENTHESIS = re.compile(r"(?<!\w)\(([^()]*)\)")
_SENTENCE = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\betc)[.!?](?=\s|$)|[;\n]")
_LIST_OPENER = re.compile(
    r"(?::\s*)+|\b(?:is|are|has|have|consists?|contains?|includ(?:es?|ing)|uses?|used|using)\b"
    r"|\b(?:such as|like|by|of)\b",
    re.IGNORECASE,
)
_CLAIM_END = re.compile(r"\b(?:by|using|like|such as)\s*$", re.IGNORECASE)
"""Before these stands a claim of its own; before "is" or "consists of" only the subject."""
_COMMA = re.compile(r"\((?:[^()]|\([^()]*\))*\)|,(?!\d{3}\b)")
"""A comma that divides, or a parenthesis ("p(x,y)"), in which none does."""
_CONJUNCTION = re.compile(r"\s(?:and|or)\s", re.IGNORECASE)
_EDGES = re.compile(r"^(?:[\s,:.]+|-\s+|(?:and|or|then|also)\s+)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact as the bank writes it, and as a claim that can be understood by itself.

    In "The key aspect of U-net is encoder, upsampling" the second fact is "upsampling" and
    claims "The key aspect of U-net is upsampling".
    """

    text: str
    claim: str


@lru_cache(maxsize=4096)
def facts_of(point: KeyPoint) -> tuple[Fact, ...]:
    """The facts of a key point: of its text and of the list items below it."""
    found = [] if _is_heading(point) else list(split_facts(point.text))
    subject = _subject(point.text) if _is_heading(point) else ""
    for text in point.facts:
        found += (Fact(each.text, _joined(subject, each.claim)) for each in split_facts(text))
    by_text: dict[str, Fact] = {}
    for fact in found:
        by_text.setdefault(fact.text, fact)
    return tuple(by_text.values()) or (Fact(point.text, point.text),)


def _is_heading(point: KeyPoint) -> bool:
    """Whether a point only introduces the facts below it."""
    return bool(point.facts) and point.text.rstrip().endswith(":")


def _subject(opener: str) -> str:
    """What introduces items, where it is short enough to be said again with each."""
    return _trim(opener) if content_units(opener) and len(opener.split()) <= SUBJECT_WORDS else ""


def _joined(subject: str, claim: str) -> str:
    return f"{subject} {claim}".strip()


def split_facts(text: str) -> tuple[Fact, ...]:
    """A text cut at sentences, clauses, list items and explanations in parentheses."""
    asides: list[str] = []

    def without(found: re.Match[str]) -> str:
        if _is_alias(text[: found.start()], found.group(1)):
            return " "
        if len(content_units(found.group(1))) < 3:
            return found.group()
        asides.append(found.group(1))
        return " "

    main = _PARENTHESIS.sub(without, text)
    sentences = [part for each in (main, *asides) for part in _SENTENCE.split(each)]
    facts = [fact for sentence in sentences for fact in _split_sentence(sentence)]
    return tuple(part for fact in facts if content_units(fact.text) for part in _short(fact))


def _short(fact: Fact) -> Iterator[Fact]:
    """A fact in parts that can be read at once."""
    tokens = tokenize(fact.text)
    if len(tokens) <= LONGEST_PASSAGE:
        yield fact
        return
    for each in passages(fact.text, tokens):
        part = fact.text[tokens[each.first].start : tokens[each.last].end]
        if content_units(part):
            yield Fact(part, part)


def _is_alias(before: str, aside: str) -> bool:
    """Whether an aside only spells out the abbreviation before it: mAP (mean Average Precision)."""
    initials = "".join(word[0] for word in aside.split())
    return before.rstrip().casefold().endswith(initials.casefold())


def _split_sentence(sentence: str) -> Iterator[Fact]:
    segments = _segments(sentence)
    head, items, rest = _enumeration(segments)
    if len(items) < 3:
        yield from (Fact(clause, clause) for clause in _clauses(segments))
        return
    opener = _trim(head)
    is_claim = _CLAIM_END.search(opener) is not None
    own = [unit for unit in content_units(head) if unit.weight > COMMON_WEIGHT]
    if is_claim and len(own) >= 2:
        claim = _trim(_CLAIM_END.sub("", head))
        yield Fact(claim, claim)
    for item in map(_trim, items):
        yield Fact(item, _joined(_subject(head) if own else "", item))
    yield from (Fact(clause, clause) for clause in _clauses(rest))


def _segments(sentence: str) -> list[str]:
    """A sentence cut at its commas, but for those of numbers and in parentheses."""
    commas = [found.start() for found in _COMMA.finditer(sentence) if found.group() == ","]
    return [sentence[first + 1 : end] for first, end in pairwise([-1, *commas, len(sentence)])]


def _enumeration(segments: Sequence[str]) -> tuple[str, list[str], Sequence[str]]:
    """What introduces a list, its items, and the segments after it; fewer than 3: no list."""
    opening = _opening_item(segments[0])
    if opening is None:
        return "", [], segments
    head, item = opening
    items = [item, *takewhile(_is_short, segments[1:])]
    rest = segments[len(items) :]
    if not rest:
        items[-1:] = _CONJUNCTION.split(_trim(items[-1]))
    return head, items, rest


def _opening_item(segment: str) -> tuple[str, str] | None:
    """The text that introduces a list, if any, and its first item; None where none begins."""
    # The nearest opener first: what follows only gets longer.
    for found in reversed(list(_LIST_OPENER.finditer(segment))):
        item = segment[found.end() :]
        if not _is_short(item):
            break
        if content_units(item):
            return segment[: found.end()], item
    return ("", segment) if _is_short(segment) else None


def _trim(fact: str) -> str:
    return _EDGES.sub("", fact.rstrip(" \t,:."))


def _is_short(segment: str) -> bool:
    return len(_trim(segment).split()) <= ITEM_WORDS


def _clauses(segments: Sequence[str]) -> list[str]:
    """Segments with two telling words or more; a lesser one goes with the next, or the last."""
    clauses: list[str] = []
    telling = 2  # telling words of the last clause: with fewer it takes the next segment in
    for segment in segments:
        count = sum(unit.weight > COMMON_WEIGHT for unit in content_units(segment))
        if clauses and (telling < 2 or count < 2):
            clauses[-1] += "," + segment
            telling += count
        else:
            clauses.append(segment)
            telling = count
    return [_trim(clause) for clause in clauses]
