"""Logistic regression on the best window of each answer, and the figures that judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelled import Label
from sayback.scoring.calibration import Logistic

Floats = NDArray[np.float64]

ROUNDS = 3
"""After each fit the window that says most is chosen anew."""
RIDGE = 1.0
NOTHING = -50.0
"""Log-odds of an answer without a window near the fact."""


@dataclass(frozen=True, slots=True)
class Row:
    """A pair as the model sees it: the values of each window, the nearest first."""

    label: Label
    item: str
    windows: tuple[Mapping[str, float], ...]


def fit(
    sources: Sequence[tuple[Sequence[Row], float]], names: Sequence[str], target: Label
) -> Logistic:
    """The model of a label: sources count by their weight, both outcomes alike in each.

    Which window of an answer decides is not labelled: the first round takes the nearest, later
    rounds the one that the model so far finds most telling (multiple-instance learning).
    """
    model: Logistic | None = None
    for _ in range(ROUNDS):
        values, outcomes, weights = [], [], []
        for rows, share in sources:
            used = [row for row in rows if row.windows and _is_known(row.label, target)]
            said = np.array([row.label is target for row in used])
            values += [_telling(row, names, model) for row in used]
            outcomes += said.tolist()
            counts = {True: max(said.sum(), 1), False: max((~said).sum(), 1)}
            weights += [share / counts[bool(each)] for each in said]
        model = _logistic(np.array(values), np.array(outcomes), np.array(weights), names)
    assert model is not None
    return model


def _is_known(label: Label, target: Label) -> bool:
    return target is Label.SAID or label is not Label.NOT_SAID


def _telling(row: Row, names: Sequence[str], model: Logistic | None) -> list[float]:
    window = row.windows[0] if model is None else max(row.windows, key=model.probability)
    return [window[name] for name in names]


def _logistic(
    values: Floats, outcomes: NDArray[np.bool_], weights: Floats, names: Sequence[str]
) -> Logistic:
    """Ridge-penalised weighted logistic regression by Newton's method, values standardised."""
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    inputs = np.hstack([(values - mean) / spread, np.ones((len(values), 1))])
    weights = weights / weights.sum() * len(weights)
    penalty = np.diag([RIDGE] * len(names) + [0.0])
    solution = np.zeros(len(names) + 1)
    for _ in range(30):
        probability = 1 / (1 + np.exp(-inputs @ solution))
        slope = inputs.T @ (weights * (outcomes - probability)) - penalty @ solution
        curve = (inputs.T * (weights * probability * (1 - probability))) @ inputs + penalty
        step = np.linalg.solve(curve, slope)
        solution += step
        if np.abs(step).max() < 1e-6:
            break
    scaled = solution[:-1] / spread
    bias = float(solution[-1] - scaled @ mean)
    return Logistic(
        round(bias, 4), {n: round(float(w), 4) for n, w in zip(names, scaled, strict=True)}
    )


def log_odds(model: Logistic) -> Callable[[Row], float]:
    """How sure a model is of a row, by its most telling window."""

    def score(row: Row) -> float:
        return max(map(model.log_odds, row.windows), default=NOTHING)

    return score


def by_item(rows: Sequence[Row], score: Callable[[Row], float]) -> tuple[Floats, NDArray[np.bool_]]:
    """The best score of each item, and whether it is labelled said."""
    best: dict[str, tuple[float, bool]] = {}
    for number, row in enumerate(rows):
        item = row.item or str(number)
        best[item] = max(best.get(item, (-np.inf, False)), (score(row), row.label is Label.SAID))
    scores, said = zip(*best.values(), strict=True)
    return np.array(scores), np.array(said)


def auc(scores: Floats, said: NDArray[np.bool_]) -> float:
    """The probability that a said pair ranks above another: area under the ROC curve."""
    order = np.argsort(scores, kind="stable")
    _, first, counts = np.unique(scores[order], return_index=True, return_counts=True)
    ranks = np.empty(len(scores))
    ranks[order] = np.repeat(first + (counts + 1) / 2, counts)
    count = int(said.sum())
    return float((ranks[said].sum() - count * (count + 1) / 2) / (count * (len(said) - count)))


def balanced_accuracy(called: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    """The mean of the shares of said and of other pairs that were called rightly."""
    return float((called[said].mean() + (~called[~said]).mean()) / 2)
