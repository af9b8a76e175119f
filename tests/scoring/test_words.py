from __future__ import annotations

import pytest

from sayback.scoring.words import find, listen, stem, units, weight


def credit(fact: str, answer: str) -> float:
    """The share of a fact's words, by weight, that is found in an answer."""
    heard = listen(answer)
    found = sum(unit.weight * find(unit, heard)[1] for unit in units(fact) if find(unit, heard)[0])
    return found / sum(unit.weight for unit in units(fact))


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
        ("1,000 images", "one thousand images"),
        ("vitamin C protects", "vitamin c is protecting"),
        ("10-20 epochs", "ten to twenty epochs"),
        ("retinal", "the ret in all image"),
        ("convolution", "a konvolution"),
        ("Q-learning", "cue learning"),
        ("devided by the total predications", "divided by total predictions"),
    ],
)
def test_a_word_is_found_however_it_is_spelt(fact: str, answer: str) -> None:
    assert credit(fact, answer) >= 0.9


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


def test_telling_words_weigh_more_than_common_ones() -> None:
    assert weight("interpolation") > weight("patch") > weight("use") == weight("using")


def test_stem_of_a_word_without_end_is_bounded() -> None:
    assert len(stem("y" * 10_000)) <= 40
