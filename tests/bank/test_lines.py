from __future__ import annotations

import pytest

from sayback.bank.lines import Line, Source


def lines(text: str) -> tuple[list[Line], list[tuple[int, str]]]:
    problems: list[tuple[int, str]] = []
    source = Source(text, lambda line, problem: problems.append((line, problem)))
    return [line for line in source if line.text or line.comments], problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", [(1, "a"), (2, "b")]),
        ("\ufeffa\r\nb\rc", [(1, "a"), (2, "b"), (3, "c")]),
        ("a\x0cb\u2028c", [(1, "a\x0cb\u2028c")]),
        ("---\ntitle: x\n---\na", [(4, "a")]),
        ("---\na", [(1, "---"), (2, "a")]),
        ("a\n```python\nhidden\n```\nb", [(1, "a"), (5, "b")]),
        ("~~~\nhidden\n```\nhidden\n~~~~\nb", [(6, "b")]),
        ("````\n```\n````\nb", [(4, "b")]),
        ("- ```\n  hidden\n  ```\nb", [(1, "- "), (4, "b")]),
        ("a `b` c", [(1, "a `b` c")]),
        ("```inline``` code", [(1, "```inline``` code")]),
    ],
)
def test_hidden_lines_are_left_out(text: str, expected: list[tuple[int, str]]) -> None:
    kept, problems = lines(text)
    assert [(line.number, line.text) for line in kept] == expected
    assert not problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a <!-- b --> c", [Line(1, "a  c", (" b ",))]),
        ("<!--a--><!--b-->", [Line(1, "", ("a", "b"))]),
        ("a <!--b\nc\n--> d\ne", [Line(1, "a  d", ("b\nc\n",)), Line(4, "e", ())]),
        ("<!--a\nb--> c <!--d\ne-->", [Line(1, " c ", ("a\nb", "d\ne"))]),
        ("code `<!--` and `-->`", [Line(1, "code `<!--` and `-->`", ())]),
        ("<!--\n```\n-->\na", [Line(1, "", ("\n```\n",)), Line(4, "a", ())]),
    ],
)
def test_comments_are_cut_out_and_kept(text: str, expected: list[Line]) -> None:
    assert lines(text) == (expected, [])


@pytest.mark.parametrize(
    ("text", "kept_lines", "problem_line", "what"),
    [
        ("a\n```\nb", [1, 3], 2, "code block is not closed; end it with a line ```"),
        ("a\nb <!-- c\nd", [1, 2, 3], 2, "comment is not closed; end it with -->"),
    ],
)
def test_what_is_never_closed_hides_no_other_line(
    text: str, kept_lines: list[int], problem_line: int, what: str
) -> None:
    kept, problems = lines(text)
    assert [line.number for line in kept] == kept_lines
    assert problems == [(problem_line, what)]
