"""What forms change, and what they may not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.views.web.examples import answer, point, question

from sayback.bank.parse import read
from sayback.errors import BankError, HistoryError
from sayback.history.store import Store
from sayback.model import Coverage, Status
from sayback.views.web.changes import BadForm, accept_draft, mark_point, typed
from sayback.views.web.links import NAMED_BY

LONG = "An encoder " + "and more " * 40
U_NET = question("What is U-Net?", LONG, "Few images", identifier="what-is-u-net")
NO_BANK = Path("no bank")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "recordings") as opened:
        answer(opened, U_NET, *(point(each, Status.MISSED) for each in (LONG, "Few images")))
        yield opened


def fields(**given: str | int) -> dict[str, list[str]]:
    return {name: [str(value)] for name, value in given.items()}


def judged(store: Store) -> list[Status | None]:
    card = store.attempt(1).scorecard
    assert card is not None
    assert card.coverage is not None
    return [each.judged for each in card.coverage.points]


def test_the_point_of_that_number_is_marked(store: Store) -> None:
    form = fields(attempt=1, number=0, point=LONG[:NAMED_BY], said="yes")
    assert mark_point(form, store, NO_BANK) == "attempt-1.html#points"
    assert judged(store) == [Status.MISSED, None]


def test_a_page_from_before_a_new_score_marks_nothing(store: Store) -> None:
    card = store.attempt(1).scorecard
    assert card is not None
    assert card.coverage is not None
    shorter = replace(card, coverage=Coverage(0.0, card.coverage.points[1:]))
    store.scored(1, shorter)
    for number, text in ((0, LONG[:NAMED_BY]), (1, "Few images"), (0, "Few")):
        form = fields(attempt=1, number=number, point=text, said="yes")
        with pytest.raises(HistoryError, match=r"attempt 1: its key points have changed .* load"):
            mark_point(form, store, NO_BANK)
    assert judged(store) == [None]


def test_a_mark_without_its_point_is_a_bad_form(store: Store) -> None:
    for form in (
        fields(attempt=1, number=1, said="yes"),
        fields(attempt=1, number=1, point="Few images", said="perhaps"),
    ):
        with pytest.raises(BadForm):
            mark_point(form, store, NO_BANK)


def test_a_mark_holds_nothing_that_was_typed() -> None:
    assert typed(fields(number=1, point="Few images", said="yes")) == ()
    assert typed({"point": ["a", " ", "b\nc"], "attempt": ["1"]}) == ("a", "b c")


def test_drafted_points_are_written_with_their_terms(store: Store, tmp_path: Path) -> None:
    bank = tmp_path / "bank.md"
    bank.write_text("- What is U-Net?\n")
    form = fields(attempt=1) | {"point": ["It **shrinks**", ""]}
    assert accept_draft(form, store, bank) == "question-what-is-u-net.html#points"
    (written,) = read(bank).questions[0].key_points
    assert (written.text, written.terms) == ("It shrinks", ("shrinks",))
    with pytest.raises(BankError, match="control characters"):
        accept_draft(fields(attempt=1, point="red \x1b[31m"), store, bank)
    assert b"\x1b" not in bank.read_bytes()
