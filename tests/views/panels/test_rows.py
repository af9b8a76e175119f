"""Pieces in rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from sayback.views.panels.rows import packed


@given(st.lists(st.text("abc", min_size=1, max_size=12)), st.integers(3, 30))
def test_every_piece_is_whole_where_it_fits_and_no_row_is_too_wide(
    pieces: list[str], width: int
) -> None:
    rows = [row.plain for row in packed(map(Text, pieces), width, "  ")]
    assert all(len(row) <= width for row in rows)
    shown = "  ".join(rows).split("  ") if rows else []
    assert shown == [each if len(each) <= width else each[: width - 1] + "…" for each in pieces]
