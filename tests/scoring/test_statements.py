"""Spoken text becomes short statements in the speaker's words."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayback.scoring.statements import LONGEST, statements


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Dropout, um, zeroes units at random.", ["Dropout, zeroes units at random"]),
        ("So basically I think that it zeroes units.", ["it zeroes units"]),
        ("The the units, the units are zeroed.", ["The units are zeroed"]),
        ("It uses the mean, no sorry, it uses the median.", ["it uses the median"]),
        ("Let me think. Where was I? Good question. It zeroes units.", ["It zeroes units"]),
        ("What is it for? It fights overfitting.", ["It fights overfitting"]),
        ("Yes. Right. Okay.", []),
        ("", []),
        ("In production it runs at 2.5 frames, e.g. on a phone.", None),
        ("And then the first thing is that it zeroes units, you know.", ["it zeroes units"]),
        ("It zeroes units and so on.", ["It zeroes units"]),
        ("The verbs (GET, PUT) say what to do.", ["The verbs say what to do"]),
    ],
)
def test_what_only_surrounds_a_statement_is_left_out(said: str, expected: list[str] | None) -> None:
    assert list(statements(said)) == (expected if expected is not None else [said.rstrip(".")])


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    said = (
        "Then I never load the whole file, I read it as a stream, piece by piece, so the memory is"
        " not a problem, and for the whole thing I write a Snakemake workflow."
    )
    assert list(statements(said)) == [
        "I never load the whole file",
        "I read it as a stream, piece by piece",
        "the memory is not a problem",
        "for the whole thing I write a Snakemake workflow",
    ]


def test_a_list_is_not_cut() -> None:
    said = (
        "EfficientNet is scaling together the depth, the width and the resolution, and all of this"
        " is done by only one factor."
    )
    assert next(statements(said)) == (
        "EfficientNet is scaling together the depth, the width and the resolution"
    )


def test_speech_without_punctuation_is_cut_too() -> None:
    said = (
        "so you take a network that was trained on imagenet and then you freeze the first layers"
        " and you train only the head with a small learning rate"
    )
    assert list(statements(said)) == [
        "you take a network that was trained on imagenet",
        "you freeze the first layers",
        "you train only the head with a small learning rate",
    ]


SPOKEN = (
    *("and", "but", "so", "it", "is", "we", "have", "the", "which", "that", "because", "you know"),
    *("model", "data", "3.5", "no sorry", "um", ",", ".", "?", ";", "(", ")", "\n"),
)


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(SPOKEN),
        max_size=80,
    ).map(" ".join)
)
def test_statements_are_short_and_in_the_speakers_words(said: str) -> None:
    heard = set(re.findall(r"\w+", said))
    for text in statements(said):
        assert 0 < len(text.split()) <= LONGEST
        assert text == text.strip()
        assert set(re.findall(r"\w+", text)) <= heard


@pytest.mark.parametrize(
    "piece",
    ["a", " ", ".", ", ", "\n ", "a, ", "the ", "for x ", "no sorry ", "(", "and we go there now "],
)
def test_hostile_text_takes_no_time(piece: str) -> None:
    assert seconds(piece * (20_000 // len(piece)) + "x") < 3.0


@pytest.mark.parametrize("sign", ["-", "–", "'", "’", "…"])
@pytest.mark.parametrize("around", ["{}", "a{}", "{}a", "a {} ", "can{}t", "a{}b "])
def test_ten_thousand_signs_take_no_time(sign: str, around: str) -> None:
    assert seconds(around.format(sign) * 10_000) < 1.0


def seconds(said: str) -> float:
    """The processor time that cutting a text into statements takes."""
    begin = time.process_time()
    list(statements(said))
    return time.process_time() - begin


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("I-I freeze the first layers", "I freeze the first layers"),
        ("we don't t-train the first layers", "we don't t-train the first layers"),
        ("what 'the the head' of it is", "what 'the head' of it is"),
        ("we we can't can't train the layers", "we can't train the layers"),
        ("a state-of-the-art, state-of-the-art model", "a state-of-the-art model"),
    ],
)
def test_what_is_said_twice_in_a_row_is_written_once(said: str, expected: str) -> None:
    assert list(statements(said)) == [expected]
