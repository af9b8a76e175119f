"""A trend as the pages show it."""

from __future__ import annotations

from datetime import timedelta

from tests.views.web.examples import NOW

from sayback.history.trends import MEASURES, Session
from sayback.views.web.charting import MOST_DRAWN, trend

COVERAGE, SPEAKING = MEASURES[0], MEASURES[1]


def sessions(*values: float, name: str = "coverage") -> list[Session]:
    return [
        Session(NOW - timedelta(days=len(values) - at), (at + 1,), {name: value})
        for at, value in enumerate(values)
    ]


def test_a_measure_that_nobody_has_is_no_trend() -> None:
    assert trend(sessions(0.5), SPEAKING) is None
    assert trend([], COVERAGE) is None


def test_one_session_is_compared_with_nothing() -> None:
    found = trend(sessions(0.5), COVERAGE)
    assert found is not None
    assert (found.comparison, found.verdict) == ("", "too early to tell")


def test_a_rise_beyond_the_noise_is_told() -> None:
    found = trend(sessions(0.2, 0.21, 0.2, 0.7, 0.71, 0.7), COVERAGE)
    assert found is not None
    assert (found.verdict, found.comparison) == ("better", "20% → 70%")
    assert 'class="noise"' in found.chart


def test_a_wobble_is_not_called_progress() -> None:
    found = trend(sessions(0.5, 0.6, 0.5, 0.6, 0.55, 0.6), COVERAGE)
    assert found is not None
    assert found.verdict == "no noticeable change"


def test_the_data_stands_newest_first_and_says_what_it_leaves_out() -> None:
    found = trend(sessions(*[30.0] * (MOST_DRAWN + 4), 31.0, name="speaking_s"), SPEAKING)
    assert found is not None
    assert (found.lines[0].figure, len(found.lines), found.left_out) == ("31 s", MOST_DRAWN, 5)
