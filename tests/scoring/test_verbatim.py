"""Whoever says a key point word for word has said it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayback.bank.parse import read
from sayback.model import KeyPoint, Question, Status, Transcript
from sayback.scoring.coverage import cover
from sayback.scoring.facts import facts_of
from sayback.scoring.features import observe, prepare
from sayback.scoring.words import listen

ROOT = Path(__file__).resolve().parents[2]
FACTS = [
    (question.text, fact.claim)
    for folder in (ROOT / "questions", ROOT / "tests" / "data" / "rough_bank.md")
    for question in read(folder).questions
    for point in question.key_points
    for fact in facts_of(point)
]


@pytest.mark.parametrize("ending", ["", ". That is how it is."])
def test_no_fact_is_opposed_to_itself(ending: str) -> None:
    for question, fact in FACTS:
        seen = observe(fact, listen(question), prepare(fact + ending))
        assert all(each.features.opposed == 0.0 for each in seen), fact


def test_the_facts_of_our_banks_are_credited() -> None:
    missed = [
        fact
        for question, fact in FACTS
        if (found := cover(Question(question, "q", key_points=(KeyPoint(fact),)), Transcript(fact)))
        and found.points[0].status is not Status.COVERED
    ]
    assert len(FACTS) > 250
    assert missed == []
