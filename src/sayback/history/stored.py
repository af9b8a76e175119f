"""The form in which the history keeps our values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from sayback.model import (
    Correction,
    Coverage,
    Pace,
    PointCorrection,
    Question,
    Scorecard,
    WordCorrection,
)


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


def time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def encode(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=_to_name).decode()


def _to_name(value: Any) -> str:
    """Files are kept by name, so that a workspace can be moved."""
    if isinstance(value, Path):
        return value.name
    raise NotImplementedError(type(value))
