"""Key points written into a bank: only they change, and undo brings the file back."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sayback.bank.edit import Edit, checked, escaped, insert_key_points, marked, undo
from sayback.bank.markup import plain
from sayback.bank.parse import locate, parse, read
from sayback.errors import BankError, EditGone, NoSuchQuestion
from sayback.model import KeyPoint

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "questions" / "interview_ml.md"


def written(path: Path, text: str, question_id: str, *points: str) -> str:
    """The text of a bank after points were written into it, its line ends as they are."""
    path.write_bytes(text.encode())
    insert_key_points(path, question_id, points)
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- q\n  * a\n- r\n", "- q\n  * a\n  * n\n- r\n"),
        ("- q\n    + a\n        + fact\n\n- r\n", "- q\n    + a\n        + fact\n    + n\n\n- r\n"),
        ("- q\n\t*\ta\n", "- q\n\t*\ta\n\t*\tn\n"),
        ("- q\n  * a\n    b\nlazy\n\ntext\n", "- q\n  * a\n    b\nlazy\n  * n\n\ntext\n"),
        ("- q\n  * a", "- q\n  * a\n  * n"),
        ("- q\r\n  * a", "- q\r\n  * a\r\n  * n"),
        ("- q\r\n  * a\r\n", "- q\r\n  * a\r\n  * n\r\n"),
        ("- q\r  * a\r- r", "- q\r  * a\r  * n\r- r"),
        ("- q\n  1. a\n  2. b\n", "- q\n  1. a\n  2. b\n  3. n\n"),
        ("- q\n  1) a\n  1) b\n", "- q\n  1) a\n  1) b\n  1) n\n"),
        ("- q\n  9. a\n", "- q\n  9. a\n  10. n\n"),
        ("- q", "- q\n  - n"),
        ("1. q\n2. r\n", "1. q\n   - n\n2. r\n"),
        ("- q\n\n- r\n    * a\n", "- q\n    * n\n\n- r\n    * a\n"),
        ("- q\n- r\n  1. a\n  2. b\n", "- q\n  1. n\n- r\n  1. a\n  2. b\n"),
        ("  - q\n- r\n  * a\n", "  - q\n    * n\n- r\n  * a\n"),
        ("- q <!-- target: 90s -->\n", "- q <!-- target: 90s -->\n  - n\n"),
        ("- q\n  <!-- target:\n90s\n-->\n\n", "- q\n  <!-- target:\n90s\n-->\n  - n\n\n"),
        ("- q\n<!-- note -->\n", "- q\n  - n\n<!-- note -->\n"),
        ("- q\n  * a\n    ```\n- code\n    ```\n", "- q\n  * a\n    ```\n- code\n    ```\n  * n\n"),
        ("- q\n  ~~~\n\n  ~~~\n   \n- r", "- q\n  ~~~\n\n  ~~~\n  - n\n   \n- r"),
        ("- q\n  ```\n  x\n  ```\ntext\n", "- q\n  ```\n  x\n  ```\n  - n\n\ntext\n"),
        ("\ufeff- q\n- r\n * a\n", "\ufeff- q\n * n\n- r\n * a\n"),
        ("<!-- x --> - q\n", "<!-- x --> - q\n   - n\n"),
        ("- q\n <!-- x\ny --> - a\n", "- q\n <!-- x\ny --> - a\n  - n\n"),
        ("- q\n  -\n    a\n", "- q\n  -\n    a\n  - n\n"),
        ("- q\n</details>\n", "- q\n  - n\n</details>\n"),
        ("---\nx: 1\n---\n- q\n  - [ ] a\n", "---\nx: 1\n---\n- q\n  - [ ] a\n  - n\n"),
    ],
)  # fmt: skip
def test_a_point_is_written_like_the_others(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "bank.md"
    assert written(file, before, "q", "n") == after


def test_several_points_count_on(tmp_path: Path) -> None:
    file = tmp_path / "bank.md"
    after = written(file, "- q\n  1. a\n  2. b\n", "q", "c", "d")
    assert after == "- q\n  1. a\n  2. b\n  3. c\n  4. d\n"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("R&D is 3 < 4 and snake_case", "R&D is 3 < 4 and snake_case"),
        ("a  line\nbreak", "a line break"),
        ("it is *not* bold", r"it is \*not\* bold"),
        ("- a dash", r"\- a dash"),
        ("1. first", r"1\. first"),
        ("1.5 times", "1.5 times"),
        ("[x] done", r"\[x\] done"),
        ("# title", r"\# title"),
        ("a <!-- b --> c", r"a \<\!-- b --\> c"),
        ("&amp; and `code`", r"\&amp; and \`code\`"),
        ("<b>bold</b>", r"\<b\>bold\</b\>"),
    ],
)
def test_markdown_is_escaped_where_needed(text: str, markdown: str) -> None:
    assert escaped(text) == markdown
    assert plain(markdown).text == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "markdown", "read_back"),
    [
        ("**a b**", "**a b**", KeyPoint("a b", ("a b",))),
        ("It **shrinks**, *then* grows", r"It **shrinks**, \*then\* grows",
         KeyPoint("It shrinks, *then* grows", ("shrinks",))),
        ("**x** and **y:** `z`", r"**x** and **y:** \`z\`",
         KeyPoint("x and y: `z`", ("x", "y"))),
        ("- **a** <!-- b", r"\- **a** \<\!-- b", KeyPoint("- a <!-- b", ("a",))),
        ("**open and 2**n", r"\*\*open and 2\*\*n", KeyPoint("**open and 2**n")),
        ("2**3 is 8, 4**5 is not", "2**3 is 8, 4**5 is not", KeyPoint("2**3 is 8, 4**5 is not")),
        ("** a ** b", "** a ** b", KeyPoint("** a ** b")),
    ],
)  # fmt: skip
def test_bold_marks_terms_and_all_else_reads_as_it_is(
    tmp_path: Path, text: str, markdown: str, read_back: KeyPoint
) -> None:
    assert marked(text) == markdown
    file = tmp_path / "bank.md"
    file.write_text("- q\n")
    edit = insert_key_points(file, "q", [text])
    assert read(file).questions[0].key_points == (read_back,)
    undo(edit)
    assert file.read_text() == "- q\n"


def test_an_edit_counts_its_points(tmp_path: Path) -> None:
    file = tmp_path / "bank.md"
    file.write_text("- q\n  ```\n  x\n  ```\ntext\n")  # with a blank line after them
    assert insert_key_points(file, "q", ["a", "b"]).points == 2


def test_ids_are_those_of_the_whole_folder(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("- Why?\n")
    (tmp_path / "b.md").write_bytes(b"\xff")
    (tmp_path / "c.md").write_text("- Other\n- why\n")
    edit = insert_key_points(tmp_path, "why-2", ["Because"])
    assert edit == Edit(tmp_path / "c.md", 14, b"  - Because\n")
    assert (tmp_path / "a.md").read_text() == "- Why?\n"
    assert (tmp_path / "c.md").read_text() == "- Other\n- why\n  - Because\n"


def test_every_question_that_ships_is_found_where_it_stands() -> None:
    for question in read(SHIPPED).questions:
        place = locate(SHIPPED, question.id)
        assert place.entries[place.number].question == question


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ([], "no key point to write"),
        (["  "], "without a word"),
        (["**"], "without a word"),
        (["a\0b"], "not text"),
        (["a \x1b[31mb"], "not text"),
        (["**old**"], "already in the bank"),
        (["\ud800 a"], "not text"),
        (["Old"], "already in the bank"),
        (["n", "N"], "already in the bank"),
    ],
)
def test_what_cannot_be_a_new_point_is_refused(
    tmp_path: Path, points: list[str], problem: str
) -> None:
    file = tmp_path / "bank.md"
    file.write_text("- q\n  - old\n")
    with pytest.raises(BankError, match=problem):
        insert_key_points(file, "q", points)
    assert file.read_text() == "- q\n  - old\n"
    assert list(tmp_path.iterdir()) == [file]


def test_an_unknown_question_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bank.md"
    file.write_text("- q\n")
    with pytest.raises(NoSuchQuestion, match="'r': no such question in"):
        insert_key_points(file, "r", ["n"])


def test_nothing_is_written_where_it_could_not_be_read_back(tmp_path: Path) -> None:
    file = tmp_path / "bank.md"
    before = "- q\n  999999999. a\n"  # a number of ten digits is no list marker
    file.write_text(before)
    with pytest.raises(BankError, match="nothing can be written below 'q'"):
        insert_key_points(file, "q", ["n"])
    assert file.read_text() == before


def test_a_link_stays_a_link_and_the_mode_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    file, link = folder / "bank.md", tmp_path / "link.md"
    file.write_text("- q\n")
    file.chmod(0o640)
    link.symlink_to(Path("elsewhere") / "bank.md")
    edit = insert_key_points(link, "q", ["n"])
    assert link.is_symlink()
    assert file.read_text() == "- q\n  - n\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    undo(edit)
    assert link.is_symlink()
    assert file.read_text() == "- q\n"
    assert list(folder.iterdir()) == [file]


@pytest.mark.parametrize(
    ("changed", "undone"),
    [
        ("# New\n- q\n  - a\n  - n\n", "# New\n- q\n  - a\n"),
        ("- q\n  - n\n", "- q\n"),
        ("- q\n  - a\n  - n\n  - later\n- r\n", "- q\n  - a\n  - later\n- r\n"),
        ("- q\n  - a\n  - no\n", EditGone),
        ("- q\n  - a\n  - n and more\n", EditGone),
        ("- q\n  - a\n  - n\n    - with a fact\n", BankError),
        ("- q\n  - a\n  - n\ngoes on\n", BankError),
        ("- q\n\n\n  - n\n- r\n  - n\n", BankError),
        ("- q\n  - a\n```\n  - n\n```\n", BankError),
        ("", EditGone),
    ],
)
def test_undo_in_a_file_that_moved_on(
    tmp_path: Path, changed: str, undone: str | type[BankError]
) -> None:
    file = tmp_path / "bank.md"
    file.write_text("- q\n  - a\n")
    edit = insert_key_points(file, "q", ["n"])
    file.write_text(changed)
    if isinstance(undone, str):
        undo(edit)
        assert file.read_text() == undone
        return
    with pytest.raises(BankError, match=r"as they were written|changed since") as raised:
        undo(edit)
    assert raised.type is undone
    assert file.read_text() == changed


def test_undo_where_the_file_had_no_newline_at_its_end(tmp_path: Path) -> None:
    file = tmp_path / "bank.md"
    file.write_text("- q")
    edit = insert_key_points(file, "q", ["n"])
    file.write_text(file.read_text() + " and more")
    with pytest.raises(EditGone):
        undo(edit)
    file.write_text("- q\n  - n\n")
    undo(edit)
    assert file.read_text() == "- q\n"


def test_undo_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bank.md"
    file.write_text("- q\n")
    edit = insert_key_points(file, "q", ["n"])
    undo(edit)
    with pytest.raises(EditGone, match="do not stand there"):
        undo(edit)


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(EditGone, match=r"gone.md: does not exist any more; look"):
        undo(Edit(tmp_path / "gone.md", 0, b"- n\n"))
    with pytest.raises(BankError, match="cannot be read") as raised:
        undo(Edit(tmp_path / "drive" / "bank.md", 0, b"- n\n"))
    assert raised.type is BankError


@pytest.mark.parametrize("bank", ["bank.md", ".", "../here/bank.md"])
def test_an_edit_is_taken_back_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bank: str
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "bank.md").write_text("- q\n")
    monkeypatch.chdir(here)
    edit = insert_key_points(Path(bank), "q", ["n"])
    assert edit.file.is_absolute()
    (there / "bank.md").write_text("- q\n  - n\n")
    monkeypatch.chdir(there)
    undo(edit)
    assert (here / "bank.md").read_text() == "- q\n"
    assert (there / "bank.md").read_text() == "- q\n  - n\n"


# Any bank

MARKERS = st.sampled_from(["- ", "* ", "+ ", "1. ", "7) ", "-\t", "*   ", "- [ ] "])
WORDS = st.text("abßñ日 .,*_`<>[]()~\\&!-#1:", min_size=1, max_size=12).map(str.strip)
POINTS = st.lists(
    st.one_of(
        WORDS,
        st.text(max_size=20),
        st.sampled_from(
            [
                "**bold** `code`",
                "<!-- x",
                "x -->",
                "```",
                "~~~ x",
                "1. x",
                "[x] y",
                "[a](b)",
                "&lt;",
            ]
        ),
    ).filter(lambda text: any(map(str.isalnum, text))),
    min_size=1,
    max_size=3,
    unique_by=lambda text: " ".join(text.split()).casefold(),
)
LINES = st.one_of(
    st.tuples(st.sampled_from(["", "", " ", "  "]), MARKERS, WORDS).map("".join),
    st.tuples(
        st.sampled_from(["  ", "   ", "    ", "\t", "\t\t", "        "]), MARKERS, WORDS
    ).map("".join),
    st.tuples(st.sampled_from(["", "  ", "    ", "\t"]), WORDS).map("".join),
    st.sampled_from(
        [
            "", "", "   ", "# Heading", "Heading\n===", "---", "```\n- hidden\n```",
            "    ```\ncode\n\n    ```", "  ~~~\n  - hidden\n  ~~~", "<!-- note -->",
            "  <!-- target: 90s -->", "<!-- a\n- hidden\n-->", "  <!-- a\nb --> - after", "```",
            "<!-- open", "| a | b |", "> quote", "<details>", "</details>",
        ]
    ),
)  # fmt: skip
BANKS = st.builds(
    lambda lines, newline, start, end: start + newline.join("\n".join(lines).split("\n")) + end,
    st.lists(LINES, min_size=1, max_size=14),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\ufeff", "---\nx: 1\n---\n"]),
    st.sampled_from(["", "\n", "\r\n", "\n\n"]),
)


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much],
)
@given(st.lists(BANKS, min_size=1, max_size=3), POINTS, st.data())
@example(["- q\n  * a\r\n    ```\n- x\n    ```"], ["<!-- *x*"], None)
def test_in_any_bank_only_the_points_are_new_and_undo_restores_it(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    points: list[str],
    data: st.DataObject | None,
) -> None:
    folder = tmp_path_factory.mktemp("banks")
    for number, text in enumerate(texts):
        (folder / f"{number}.md").write_bytes(text.encode())
    files = {file: file.read_bytes() for file in folder.iterdir()}
    assume(any(parse(text).questions for text in texts))
    before = read(folder)
    at = data.draw(st.integers(0, len(before.questions) - 1)) if data else 0
    question = before.questions[at]
    assume(not any(category(each) == "Cc" for each in "".join("".join(points).split())))
    new = tuple(map(checked, points))
    present = {point.text.casefold() for point in question.key_points}
    assume(not present & {point.text.casefold() for point in new})
    assume(len({point.text.casefold() for point in new}) == len(new))

    edit = insert_key_points(folder, question.id, points)

    expected = list(before.questions)
    expected[at] = replace(question, key_points=(*question.key_points, *new))
    assert read(folder).questions == tuple(expected)
    content = files[edit.file]
    changed = content[: edit.position] + edit.inserted + content[edit.position :]
    files_now = {file: file.read_bytes() for file in folder.iterdir()}
    assert files_now == {**files, edit.file: changed}
    ends = set(re.findall(rb"\r\n|\r|\n", edit.inserted))
    assert ends <= set(re.findall(rb"\r\n|\r|\n", content)) or ends == {b"\n"}
    undo(edit)
    assert {file: file.read_bytes() for file in folder.iterdir()} == files
