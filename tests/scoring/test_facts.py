from __future__ import annotations

import pytest

from sayback.model import KeyPoint
from sayback.scoring.facts import Fact, facts_of, split_facts
from sayback.scoring.passages import LONGEST_PASSAGE


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("", ()),
        ("Trees store keys. Leaves are linked; lookups stay shallow.",
         ("Trees store keys", "Leaves are linked", "lookups stay shallow")),
        ("The layers are convolution, pooling, and dropout",
         ("convolution", "pooling", "dropout")),
        ("It consists of encoder, decoder and skip connection",
         ("encoder", "decoder", "skip connection")),
        ("Bagging reduces overfitting by sampling, averaging, voting",
         ("Bagging reduces overfitting", "sampling", "averaging", "voting")),
        ("Steps: crop, rotate, flip, chiefly to imitate real noisy camera footage",
         ("crop", "rotate", "flip", "chiefly to imitate real noisy camera footage")),
        ("Redis caches sessions, the queue decouples slow workers",
         ("Redis caches sessions", "the queue decouples slow workers")),
        ("For each bin, the layer interpolates exact values",
         ("For each bin, the layer interpolates exact values",)),
        ("Warm starts help (the optimizer keeps its momentum buffers)",
         ("Warm starts help", "the optimizer keeps its momentum buffers")),
        ("Report mAP (mean Average Precision)", ("Report mAP",)),
        ("Use a scheduler, e.g. cosine decay", ("Use a scheduler, e.g. cosine decay",)),
        ("Lookup is O(1) in a hash table (0.001 s)", ("Lookup is O(1) in a hash table (0.001 s)",)),
        ("momentum of 0.9 works", ("momentum of 0.9 works",)),
        ("Train on 1,000 labelled images", ("Train on 1,000 labelled images",)),
        ("it models p(x,y), samples new points", ("it models p(x,y)", "samples new points")),
        ("1) check data, 2) train it, 3) test", ("1) check data", "2) train it", "3) test")),
    ],
)  # fmt: skip
def test_split_facts(text: str, facts: tuple[str, ...]) -> None:
    assert tuple(fact.text for fact in split_facts(text)) == facts


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("The layers are convolution, pooling, and dropout",
         ["The layers are convolution", "The layers are pooling", "The layers are dropout"]),
        ("Bagging reduces overfitting by sampling, averaging, voting",
         ["Bagging reduces overfitting", "Bagging reduces overfitting by sampling",
          "Bagging reduces overfitting by averaging", "Bagging reduces overfitting by voting"]),
        ("crop, rotate, flip", ["crop", "rotate", "flip"]),
        ("Trees store keys. Leaves are linked", ["Trees store keys", "Leaves are linked"]),
    ],
)  # fmt: skip
def test_an_item_claims_what_its_subject_says_of_it(text: str, claims: list[str]) -> None:
    assert [fact.claim for fact in split_facts(text)] == claims


def test_a_point_that_introduces_those_below_is_their_subject() -> None:
    point = KeyPoint("Advantages over CNNs:", facts=("global receptive field", "less bias"))
    assert [fact.claim for fact in facts_of(point)] == [
        "Advantages over CNNs global receptive field",
        "Advantages over CNNs less bias",
    ]


def test_no_fact_is_too_long_to_be_read_at_once() -> None:
    text = " ".join(f"word{number}" for number in range(100))
    facts = split_facts(text)
    assert " ".join(fact.text for fact in facts) == text
    assert max(len(fact.text.split()) for fact in facts) <= LONGEST_PASSAGE


def test_a_point_without_words_is_its_own_fact() -> None:
    assert facts_of(KeyPoint("...")) == (Fact("...", "..."),)


def test_list_items_below_a_point_are_facts_and_none_counts_twice() -> None:
    point = KeyPoint(
        "Indexes speed up queries", facts=("inserts slow down", "Indexes speed up queries")
    )
    assert [fact.text for fact in facts_of(point)] == [
        "Indexes speed up queries",
        "inserts slow down",
    ]
