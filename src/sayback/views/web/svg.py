"""Pictures drawn on the server: widths are shares of the page, heights pixels, colours CSS's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from sayback.model import Status

_MARKS = {
    Status.COVERED: (
        '<circle cx="8" cy="8" r="7" class="full"/><path d="M4.8 8.3l2.3 2.3 4.2-4.8" class="cut"/>'
    ),
    Status.PARTIAL: (
        '<circle cx="8" cy="8" r="6.25" class="ring"/><path d="M8 1.75a6.25 6.25 0 0 0 0 12.5z"'
        ' class="full"/>'
    ),
    Status.CONTRADICTED: (
        '<path d="M8 .8l7.4 13.4H.6z" class="full"/><path d="M8 5.4v4.2M8 11.4v1" class="cut"/>'
    ),
    Status.MISSED: (
        '<circle cx="8" cy="8" r="6.25" class="ring"/><path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"'
        ' class="stroke"/>'
    ),
}
_MOST_DOTS = 40
_LEAST_SPREAD = 0.2
"""A chart shows at least so much of its value: smaller changes must not look like cliffs."""


def element(name: str, *content: str, **attributes: object) -> Markup:
    """One element of SVG, all of it escaped; "_" stands for "-", and a final one is dropped."""
    names = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    inside = "".join(f' {key}="{escape(str(value))}"' for key, value in names.items())
    return Markup(f"<{name}{inside}>{''.join(map(escape, content))}</{name}>")


def share(part: float, whole: float) -> str:
    """A part as per cent of the width: "12.5%"."""
    return f"{100 * part / whole if whole else 0:.2f}%"


def mark(status: Status) -> Markup:
    """The sign of a status; its name has to stand beside it."""
    return Markup(
        f'<svg class="mark {status.value}" viewBox="0 0 16 16" width="16" height="16"'
        f' aria-hidden="true">{_MARKS[status]}</svg>'
    )


def bar(part: float) -> Markup:
    """A coverage as a bar; its number has to stand beside it."""
    track = element("rect", class_="track", width="100%", height=6, rx=3)
    filled = element("rect", class_="full", width=share(part, 1), height=6, rx=3)
    return element("svg", track, filled, class_="bar", height=6, aria_hidden="true")


def sparkline(values: Sequence[float]) -> Markup:
    """The course of a coverage without axes; its last number has to stand beside it."""
    if len(values) < 2:
        return Markup("")
    line = _line([(at / (len(values) - 1), value) for at, value in enumerate(values)])
    return element("svg", line, class_="spark", height=22, aria_hidden="true")


def _line(dots: Iterable[tuple[float, float]], **place: object) -> Markup:
    """A line through dots, both coordinates shares of a box that may be stretched."""
    points = " ".join(f"{100 * x:.2f},{100 - 100 * y:.2f}" for x, y in dots)
    drawn = element("polyline", points=points, class_="line")
    return element(
        "svg", drawn, viewBox="0 0 100 100", preserveAspectRatio="none", overflow="visible", **place
    )


# Charts of trends


@dataclass(frozen=True, slots=True)
class Dot:
    """One value of a chart, with the label of its moment."""

    when: str
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Values over time; `noise` is the range in which a change means nothing, `top` a fixed end."""

    name: str
    dots: tuple[Dot, ...]
    figure: Callable[[float], str]
    noise: tuple[float, float] | None = None
    top: float | None = None


_TOP, _HEIGHT, _FOOT = 26, 92, 44
_ABOVE, _BELOW = -11, 21
_LEFT, _WIDTH = 1.5, 97.0


def line_chart(chart: Chart) -> Markup:
    """A line with its first and its last value written at it, and the noise shaded."""
    low, high = _limits(chart)

    def y(value: float) -> float:
        return round(_TOP + _HEIGHT * (1 - (value - low) / (high - low)), 1)

    xs = _across(len(chart.dots))
    course = [(x, (dot.value - low) / (high - low)) for x, dot in zip(xs, chart.dots, strict=True)]
    place = {"x": f"{_LEFT}%", "width": f"{_WIDTH}%", "y": _TOP, "height": _HEIGHT}
    parts = [
        *_noise(chart, y),
        _line(course, **place) if len(course) > 1 else "",
        *_dots(chart, xs, y),
        *_ends(chart, xs, y),
    ]
    return element(
        "svg", *parts, class_="chart", height=_TOP + _HEIGHT + _FOOT, role="img",
        aria_label=_described(chart),
    )  # fmt: skip


def _limits(chart: Chart) -> tuple[float, float]:
    """What is shown: from 0 where the end is fixed, else the range of the values and some more."""
    if chart.top is not None:
        return 0.0, chart.top
    values = [dot.value for dot in chart.dots] + list(chart.noise or ())
    low, high = min(values), max(values)
    missing = max(_LEAST_SPREAD * abs(high) - (high - low), 0.0) or (0.0 if high > low else 1.0)
    return max(0.0, low - missing / 2) if low >= 0 else low - missing / 2, high + missing / 2


def _across(count: int) -> list[float]:
    """Places from 0 to 1; one alone stands in the middle."""
    return [0.5] if count == 1 else [at / (count - 1) for at in range(count)]


def _x(at: float) -> str:
    return f"{_LEFT + _WIDTH * at:.2f}%"


def _noise(chart: Chart, y: Callable[[float], float]) -> Iterator[Markup]:
    if chart.noise is None:
        return
    bottom, top = (
        min(max(y(value), _TOP - 4), _TOP + _HEIGHT + 4)
        for value in (chart.noise[0], chart.noise[1])
    )
    told = element("title", "changes inside this range are no progress and no loss")
    height = round(bottom - top, 1)
    yield element("rect", told, class_="noise", width="100%", y=top, height=height, rx=3)


def _dots(chart: Chart, xs: Sequence[float], y: Callable[[float], float]) -> Iterator[Markup]:
    last = len(xs) - 1
    for at, (x, dot) in enumerate(zip(xs, chart.dots, strict=True)):
        if at == last or len(xs) <= _MOST_DOTS:
            said = element("title", f"{dot.when}: {chart.figure(dot.value)}")
            size = 4.5 if at == last else 2.5
            kind = "dot now" if at == last else "dot"
            yield element("circle", said, class_=kind, cx=_x(x), cy=y(dot.value), r=size)


def _ends(chart: Chart, xs: Sequence[float], y: Callable[[float], float]) -> Iterator[Markup]:
    """The values and the moments of the first and the last dot."""
    foot = _TOP + _HEIGHT + _FOOT - 4
    ends = ((0, 1, "start"), (-1, -2, "end")) if len(xs) > 1 else ((0, 0, "middle"),)
    for at, beside, anchor in ends:
        dot = chart.dots[at]
        is_below = dot.value < chart.dots[beside].value  # there the line is not in the way
        kind = "value" if anchor == "start" else "value now"
        yield element(
            "text", chart.figure(dot.value), class_=kind, x=_x(xs[at]),
            y=y(dot.value) + (_BELOW if is_below else _ABOVE), text_anchor=anchor,
        )  # fmt: skip
        yield element("text", dot.when, class_="axis", x=_x(xs[at]), y=foot, text_anchor=anchor)


def _described(chart: Chart) -> str:
    """What the picture says, for who cannot see it."""
    first, last = chart.dots[0], chart.dots[-1]
    if len(chart.dots) == 1:
        return f"{chart.name}: {chart.figure(last.value)} on {last.when}"
    return (
        f"{chart.name} in {len(chart.dots)} steps from {chart.figure(first.value)} on {first.when}"
        f" to {chart.figure(last.value)} on {last.when}"
    )
