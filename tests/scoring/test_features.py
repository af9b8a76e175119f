from __future__ import annotations

import pytest

from sayback.model import KeyPoint
from sayback.scoring.crossing import side_by_side
from sayback.scoring.facts import facts_of
from sayback.scoring.features import KEPT_WINDOWS, Features, observe, prepare
from sayback.scoring.words import listen


def seen(fact: str, answer: str, question: str = "") -> Features:
    return observe(fact, listen(question), prepare(answer))[0].features


def test_words_scattered_over_a_long_answer_do_not_add_up() -> None:
    filler = "and then we talked for a while with the others about it " * 4
    together = seen("flatten every patch sequence", "flatten every patch into a sequence")
    apart = seen("flatten every patch sequence", f"flatten {filler} patch {filler} sequence")
    assert together.near == 1.0
    assert apart.near < 0.6


def test_a_word_of_near_meaning_counts_by_its_likeness() -> None:
    near, far = seen("a fast car", "a quick car"), seen("a fast car", "a yellow car")
    assert 1.0 > near.near > far.near
    assert near.cosine > far.cosine


def test_the_words_of_the_question_earn_nothing() -> None:
    question = "How does Adam work?"
    features = seen("Adam has momentum", "I took Adam yesterday", question)
    assert features.near < 0.3 < seen("Adam has momentum", "I took Adam yesterday").near
    assert 0.0 < features.echo < 1.0
    assert not features.restated


def test_a_fact_without_words_of_its_own_restates_the_question() -> None:
    features = seen(
        "training model", "a model trained overnight", question="How do you train a model?"
    )
    assert (features.restated, features.near) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("fact", "answer", "is_reversed"),
    [
        ("Adam uses momentum", "Adam uses momentum", False),
        ("Adam uses momentum", "Adam does not use momentum", True),
        ("ViT doesn't use CNN", "ViT uses a CNN", True),
        ("ViT doesn't use CNN", "ViT works without any CNN", False),
        ("AUC does not depend on a threshold", "AUC is threshold independent", False),
        ("Adam uses momentum", "not SGD but Adam uses momentum", False),
    ],
)
def test_reversed(fact: str, answer: str, is_reversed: bool) -> None:
    assert (seen(fact, answer).reversed >= 0.25) is is_reversed


@pytest.mark.parametrize(("answer", "missing"), [("divide by 255", 0.0), ("divide by 256", 1.0)])
def test_a_number_must_be_the_same(answer: str, missing: float) -> None:
    assert seen("division by two hundred fifty five", answer).unnumbered == missing


