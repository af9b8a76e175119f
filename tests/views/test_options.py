"""Arguments that several commands share."""

from __future__ import annotations

import click
import pytest

from sayback.views.options import LARGEST_NUMBER, NUMBER


@pytest.mark.parametrize("text", ["1", " 7 ", str(LARGEST_NUMBER)])
def test_the_number_of_an_attempt_is_read(text: str) -> None:
    assert NUMBER.convert(text, None, None) == int(text)


@pytest.mark.parametrize(
    "text", ["U-Net", "0", "-1", "1.5", "²", str(LARGEST_NUMBER + 1), "9" * 5000]
)
def test_what_is_no_number_of_an_attempt_says_where_they_are_listed(text: str) -> None:
    with pytest.raises(click.BadParameter) as raised:
        NUMBER.convert(text, None, None)
    assert "give the number of an attempt, see `sayback history`" in raised.value.message
    assert len(raised.value.message) < 120
