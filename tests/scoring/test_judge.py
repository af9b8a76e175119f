from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import pytest

from sayback.scoring.judge import Judge, judge, tokenizer

CLAIM = "Adam uses momentum"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Adam uses momentum.", True),
        ("so adam, it keeps a running mean of the old gradients, that is momentum", True),
        ("I like to drink coffee in the morning.", False),
        ("Adam is a popular optimiser.", False),
    ],
)
def test_it_knows_what_was_said(answer: str, said: bool) -> None:
    (verdict,) = judge().read([(answer, CLAIM)])
    assert (verdict.said > 0) is said


def test_it_knows_the_opposite() -> None:
    same, opposite = judge().read([(CLAIM, CLAIM), ("Adam does not use any momentum.", CLAIM)])
    assert opposite.contradicted > 0 > same.contradicted
    assert same.said > 0 > opposite.said


@pytest.mark.parametrize(
    ("claim", "answer"),
    [
        ("data drift is found w/o labels", "Data drift you find without labels."),
        ("gain > 1 makes it unstable", "If the gain is more than one it gets unstable."),
        ("mAP = mean over the classes", "mAP is the mean over the classes."),
        ("vanishing: many factors < 1", "Vanishing, that is many factors which are less than one."),
    ],
)
def test_signs_of_notes_are_read_in_words(claim: str, answer: str) -> None:
    (verdict,) = judge().read([(answer, claim)])
    assert verdict.said > 0 > verdict.contradicted


def another() -> Judge:
    """A judge that remembers nothing of what was read before."""
    with resources.as_file(resources.files("sayback.scoring") / "judge.onnx") as model:
        return Judge(model)


PAIRS = [(f"{'and so on ' * count}Adam uses momentum", CLAIM) for count in range(20)]


def test_a_verdict_does_not_depend_on_what_is_read_with_it() -> None:
    one = another()
    alone = [one.read([pair])[0] for pair in reversed(PAIRS)]
    assert another().read(PAIRS) == alone[::-1]


def test_threads_may_ask_at_once() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(another().read, [PAIRS] * 4))
    assert found == [another().read(PAIRS)] * 4


@pytest.mark.parametrize("mark", [".", "!", "?", ",", " .", "..."])
def test_a_mark_at_the_end_changes_no_verdict(mark: str) -> None:
    plain, marked = another().read([(CLAIM, CLAIM), (f"{CLAIM}{mark}", CLAIM)])
    assert marked == plain


def test_a_full_stop_of_the_claim_changes_no_verdict() -> None:
    plain, stopped = another().read([(CLAIM, CLAIM), (CLAIM, f"{CLAIM}.")])
    assert stopped == plain


def test_every_word_piece_counts_and_nothing_else_is_read() -> None:
    encoded = tokenizer().encode("Adam", CLAIM)
    assert encoded.tokens == ["[CLS]", "adam", "[SEP]", "adam", "uses", "momentum", "[SEP]"]


@pytest.mark.parametrize("text", ["", "x" * 10_000, "😀 مرحبا ²³", "\0", "word " * 5_000])
def test_odd_text_gets_a_verdict(text: str) -> None:
    assert len(judge().read([(text, CLAIM), (CLAIM, text)])) == 2
