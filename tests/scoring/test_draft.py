"""Proposed key points: short, new, distinct, in order, and in the person's words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sayback.bank.parse import read
from sayback.model import KeyPoint, Question, Transcript
from sayback.scoring.draft import MOST_POINTS, draft
from sayback.scoring.statements import LONGEST

ROOT = Path(__file__).resolve().parents[2]
UNET = Question("What is U-Net and when would you use it?", "u-net")
ANSWER = (
    "Good question, let me think. So U-Net, you know, U-Net is for semantic segmentation. "
    "I think there is an encoder that shrinks the image, and, um, then a decoder that brings back"
    " the resolution. The skip connections carry fine detail over to the decoder. "
    "What is U-Net and when would I use it? I used it for defects on metal sheets."
)


def proposed(question: Question, said: str) -> tuple[str, ...]:
    return draft(question, Transcript(said))


def test_an_answer_becomes_short_points_in_its_order() -> None:
    assert proposed(UNET, ANSWER) == (
        "U-Net is for semantic segmentation",
        "There is an encoder that shrinks the image",
        "A decoder that brings back the resolution",
        "The skip connections carry fine detail over to the decoder",
        "I used it for defects on metal sheets",
    )


def test_what_the_key_points_say_already_is_left_out() -> None:
    points = (
        KeyPoint("It is used for **semantic segmentation**"),
        KeyPoint("An encoder and a decoder", facts=("the encoder makes the image smaller",)),
    )
    found = proposed(replace(UNET, key_points=points), ANSWER)
    assert "U-Net is for semantic segmentation" not in found
    assert "There is an encoder that shrinks the image" not in found
    assert "The skip connections carry fine detail over to the decoder" in found


def test_the_same_is_proposed_once() -> None:
    said = (
        "Dropout zeroes random units. Random units are zeroed by dropout. It prevents overfitting."
    )
    found = proposed(Question("How do you regularise?", "q"), said)
    assert len([text for text in found if "units" in text]) == 1


@pytest.mark.parametrize(
    "said",
    [
        "",
        "um",
        "I don't know.",
        "What is U-Net and when would you use it?",
        "I would use U-Net when I use it.",
        "Let me think. Where was I? That's all, thank you.",
    ],
)
def test_nothing_is_proposed_where_nothing_is_told(said: str) -> None:
    assert proposed(UNET, said) == ()


def test_names_keep_their_letters_and_i_is_written_large() -> None:
    said = "mAP averages the precision of all classes. then i freeze the pretrained layers."
    assert proposed(Question("What do you measure?", "q"), said) == (
        "mAP averages the precision of all classes",
        "I freeze the pretrained layers",
    )


def test_a_question_without_words_of_its_own_is_no_error() -> None:
    assert proposed(Question("Why?", "why"), "Gradients vanish in deep networks.") == (
        "Gradients vanish in deep networks",
    )


def real_answers() -> list[tuple[Question, str]]:
    lines = (ROOT / "benchmarks/data/answers.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line) for line in lines[::5]]
    questions = {question.id: question for question in read(ROOT / "questions").questions}
    return [(questions[each["question"]], each["transcript"]) for each in answers]


@pytest.mark.parametrize("is_written", [True, False], ids=["written", "without punctuation"])
def test_real_answers(is_written: bool) -> None:
    """Every proposal of 22 answers keeps the rules; nearly every answer has one."""
    without = 0
    for question, written in real_answers():
        said = written if is_written else re.sub(r"[.,!?;:]", "", written).lower()
        found = proposed(replace(question, key_points=()), said)
        without += not found
        heard = set(re.findall(r"\w+", said.lower()))
        assert len(found) <= MOST_POINTS
        assert len(set(found)) == len(found)
        for text in found:
            assert 3 <= len(text.split()) <= LONGEST
            assert text[-1] not in ".,;:"
            assert set(re.findall(r"\w+", text.lower())) <= heard
            assert not re.search(r"\b(?:um|uh|you know|i think|let me|basically)\b", text, re.I)
    assert without <= 3
