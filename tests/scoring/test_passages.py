from __future__ import annotations

import pytest

from sayback.scoring.passages import LONGEST_PASSAGE, LONGEST_WINDOW, passages, windows
from sayback.scoring.tokens import tokenize


def cut(text: str) -> list[str]:
    tokens = tokenize(text)
    return [
        text[tokens[each.first].start : tokens[each.last].end] for each in passages(text, tokens)
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("...", []),
        ("One thought", ["One thought"]),
        ("First it shrinks. Then it grows!", ["First it shrinks", "Then it grows"]),
        ('He said "stop." Then it went on', ['He said "stop', "Then it went on"]),
        ("momentum of 0.9 works", ["momentum of 0.9 works"]),
        ("one line\nand another", ["one line", "and another"]),
    ],
)
def test_a_passage_is_a_sentence(text: str, parts: list[str]) -> None:
    assert cut(text) == parts


def test_a_long_sentence_is_cut_at_its_last_comma_in_reach() -> None:
    first, second = ("word " * 20).strip(), ("more " * 15).strip()
    assert cut(f"{first}, {second}") == [first, second]


def test_without_commas_it_is_cut_at_a_clause() -> None:
    first, second = ("word " * 20).strip(), "and " + ("more " * 15).strip()
    assert cut(f"{first} {second}") == [first, second]


@pytest.mark.parametrize("count", [27, 28, 29, 33, 34, 56, 57, 500])
def test_every_token_is_in_one_passage_of_bounded_length(count: int) -> None:
    tokens = tokenize("word " * count)
    found = passages("word " * count, tokens)
    assert [at for each in found for at in range(each.first, each.last + 1)] == [*range(count)]
    assert max(map(len, found)) <= LONGEST_PASSAGE
    assert min(map(len, found)) >= min(count, 6)


def test_what_was_cut_stays_so_when_more_is_said() -> None:
    text = "It shrinks. It grows again. And the details are copied over to it"
    assert cut(text)[:2] == cut(text + ", which helps. So that is it.")[:2]


def test_windows_are_passages_neighbours_and_a_short_whole() -> None:
    text = "one two three. four five. six seven."
    found = windows(passages(text, tokenize(text)))
    spans = [(each.first, each.last) for each in found]
    assert spans == [(0, 2), (3, 4), (5, 6), (0, 4), (3, 6), (0, 6)]
    assert [[*each.numbers] for each in found] == [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]]


def test_no_window_is_longer_than_can_be_read_at_once() -> None:
    text = "word " * 25 + ". " + "word " * 25 + ". short end."
    found = windows(passages(text, tokenize(text)))
    assert max(map(len, found)) <= LONGEST_WINDOW
    assert windows(()) == ()
