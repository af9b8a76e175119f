"""Which question to ask next."""

from __future__ import annotations

from collections.abc import Iterable

from sayback.history.store import Summary
from sayback.model import Question


def order(questions: Iterable[Question], history: Iterable[Summary]) -> list[Question]:
    """The questions in the order to ask them: never asked first, then the least covered.

    What counts is the newest attempt that was finished; one that could not be judged goes last.
    """
    newest = {summary.question_id: summary.coverage for summary in history if summary.scored}

    def urgency(question: Question) -> tuple[bool, float]:
        coverage = newest.get(question.id)
        return question.id in newest, 1.0 if coverage is None else coverage

    return sorted(questions, key=urgency)
