"""Requests line by line."""

from __future__ import annotations

import io

import pytest

from sayback.errors import SaybackError
from sayback.views.jsonl import LONGEST_LINE, lines_of


def test_lines_come_one_by_one() -> None:
    assert list(lines_of(io.BytesIO(b"a\n\nb"))) == [b"a\n", b"\n", b"b"]


def test_a_line_without_end_is_refused() -> None:
    lines = lines_of(io.BytesIO(b"a\n" + b"b" * (LONGEST_LINE + 1)))
    assert next(lines) == b"a\n"
    with pytest.raises(SaybackError, match="more than 16 MB"):
        next(lines)
