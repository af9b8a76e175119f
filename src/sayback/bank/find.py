"""The one question that a person means by a few words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from sayback.bank.markup import quoted
from sayback.errors import NoSuchQuestion
from sayback.model import Question

SHOWN_NEAREST = 3
SHOWN_FITTING = 5
SHOWN_LENGTH = 60
LEAST_ALIKE = 50
"""Of 100; questions less like the words asked for than this are not worth offering."""


def find(questions: Iterable[Question], wanted: str) -> Question:
    """Find a question by its id, its text, or a part of either that fits no other question.

    Case, the amount of white space and a final "?", "." or "…" do not count; a whole id or text
    beats a part. Raises NoSuchQuestion where none fits or several do.
    """
    questions = tuple(questions)
    key = _folded(wanted)
    for fitting in (
        [question for question in questions if key == _folded(question.id)],
        [question for question in questions if key == _folded(question.text)],
        [question for question in questions if _is_part(key, question)],
    ):
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise _several(wanted, fitting)
    raise _none(wanted, questions)


def by_id(questions: Iterable[Question], wanted: str) -> Question:
    """The question of exactly that id. Raises NoSuchQuestion where it has left the bank."""
    questions = tuple(questions)
    for question in questions:
        if question.id == wanted:
            return question
    raise _none(wanted, questions)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip("?.… ")


def _is_part(key: str, question: Question) -> bool:
    return key in _folded(question.text) or key in question.id.casefold()


def _several(wanted: str, fitting: Sequence[Question]) -> NoSuchQuestion:
    more = ", …" if len(fitting) > SHOWN_FITTING else ""
    return NoSuchQuestion(
        f"{quoted(wanted)}: fits {len(fitting)} questions",
        f"give more of the one you mean: {_named(fitting[:SHOWN_FITTING])}{more}",
    )


def _none(wanted: str, questions: Sequence[Question]) -> NoSuchQuestion:
    if not questions:
        return NoSuchQuestion(
            f"{quoted(wanted)}: no such question, the bank is empty",
            "write one on a line that starts with '- '",
        )
    texts = [_folded(question.text) for question in questions]
    nearest = process.extract(
        _folded(wanted),
        texts,
        scorer=fuzz.partial_ratio,
        limit=SHOWN_NEAREST,
        score_cutoff=LEAST_ALIKE,
    )
    shown = _named([questions[index] for _, _, index in nearest])
    offered = f", or take one of the nearest: {shown}" if shown else ""
    return NoSuchQuestion(
        f"{quoted(wanted)}: no such question", f"see all with `sayback bank list`{offered}"
    )


def _named(questions: Sequence[Question]) -> str:
    """The beginnings of the texts, which can be typed as they stand; ids where those are alike."""
    names = [textwrap.shorten(each.text, SHOWN_LENGTH, placeholder=" …") for each in questions]
    if len(set(names)) < len(names) or not all(name.strip(" …") for name in names):
        names = [question.id for question in questions]
    return ", ".join(f"'{name}'" for name in names)
