"""Things that key points set side by side, and answers that exchange them."""

from __future__ import annotations

import pytest

from sayback.model import KeyPoint, Question, Status, Transcript
from sayback.scoring.coverage import cover
from sayback.scoring.crossing import clauses_of, side_by_side
from sayback.scoring.tokens import tokenize

HALVES = "bagging reduces variance and boosting reduces bias"


def crossed(points: tuple[str, ...], answer: str) -> list[bool]:
    """Whether an answer says of each key point what holds for another of its parts."""
    read = (clauses_of(answer, tokenize(answer)),)
    return [each.are_crossed(read) for each in side_by_side(tuple(map(KeyPoint, points)))]


@pytest.mark.parametrize(
    ("point", "answer"),
    [
        (HALVES, "bagging reduces bias and boosting reduces variance"),
        (HALVES, "Boosting is there for the variance, bagging for the bias."),
        (HALVES, "Bagging reduces bias. Boosting reduces variance."),
        (HALVES, "I say bagging reduces bias, and boosting, on the other hand, reduces variance"),
        ("the mean is pulled by outliers but the median is robust",
         "the median is pulled by outliers and the mean is robust"),
        ("precision rises and recall falls", "the precision goes down and the recall goes up"),
        (HALVES, "Bagging, that reduces bias, and boosting, well, it reduces variance."),
        ("warm water rises, cold water sinks", "Warm water, that sinks. Cold water, that rises."),
        ("call: right to buy, put: right to sell", "a put lets you buy, a call lets you sell"),
        ("an index makes reads faster and writes slower",
         "with an index the reads are slower and the writes faster"),
    ],
)  # fmt: skip
def test_two_things_that_have_changed_places_are_seen(point: str, answer: str) -> None:
    assert crossed((point,), answer) == [True]


@pytest.mark.parametrize(
    ("point", "answer"),
    [
        (HALVES, "boosting reduces bias and bagging reduces variance"),
        (HALVES, "Bagging, unlike boosting, which reduces bias, reduces variance."),
        (HALVES, "bagging and boosting reduce variance and bias"),
        (HALVES, "bagging reduces bias"),
        (HALVES, "Bagging and boosting reduce variance and bias, respectively."),
        (HALVES, "Bagging reduces bias, sorry, variance, and boosting variance, I mean bias."),
        (HALVES, "Bagging does not reduce bias, it reduces variance, and boosting reduces bias."),
        (HALVES, ""),
        ("", "bagging reduces bias and boosting reduces variance"),
        ("blood carries oxygen and food to the cells",
         "The cells get food and oxygen, and the blood carries them."),
        ("an image encoder and a text encoder", "a text encoder and an image encoder"),
        ("linear for small errors, quadratic for large ones",
         "quadratic for large errors and linear for small ones"),
        ("the mean is pulled by outliers but the median is robust",
         "the median is robust, outliers pull the mean"),
    ],
)  # fmt: skip
def test_what_is_in_its_place_is_left_alone(point: str, answer: str) -> None:
    assert crossed((point,), answer) == [False]


def test_what_holds_for_another_key_point_is_seen_with_both() -> None:
    points = (
        "Dropout switches off random units",
        "Weight decay pulls weights to zero",
        "Early stopping watches the validation loss",
    )
    wrong = "weight decay switches off random units and dropout pulls the weights to zero"
    right = "weight decay pulls the weights to zero and dropout switches off random units"
    assert crossed(points, wrong) == [True, True, False]
    assert crossed(points, right) == [False, False, False]


def test_an_exchange_is_shown_as_one_and_never_credited() -> None:
    question = Question("Bagging or boosting?", "q", key_points=(KeyPoint(HALVES),))
    wrong = cover(question, Transcript("Bagging reduces the bias and boosting the variance."))
    right = cover(question, Transcript("Bagging reduces the variance and boosting the bias."))
    assert wrong is not None
    assert wrong.points[0].status is Status.CONTRADICTED
    assert right is not None
    assert right.points[0].status is Status.COVERED


def test_an_exchange_is_seen_among_thousands_of_clauses() -> None:
    point = ", ".join(f"word{at} thing{at} makes other{at}" for at in range(3000))
    assert crossed((point,), "thing1 makes other2, and thing2 makes other1") == [True]
