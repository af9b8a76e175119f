from __future__ import annotations

import pytest

from sayback.model import Transcript, Word
from sayback.scoring.evidence import negated_positions, place, quote, tokenize


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", []),
        ("😀 ... !", []),
        ("Adam's U-Net, it’s F1.", ["adam", "u", "net", "it", "f1"]),
        ("two hundred fifty five", ["255"]),
        ("two hundred and five", ["200", "and", "5"]),
        ("one two three", ["1", "2", "3"]),
        ("twenty one thousand", ["21000"]),
        ("one, two", ["1", "2"]),
        ("twenty ten", ["20", "10"]),
        ("hundred people", ["hundred", "people"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
    ],
)
def test_tokenize(text: str, keys: list[str]) -> None:
    assert [token.key for token in tokenize(text)] == keys


def test_tokens_know_their_place() -> None:
    text = "So (a) two hundred fifty five, U-Net"
    assert [text[token.start : token.end] for token in tokenize(text)] == [
        "So", "a", "two hundred fifty five", "U", "Net",
    ]  # fmt: skip
    assert [token.opens for token in tokenize(text)] == [False, True, True, True, False]
    assert [token.hyphened for token in tokenize(text)] == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("text", "governed"),
    [
        ("Adam uses momentum", ""),
        ("Adam does not use momentum", "use momentum"),
        ("it doesn't use momentum, it adapts", "use momentum"),
        ("not only momentum", ""),
        ("momentum instead of gradients", "gradients"),
        ("without rounding because it interpolates", "rounding"),
        ("never", ""),
    ],
)
def test_negated_positions(text: str, governed: str) -> None:
    tokens = tokenize(text)
    assert " ".join(tokens[at].key for at in sorted(negated_positions(tokens))) == governed


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
