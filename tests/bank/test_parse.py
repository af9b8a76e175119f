from __future__ import annotations

import gc
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sayback.bank.outline import LONGEST_TEXT, plain_points
from sayback.bank.parse import MOST_LINES, MOST_PROBLEMS, parse, read
from sayback.bank.parse import key_point as parse_key_point
from sayback.errors import BankError
from sayback.model import KeyPoint, Question

ROOT = Path(__file__).resolve().parents[2]
SHARED_BANK = ROOT.parent / "shared" / "bank" / "interview_preparation.md"

BANK = """\
# Vision

## Segmentation
- What is **U-Net**?  <!-- target: 90s -->
    * It does **semantic segmentation**
        * with an **encoder**
        * and a `decoder`
    * [Skip connections](http://example.org) keep detail
- What is a mask?
"""


def test_parse_gives_questions_with_all_they_have() -> None:
    topic = ("Vision", "Segmentation")
    points = (
        KeyPoint(
            "It does semantic segmentation",
            terms=("semantic segmentation", "encoder"),
            facts=("with an encoder", "and a decoder"),
        ),
        KeyPoint("Skip connections keep detail"),
    )
    bank = parse(BANK)
    assert bank.questions == (
        Question("What is U-Net?", "what-is-u-net", topic, points, 90.0),
        Question("What is a mask?", "what-is-a-mask", topic),
    )
    assert bank.problems == ()


def test_line_ends_and_byte_order_mark_make_no_difference() -> None:
    assert parse("\ufeff" + BANK.replace("\n", "\r\n")) == parse(BANK)


def test_key_point_takes_the_terms_out_of_the_markup() -> None:
    assert parse_key_point("It *is* **for** `x`") == KeyPoint("It is for x", terms=("for",))


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("What is U-Net?", "what-is-u-net"),
        ("Isn't it ça & naïve?", "isnt-it-ca-naive"),
        ("one two three four five six seven eight nine", "one-two-three-four-five-six-seven-eight"),
        (
            "abcdefghijklmnopqrstuvwxyz " * 3,
            "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz",
        ),
        ("x" * 70, "x" * 60),
        ("Что такое U-Net?", "u-net-776a8e8a"),
        ("什么是注意力?", "b1fa09ce"),
    ],
)
def test_an_id_is_made_of_the_text(text: str, identifier: str) -> None:
    assert parse(f"- {text}").questions[0].id == identifier


def test_ids_are_unique_in_the_order_of_the_questions() -> None:
    bank = parse("- What now?\n- What, now\n- What now 2\n- what now!")
    ids = [question.id for question in bank.questions]
    assert ids == ["what-now", "what-now-2", "what-now-2-2", "what-now-3"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- Q\n- q", "b.md:2: the same question as at b.md:1; reword or delete one of them"),
        (
            "- Q\n-\n- R",
            "b.md:2: question without text; write it after the list marker or delete the line",
        ),
        (
            "- Q\n- ** **",
            "b.md:2: question without text; write it after the list marker or delete the line",
        ),
        (
            "- Q\n    * [ ]\n- R",
            "b.md:2: key point without text; write it after the list marker or delete the line",
        ),
        (
            "- Q\n  - p\n    - `-`",
            "b.md:3: fact without text; write it after the list marker or delete the line",
        ),
        ("- Q\n  - p\n  - o\n  - *P*", "b.md:4: key point 'P' is listed twice; delete one"),
        (
            "- Q\n  - a **b",
            "b.md:2: bold is not closed in this key point; put ** at both ends of the term",
        ),
        (
            "- Q\n# T\n     - p",
            "b.md:3: list item has no question above it; indent it less to make it a question",
        ),
    ],
)
def test_a_problem_names_file_line_and_what_to_do(text: str, problem: str) -> None:
    bank = parse(text, name="b.md")
    assert bank.problems == (problem,)
    assert bank.questions[0].text == "Q"


def test_problems_stand_in_the_order_of_the_lines() -> None:
    problems = parse("- **a\n<!-- target: x -->\n-\n- b\n- b\n```").problems
    assert [problem.split(":")[1] for problem in problems] == ["1", "2", "3", "5", "6"]


def test_a_question_without_text_takes_no_other_with_it() -> None:
    bank = parse("- \n    * p\n- Q\n    * o")
    assert [(q.text, [p.text for p in q.key_points]) for q in bank.questions] == [("Q", ["o"])]


# Hypothesis writes banks out of what matters to the parser, and out of anything.
MARKS = [
    "**",
    "*",
    "_",
    "`",
    "```",
    "~~~",
    "# ",
    "---",
    "===",
    "<!--",
    "-->",
    "target:",
    "90s",
    "[",
    "](",
    ")",
    ">",
    "&",
    "\\",
    "word",
]
PIECES = st.sampled_from(["- ", "* ", "1. ", "    ", "\t", "\n", "\r\n", " ", "|", *MARKS])


