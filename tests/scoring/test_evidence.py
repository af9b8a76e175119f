from __future__ import annotations

import pytest

from sayback.model import Transcript, Word
from sayback.scoring.evidence import narrowest, place, quote
from sayback.scoring.tokens import tokenize

WORDS = (
    Word(" It", 0.0, 0.2, 0.9),
    Word(" uses", 0.2, 0.5, 0.9),
    Word(" mom", 0.6, 0.8, 0.9),
    Word("entum.", 0.8, 1.1, 0.9),
)


def test_quote_has_the_times_of_its_words() -> None:
    transcript = Transcript("It uses momentum.", words=WORDS)
    tokens = tokenize(transcript.text)
    evidence = quote(transcript.text, place(transcript), tokens[1], tokens[2])
    assert (evidence.text, evidence.start_s, evidence.end_s) == ("uses momentum", 0.2, 1.1)


@pytest.mark.parametrize("words", [None, (), (Word("elsewhere", 0.0, 1.0, 0.5),)])
def test_quote_without_placed_words_has_no_times(words: tuple[Word, ...] | None) -> None:
    transcript = Transcript("It uses momentum.", words=words)
    tokens = tokenize(transcript.text)
    evidence = quote(transcript.text, place(transcript), tokens[0], tokens[2])
    assert (evidence.text, evidence.start_s, evidence.end_s) == ("It uses momentum", None, None)


def test_a_word_that_is_not_in_the_text_is_left_out() -> None:
    words = (WORDS[0], Word(" really", 0.2, 0.3, 0.1), WORDS[1])
    placed = place(Transcript("It uses momentum.", words=words))
    assert placed == ((0, WORDS[0]), (3, WORDS[1]))


@pytest.mark.parametrize(
    ("places", "span"),
    [
        ([[3]], (3, 3)),
        ([[0, 20], [2]], (0, 2)),
        ([[0, 9], [6], [5, 30]], (5, 9)),
        ([[7, 8], [7, 8]], (7, 7)),
    ],
)
def test_narrowest(places: list[list[int]], span: tuple[int, int]) -> None:
    assert narrowest(places) == span


def test_a_stretch_of_unplaced_text_has_no_time() -> None:
    text = "It uses " + "[noise] " * 20 + "momentum"
    tokens = tokenize(text)
    placed = place(Transcript(text, (Word(" It", 0.0, 0.2, 0.9), Word(" uses", 0.2, 0.5, 0.9))))
    assert quote(text, placed, tokens[0], tokens[1]).end_s == 0.5
    assert quote(text, placed, tokens[-1], tokens[-1]).start_s is None


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("use C++ here", "C++"),
        ("it is (95%), yes", "95%"),
        ("takes O(n) time", "O(n)"),
        ("an A/B test", "A/B"),
        ("it re\u0301duces, so", "re\u0301duces"),
        ('"momentum".', "momentum"),
    ],
)
def test_a_quotation_has_whole_words_with_their_signs(text: str, quoted: str) -> None:
    tokens = [token for token in tokenize(text) if text[token.start : token.end] in quoted]
    assert quote(text, (), tokens[0], tokens[0]).text == quoted
