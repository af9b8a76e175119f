"""Which key points of a question an answer said: facts, their probability, a status."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from math import exp

from sayback.model import Coverage, Evidence, KeyPoint, PointScore, Question, Status, Transcript
from sayback.scoring.evidence import Placed, place, quote
from sayback.scoring.features import (
    COMMON_WEIGHT,
    Features,
    Heard,
    Stretch,
    listen,
    observe,
    units,
)

SAID = 0.5
"""A fact counts as said from this probability on."""
COVERED_SHARE = 0.8
"""Share of a point's facts, by weight, that must be said for it to be covered."""
PARTIAL_SCORE = 0.3
"""Mean probability from which a point is partial although no fact of it was said whole."""
ECHO_CREDIT = 0.2
"""Too little for any status: it only ranks a near answer above silence."""
REVERSED_SHARE = 0.25
"""Share of the words said with the opposite negation that makes a contradiction."""
REVERSED_RECALL = 0.5
"""A stretch that shares less than this with a fact is too far from it to contradict it."""
MIDDLE_RECALL = 0.4
SHORT_FACT = 0.3
"""A fact of n words of its own counts as said from a recall of 0.4 + 0.3 / n: one word of two
is not enough, half of six is."""
STEEPNESS = 10.0
RESTATED_ELABORATION = 2
"""Telling words that the question has not, for a fact made of the question's words to count."""
TERM_SHARE = 0.85
"""Leaves room for near spellings, not for a word left out."""
LONGEST_QUOTE = 40
"""Tokens of evidence that are read at a glance; beyond it only the best fact is quoted."""
ITEM_WORDS = 4
"""Longest item of an enumeration; what is longer is a clause."""
CLAIM_OPENERS = ("by", "using", "like", "such as")
"""Before these stands a claim of its own; before "is" or "consists of" only the subject."""

_PARENTHESIS = re.compile(r"\(([^()]*)\)")
_SENTENCE = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\betc)[.!?](?=\s|$)|[;\n]")
_LIST_OPENER = re.compile(
    r":|\b(?:is|are|has|have|consists?|contains?|includ(?:es?|ing)|uses?|used|using)\b"
    r"|\b(?:such as|like|by|of)\b",
    re.IGNORECASE,
)
_CONJUNCTION = re.compile(r"\s(?:and|or)\s", re.IGNORECASE)
_EDGES = re.compile(r"^(?:[\s,:.]+|-\s+|(?:and|or|then|also)\s+)+", re.IGNORECASE)
_NOTHING = listen("")


@dataclass(frozen=True, slots=True)
class FactScore:
    """The probability that a fact was said, and the stretch that says or contradicts it."""

    fact: str
    weight: float
    probability: float
    is_contradicted: bool
    stretch: Stretch | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The text of a transcript, prepared for looking words and their times up."""

    text: str
    heard: Heard
    placed: tuple[Placed, ...]


def cover(question: Question, transcript: Transcript) -> Coverage | None:
    """How far each key point was said; None for a question without key points."""
    if not question.key_points:
        return None
    asked, answer = listen(question.text), _prepare(transcript)
    points = tuple(
        _judge(point, score_facts(point, asked, answer.heard), answer)
        for point in question.key_points
    )
    return Coverage(sum(point.score for point in points) / len(points), points)


def _prepare(transcript: Transcript) -> Answer:
    return Answer(transcript.text, listen(transcript.text), place(transcript))


def score_facts(point: KeyPoint, question: Heard, heard: Heard) -> tuple[FactScore, ...]:
    """Every fact of a key point with the probability that it was said."""
    return tuple(_score_fact(fact, question, heard) for fact in facts_of(point))


def _score_fact(fact: str, question: Heard, heard: Heard) -> FactScore:
    # The root keeps one long explanation from outweighing all the other facts of a point.
    weight = sum(unit.weight for unit in units(fact)) ** 0.5
    seen = observe(fact, question, heard)
    said = [each for each in seen if probability(each) >= SAID and not is_contradicted(each)]
    best = max(said or seen, key=probability, default=None)
    if best is None:
        return FactScore(fact, weight, 0.0, False, None)
    against = is_contradicted(best)
    return FactScore(fact, weight, 0.0 if against else probability(best), against, best.stretch)


def probability(features: Features) -> float:
    """How likely the stretch says the fact, 0 to 1: the seam for a fitted model.

    By hand for now: a logistic curve over the weighted recall of the fact's own words. The
    question's words help to rank answers but never suffice. A fact that restates the question
    needs nearly all its words.
    """
    if features.is_restated:
        return features.whole**2 * (ECHO_CREDIT if is_echo(features) else 1.0)
    recall = 0.75 * features.fresh + 0.25 * features.whole
    middle = MIDDLE_RECALL + SHORT_FACT / max(features.length, 1)
    return 1.0 / (1.0 + exp(-STEEPNESS * (recall - middle)))


def is_contradicted(features: Features) -> bool:
    """Whether the stretch says the fact's words with the opposite negation."""
    is_near = features.whole >= REVERSED_RECALL and not is_echo(features)
    return is_near and features.reversed >= REVERSED_SHARE


