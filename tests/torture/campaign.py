"""What the campaigns of faults share: how many rounds, which chance, and what was measured."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Campaign:
    """One fault, injected again and again: a few times in `make test`, long in `make torture`."""

    name: str
    is_long: bool
    seed: int
    figures: list[tuple[str, str]] = field(default_factory=list)

    def rounds(self, few: int, many: int) -> int:
        """How often: `few` times in every test run, `many` times in the long campaign."""
        return many if self.is_long else few

    def chance(self) -> random.Random:
        """Random numbers that are the same for the same seed and campaign."""
        return random.Random(f"{self.name} {self.seed}")

    def report(self, fault: str, figure: str) -> None:
        """A line of the table that ends the run, such as "disk full", "40 rounds, 0 s lost"."""
        self.figures.append((fault, figure))
