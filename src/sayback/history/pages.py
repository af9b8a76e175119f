"""The rows of a database file read page by page, without SQLite: what is left in a damaged one.

A table lies in leaf pages that hold its rows whole, but for long ones, which go on in a chain of
overflow pages (https://sqlite.org/fileformat2.html). So a leaf can be read although the pages
that lead to it are damaged, or the header of the file. Deleted rows are not found again: SQLite
overwrites them with zeros (`secure_delete`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

from sayback.history import write_ahead_log
from sayback.history.stored import Value
from sayback.history.write_ahead_log import PAGE_BYTES

Row = tuple[int, tuple[Value, ...]]

MAGIC = b"SQLite format 3\0"
_FILE_HEADER_BYTES = 100
_RESERVED_AT = 20
_LEAF_OF_TABLE = 0x0D
_LEAF_HEADER_BYTES = 8
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)
_FLOAT, _ZERO, _ONE, _FIRST_BLOB, _FIRST_TEXT = 7, 8, 9, 12, 13


class _Broken(Exception):
    """A row that ends outside of its page, or goes on in a page that is not there."""


def rows(database: Path) -> Iterator[Row]:
    """The number and the values of every row that is left, in no order; some may stand twice.

    The key of a row that is its number is None among the values. Bytes that are no text in UTF-8
    are replaced. Of the log beside the file, all that was written whole counts. Raises OSError.
    """
    pages = _Pages(database)
    for number in range(1, pages.count + 1):
        page = pages.page(number)
        for cell in _cells(page, _FILE_HEADER_BYTES if number == 1 else 0):
            try:
                row_number, payload = pages.payload(page, cell)
                yield row_number, tuple(_values(payload))
            except _Broken:
                continue


class _Pages:
    """The pages of a file, or those that the log has newer."""

    def __init__(self, database: Path) -> None:
        self._file = _mapped(database)
        self._newer = write_ahead_log.pages(database.with_name(f"{database.name}-wal"))
        self.count = max(-(-len(self._file) // PAGE_BYTES), *self._newer, 0)
        is_whole = self._file[: len(MAGIC)] == MAGIC
        self._usable = PAGE_BYTES - (self._file[_RESERVED_AT] if is_whole else 0)

    def page(self, number: int) -> bytes:
        """The bytes of a page, counted from 1; zeros where the file has been cut off."""
        page = self._newer.get(number)
        if page is None:
            page = self._file[(number - 1) * PAGE_BYTES : number * PAGE_BYTES]
        return page.ljust(PAGE_BYTES, b"\0")

    def payload(self, page: bytes, at: int) -> tuple[int, bytes]:
        """The number of a row and its bytes. Raises _Broken."""
        size, at = _varint(page, at)
        number, at = _varint(page, at)
        here = self._bytes_here(size)
        payload = [page[at : at + here]]
        if len(payload[0]) < here or size > self.count * PAGE_BYTES:
            raise _Broken
        if here < size:
            payload += self._overflow(page, at + here, size - here)
        return number, b"".join(payload)

    def _bytes_here(self, size: int) -> int:
        """How much of a row stands in its leaf."""
        most = self._usable - 35
        if size <= most:
            return size
        least = (self._usable - 12) * 32 // 255 - 23
        fitting = least + (size - least) % (self._usable - 4)
        return fitting if fitting <= most else least

    def _overflow(self, page: bytes, at: int, left: int) -> Iterator[bytes]:
        while left > 0:
            number = int.from_bytes(page[at : at + 4], "big")
            if not 1 <= number <= self.count:
                raise _Broken
            page, at = self.page(number), 0
            part = page[4 : min(4 + left, self._usable)]
            left -= len(part)
            yield part


def _mapped(file: Path) -> mmap | bytes:
    """The bytes of a file that may be larger than the memory."""
    if not file.exists() or not file.stat().st_size:
        return b""
    with file.open("rb") as opened:
        return mmap(opened.fileno(), 0, access=ACCESS_READ)


def _cells(page: bytes, at: int) -> Iterator[int]:
    """Where in a page the rows begin; nowhere if it is not a leaf of a table."""
    if page[at] != _LEAF_OF_TABLE:
        return
    most = (PAGE_BYTES - at - _LEAF_HEADER_BYTES) // 2
    count = min(int.from_bytes(page[at + 3 : at + 5], "big"), most)
    yield from struct.unpack_from(f">{count}H", page, at + _LEAF_HEADER_BYTES)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends. Raises _Broken."""
    value = 0
    for each in data[at : at + 8]:
        at += 1
        value = value << 7 | each & 0x7F
        if each < 0x80:
            return value, at
    if at >= len(data):
        raise _Broken
    value = value << 8 | data[at]
    return value - (1 << 64 if value >> 63 else 0), at + 1


def _values(payload: bytes) -> Iterator[Value]:
    """The columns of a row: first their kinds, then their bytes. Raises _Broken."""
    end, at = _varint(payload, 0)
    body = end
    while at < end:
        kind, at = _varint(payload, at)
        size = _size(kind)
        data = payload[body : body + size]
        if len(data) < size:
            raise _Broken
        yield _value(kind, data)
        body += size


def _size(kind: int) -> int:
    """Bytes of a value of this kind. Raises _Broken."""
    if kind < 0:
        raise _Broken
    if kind >= _FIRST_BLOB:
        return (kind - _FIRST_BLOB) // 2
    return _INTEGER_BYTES[kind] if kind < _FLOAT else 8 if kind == _FLOAT else 0


def _value(kind: int, data: bytes) -> Value:
    if kind >= _FIRST_BLOB:
        return data.decode("utf-8", "replace") if kind % 2 else data
    if kind == _FLOAT:
        return float(struct.unpack(">d", data)[0])
    if kind in (_ZERO, _ONE):
        return kind - _ZERO
    return int.from_bytes(data, "big", signed=True) if data else None
