from __future__ import annotations

import pytest

from sayback.bank.find import by_id, find
from sayback.errors import NoSuchQuestion
from sayback.model import Question

QUESTIONS = [
    Question("What is U-Net?", "what-is-u-net"),
    Question("What is U-Net good for?", "what-is-u-net-good-for"),
    Question("Explain precision and recall.", "precision"),
    Question("Why is precision not enough?", "why-precision"),
    Question("How do you use Docker?", "docker"),
    *(Question(f"Say something, part {n}", f"part-{n}") for n in range(7)),
]


@pytest.mark.parametrize(
    ("wanted", "identifier"),
    [
        ("docker", "docker"),
        ("precision", "precision"),
        ("What is U-Net?", "what-is-u-net"),
        ("what is u-net", "what-is-u-net"),
        ("  WHAT   is\nU-Net good  for ", "what-is-u-net-good-for"),
        ("net good", "what-is-u-net-good-for"),
        ("use DOCKER", "docker"),
        ("y-prec", "why-precision"),
    ],
)
def test_find(wanted: str, identifier: str) -> None:
    assert find(QUESTIONS, wanted).id == identifier


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("is", "'is': fits 4 questions; give more of the one you mean: "),
        (
            "u-net",
            "'u-net': fits 2 questions; "
            "give more of the one you mean: 'What is U-Net?', 'What is U-Net good for?'",
        ),
        (
            "part",
            "'part': fits 7 questions; give more of the one you mean: 'Say something, part 0', "
            "'Say something, part 1', 'Say something, part 2', 'Say something, part 3', "
            "'Say something, part 4', …",
        ),
        (
            "dokcer",
            "'dokcer': no such question; see all with `sayback bank list`, "
            "or take one of the nearest: 'How do you use Docker?'",
        ),
    ],
)
def test_none_or_several(wanted: str, message: str) -> None:
    with pytest.raises(NoSuchQuestion) as raised:
        find(QUESTIONS, wanted)
    assert str(raised.value).startswith(message)


def test_at_most_three_are_near_and_the_message_is_one_short_line() -> None:
    with pytest.raises(NoSuchQuestion) as raised:
        find(QUESTIONS, "precisoin\n" * 100)
    message = str(raised.value)
    assert message.partition("nearest: ")[2].count("', '") <= 2
    assert "Explain precision and recall." in message
    assert "\n" not in message
    assert len(message) < 200


def test_a_text_that_is_cut_can_be_typed_as_it_is_shown() -> None:
    long = [Question(f"Compare {'several ' * 8}ideas, {part}?", part) for part in ("one", "two")]
    other = Question("Compare words?", "words")
    shown = f"Compare {'several ' * 6}…"
    with pytest.raises(NoSuchQuestion) as raised:
        find([long[0], other], "compare")
    assert str(raised.value).endswith(f": '{shown}', 'Compare words?'")
    assert find([long[0], other], shown) == long[0]
    with pytest.raises(NoSuchQuestion, match=r"fits 2 questions; .*: 'one', 'two'$"):
        find(long, "compare")


def test_a_text_that_stands_twice_is_not_guessed() -> None:
    twins = [Question("Why?", "why"), Question("Why?", "why-2"), Question("Q", "q")]
    assert find(twins, "why").id == "why"
    with pytest.raises(NoSuchQuestion, match=r"'y': fits 2 questions; .*: 'why', 'why-2'$"):
        find(twins, "y")


def test_a_bank_without_questions() -> None:
    with pytest.raises(NoSuchQuestion, match="the bank is empty"):
        find([], "x")


def test_a_question_that_has_left_is_not_another_one_like_it() -> None:
    left = [question for question in QUESTIONS if question.id != "what-is-u-net"]
    assert by_id(QUESTIONS, "what-is-u-net").text == "What is U-Net?"
    with pytest.raises(NoSuchQuestion):
        by_id(left, "what-is-u-net")
