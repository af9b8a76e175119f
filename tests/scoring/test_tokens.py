from __future__ import annotations

import pytest

from sayback.scoring.tokens import negated_positions, tokenize


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", []),
        ("😀 ... !", []),
        ("Adam's U-Net, it’s F1.", ["adam", "u", "net", "it", "f1"]),
        ("two hundred fifty five", ["255"]),
        ("two hundred and five", ["200", "and", "5"]),
        ("two hundred and fifty five or so", ["255", "or", "so"]),
        ("between a hundred and two hundred", ["between", "100", "and", "200"]),
        ("a hundred thirty, a few", ["130", "a", "few"]),
        ("11 million, a billion and 1.5 million", ["11000000", "1000000000", "and", "1500000"]),
        ("40 000 of 224 224", ["40000", "of", "224", "224"]),
        ("zero point nine, at that point five", ["0.9", "at", "that", "point", "5"]),
        ("a hundred and twenty thousand, 10⁶ million", ["120000", "10⁶", "million"]),
        ("between ten thousand and twenty thousand", ["between", "10000", "and", "20000"]),
        ("two point five million", ["2500000"]),
        ("found w/o labels, low/off", ["found", "without", "labels", "low", "off"]),
        ("one two three", ["1", "2", "3"]),
        ("twenty one thousand", ["21000"]),
        ("one, two", ["1", "2"]),
        ("1,000 images, 0.9 of 3D", ["1000", "images", "0.9", "of", "3d"]),
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
