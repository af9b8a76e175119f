from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sayback.bank.parse import Bank
from sayback.errors import NoSuchQuestion
from sayback.history.store import Store
from sayback.model import Question, Scorecard, Transcript
from sayback.views.rehearsal import (
    _chosen,
    _left,
    _nothing_due,
    _remarks,
    _under,
    _until,
    _your_turn,
)

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


def test_until_when_nothing_is_due() -> None:
    now = datetime(2026, 3, 2, 12).astimezone()
    assert _until(None, now) == ""
    assert _until(now, now) == ""
    assert _until(now + timedelta(hours=1), now) == " until 13:00"
    assert _until(now + timedelta(days=2), now) == " until Wednesday, 4 March"


def test_where_nothing_is_due_nothing_is_asked_and_a_line_says_until_when(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for question in QUESTIONS:
            number = store.begin(question, tmp_path / f"{question.id}.wav", datetime.now(UTC))
            store.scored(number, Scorecard(question, Transcript("t"), None, None, "v"))
        everything = _chosen(list(QUESTIONS), store, 2, False)
        assert [choice.reason for choice in everything] == ["due today", "due today"]
        with store.transaction() as database:
            database.execute(
                "UPDATE memory SET content ="
                " json_set(content, '$.memory.due', '2126-03-02T12:00:00Z')"
            )
        assert _chosen(list(QUESTIONS), store, 2, True) == []
        assert re.match(
            r"Nothing is due until S\w+day, [23] March:", _nothing_due(list(QUESTIONS), store)
        )
        assert _chosen([*QUESTIONS, Question("D", "d")], store, 2, True)[0].reason == "new"


def test_problems_of_the_bank_and_what_was_cut_off_are_said_first() -> None:
    path = Path("own.md")
    assert _remarks(Bank(QUESTIONS, ()), path, ()) == ()
    assert _remarks(Bank(QUESTIONS, ("own.md:1: odd",)), path, (2, 3)) == (
        "1 problem in the bank: `sayback bank check own.md`",
        "attempts 2, 3 were cut off: will be scored when you are done",
    )


def test_without_a_microphone_the_demo_names_the_way_that_works() -> None:
    assert _your_turn("sayback", has_microphone=True) == "`sayback` asks you five questions."
    assert "`sayback practice --answer FILE`" in _your_turn("sayback", has_microphone=False)


def test_the_question_is_known_before_anything_heavy_is_imported() -> None:
    code = (
        "import sys; from sayback.views import deleting, rehearsal; "
        "print([m for m in ('numpy', 'rich', 'sounddevice', 'textual') if m in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "[]"


def test_what_was_cut_off_is_scored_later_only_if_its_sound_is_there(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for number in range(2):
            store.begin(QUESTIONS[0], tmp_path / f"{number}.wav", datetime(2026, 3, 1, tzinfo=UTC))
        assert _left(store) == ()
        store.audio(2).touch()
        assert _left(store) == (2,)
