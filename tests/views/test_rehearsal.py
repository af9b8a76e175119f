from __future__ import annotations

import pytest

from sayback.errors import NoSuchQuestion
from sayback.model import Question
from sayback.views.rehearsal import _under

QUESTIONS = (
    Question("A", "a", ("Deep Learning", "Training")),
    Question("B", "b", ("Deep Learning", "Metrics")),
    Question("C", "c"),
)


@pytest.mark.parametrize(
    ("topic", "ids"), [(None, "abc"), ("deep", "ab"), ("METRICS", "b")], ids=str
)
def test_a_topic_is_any_part_of_a_heading(topic: str | None, ids: str) -> None:
    assert "".join(question.id for question in _under(topic, QUESTIONS)) == ids


def test_a_topic_without_questions_is_named() -> None:
    with pytest.raises(NoSuchQuestion, match="cooking"):
        _under("cooking", QUESTIONS)
