"""Where everything on the review pages stands: flat names, so that every link is relative."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

NAMED_BY = 200
"""Characters of a key point by which a form names it."""


def question_name(question_id: str) -> str:
    """An id as part of a file's name: ids of a bank as they are, anything else made harmless."""
    return quote(question_id, safe="").replace("%", "_")


def question_page(question_id: str) -> str:
    """The page of a question."""
    return f"question-{question_name(question_id)}.html"


def attempt_page(number: int) -> str:
    """The page of an attempt."""
    return f"attempt-{number}.html"


def beginning(point: str) -> str:
    """So much of a key point as a form sends to name it."""
    return point[:NAMED_BY]


def audio_name(number: int, audio: Path) -> str:
    """The name under which the recording of an attempt is reached: its number, never a path."""
    return f"audio-{number}{audio.suffix.lower()}"


def moment_of(audio: str, start_s: float, end_s: float | None = None) -> str:
    """A recording from one moment on, to another where there is one (a media fragment)."""
    until = "" if end_s is None else f",{end_s:.2f}"
    return f"{audio}#t={start_s:.2f}{until}"
