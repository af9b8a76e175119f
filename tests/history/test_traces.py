"""Pieces of texts are found wherever they stand, and nothing else is."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayback.errors import HistoryError
from sayback.history.traces import BLOCK_BYTES, PIECE_BYTES, found, found_in, pieces

TEXT = bytes(range(256)) * 2


def count(sought: bytes, data: bytes) -> int:
    """How many pieces of a text stand in some data."""
    return len(found(pieces([sought], 1000), BytesIO(data)))


@given(st.binary(max_size=200), st.binary(max_size=100), st.binary(max_size=100))
def test_a_text_is_found_between_other_bytes(text: bytes, before: bytes, after: bytes) -> None:
    cut = {text[at : at + PIECE_BYTES] for at in range(0, len(text) - PIECE_BYTES, PIECE_BYTES)}
    if len(text) >= PIECE_BYTES:
        cut.add(text[-PIECE_BYTES:])
    assert len(pieces([text], 1000)) == len(cut)
    assert count(text, before + text + after) == len(cut)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_what_is_found_is_what_a_plain_search_finds(data: bytes, at: list[int]) -> None:
    texts = [data[begin : begin + PIECE_BYTES] for begin in at] + [b"x" * PIECE_BYTES, TEXT[:32]]
    for text in texts:
        assert count(text, data) == (len(text) == PIECE_BYTES and text in data)


@pytest.mark.parametrize("distance", [-PIECE_BYTES, -PIECE_BYTES + 1, -16, -1, 0, 1])
def test_a_piece_is_found_where_blocks_meet(distance: int) -> None:
    assert count(TEXT[:32], b"x" * (BLOCK_BYTES + distance) + TEXT[:32]) == 1


def test_a_text_cut_in_two_is_found_by_most_of_its_pieces() -> None:
    assert count(TEXT[:256], TEXT[:100] + b"page" + TEXT[100:256]) == 7


def test_a_piece_that_stands_in_two_files_is_found_in_both() -> None:
    sought = pieces([TEXT[:64]], 10)
    for _ in range(2):
        assert len(found(sought, BytesIO(TEXT * 3))) == 2
    assert len(sought) == 2


def test_too_many_pieces_are_spread_over_the_texts() -> None:
    text = b"".join(b"%031d " % number for number in range(1000))
    chosen = pieces([text], 100)
    assert len(chosen) == 100
    quarters = [text[at : at + len(text) // 4] for at in range(0, len(text), len(text) // 4)]
    assert [len(found(chosen, BytesIO(quarter))) for quarter in quarters] == [25] * 4


def test_files_are_searched_by_another_process(tmp_path: Path) -> None:
    with_it, without, gone = (tmp_path / name for name in ("-ü.db", "b", "gone"))
    with_it.write_bytes(TEXT)
    without.write_bytes(b"x" * 100)
    sought = pieces([TEXT[:64]], 10)
    standing = found_in([with_it, without, gone], sought)
    assert [len(standing[file]) for file in (with_it, without, gone)] == [2, 0, 0]
    assert (standing[with_it] == sought).all()


def test_a_file_that_cannot_be_searched_is_named(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=rf"^{tmp_path}: Is a directory; "):
        found_in([tmp_path], pieces([TEXT], 10))


def test_without_a_text_there_is_nothing_to_find() -> None:
    none = pieces([b"", b"too short"], 10)
    assert len(none) == 0
    assert len(found(none, BytesIO(b"anything" * 100))) == 0


@given(st.integers(0, 63))
def test_a_number_with_another_bit_is_another_piece(bit: int) -> None:
    changed = pieces([TEXT[:32]], 10) ^ np.uint64(1 << bit)
    assert len(found(changed, BytesIO(TEXT))) == 0
