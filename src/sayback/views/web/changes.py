"""What the forms of the review page change: each takes its fields and names the page to show."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from pathlib import Path

from sayback.history.store import Store
from sayback.model import PointCorrection, WordCorrection
from sayback.revision import accept, correct, take_back
from sayback.views.web.links import attempt_page, question_page

Fields = dict[str, list[str]]
Change = Callable[[Fields, Store, Path], str]

LONGEST_TEXT = 2000
"""Characters of a field: ten times the longest sensible key point."""
_SAID = {"yes": True, "no": False, "scorer": None}


def correct_word(fields: Fields, store: Store, bank: Path) -> str:
    """Fields: attempt, start_s, heard, text (empty where nothing was said there)."""
    attempt = store.attempt(int(_one(fields, "attempt")))
    start_s = float(_one(fields, "start_s"))
    if not isfinite(start_s):
        raise ValueError(f"start_s: {start_s}")
    correction = WordCorrection(
        start_s=start_s,
        heard=_one(fields, "heard"),
        text=_one(fields, "text"),
    )
    correct(attempt, correction, store)
    return f"{attempt_page(attempt.id)}#transcript"


def mark_point(fields: Fields, store: Store, bank: Path) -> str:
    """Fields: attempt, point, said (yes, no, or scorer for what the scorer says)."""
    attempt = store.attempt(int(_one(fields, "attempt")))
    said = _SAID[_one(fields, "said")]
    correct(attempt, PointCorrection(point=_one(fields, "point"), said=said), store)
    return f"{attempt_page(attempt.id)}#points"


def accept_draft(fields: Fields, store: Store, bank: Path) -> str:
    """Fields: attempt, and a `point` for each key point to write into the bank."""
    question = store.attempt(int(_one(fields, "attempt"))).question
    points = [" ".join(point.split()) for point in fields.get("point", []) if point.strip()]
    if any(len(point) > LONGEST_TEXT for point in points):
        raise ValueError("a key point that is too long")
    if points:
        accept(question.id, points, bank, store)
    return f"{question_page(question.id)}#points"


def undo_draft(fields: Fields, store: Store, bank: Path) -> str:
    """Fields: question. Takes back what was written into the bank last."""
    take_back(store)
    return f"{question_page(_one(fields, 'question'))}#points"


CHANGES: dict[str, Change] = {
    "correct-word": correct_word,
    "mark-point": mark_point,
    "draft": accept_draft,
    "undo-draft": undo_draft,
}


def _one(fields: Fields, name: str) -> str:
    """The value of a field. Raises KeyError where it is missing, ValueError where too long."""
    value = fields[name][0]
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"{name}: {len(value)} characters")
    return value
