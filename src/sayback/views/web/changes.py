"""What the forms of the review page change: each takes its fields and names the page to show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path

from sayback.bank.find import by_id
from sayback.bank.parse import read
from sayback.errors import BankError, HistoryError
from sayback.history.edits import last_edit
from sayback.history.store import Store
from sayback.model import Attempt, PointCorrection, WordCorrection
from sayback.revision import accept, correct, take_back
from sayback.views.web.links import attempt_page, beginning, question_page

Fields = dict[str, list[str]]
Change = Callable[[Fields, Store, Path], str]

LONGEST_TEXT = 1000
"""Characters of what a person types into a field."""
LARGEST_NUMBER = 2**63 - 1
"""What SQLite can count to."""
_SAID = {"yes": True, "no": False, "scorer": None}


class BadForm(Exception):
    """A field of a form is missing or holds what it cannot."""


def correct_word(fields: Fields, store: Store, bank: Path) -> str:
    """Fields: attempt, start_s, heard, text (empty where nothing was said there)."""
    correction = WordCorrection(
        start_s=_seconds(fields, "start_s"), heard=_one(fields, "heard"), text=_one(fields, "text")
    )
    attempt = _attempt(fields, store)
    correct(attempt, correction, store)
    return f"{attempt_page(attempt.id)}#transcript"


def mark_point(fields: Fields, store: Store, bank: Path) -> str:
    """Fields: attempt, number (of the key point, from 0), point (its beginning), said.

    `said` is yes, no, or scorer. The points may be others than those of the page that sent it.
    """
    number, begins, said = _whole(fields, "number"), _one(fields, "point"), _one(fields, "said")
    if said not in _SAID:
        raise BadForm("said")
    attempt = _attempt(fields, store)
    coverage = attempt.scorecard.coverage if attempt.scorecard else None
    points = [point.text for point in coverage.points] if coverage else []
    point = points[number] if number < len(points) else None
    if point is None or beginning(point) != begins:
        raise HistoryError(
            f"attempt {attempt.id}: its key points have changed since this page was loaded",
            "load the page of the answer again, then mark the point",
        )
    correct(attempt, PointCorrection(point=point, said=_SAID[said]), store)
    return f"{attempt_page(attempt.id)}#points"


def accept_draft(fields: Fields, store: Store, bank: Path) -> str:
    """Fields: attempt, and a `point` for each key point to write into the bank."""
    points = typed(fields)
    if any(len(point) > LONGEST_TEXT for point in points):
        raise BankError(
            f"a key point of {max(map(len, points))} characters",
            f"say it in less than {LONGEST_TEXT}",
        )
    attempt = _attempt(fields, store)
    question = by_id(read(bank).questions, attempt.question.id)
    if points:
        accept(question, points, bank, store, attempt.id)
    return f"{question_page(question.id)}#points"


def undo_draft(fields: Fields, store: Store, bank: Path) -> str:
    """Fields: question, edit. Takes that edit back; it has to be the last one."""
    page, number, last = question_page(_one(fields, "question")), _whole(fields, "edit"), None
    if edit := last_edit(store):
        last = edit[0]
    if number != last:
        raise HistoryError(
            "other key points were accepted since", "take those back first: load the page again"
        )
    take_back(store)
    return f"{page}#points"


CHANGES: dict[str, Change] = {
    "correct-word": correct_word,
    "mark-point": mark_point,
    "draft": accept_draft,
    "undo-draft": undo_draft,
}


def typed(fields: Fields) -> Sequence[str]:
    """What a person wrote into a form, to be shown again where it could not be kept."""
    points = () if "number" in fields else fields.get("point", ())  # with it they name one
    written = (*points, *fields.get("text", ()))
    return tuple(" ".join(text.split()) for text in written if text.strip())


def _attempt(fields: Fields, store: Store) -> Attempt:
    return store.attempt(_whole(fields, "attempt"))


def _one(fields: Fields, name: str) -> str:
    value = fields.get(name, [])
    if len(value) != 1 or len(value[0]) > LONGEST_TEXT:
        raise BadForm(name)
    return value[0]


def _whole(fields: Fields, name: str) -> int:
    text = _one(fields, name)
    if not (text.isascii() and text.isdecimal() and int(text) <= LARGEST_NUMBER):
        raise BadForm(name)
    return int(text)


def _seconds(fields: Fields, name: str) -> float:
    try:
        value = float(_one(fields, name))
    except ValueError as error:
        raise BadForm(name) from error
    if not isfinite(value):
        raise BadForm(name)
    return value
