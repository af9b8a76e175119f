"""The judgement on whole answers to two banks, against the labels that people gave them.

The bounds keep what has been reached (see benchmarks/README.md), not what is wished.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest

from sayback.bank.parse import read
from sayback.model import Transcript
from sayback.scoring.coverage import cover

DATA = Path(__file__).resolve().parents[1] / "data"


@lru_cache(maxsize=2)
def decisions(bank: str = "rough") -> Counter[tuple[str, str, str]]:
    """How often each kind of answer, label and status came together."""
    questions = read(DATA / f"{bank}_bank.md").questions
    found: Counter[tuple[str, str, str]] = Counter()
    for line in (DATA / f"{bank}_bank_answers.jsonl").read_text("utf-8").splitlines():
        answer = json.loads(line)
        coverage = cover(questions[answer["question"] - 1], Transcript(answer["transcript"]))
        assert coverage is not None
        for point, label in zip(coverage.points, answer["labels"], strict=True):
            found[answer["kind"], label, point.status.value] += 1
    return found


def share(status: str, *, label: str, kind: str | None = None, bank: str = "rough") -> float:
    """The share of the points with a label, in answers of a kind, that got a status."""
    chosen = {
        key: count
        for key, count in decisions(bank).items()
        if key[1] == label and kind in (None, key[0])
    }
    return sum(count for key, count in chosen.items() if key[2] == status) / sum(chosen.values())


def test_there_are_enough_decisions() -> None:
    assert decisions().total() >= 200


@pytest.mark.parametrize(
    ("status", "label", "kind", "least"),
    [
        ("covered", "said", None, 0.87),
        ("covered", "said", "full", 0.9),
        ("covered", "said", "misheard", 0.8),
        ("covered", "said", "paraphrase", 0.6),
        ("contradicted", "contradicted", None, 0.6),
        ("missed", "not_said", "off_topic", 0.85),
    ],
)
def test_what_was_said_is_credited(status: str, label: str, kind: str | None, least: float) -> None:
    assert share(status, label=label, kind=kind) >= least


@pytest.mark.parametrize(
    ("status", "label", "kind", "most"),
    [
        ("covered", "contradicted", None, 0.2),
        ("covered", "not_said", None, 0.1),
        ("covered", "not_said", "parrot", 0.05),
        ("covered", "not_said", "off_topic", 0.05),
        ("contradicted", "said", None, 0.02),
    ],
)
def test_what_was_not_said_is_not(status: str, label: str, kind: str | None, most: float) -> None:
    assert share(status, label=label, kind=kind) <= most


def test_two_things_that_changed_places_are_seen() -> None:
    assert share("contradicted", label="contradicted", bank="exchanged") >= 0.5
    assert share("covered", label="contradicted", bank="exchanged") <= 0.28
    assert share("covered", label="said", bank="exchanged") >= 0.72
    assert share("contradicted", label="said", bank="exchanged") <= 0.05
