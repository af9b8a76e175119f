"""Pictures: well-formed whatever the data, and honest about small changes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayback.model import Status
from sayback.views.web.svg import Chart, Dot, bar, element, line_chart, mark, share, sparkline

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


def chart(*values: float, noise: tuple[float, float] | None = None) -> Chart:
    dots = tuple(Dot(f"{at + 1} Mar", value) for at, value in enumerate(values))
    return Chart("Coverage", dots, lambda value: f"{value:.2f} <s>", noise)


def texts(picture: str) -> list[str]:
    return [str(each.text) for each in ElementTree.fromstring(picture).iter("text")]


def heights(picture: str) -> list[float]:
    return [float(each.get("cy", "")) for each in ElementTree.fromstring(picture).iter("circle")]


def test_everything_is_escaped() -> None:
    made = element("text", "<b>&", class_="a", text_anchor='"><script>')
    assert made == ('<text class="a" text-anchor="&#34;&gt;&lt;script&gt;">&lt;b&gt;&amp;</text>')


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_sign(status: Status) -> None:
    assert ElementTree.fromstring(mark(status)).get("class") == f"mark {status.value}"


def test_a_bar_is_as_long_as_its_share() -> None:
    assert [each.get("width") for each in ElementTree.fromstring(bar(0.4))] == ["100%", "40.00%"]
    assert share(1, 0) == "0.00%"


def test_a_course_of_one_value_has_no_line() -> None:
    assert sparkline([0.5]) == ""
    assert "polyline" in sparkline([0.5, 0.7])


def test_a_chart_names_its_first_and_last_value() -> None:
    assert texts(line_chart(chart(1, 5, 3))) == ["1.00 <s>", "1 Mar", "3.00 <s>", "3 Mar"]


def test_one_value_is_a_dot() -> None:
    picture = line_chart(chart(2))
    assert "polyline" not in picture
    assert texts(picture) == ["2.00 <s>", "1 Mar"]


def test_a_larger_value_stands_higher() -> None:
    low, high = heights(line_chart(chart(1, 2)))
    assert high < low


def test_a_small_change_is_no_cliff() -> None:
    low, high = heights(line_chart(chart(100, 101)))
    assert low - high < 10


def test_the_noise_is_drawn_where_it_is() -> None:
    picture = ElementTree.fromstring(line_chart(chart(10, 20, noise=(12, 18))))
    noise = next(each for each in picture.iter("rect") if each.get("class") == "noise")
    first, last = heights(ElementTree.tostring(picture, "unicode"))
    top, height = float(noise.get("y", "")), float(noise.get("height", ""))
    assert last < top < top + height < first


def test_many_values_are_a_line_with_one_dot() -> None:
    assert len(heights(line_chart(chart(*range(100))))) == 1


def test_a_chart_can_be_heard() -> None:
    assert "Coverage in 2 steps from 1.00 &lt;s&gt; on 1 Mar" in line_chart(chart(1, 2))


@given(VALUES, st.one_of(st.none(), st.tuples(st.floats(-1e6, 0), st.floats(0, 1e6))))
def test_any_values_give_a_picture_inside_its_box(
    values: list[float], noise: tuple[float, float] | None
) -> None:
    picture = line_chart(chart(*values, noise=noise))
    box = float(ElementTree.fromstring(picture).get("height", ""))
    assert all(0 <= height <= box for height in heights(picture))
