from __future__ import annotations

from time import perf_counter

import pytest

from sayback.model import Coverage, KeyPoint, PointScore, Question, Status, Transcript, Word
from sayback.scoring.coverage import cover, split_facts


def judge(
    point: KeyPoint | str, answer: str | Transcript, question: str = "What is it?"
) -> PointScore:
    key_point = KeyPoint(point) if isinstance(point, str) else point
    transcript = Transcript(answer) if isinstance(answer, str) else answer
    coverage = cover(Question(question, "q", key_points=(key_point,)), transcript)
    assert coverage is not None
    return coverage.points[0]


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
        ("momentum of 0.9 works", ("momentum of 0.9 works",)),
    ],
)  # fmt: skip
def test_split_facts(text: str, facts: tuple[str, ...]) -> None:
    assert split_facts(text) == facts


THREE = "The pipeline has tokenizer, embedding, and pooling"


@pytest.mark.parametrize(
    ("point", "answer", "status"),
    [
        (THREE, "a tokenizer, then an embedding and pooling at the end", Status.COVERED),
        (THREE, "first comes a tokenizer and that is all I know", Status.PARTIAL),
        (THREE, "I do not remember anything about that topic", Status.MISSED),
        ("Caching lowers latency", "caching never lowers latency", Status.CONTRADICTED),
        ("Caching does not lower latency", "caching lowers the latency", Status.CONTRADICTED),
        ("Caching does not lower latency", "caching will not lower latency", Status.COVERED),
        ("", "something was said here", Status.MISSED),
        ("...", "something was said here", Status.MISSED),
    ],
)
def test_status(point: str, answer: str, status: Status) -> None:
    assert judge(point, answer).status is status


def test_missing_facts_are_named_as_written() -> None:
    assert judge(THREE, "an embedding, yes").missing == ("tokenizer", "pooling")


def test_facts_below_a_point_count_as_its_facts() -> None:
    point = KeyPoint("Indexes speed up queries", facts=("inserts become slower",))
    judged = judge(point, "an index will speed up the queries")
    assert judged.status is Status.PARTIAL
    assert judged.missing == ("inserts become slower",)


def test_a_bold_term_must_be_said() -> None:
    point = KeyPoint("Interpolate exact values from the nearest four points", ("nearest four",))
    without = judge(point, "it interpolates the exact values from points")
    assert (without.status, without.missing) == (Status.PARTIAL, ("nearest four",))
    assert judge(point, "interpolate exact values from 4 nearest points").status is Status.COVERED


@pytest.mark.parametrize(
    ("question", "point"),
    [
        ("How do you train a model?", "training model"),
        ("How does Adam use momentum?", "Adam uses momentum"),
        ("Explain R-CNN and ViT.", "ViT doesn't use CNN"),
        ("Explain U-Net and CLIP.", "U-Net is for semantic segmentation"),
    ],
)
def test_the_question_said_back_covers_nothing(question: str, point: str) -> None:
    answer = f"{question} So, {question.lower()} I can explain that."
    judged = judge(point, answer, question)
    assert (judged.status, judged.evidence) == (Status.MISSED, None)
    assert judged.score < 0.25


def test_a_fact_of_the_questions_words_can_be_said() -> None:
    answer = "Adam uses momentum, a running average of past gradients"
    judged = judge("Adam uses momentum", answer, "How does Adam use momentum?")
    assert judged.status is Status.COVERED


def test_a_later_correction_counts() -> None:
    answer = "some say Adam does not use momentum. " + "we went on and on about it " * 8
    answer += "in truth Adam uses momentum"
    assert judge("Adam uses momentum", answer).status is Status.COVERED


def test_evidence_shows_the_negation() -> None:
    evidence = judge("Caching lowers latency", "Honestly, it does not lower latency").evidence
    assert evidence is not None
    assert evidence.text == "not lower latency"


def test_evidence_of_a_heard_answer_has_times() -> None:
    said = ["well", "caching", "lowers", "latency", "today"]
    words = tuple(Word(f" {text}", at, at + 0.5, 0.9) for at, text in enumerate(said))
    evidence = judge("Caching lowers latency", Transcript(" ".join(said), words)).evidence
    assert evidence is not None
    assert (evidence.text, evidence.start_s, evidence.end_s) == ("caching lowers latency", 1, 3.5)


def test_evidence_stays_readable() -> None:
    answer = f"there is a tokenizer. {'and so on and so on ' * 30} the pooling too"
    evidence = judge(THREE, answer).evidence
    assert evidence is not None
    assert evidence.text == "tokenizer"


def test_score_is_the_mean_over_the_points() -> None:
    points = (KeyPoint("caching lowers latency"), KeyPoint("sharding spreads load"))
    coverage = cover(Question("Why?", "q", key_points=points), Transcript("caching lowers latency"))
    assert isinstance(coverage, Coverage)
    assert coverage.score == sum(point.score for point in coverage.points) / 2


def test_no_key_points_no_coverage() -> None:
    assert cover(Question("Why?", "q"), Transcript("because of that")) is None


LONG = "x" * 10_000
HOSTILE = [
    (LONG, f"{LONG} and more words"),
    ("😀 مرحبا", "😀 مرحبا بالعالم ²³ ١٢"),
    ("use, " * 5_000, "use it " * 5_000),
    ("is " * 5_000 + ", a, b", "is " * 10_000),
    ("(" * 10_000 + "a" + " " * 10_000 + "b", "a b c " + " " * 10_000),
    ("one hundred " * 3_000, "not hundred million " * 3_000),
    (" ".join(f"word{n:x}" for n in range(3_000)), " ".join(f"wore{n:x}" for n in range(3_000))),
]


@pytest.mark.parametrize(("point", "answer"), HOSTILE)
def test_hostile_text_is_judged_in_linear_time(point: str, answer: str) -> None:
    began = perf_counter()
    judged = judge(point, answer)
    assert 0.0 <= judged.score <= 1.0
    assert perf_counter() - began < 8.0  # quadratic code takes minutes; the machine may be busy
