"""Pieces of texts, known by a number each, looked for in files of any kind in one pass.

A piece is PIECE_BYTES of a text as it is stored. SQLite splits a long text where a page is full,
so a text that is still in a file is found by most of its pieces, not as a whole.

Run as a module it looks through the files that it is given; see `found_in`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from sayback.errors import HistoryError, reason

PIECE_BYTES = 32
"""About six words: few enough to tell, too many to be said twice by chance. A power of two."""
BLOCK_BYTES = 1 << 16
"""Read at once; what is computed from it stays in the processor's cache."""

_BASE = 0x9E3779B97F4A7C15
"""Any large odd number; text differs in so many ways that collisions need no further care."""
_BITS = 20
"""Of a number's 64 that are looked up first, since nearly no place in a file is a piece: the first
of its last 32, which are made without the others in a quarter of the time."""

_Kind = TypeVar("_Kind", np.uint32, np.uint64)
Numbers = NDArray[np.uint64]
_PIECE = np.arange(PIECE_BYTES)


def pieces(texts: Iterable[bytes], most: int) -> Numbers:
    """The numbers of the pieces of some texts, spread evenly over them where there are too many.

    A text that is shorter than a piece has none. Shape (at most `most`,), ascending.
    """
    cut = [*dict.fromkeys(piece for text in texts for piece in _cut(text))]
    chosen = cut[:: max(1, -(-len(cut) // most))]
    joined = np.frombuffer(b"".join(chosen), np.uint8).reshape(-1, PIECE_BYTES)
    return np.unique(_numbers(joined, np.uint64)[:, 0])


def found(sought: Numbers, file: BinaryIO) -> Numbers:
    """Which of the pieces stand in a file, wherever they begin. Raises OSError."""
    left = {*sought.tolist()}
    may_be = _looked_up(sought)
    for block in _blocks(file):
        data = np.frombuffer(block, np.uint8)
        near = np.flatnonzero(may_be.take(_slots(_numbers(data, np.uint32))))
        if not near.size:
            continue
        numbers = _numbers(data[near[:, None] + _PIECE], np.uint64)
        if here := left.intersection(numbers.ravel().tolist()):
            left -= here  # what stands everywhere is compared once
            may_be = _looked_up(np.array([*left], np.uint64))
    return np.setdiff1d(sought, np.array([*left], np.uint64))


def found_in(files: Sequence[Path], sought: Numbers) -> dict[Path, Numbers]:
    """By file, which of the pieces stand in it; none where it is gone. Raises HistoryError.

    Another process reads: where one closes a database, its own locks on that are gone.
    """
    command = [sys.executable, "-P", "-m", __name__, *map(str, files)]
    searched = subprocess.run(command, input=sought.tobytes(), capture_output=True, check=False)
    if searched.returncode:
        said = searched.stderr.decode(errors="replace").strip().splitlines()
        raise HistoryError(
            said[-1] if said else f"the search of the files ended ({searched.returncode})",
            "check their permissions with `ls -l`, then run the same command again",
        )
    numbers = msgspec.json.decode(searched.stdout, type=list[list[int]])
    return {file: np.array(each, np.uint64) for file, each in zip(files, numbers, strict=True)}


def _search(names: Iterable[str]) -> None:
    """The other process: pieces come in, and for each file those that stand in it go out."""
    sought = np.frombuffer(sys.stdin.buffer.read(), np.uint64)
    standing = [_found_in(Path(name), sought).tolist() for name in names]
    sys.stdout.buffer.write(msgspec.json.encode(standing))


def _found_in(file: Path, sought: Numbers) -> Numbers:
    try:
        with file.open("rb") as opened:
            return found(sought, opened)
    except FileNotFoundError:  # SQLite has removed it in the meantime
        return sought[:0]
    except OSError as error:
        sys.exit(f"{file}: {reason(error)}")


def _cut(text: bytes) -> Iterator[bytes]:
    """A text from its beginning in pieces, the last one up to its end."""
    last = len(text) - PIECE_BYTES
    if last >= 0:
        yield from (text[at : at + PIECE_BYTES] for at in (*range(0, last, PIECE_BYTES), last))


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """A file in blocks that overlap, so that every piece is whole in one of them."""
    end = b""
    while read := file.read(BLOCK_BYTES):
        block = end + read
        if len(block) >= PIECE_BYTES:
            yield block
        end = block[1 - PIECE_BYTES :]


def _numbers(data: NDArray[np.uint8], kind: type[_Kind]) -> NDArray[_Kind]:
    """The number of every piece that begins in the last axis: a polynomial in _BASE, modulo 2⁶⁴.

    That of a piece twice as long is made of those of its halves. A narrower `kind` gives its last
    bits.
    """
    numbers, length = data.astype(kind), 1
    while length < PIECE_BYTES:
        left = numbers[..., :-length] * kind(pow(_BASE, length, 1 << 8 * numbers.itemsize))
        left += numbers[..., length:]
        numbers, length = left, 2 * length
    return numbers


def _slots(numbers: NDArray[_Kind]) -> NDArray[np.uint32]:
    return numbers.astype(np.uint32, copy=False) >> np.uint32(32 - _BITS)


def _looked_up(numbers: Numbers) -> NDArray[np.bool_]:
    """Whether any of the numbers has these first bits, by these bits."""
    table = np.zeros(1 << _BITS, np.bool_)
    table[_slots(numbers)] = True
    return table


if __name__ == "__main__":
    _search(sys.argv[1:])
