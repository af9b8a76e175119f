"""Short pieces of text in as many rows as they need."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text


def packed(pieces: Iterable[Text], width: int, gap: str) -> list[Text]:
    """As many in a row as fit, none of them broken; one that is wider than a row is cut."""
    rows: list[Text] = []
    for piece in pieces:
        piece.truncate(width, overflow="ellipsis")
        if rows and rows[-1].cell_len + len(gap) + piece.cell_len <= width:
            rows[-1].append(gap).append_text(piece)
        else:
            rows.append(piece.copy())
    return rows
