"""A measure over its sessions as the pages show it: chart, numbers, and what to make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from markupsafe import Markup

from sayback.history.trends import Change, Measure, Session, change
from sayback.views.trends import figure, verdict
from sayback.views.web.svg import Chart, Dot, line_chart
from sayback.views.web.wording import short_date

MOST_DRAWN = 60
"""So many of the newest sessions are drawn and listed; comparisons use all."""


@dataclass(frozen=True, slots=True)
class Line:
    """One session in the table of a chart, with its value as it is read."""

    session: Session
    figure: str


@dataclass(frozen=True, slots=True)
class Trend:
    """A measure, its picture and its data, newest first."""

    measure: Measure
    chart: Markup
    lines: tuple[Line, ...]
    left_out: int
    verdict: str
    comparison: str
    is_shaded: bool

    @property
    def name(self) -> str:
        return self.measure.name


def trend(sessions: Sequence[Session], measure: Measure) -> Trend | None:
    """The measure over the sessions that have it; None where none has."""
    having = [each for each in sessions if measure.name in each.values]
    if not having:
        return None
    shown = having[-MOST_DRAWN:]
    found = change(having, measure)
    return Trend(
        measure=measure,
        chart=line_chart(_chart(shown, measure, found)),
        lines=tuple(Line(each, figure(measure, each.values[measure.name])) for each in shown[::-1]),
        left_out=len(having) - len(shown),
        verdict=verdict(measure, found),
        comparison=_comparison(measure, found),
        is_shaded=found is not None,
    )


def _chart(shown: Sequence[Session], measure: Measure, found: Change | None) -> Chart:
    return Chart(
        name=measure.label,
        dots=tuple(Dot(short_date(each.started_at), each.values[measure.name]) for each in shown),
        figure=partial(figure, measure),
        noise=(found.before - found.floor, found.before + found.floor) if found else None,
        top=1.0 if measure.unit == "%" else None,
    )


def _comparison(measure: Measure, found: Change | None) -> str:
    """From where to where: "31% → 62%"; nothing where there is one value."""
    if found is None:
        return ""
    before = figure(measure, found.before).removesuffix(measure.unit).rstrip()
    if measure.unit == "%":
        before += "%"
    return f"{before} → {figure(measure, found.now)}"
