from __future__ import annotations

from math import exp

import pytest

from sayback.scoring.calibration import Calibration, Logistic, calibration
from sayback.scoring.features import FEATURES


def test_the_formula() -> None:
    model = Logistic(0.5, {"a": 2.0, "b": -1.0})
    assert model.probability({"a": 1.0, "b": 0.5, "c": 9.0}) == pytest.approx(1 / (1 + exp(-2.0)))


@pytest.mark.parametrize("value", [-1e6, 1e6])
def test_far_out_values_do_not_overflow(value: float) -> None:
    assert 0.0 <= Logistic(0.0, {"a": 1.0}).probability({"a": value}) <= 1.0


def test_a_window_cannot_both_say_and_contradict() -> None:
    sure = Logistic(9.0, {})
    assert sum(Calibration(sure, sure, sure, 0.5, 0.5).chances({})) <= 1.0


def test_what_the_package_ships_weighs_every_feature() -> None:
    shipped = calibration()
    judged = {"judge_said", "judge_contradicted"}
    assert set(shipped.words_said.weights) == {*FEATURES}
    for model in (shipped.said, shipped.contradicted):
        assert set(model.weights) == {*FEATURES, *judged}
    assert 0.5 <= shipped.said_from < 1
    assert 0.5 <= shipped.contradicted_from < 1
