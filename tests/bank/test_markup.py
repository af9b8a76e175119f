from __future__ import annotations

import pytest

from sayback.bank.markup import has_word, plain, quoted, unique


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a *stressed* word", "a stressed word"),
        ("a _stressed_ word", "a stressed word"),
        ("***both*** and ~~struck~~", "both and struck"),
        ("call `x**2` or ``a`b``", "call x**2 or a`b"),
        ("see [the *paper*](http://example.org/a_(b)_c 'title')!", "see the paper!"),
        ("![a picture](figure.png) of it", "a picture of it"),
        ("AT&amp;T, 3 &lt; 4", "AT&T, 3 < 4"),
        (r"\*not stressed\*", "*not stressed*"),
        ("one<br>two <b>three</b>", "one two three"),
        ("  spaces \t collapse\n here ", "spaces collapse here"),
        ("a **bold *and stressed* term**", "a bold and stressed term"),
    ],
)
def test_markup_is_dropped(markup: str, text: str) -> None:
    assert plain(markup).text == text


@pytest.mark.parametrize(
    "text",
    [
        "node.js",
        "k*n",
        "k*n*m and 2*3*4",
        "k * n * m",
        "x**2 + y**2",
        "snake_case_name and _private",
        "train-val-test",
        "*.py and *.md",
        "vector<int> if a < b > c",
        "x[i](t) and [aside] (as written)",
        "[batch](mean and variance)",
        "R&D; Q&A",
        "~5 % or 10~20",
        "f(x) = a_1 * x_1",
        "`unclosed code",
        "****",
    ],
)
def test_what_is_not_markup_is_not_damaged(text: str) -> None:
    assert plain(text) == (text, (), False)


@pytest.mark.parametrize(
    ("markup", "terms"),
    [
        ("**U-Net** and __Mask R-CNN__", ("U-Net", "Mask R-CNN")),
        ("***very*** important", ("very",)),
        ("**the *inner* part**", ("the inner part",)),
        ("**a [linked](http://example.org) term**", ("a linked term",)),
        ("**`code`**", ("code",)),
        ("**Note:** it is **twice**, **twice**", ("Note", "twice")),
        ("**key**s and **U**-Net", ("key", "U")),
        ("这**粗体**是", ("粗体",)),
        ("**outer __inner__ term**", ("outer inner term",)),
        ("**!**", ()),
        ("`**code**`", ()),
        ("*only stressed*", ()),
    ],
)
def test_bold_gives_the_terms(markup: str, terms: tuple[str, ...]) -> None:
    assert plain(markup).terms == terms


@pytest.mark.parametrize(
    ("markup", "text", "is_unclosed"),
    [
        ("a **half bold", "a half bold", True),
        ("half bold** too", "half bold too", True),
        ("**one** and **another", "one and another", True),
        ("*a **b* c", "a b c", True),
        ("**closed**", "closed", False),
        ("2**n", "2**n", False),
    ],
)
def test_half_a_bold_is_noticed(markup: str, text: str, is_unclosed: bool) -> None:
    inline = plain(markup)
    assert (inline.text, inline.is_unclosed) == (text, is_unclosed)


@pytest.mark.parametrize(
    ("text", "expected"), [("a", True), ("7", True), ("什", True), ("-*", False)]
)
def test_has_word(text: str, expected: bool) -> None:
    assert has_word(text) is expected


def test_unique_keeps_the_first_places() -> None:
    assert unique(["b", "a", "b"]) == ("b", "a")


def test_quoted_is_one_short_line() -> None:
    assert quoted("two\nlines") == "'two lines'"
    assert len(quoted("long " * 50)) == 42
