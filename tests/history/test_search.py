"""Words typed by a person find the answers that have them; no text that is typed is an error."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sayback.errors import HistoryError
from sayback.history import search
from sayback.history.search import find
from sayback.history.store import Store
from sayback.model import Question, Scorecard, Transcript

ASKED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNET = Question("What is U-Net?", "what-is-u-net")
DROPOUT = Question("When does dropout help?", "when-does-dropout-help")
ANSWERS = (
    (UNET, "An encoder and a decoder with skip connections between them."),
    (UNET, "It segments images. The connections are important."),
    (DROPOUT, "It drops units at random, which helps against overfitting."),
    (DROPOUT, "I do not know the connections that you skip."),
)


def saved(store: Store, question: Question, text: str, number: int) -> int:
    asked_at = ASKED_AT + timedelta(hours=number)
    attempt_id = store.begin(question, store.path.parent / f"{number}.wav", asked_at)
    store.scored(attempt_id, Scorecard(question, Transcript(text), None, None, "v"))
    return attempt_id


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("recordings")) as opened:
        for number, (question, text) in enumerate(ANSWERS):
            saved(opened, question, text, number)
        opened.begin(UNET, opened.path.parent / "unscored.wav", ASKED_AT + timedelta(days=1))
        yield opened


def ids(store: Store, text: str) -> list[int]:
    return [found.attempt_id for found in find(store, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("encoder", {1}),
        ("ENCODER", {1}),
        ("enc", {1}),
        ("connection", {1, 2, 4}),  # by its stem
        ("skip connections", {1, 4}),
        ('"skip connections"', {1}),
        ("“skip connections”", {1}),
        ('"skip connections', {1, 4}),  # not closed: words
        ("overfit", {3}),
        ("u-net", {1, 2, 5}),  # by the question, also where nothing was heard
        ("unit", {3}),
        ("dropout random", {3}),  # one word in the question, one in the answer
        ("dropout nothing", set()),
        ("", set()),
        ("  ??? -- ''", set()),
        ('""', set()),
    ],
)
def test_find(store: Store, text: str, expected: set[int]) -> None:
    assert set(ids(store, text)) == expected


def test_what_was_found_is_shown_where_it_matches(store: Store) -> None:
    (found,) = find(store, "skip encoder")
    assert found.attempt_id == 1
    assert found.asked_at == ASKED_AT
    assert found.question == UNET.text
    assert "".join(text for text, _ in found.snippet) == ANSWERS[0][1]
    assert [text for text, matches in found.snippet if matches] == ["encoder", "skip"]


def test_an_answer_found_by_its_question_shows_the_question(store: Store) -> None:
    assert find(store, "net")[0].snippet == (("What is U-", False), ("Net", True), ("?", False))


def test_answers_that_say_it_come_first_and_then_the_newest(store: Store) -> None:
    assert ids(store, "drop") == [3, 4]
    assert ids(store, "u-net") == [5, 2, 1]
    assert [found.attempt_id for found in find(store, "u-net", limit=2)] == [5, 2]
    assert find(store, "u-net", limit=0) == ()


def test_a_long_answer_is_shown_in_part(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        saved(store, UNET, f"{'before ' * 100}needle{' after' * 100}", 1)
        (found,) = find(store, "needle")
    shown = "".join(text for text, _ in found.snippet)
    assert "needle" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) < 300


def test_only_the_newest_transcript_is_found(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        number = saved(store, UNET, "first version", 1)
        again = Scorecard(UNET, Transcript("second version"), None, None, "v")
        store.scored(number, again)
        assert ids(store, "first") == []
        assert ids(store, "second") == [number]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text('"“”*^():+-{}ANDORNOTNEAR \0\ud800ab²', max_size=30))
@example('a" OR spoken : b')
@example("NEAR(a b)")
@example("a AND NOT")
@example("text:encoder")
@example("^encoder")
@example("\0encoder")
@example("\ud800")
@example("a " * 10_000)
@example("x" * 100_000)
def test_nothing_that_is_typed_is_an_error(store: Store, text: str) -> None:
    for found in find(store, text):
        assert all(piece for piece, _ in found.snippet)


def test_an_error_of_the_index_of_questions_is_one_of_ours() -> None:
    with pytest.raises(HistoryError, match=r"cannot be searched \(.*string\); search for fewer"):
        search._search_questions({"What is dropout?"}, ['"'])


def test_marks_in_a_transcript_change_no_text(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        saved(store, replace(UNET, text="<b>\x02\x03"), "a \x02 <b>needle</b> \x03 z", 1)
        (found,) = find(store, "needle")
    shown = "".join(text for text, _ in found.snippet)
    assert shown.replace("\x02", "").replace("\x03", "") == "a  <b>needle</b>  z"


def test_a_search_grows_no_faster_than_the_history(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        with Store(tmp_path / str(count)) as store:
            with store.transaction() as database:
                database.executemany(
                    "INSERT INTO attempt (asked_at, question_id, question, audio)"
                    " VALUES ('2026-03-01T00:00:00+00:00', 'q', '{\"text\":\"A question?\"}', ?)",
                    [(f"{number}.wav",) for number in range(count)],
                )
                database.executemany(
                    "INSERT INTO spoken (rowid, text) VALUES (?, ?)",
                    [(number + 1, "some words " * 50 + f"n{number}") for number in range(count)],
                )
            times = []
            for _ in range(3):
                begin = time.perf_counter()
                assert len(find(store, "some words")) == 50
                times.append(time.perf_counter() - begin)
            return min(times)

    assert seconds(4000) < 16 * seconds(500) + 0.1