@pytest.mark.parametrize(
    ("fact", "answer", "is_opposed"),
    [
        ("more data cures overfitting", "more data cures underfitting", True),
        ("more data cures overfitting", "more data cures under fitting", True),
        ("more data cures overfitting", "more data cures overfitting, not underfitting", False),
        ("more data cures overfitting", "I like underfitting", False),
        ("a small step converges slowly", "a large step converges slowly", True),
        ("a small step converges slowly", "no large step converges slowly", False),
        ("the step is not small", "the step is large", False),
        ("non-maximum suppression", "non-maximum suppression", False),
        ("the rate goes from high to low", "the rate goes from high to low", False),
        ("memory is faster than a disk", "a disk is faster than memory", True),
        ("memory is faster than a disk", "a disk is slower than memory", False),
        ("memory is faster than a disk", "memory is slower than a disk", True),
        ("intersection divided by union", "you take the union divided by the intersection", True),
        ("intersection divided by union", "the intersection is divided by the union", False),
        ("solved by sorting", "by sorting it is solved", False),
        ("log every query with its time", "a query, a time, all are logged", False),
        ("it runs on images", "it runs on text and on images", False),
        ("it runs on the GPU", "it runs on CPU and on the GPU", False),
        ("made by chaining or by probing", "made by chaining or by probing", False),
        ("making one is cheaper than two", "making one is cheaper than making two", False),
        ("bugs are found early", "unlike late tests it finds bugs early", False),
        ("the tests run before the deploy", "the deploy runs after the tests", False),
        ("Adam takes large steps with momentum", "it takes small steps without momentum", True),
        ("lions need more food than snakes", "snakes need more food than lions", True),
        ("lions need more food than snakes", "snakes need less food than lions", False),
        ("drop short texts", "the short texts I keep, and I drop the long ones", True),
        ("drop short texts", "the short texts I drop, and I keep the long ones", False),
        ("more data cures overfitting", "and underfitting, there more data cures it", True),
        ("cold water sinks", "cold water, and not only warm, but all, sinks", False),
        ("more data cures overfitting", "more data cures it, and underfitting is rare", False),
        ("the encoder shrinks the image", "that shrinks it, and the other grows the image", False),
        ("cold water sinks", "warm water, it rises, and cold water, it sinks", False),
        ("the drive is off at night", "at night the drive stays on", True),
        ("the drive is off at night", "the drive is on by day and off at night", False),
        ("the drive is on by day and off at night", "at night it is off, by day it is on", False),
        ("the drive is off at night", "at night it isn't off", True),
        (
            "the drive is off at night",
            "it stays on during the day, at night the drive is off",
            False,
        ),
        ("the drive is off at night", "at night the drive is on the shelf", False),
        ("the drive is off at night", "at night the drive is not on", False),
        ("bagging cuts variance, boosting cuts bias", "boosting cuts variance, bagging bias", True),
        ("big objects on coarse levels", "small ones on fine and large on coarse levels", False),
        ("big objects on coarse levels", "small objects on coarse levels", True),
        ("weigh by distance and by colour", "weigh by distance and by how the colour is", False),
        ("values are lost by chance", "the values are lost by pure chance", False),
        ("one is a random good over a random bad", "one is a random bad over a good one", True),
        ("we moved from Oracle to Postgres", "we moved from Postgres to Oracle", True),
        ("we moved from Oracle to Postgres", "away from Oracle, we moved to Postgres", False),
        ("it fell from 90 to 20 ms", "it went from 20 up to 90 ms", True),
        ("it fell from 90 to 20 ms", "from 90 it fell to 20 ms", False),
    ],
)
def test_opposed(fact: str, answer: str, is_opposed: bool) -> None:
    assert (seen(fact, answer).opposed > 0.3) is is_opposed


@pytest.mark.parametrize(
    ("question", "answer", "is_opposed"),
    [
        ("What is the difference between Adam and SGD?", "SGD keeps momentum", True),
        ("How does Adam differ from SGD?", "SGD keeps momentum", True),
        ("Compare Adagrad, the SGD and Adam.", "SGD keeps momentum", True),
        ("Compare S-GD and Adam.", "SGD keeps momentum", True),
        ("Why is Adam better than SGD?", "SGD keeps momentum", True),
        ("SGD or Adam?", "it keeps momentum", False),
        ("SGD or Adam?", "unlike SGD it keeps momentum", False),
        ("SGD or Adam?", "it keeps momentum and not SGD", False),
        ("How do you load SGD, keep Adam and store it?", "SGD keeps momentum", False),
        ("SGD or Adam?", "SGD has nothing and Adam keeps momentum", False),
        ("SGD or Adam?", "and SGD, that one keeps momentum", True),
        ("SGD or Adam?", "it keeps momentum, and SGD is older", False),
        ("SGD or Adam?", "Adam, well, that keeps momentum, and SGD keeps no such thing", False),
        ("What did SGD do before you took Adam?", "SGD keeps momentum", False),
        ("Adam norm or SGD norm?", "the norm keeps momentum", False),
        ("What is Adam?", "SGD keeps momentum", False),
    ],
)
def test_what_is_said_of_another_thing_asked_about(
    question: str, answer: str, is_opposed: bool
) -> None:
    assert (seen("Adam keeps momentum", answer, question).elsewhere > 0.3) is is_opposed


POINTS = (
    KeyPoint("Redis keeps data in memory; it is a cache"),
    KeyPoint("Kafka queues the messages"),
    KeyPoint("then load everything and test it"),
)


