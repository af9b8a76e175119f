from __future__ import annotations

import pytest

from sayback.scoring.features import Features, find, listen, observe, stem, units, weight


def seen(fact: str, answer: str, question: str = "") -> Features:
    return observe(fact, listen(question), listen(answer))[0]


@pytest.mark.parametrize(
    ("fact", "answer"),
    [
        ("upsamling", "then upsampling follows"),
        ("upsampling", "then up sampling follows"),
        ("up-sampling", "then upsampling follows"),
        ("bilinear", "by linear interpolation"),
        ("ROIAlign", "the ROI align layer"),
        ("ROI Align", "the ROIAlign layer"),
        ("U-Net", "a unet"),
        ("U-Net", "a u net"),
        ("U-net", "a U-Net"),
        ("U-Net", "you net"),
        ("unet", "U-Net"),
        ("Mask R-CNN", "mask RC and N"),
        ("F1 score", "the F one score"),
        ("L one", "L1"),
        ("255", "divide by two hundred fifty five"),
        ("two hundred fifty five", "by 255"),
        ("optimisation", "we optimize"),
        ("patches", "one patch"),
        ("devided by the total predications", "divided by total predictions"),
    ],
)
def test_a_word_is_found_however_it_is_spelt(fact: str, answer: str) -> None:
    assert seen(fact, answer).whole >= 0.9


@pytest.mark.parametrize(
    ("fact", "answer"),
    [
        ("supervised", "unsupervised"),
        ("underfitting", "overfitting"),
        ("encoder", "decoder"),
        ("increase", "decrease"),
        ("255", "256"),
        ("map", "mob"),
    ],
)
def test_a_different_word_is_not_found(fact: str, answer: str) -> None:
    assert not find(units(fact)[0], listen(answer))[0]


def test_words_of_one_family_count_half() -> None:
    assert find(units("criminal")[0], listen("a crime"))[1] == 0.5


def test_words_scattered_over_a_long_answer_do_not_add_up() -> None:
    filler = "and then we talked for a while with the others about it " * 4
    together = seen("flatten every patch sequence", "flatten every patch into a sequence")
    apart = seen("flatten every patch sequence", f"flatten {filler} patch {filler} sequence")
    assert together.fresh == 1.0
    assert apart.fresh < 0.5


def test_the_words_of_the_question_are_not_fresh() -> None:
    features = seen("Adam uses momentum", "I used Adam", question="How does Adam work?")
    assert features.fresh < 0.3 < features.whole
    assert not features.is_restated


def test_a_fact_without_words_of_its_own_restates_the_question() -> None:
    features = seen("training model", "a trained model", question="How do you train a model?")
    assert features.is_restated
    assert features.elaboration == 0


@pytest.mark.parametrize(
    ("fact", "answer", "is_reversed"),
    [
        ("Adam uses momentum", "Adam uses momentum", False),
        ("Adam uses momentum", "Adam does not use momentum", True),
        ("ViT doesn't use CNN", "ViT uses a CNN", True),
        ("ViT doesn't use CNN", "ViT works without any CNN", False),
        ("AUC does not depend on a threshold", "AUC is threshold independent", False),
        ("the paths differ", "the paths are not the same", False),
        ("Adam uses momentum", "not SGD but Adam uses momentum", False),
    ],
)
def test_reversed(fact: str, answer: str, is_reversed: bool) -> None:
    assert (seen(fact, answer).reversed >= 0.25) is is_reversed


def test_no_stretch_for_nothing_in_common() -> None:
    assert observe("momentum", listen(""), listen("completely elsewhere")) == ()


def test_stretches_stand_apart_from_each_other() -> None:
    answer = "momentum helps. " + "we went on and on about it " * 8 + "no momentum here"
    stretches = [each.stretch for each in observe("momentum", listen(""), listen(answer))]
    assert len(stretches) == 2
    assert len({each.first for each in stretches}) == 2


def test_telling_words_weigh_more_than_common_ones() -> None:
    assert weight("interpolation") > weight("patch") > weight("use") == weight("using")


def test_stem_of_a_word_without_end_is_bounded() -> None:
    assert len(stem("y" * 10_000)) <= 40
