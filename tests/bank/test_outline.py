from __future__ import annotations

import pytest

from sayback.bank.lines import Line
from sayback.bank.outline import Item, Outline


def outline(text: str) -> tuple[Outline, list[tuple[int, str]]]:
    problems: list[tuple[int, str]] = []
    result = Outline(lambda line, problem: problems.append((line, problem)))
    for number, line in enumerate(text.split("\n"), start=1):
        before, _, comment = line.partition("//")  # stands for a comment
        result.take(Line(number, before, (comment,) if comment else ()))
    return result, problems


def tree(items: list[Item]) -> list[object]:
    return [(item.markup, tree(item.below)) if item.below else item.markup for item in items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- q\n* r\n+ s\n1. t\n2) u", ["q", "r", "s", "t", "u"]),
        ("   - q\n  - r\n - s\n- t", ["q", "r", "s", "t"]),
        ("- q\n    * p\n    * o", [("q", ["p", "o"])]),
        ("- q\n\t* p\n\t\t* f", [("q", [("p", ["f"])])]),
        ("1. q\n   - p\n2. r", [("q", ["p"]), "r"]),
        ("- q\n - p", [("q", ["p"])]),
        ("- q\n  * p\n      * f\n    * g\n  * o", [("q", [("p", ["f", "g"]), "o"])]),
        ("- q\n        * p\n    * o", [("q", ["p", "o"])]),
        ("- q\n  - p\n    - f\n      - g\n        - h", [("q", [("p", ["f", "g", "h"])])]),
        ("- q\n\n    * p\n\n    * o", [("q", ["p", "o"])]),
        ("- q\nlazy\n  indented", ["q lazy indented"]),
        ("- q\n  * p\n    more\nlazy", [("q", ["p more lazy"])]),
        ("- q\n  * p\n\n  more of q", [("q more of q", ["p"])]),
        ("- q\n\nparagraph\nof two lines\n- r", ["q", "r"]),
        ("- q\n> quote\n- r\n| a | b |\n- s", ["q", "r", "s"]),
        ("- q\n</details>\n    * p", [("q", ["p"])]),
        ("- [ ] q\n    * [x] p", [("q", ["p"])]),
        ("-\n  q", ["q"]),
        ("-dash\n*star\n1.5 is no item\n\n- q", ["q"]),
        ("- q\n---\n* * *\n- - -\n- r", ["q", "r"]),
        ("- q //note\n//note\n  more", ["q more"]),
    ],
)
def test_levels(text: str, expected: list[object]) -> None:
    result, problems = outline(text)
    assert tree(result.questions) == expected
    assert not problems


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("- q", ()),
        ("# A\n## B\n- q", ("A", "B")),
        ("# A\n## B\n# C\n- q", ("C",)),
        ("### A\n## B\n######## C\n- q", ("B", "C")),
        ("# A ##\n## C#\n- q", ("A", "C#")),
        ("# **A** `b`\n- q", ("A b",)),
        ("A\n===\nB\n---\n- q", ("A", "B")),
        ("# A\n#\n- q", ()),
        ("#hashtag\n- q", ()),
        ("- first\n# A\n- q", ("A",)),
    ],
)
def test_headings_give_the_topic(text: str, topic: tuple[str, ...]) -> None:
    assert outline(text)[0].questions[-1].topic == topic


@pytest.mark.parametrize(
    ("written", "target_s"),
    [
        ("90s", 90.0),
        ("2m", 120.0),
        ("1m30s", 90.0),
        ("1:30", 90.0),
        (" 1M 30S ", 90.0),
        ("0:45", 45.0),
    ],
)
def test_targets(written: str, target_s: float) -> None:
    for text in (f"- q // target: {written}", f"- q\n    * p\n  //Target:{written}"):
        result, problems = outline(text)
        assert result.questions[0].target_s == target_s
        assert not problems


@pytest.mark.parametrize("written", ["", "90", "soon", "0s", "1:75", "-5s", "99999s", "1m1m"])
def test_a_bad_target_is_a_problem(written: str) -> None:
    result, problems = outline(f"- q\n// target: {written}")
    assert result.questions[0].target_s is None
    what = f"target '{written}' is not a length of time; write it like 90s, 2m, 1m30s or 1:30"
    assert problems == [(2, what)]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("// target: 90s\n- q", 1, "target has no question above it"),
        ("- q\n# A\n// target: 90s", 3, "target has no question above it"),
        ("# A\n    * p", 2, "list item has no question above it"),
        ("- q\n\nparagraph\n\n    * p", 5, "list item has no question above it"),
    ],
)
def test_what_belongs_to_no_question_is_a_problem(text: str, line: int, what: str) -> None:
    _, [(problem_line, problem)] = outline(text)
    assert problem_line == line
    assert problem.startswith(f"{what}; ")


def test_other_comments_say_nothing() -> None:
    assert outline("- q // target audience: everyone")[1] == []
