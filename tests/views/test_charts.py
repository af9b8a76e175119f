from __future__ import annotations

import pytest

from sayback.views.charts import bar, clock, sparkline


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0, "░░░░"), (0.5, "██░░"), (1, "████"), (1.7, "████"), (-1, "░░░░")],
)
def test_bar(share: float, drawn: str) -> None:
    assert bar(share, 4) == drawn


@pytest.mark.parametrize(
    ("values", "drawn"), [([], ""), ([0, 0], "▁▁"), ([0, 7], "▁█"), ([1, 2, 4], "▃▅█")]
)
def test_sparkline_starts_at_zero(values: list[float], drawn: str) -> None:
    assert sparkline(values) == drawn


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (75.4, "1:15")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