def is_echo(features: Features) -> bool:
    """Whether the stretch may be the question said back: it then proves nothing."""
    return features.is_restated and features.elaboration < RESTATED_ELABORATION


def _judge(point: KeyPoint, facts: Sequence[FactScore], answer: Answer) -> PointScore:
    total = sum(fact.weight for fact in facts)
    score = sum(fact.weight * fact.probability for fact in facts) / total if total else 0.0
    unsaid = [fact.fact for fact in facts if fact.probability < SAID]
    terms = [term for term in point.terms if not is_term_said(term, answer.heard)]
    status = _status(facts, score, all_terms=not terms)
    missing = (*unsaid, *(term for term in terms if not any(term in fact for fact in unsaid)))
    return PointScore(point.text, status, score, _evidence(facts, status, answer), missing)


def _status(facts: Sequence[FactScore], score: float, *, all_terms: bool) -> Status:
    if any(fact.is_contradicted for fact in facts):
        return Status.CONTRADICTED
    total = sum(fact.weight for fact in facts)
    said = sum(fact.weight for fact in facts if fact.probability >= SAID)
    if said and said >= COVERED_SHARE * total and all_terms:
        return Status.COVERED
    return Status.PARTIAL if said or score >= PARTIAL_SCORE else Status.MISSED


def is_term_said(term: str, heard: Heard) -> bool:
    """Whether every content word of a term was said, close together and in any order."""
    if not units(term):
        return True
    return any(features.whole >= TERM_SHARE for features in observe(term, _NOTHING, heard))


def _evidence(facts: Sequence[FactScore], status: Status, answer: Answer) -> Evidence | None:
    """From the first to the last word of what decided the status; None for a missed point."""
    if status is Status.CONTRADICTED:
        telling = [fact for fact in facts if fact.is_contradicted]
    else:
        telling = [fact for fact in facts if fact.probability >= SAID] or [*facts]
    best = max(telling, key=lambda fact: fact.probability, default=None)
    if status is Status.MISSED or best is None or best.stretch is None:
        return None
    stretches = [fact.stretch for fact in telling if fact.stretch]
    first, last = min(each.first for each in stretches), max(each.last for each in stretches)
    if last - first >= LONGEST_QUOTE:
        first, last = best.stretch.first, best.stretch.last
    while first and first in answer.heard.negated:
        first -= 1  # a quotation that begins after its "not" would say the opposite
    tokens = answer.heard.tokens
    return quote(answer.text, answer.placed, tokens[first], tokens[last])


@lru_cache(maxsize=4096)
def facts_of(point: KeyPoint) -> tuple[str, ...]:
    """The facts of a key point as written: of its text and of the list items below it."""
    found = (fact for text in (point.text, *point.facts) for fact in split_facts(text))
    return tuple(dict.fromkeys(found)) or (point.text,)


def split_facts(text: str) -> tuple[str, ...]:
    """A text cut at sentences, clauses, list items and explanations in parentheses."""
    asides = [
        found.group(1)
        for found in _PARENTHESIS.finditer(text)
        if len(units(found.group(1))) >= 3 and not _is_alias(text[: found.start()], found.group(1))
    ]
    main = _PARENTHESIS.sub(" ", text)
    sentences = [part for each in (main, *asides) for part in _SENTENCE.split(each)]
    facts = [_trim(fact) for sentence in sentences for fact in _split_sentence(sentence)]
    return tuple(fact for fact in facts if units(fact))


def _is_alias(before: str, aside: str) -> bool:
    """Whether an aside only spells out the abbreviation before it: mAP (mean Average Precision)."""
    initials = "".join(word[0] for word in aside.split())
    return before.rstrip().casefold().endswith(initials.casefold())


def _split_sentence(sentence: str) -> list[str]:
    segments = sentence.split(",")
    opening = _opening_item(segments[0])
    if opening is None:
        return _clauses(segments)
    head, item = opening
    items = [item, *takewhile(_is_short, segments[1:])]
    rest = segments[len(items) :]
    if not rest:
        items[-1:] = _CONJUNCTION.split(_trim(items[-1]))
    if len(items) < 3:
        return _clauses(segments)
    own = [unit for unit in units(head) if unit.weight > COMMON_WEIGHT]
    return [*([head] if len(own) >= 2 else []), *items, *(_clauses(rest) if rest else [])]


def _opening_item(segment: str) -> tuple[str, str] | None:
    """The claim that introduces a list, if any, and its first item; None where none begins."""
    # The nearest opener first: what follows only gets longer.
    for found in reversed(list(_LIST_OPENER.finditer(segment))):
        item = segment[found.end() :]
        if not _is_short(item):
            break
        if units(item):
            is_claim = found.group().casefold() in CLAIM_OPENERS
            return segment[: found.start()] if is_claim else "", item
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
        count = sum(unit.weight > COMMON_WEIGHT for unit in units(segment))
        if clauses and (telling < 2 or count < 2):
            clauses[-1] += "," + segment
            telling += count
        else:
            clauses.append(segment)
            telling = count
    return clauses
