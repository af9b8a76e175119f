"""Key points proposed from an answer: statements of the person that tell something new."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sayback.model import KeyPoint, Question, Transcript
from sayback.scoring.coverage import score_points
from sayback.scoring.features import prepare
from sayback.scoring.judge import judge
from sayback.scoring.statements import statements
from sayback.scoring.tokens import is_number
from sayback.scoring.vectors import Vectors, vectors
from sayback.scoring.words import COMMON_WEIGHT, Heard, Unit, content_units, find, listen

MOST_POINTS = 7
LEAST_NEWS = 1.6
"""Weight of the words that tell something and are not the question's: about two words."""
FULL_NEWS = 5.0
"""Weight beyond which a statement is no better for telling more."""
NUMBER_WORTH = 0.2
SAME_WORDS = 0.6
"""Of two statements that share so much of their telling words only the better one is proposed."""
MOST_WEIGHED = 30
"""Statements, the best ones, that are compared with each other; the judge takes its time."""


@dataclass(frozen=True, slots=True)
class _Proposal:
    """A statement, the words of it that tell something new, and how good it is."""

    text: str
    news: tuple[Unit, ...]
    worth: float


def draft(question: Question, transcript: Transcript) -> tuple[str, ...]:
    """Propose at most seven key points from an answer, in the order in which they were said.

    Each has at most 14 of the person's words, and says what neither the question, nor one of its
    key points, nor another proposal says. None where the answer tells nothing.
    """
    asked = listen(question.text)
    topic = _direction(question.text) + _direction(transcript.text)
    texts = dict.fromkeys(statements(transcript.text))
    weighed = [each for text in texts if (each := _weighed(text, asked, topic))]
    chosen: list[_Proposal] = []
    for each in sorted(weighed, key=lambda each: -each.worth)[:MOST_WEIGHED]:
        if len(chosen) < MOST_POINTS and _is_new(each, chosen, question):
            chosen.append(each)
    kept = {each.text for each in chosen}
    return tuple(_written(text) for text in texts if text in kept)


def _weighed(text: str, asked: Heard, topic: Vectors) -> _Proposal | None:
    """A statement with its worth; None where it tells hardly more than the question.

    `topic` is the direction of the question plus that of the answer, shape (dimensions,).
    """
    news = tuple(
        unit
        for unit in content_units(text)
        if unit.weight > COMMON_WEIGHT and not find(unit, asked)[0]
    )
    told = sum(unit.weight for unit in news)
    if told < LEAST_NEWS:
        return None
    has_number = any(is_number(unit.raw) for unit in news)
    near = float(_direction(text) @ topic)
    return _Proposal(text, news, min(told / FULL_NEWS, 1.0) + near + NUMBER_WORTH * has_number)


def _direction(text: str) -> Vectors:
    """The weighted sum of a text's word vectors at length 1, shape (dimensions,)."""
    units = content_units(text)
    weights = np.array([unit.weight for unit in units], np.float32)
    summed = weights @ vectors([unit.raw for unit in units])
    return np.asarray(summed / max(float(np.linalg.norm(summed)), 1e-6))


def _is_new(proposal: _Proposal, chosen: Sequence[_Proposal], question: Question) -> bool:
    """Whether neither a key point that there is nor a proposal chosen says the same."""
    if any(_is_same(proposal, other, question) for other in chosen):
        return False
    points = question.key_points
    texts = [text.rstrip(" .:") for point in points for text in (point.text, *point.facts)]
    if points and _says(". ".join(texts), KeyPoint(proposal.text), question):
        return False
    return not any(_says(proposal.text, point, question) for point in points)


def _is_same(one: _Proposal, other: _Proposal, question: Question) -> bool:
    """Whether two statements share most of their telling words, or say each other."""
    return _shared(one, other) >= SAME_WORDS or (
        _says(one.text, KeyPoint(other.text), question)
        and _says(other.text, KeyPoint(one.text), question)
    )


def _shared(one: _Proposal, other: _Proposal) -> float:
    """The share of the telling words, by weight, of the one with fewer that the other has."""
    stems = {unit.stem for unit in other.news}
    common = sum(unit.weight for unit in one.news if unit.stem in stems)
    return common / min(sum(unit.weight for unit in each.news) for each in (one, other))


def _says(text: str, point: KeyPoint, question: Question) -> bool:
    """Whether a text says a fact of a key point."""
    alone = Question(question.text, question.id, key_points=(point,))
    (facts,) = score_points(alone, prepare(text), judge())
    return any(fact.is_said for fact in facts)


def _written(text: str) -> str:
    """With a capital, but for a word such as "mAP" that has one inside; "i" is written "I"."""
    text = re.sub(r"\bi\b(?!\.)", "I", text)
    first = text.split()[0]
    return text if first != first.lower() else text[0].upper() + text[1:]
