"""The log that SQLite writes beside a database (`-wal`), read without SQLite.

It holds pages that are newer than those of the file, each in a frame with a checksum that goes on
from the one before. At the first frame that is damaged SQLite stops, and forgets all that
follows; but the frames behind it can be checked against each other.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

PAGE_BYTES = 4096
"""SQLite's own choice, which we never change."""

_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24
_FRAME_BYTES = _FRAME_HEADER_BYTES + PAGE_BYTES
_LITTLE, _BIG = 0x377F0682, 0x377F0683
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Frame:
    """A page as of one transaction, whose last frame `is_final`."""

    page: int
    is_final: bool
    is_whole: bool
    content: bytes


def pages(log: Path) -> dict[int, bytes]:
    """The newest pages of the transactions that ended in a log, by number. Raises OSError."""
    newest: dict[int, bytes] = {}
    begun: dict[int, bytes] = {}
    for frame in _frames(log):
        if frame.is_whole:
            begun[frame.page] = frame.content
            if frame.is_final:
                newest |= begun
                begun = {}
    return newest


def is_damaged(log: Path) -> bool:
    """Whether SQLite would forget a transaction that had ended. Raises OSError.

    A log that is only cut off, as the power going leaves it, is none.
    """
    known = [(frame.is_whole, frame.is_final) for frame in _frames(log)]
    read_by_sqlite = len([*takewhile(lambda each: each[0], known)])
    return (True, True) in known[read_by_sqlite:]


def _frames(log: Path) -> Iterator[_Frame]:
    """Those that were written since the log was begun anew, which older ones may follow."""
    data = log.read_bytes() if log.exists() else b""
    if len(data) < _HEADER_BYTES + _FRAME_BYTES:
        return
    order = _order(data)
    sums = struct.unpack_from(">2I", data, 24)
    salts = data[_HEADER_BYTES + 8 : _HEADER_BYTES + 16]
    for at in range(_HEADER_BYTES, len(data) - _FRAME_BYTES + 1, _FRAME_BYTES):
        head, content = data[at : at + 8], data[at + _FRAME_HEADER_BYTES : at + _FRAME_BYTES]
        if data[at + 8 : at + 16] != salts:
            return
        expected = _checksum(head + content, sums, order)
        sums = struct.unpack_from(">2I", data, at + 16)
        page, size = struct.unpack(">2I", head)
        yield _Frame(page, size > 0, expected == sums, content)


def _order(data: bytes) -> str:
    """The byte order of the checksums, that of the machine where the header is damaged."""
    (magic,) = struct.unpack_from(">I", data)
    own = "<" if sys.byteorder == "little" else ">"
    return {_LITTLE: "<", _BIG: ">"}.get(magic, own)


def _checksum(data: bytes, sums: tuple[int, ...], order: str) -> tuple[int, int]:
    first, second = sums
    for one, other in struct.iter_unpack(f"{order}2I", data):
        first = (first + one + second) & _MASK
        second = (second + other + first) & _MASK
    return first, second
