"""Text of other people's making, shown as text."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar, cast

T = TypeVar("T")

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_TURNS_AROUND = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
NOT_ASCII = (*range(0x80, 0xA0), *_TURNS_AROUND, *range(0xD800, 0xE000))
"""The codes beyond ASCII that are not to reach a terminal."""
_SHOWN: dict[int, str] = (
    {code: chr(0x2400 + code) for code in range(0x20)}
    | dict.fromkeys(map(ord, "\t\n\r\v\f\u2028\u2029"), " ")
    | {0x7F: "\N{SYMBOL FOR DELETE}"}
    | dict.fromkeys(NOT_ASCII, _REPLACEMENT)
)
_SHOWN_IN_LINES = {code: shown for code, shown in _SHOWN.items() if code != ord("\n")}


def harmless(value: T) -> T:
    """`value` without characters, in any text in it, that a terminal obeys instead of showing."""
    return cast(T, _harmless(value))


def harmless_lines(text: str) -> str:
    """`text` without what a terminal obeys, but in the same lines."""
    return text.translate(_SHOWN_IN_LINES)


def _harmless(value: Any) -> Any:
    match value:
        case Enum():
            return value
        case str():
            return value.translate(_SHOWN)
        case tuple():
            return tuple(_harmless(each) for each in value)
        case dict():
            return {_harmless(key): _harmless(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: _harmless(getattr(value, field.name)) for field in fields(value)}
        return replace(value, **changed)
    return value
