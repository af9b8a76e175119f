"""The form in which the history keeps our values."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from sayback.model import (
    Correction,
    Coverage,
    Pace,
    PointCorrection,
    Question,
    Scorecard,
    Transcript,
    WordCorrection,
)

_T = TypeVar("_T")

Value = str | int | float | bytes | None
"""What a column can hold."""

_MAKING = threading.Lock()
_DECODERS: dict[type, Any] = {}

FIRST_YEAR, LAST_YEAR = 1900, 9000
"""Other times are damage: some cannot be shown in every zone, nor what is due long after them."""

DAMAGE = (ValueError, TypeError, ArithmeticError, msgspec.DecodeError)
"""What goes wrong where a row holds something else than was written."""

lenient = partial(str, encoding="utf-8", errors="replace")
"""Text as it is read: one damaged byte does not hide all the others."""


@dataclass(frozen=True, slots=True)
class Derived:
    """What of a scorecard is stored with a score; the transcript has a table of its own."""

    question: Question
    coverage: Coverage | None
    pace: Pace | None
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, scorecard: Scorecard) -> Derived:
        return cls(scorecard.question, scorecard.coverage, scorecard.pace, scorecard.warnings)


@dataclass(frozen=True, slots=True)
class AnyCorrection:
    """One of the two kinds of correction, as it is stored."""

    word: WordCorrection | None = None
    point: PointCorrection | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for neither kind, as which a damaged key would be read."""
        if self.word is None and self.point is None:
            raise ValueError("a correction of nothing")

    @classmethod
    def of(cls, correction: Correction) -> AnyCorrection:
        if isinstance(correction, WordCorrection):
            return cls(word=correction)
        return cls(point=correction)


def measures(pace: Pace | None) -> Iterator[tuple[str, float]]:
    """Every number of `pace` as a row, nested ones with a dot: `pauses.count`."""
    if pace is not None:
        yield from _numbers("", msgspec.to_builtins(replace(pace, on_target=None)))


def _numbers(prefix: str, values: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _numbers(f"{prefix}{name}.", value)
        elif value is not None:
            yield f"{prefix}{name}", float(value)


def readable(rows: Iterable[tuple[Any, ...]], make: Callable[..., _T]) -> Iterator[_T]:
    """What `make` makes of each row; one that is damaged is left out, `checkup` names it."""
    for row in rows:
        with suppress(*DAMAGE):
            yield make(*row)


def moment(text: str) -> datetime:
    """A time as `time` writes it. Raises one of DAMAGE."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError("a time at which nobody answered")
    return at.astimezone(UTC)


def time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def encode(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=_to_name).decode()


def decode(text: str, kind: type[_T]) -> _T:
    """A value as it is stored, files by their name. Raises one of DAMAGE."""
    with _MAKING:  # msgspec crashes where two threads first meet the same dataclass
        if kind not in _DECODERS:
            _DECODERS[kind] = msgspec.json.Decoder(kind, dec_hook=_from_name)
    value: _T = _DECODERS[kind].decode(text)
    return value


def _from_name(kind: type, value: Any) -> Path:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(kind)


def scorecard(version: str, content: str, transcript: str) -> Scorecard:
    """What the columns of a score and of its transcript hold. Raises one of DAMAGE."""
    derived = decode(content, Derived)
    return Scorecard(
        question=derived.question,
        transcript=decode(transcript, Transcript),
        coverage=derived.coverage,
        pace=derived.pace,
        scorer_version=version,
        warnings=derived.warnings,
    )


def _to_name(value: Any) -> str:
    """Files are kept by name, so that a workspace can be moved."""
    if isinstance(value, Path):
        return value.name
    raise NotImplementedError(type(value))