@pytest.mark.parametrize(
    ("question", "answer", "is_elsewhere"),
    [
        ("What do Redis and Kafka do?", "Kafka keeps data in memory. Redis is nice.", True),
        ("What do Redis and Kafka do?", "Redis is a queue. As a cache we took Kafka.", True),
        ("What do Redis and Kafka do?", "Redis, unlike all, even Kafka, keeps data.", False),
        ("What do Redis and Kafka do?", "It is Redis, it keeps data in memory kafka queues", False),
        ("What do Redis and Kafka do?", "Kafka queues. Redis keeps data in memory.", False),
        ("What do Redis and Kafka do?", "Kafka keeps data in memory.", False),  # Redis misheard?
        ("What do your services do?", "Kafka keeps data in memory. Redis is nice.", False),
        ("How do you load and test it?", "Load: Redis. For the test keep data in memory.", False),
    ],
)
def test_what_is_said_of_another_thing_that_key_points_are_about(
    question: str, answer: str, is_elsewhere: bool
) -> None:
    point = side_by_side(POINTS)[0]
    found = [
        each.features.elsewhere
        for fact in facts_of(POINTS[0])
        for each in observe(fact.text, listen(question), prepare(answer), point)
        if each.features.near > 0.5
    ]
    assert (max(found) > 0.3) is is_elsewhere


def test_only_the_passage_that_says_most_can_be_opposed() -> None:
    fact = "more data cures overfitting"
    two = "Underfitting is when data has errors. More data cures overfitting."
    first, both = (
        next(each for each in observe(fact, listen(""), prepare(two)) if each.window.numbers == at)
        for at in (range(1), range(2))
    )
    assert first.features.opposed > 0.0
    assert both.features.opposed == 0.0


def test_nothing_is_seen_of_a_fact_or_an_answer_without_words() -> None:
    assert observe("...", listen(""), prepare("something else")) == []
    assert observe("momentum", listen(""), prepare("...")) == []


def test_the_question_said_back_takes_no_place_of_an_answer() -> None:
    question = "How does Adam use momentum?"
    answer = "Adam uses momentum. " * 12 + "Momentum averages the gradients."
    found = observe("Adam averages gradients", listen(question), prepare(answer))
    assert found[0].text == "Momentum averages the gradients"
    assert observe("Adam uses momentum", listen(question), prepare("Adam uses momentum?")) == []


def test_the_nearest_windows_of_a_long_answer_come_first() -> None:
    answer = "We went on about it. " * 20 + "Momentum smooths the gradient. " + "And so on. " * 20
    found = observe("momentum smooths gradients", listen(""), prepare(answer))
    assert len(found) == KEPT_WINDOWS
    assert found[0].text == "Momentum smooths the gradient"
    assert found[0].features.near == 1.0


@pytest.mark.parametrize(
    ("fact", "answer", "read"),
    [
        ("ROIAlign uses bilinear interpolation", "roi align uses by linear interpolation",
         "ROIAlign uses bilinear interpolation"),
        ("U-Net has upsamling", "the you net has up sampling", "the U-Net has upsamling"),
        ("Divide by 255", "divide by two hundred fifty five", "divide by 255"),
        ("Mask R-CNN", "the mask RC and N", "the mask R-CNN"),
        ("layer 3 is frozen", "layer3 is frozen", "layer3 is frozen"),
        ("100 trees vote", "10 0 trees vote", "100 trees vote"),
        ("11 million images", "it saw eleven million images", "it saw 11 million images"),
        ("t-SNE cannot do it", "PCA can do it, t-SNE can't", "PCA can do it, t-SNE can't"),
        ("use the macro average", "use the micro average", "use the micro average"),
        ("transform the image", "transfer the image", "transfer the image"),
    ],
)  # fmt: skip
def test_the_judge_reads_misheard_words_as_the_fact_writes_them(
    fact: str, answer: str, read: str
) -> None:
    assert observe(fact, listen(""), prepare(answer))[0].text == read