@settings(deadline=None)
@given(st.text() | st.lists(PIECES | st.text(max_size=3), max_size=60).map("".join))
@example("- q\n    * p\n```\n<!--\n**")
def test_any_text_parses_and_each_problem_names_a_line_that_exists(text: str) -> None:
    bank = parse(text)
    last_line = len(re.split("\r\n|\r|\n", text))
    for problem in bank.problems:
        match = re.fullmatch(r"bank:([0-9]+): [^;\n]+; .+", problem)
        assert match, problem
        assert 1 <= int(match[1]) <= last_line
    ids = [question.id for question in bank.questions]
    assert len(set(ids)) == len(ids)
    assert all(ids)


LINES = st.sampled_from(
    [
        "- q1",
        "- q1\n  - a\n  - b c",
        "- q2 <!-- target: 90s -->",
        "- q2\n    <!-- target: 2m -->\n    * e\n    * f",
        "  * q3",
        "1. **q4**",
        "-",
        "  - a",
        "  - b c",
        "  - A",
        "    - d",
        "  * e",
        "  - **f",
        "  - g  h",
        "  - i\N{NO-BREAK SPACE}j",
        "  - ?",
        "  <!-- target: 2m -->",
        "  <!-- hidden",
        "  - k --> l",
        "  more",
        "lazy",
        "# heading",
        "#none",
        "---",
        "===",
        "```",
        "  ~~~",
        "",
        "   ",
        "\t- m",
    ]
)


@settings(deadline=None, max_examples=500)
@given(st.lists(LINES, max_size=12).map("\n".join))
@example("- q1\n  - a\n  - b c\n\n- q2 <!-- target: 90s -->\n  - a\n  - A\n# heading")
@example("```\n- q1\n```\n  - a\n- q1\n  more\n  - a\n- q1\n    - d\n    - d e\n  - a\n")
@example("- q1\n  - a <!--\n- x -->\n  - b\n")
@example("   - q1 <!--\n- x -->\n  - a\n")
@example("- q1\n  - a\n#none")
@example(f"- q1\n  - {'a' * LONGEST_TEXT}a\n")
def test_key_points_taken_at_once_are_those_taken_line_by_line(text: str) -> None:
    at_once = parse(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sayback.bank.parse.plain_points", lambda _: {})
        assert parse(text) == at_once


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("- q\n  - a\n  - b\n", [2]),
        ("# Topic\n\n* q\n    <!-- target: 90s -->\n    - a b\n    - c\n\n# Next\n", [5]),
        ("- q\n  - a\n1. r\n - b\n- s\n\n  - c", [2, 4]),
        ("- q\n  - **a**\n", []),
        ("- q\n  - a\n  - b  c\n", []),
        ("- q\n  - a\n    - fact\n", []),
        ("- q\n  - a\nand more of it\n", []),
        ("- q\n  - same\n  - Same\n", []),
    ],
)
def test_which_key_points_are_taken_at_once(text: str, lines: list[int]) -> None:
    assert list(plain_points(text)) == lines


def bank_text(count: int) -> str:
    question = (
        "- What is **thing** {}?\n    * first *point*\n    * `second` point\n    * third {}\n"
    )
    return "# Topic\n" + "".join(question.format(number, number) for number in range(count))


HARD: dict[str, Callable[[int], str]] = {
    "many questions": bank_text,
    "one long line": lambda count: "- " + "a [b](c) **d** _e `f` g_ " * count,
    "asterisks": lambda count: "- " + "*" * 20 * count,
    "bold never closed": lambda count: "- " + "**a *b " * 3 * count,
    "brackets": lambda count: "- " + "[a](" * 5 * count,
    "parentheses": lambda count: "- [a](" + "(b)" * 5 * count,
    "fences never closed": lambda count: "".join(
        f"{'`' * (3 + n % 9)} a\n~~~\n" for n in range(count)
    ),
    "comments never closed": lambda count: "- a <!--\n" * count,
    "comments": lambda count: "- " + "<!-- a -->" * 5 * count,
    "the same question": lambda count: "- a\n" * count,
    "deep lists": lambda count: "".join(f"{' ' * (n % 300)}- a{n}\n" for n in range(count)),
    "plain points": lambda count: "- a\n" + "".join(f"  - b{n}\n" for n in range(count)) + "c",
    "spaces": lambda count: f"- a\n{' ' * 20 * count}b\n",
    "one wrapped item": lambda count: "- a\n" + "b\n" * 5 * count,
}


def least_time_s(text: str) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        parse(text)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("kind", HARD)
def test_time_is_linear_in_the_length(kind: str) -> None:
    # Four times the text takes 4 times the time, 16 times where it is quadratic.
    short, long = (least_time_s(HARD[kind](count)) for count in (2_000, 8_000))
    assert long < 10 * short + 0.02


@pytest.mark.skipif(not SHARED_BANK.exists(), reason="shared/bank is not on this machine")
def test_the_shared_bank() -> None:
    bank = read(SHARED_BANK)
    counts = [len(question.key_points) for question in bank.questions]
    assert (len(counts), sum(map(bool, counts)), sum(counts)) == (35, 12, 26)
    assert bank.problems == ()
    long_point = bank.questions[0].key_points[2]
    assert long_point.terms == ("nearest four points",)
    assert long_point.text.endswith("intact.). FPN using features from different scales")
    assert bank.questions[3].topic[-1] == "Training and Optimization"


