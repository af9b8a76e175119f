"""The fitted model that turns features and verdicts into probabilities; frozen in a JSON file."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from math import exp

import msgspec

_LOADING = threading.Lock()


class Logistic(msgspec.Struct, frozen=True):
    """A logistic regression over named values."""

    bias: float
    weights: dict[str, float]

    def log_odds(self, values: Mapping[str, float]) -> float:
        """bias + sum of weight * value; raises KeyError where a value is not given."""
        return self.bias + sum(weight * values[name] for name, weight in self.weights.items())

    def probability(self, values: Mapping[str, float]) -> float:
        """1 / (1 + exp(-log odds))."""
        return 1 / (1 + exp(-max(-50.0, min(50.0, self.log_odds(values)))))


class Calibration(msgspec.Struct, frozen=True):
    """What `benchmarks/coverage.py --fit` writes.

    said: that a window says a fact, by features and judge
    contradicted: that it says the opposite, given that it does not say the fact
    words_said: that it says the fact, by features alone
    said_from, contradicted_from: probabilities from which a fact counts as such
    """

    said: Logistic
    contradicted: Logistic
    words_said: Logistic
    said_from: float
    contradicted_from: float

    def chances(self, values: Mapping[str, float]) -> tuple[float, float]:
        """The probabilities that a window says a fact, and that it says the opposite."""
        said = self.said.probability(values)
        return said, (1 - said) * self.contradicted.probability(values)


@lru_cache(maxsize=1)
def calibration() -> Calibration:
    """The calibration that the package ships."""
    data = resources.files("sayback.scoring").joinpath("calibration.json").read_bytes()
    with _LOADING:  # msgspec crashes where two threads first meet the same dataclass
        return msgspec.json.decode(data, type=Calibration)