def test_read_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.md"
    file.write_bytes(b"\xef\xbb\xbf- Caf\xc3\xa9?\r\n-\r\n")
    bank = read(file)
    assert [question.text for question in bank.questions] == ["Café?"]
    assert [problem.split(": ")[0] for problem in bank.problems] == [f"{file}:2"]


def test_read_a_folder(tmp_path: Path) -> None:
    for name, text in {
        "b.md": "- Why?\n- Q",
        "a.MD": "- Why?",
        "empty.md": "",
        "README.md": "- no question",
        ".#a.md": "- no question",
        "notes.txt": "- no question",
    }.items():
        (tmp_path / name).write_text(text)
    bank = read(tmp_path)
    assert [question.id for question in bank.questions] == ["why", "why-2", "q"]
    assert [problem.removeprefix(f"{tmp_path}{os.sep}") for problem in bank.problems] == [
        f"b.md:1: the same question as at {tmp_path / 'a.MD'}:1; reword or delete one of them",
        "empty.md:1: no question in this file; write one on a line that starts with '- '",
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", ": no question in it; "),
        (b" \n", ": no question in it; "),
        (b"# Heading\n\ntext\n", ": no question in it; "),
        (b"- Q\n- caf\xe9\n", ":2: not text in UTF-8; "),
        ("- Q\n".encode("utf-16"), ":1: not text in UTF-8; "),
        (b"- Q\0", ": a binary file; "),
    ],
)
def test_a_file_that_is_no_bank(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "bank.md"
    file.write_bytes(content)
    for path in (file, tmp_path) if b"Q" in content else (file,):
        with pytest.raises(BankError) as raised:
            read(path)
        assert str(raised.value).startswith(f"{file}{what}")


def test_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"gone\.md: does not exist; name a Markdown file"):
        read(tmp_path / "gone.md")
    with pytest.raises(
        BankError, match=r": no question bank in it; put a Markdown file \(\*\.md\)"
    ):
        read(tmp_path)


def test_a_name_that_the_system_refuses(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"cannot be read \(File name too long\); check"):
        read(tmp_path / ("x" * 300))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission(tmp_path: Path) -> None:
    file = tmp_path / "bank.md"
    file.write_text("- Q")
    file.chmod(0)
    with pytest.raises(BankError, match=r"cannot be read \(Permission denied\); check"):
        read(file)


@pytest.mark.parametrize(
    ("name", "count"), [("interview_ml.md", 36), ("starter_behavioural.md", 8)]
)
def test_a_bank_that_ships_loads_without_problems(name: str, count: int) -> None:
    # By name: users put banks of their own into the same folder.
    bank = read(ROOT / "questions" / name)
    assert bank.problems == ()
    assert len(bank.questions) == count
    assert all(question.key_points for question in bank.questions)


def test_the_question_of_the_demo() -> None:
    first = read(ROOT / "questions" / "interview_ml.md").questions[0]
    assert first.text == "What is U-Net and when would you use it?"
    assert first.topic == ("Computer Vision", "Image Segmentation")
    assert first.target_s == 60.0
    assert first.key_points[0].terms == ("semantic segmentation",)
    assert len(first.key_points) == 5


def test_a_pipe_is_no_bank(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "bank.md")
    with pytest.raises(BankError, match=r"bank\.md: not a file"):
        read(tmp_path / "bank.md")


def test_what_no_person_writes_is_a_problem_and_not_a_wait() -> None:
    long = "word " * 9_000
    bank = parse(f"# {long}\n- {long}\n- What?\n  - {long}\n  - a point\n")
    assert [problem.partition(": ")[2].partition(" of")[0] for problem in bank.problems] == [
        "heading",
        "question",
        "key point",
    ]
    (question,) = bank.questions
    assert question.topic == ()
    assert [point.text for point in question.key_points] == ["a point"]


def test_of_many_problems_the_first_are_named(tmp_path: Path) -> None:
    bank = parse("-\n" * 3_000)
    assert len(bank.problems) == MOST_PROBLEMS + 1
    assert bank.problems[-1] == "bank:1001: one of 2000 more problems; mend these first"


def test_a_bank_of_too_many_lines(tmp_path: Path) -> None:
    (tmp_path / "bank.md").write_text("\n" * (MOST_LINES + 1))
    with pytest.raises(BankError, match="more than 600000 lines; divide it"):
        read(tmp_path / "bank.md")


def test_nothing_is_searched_for_garbage_while_a_large_bank_is_read(tmp_path: Path) -> None:
    questions = (f"- Question {number}?\n  - point\n" for number in range(2_000))
    (tmp_path / "bank.md").write_text("".join(questions))
    searches: list[str] = []

    def count(phase: str, _: dict[str, int]) -> None:
        searches.append(phase)

    gc.collect()
    gc.callbacks.append(count)
    try:
        assert len(read(tmp_path / "bank.md").questions) == 2_000
        assert len(searches) <= 2  # the start and the end of one, once it is over
    finally:
        gc.callbacks.remove(count)
    assert gc.isenabled()
