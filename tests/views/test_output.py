"""What is printed, for a person and for scripts."""

from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayback.upkeep import Check
from sayback.views.output import json_line, print_check, say


@given(st.text() | st.text("\x1b\x7f\x9b\u202e\ud800\\u\"'"))
def test_json_is_the_same_without_what_a_terminal_obeys(text: str) -> None:
    line = json_line({text: [text]})
    assert json.loads(line) == {text: [text]}
    assert not set(line) & set("\x1b\x7f\x9b\u202e\ud800\n")


def test_lines_are_said_without_what_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    say("\x1b[2Jone\ntwo", err=True)
    assert capsys.readouterr().err == "␛[2Jone\ntwo\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


CHECK = Check(
    "disk", False, "/a-path/that-is/long: only 3 MB free", "make room: an hour needs more"
)
PROBLEM = "sayback: /a-path/that-is/long.md: not text in UTF-8; save it as UTF-8"


def test_in_a_terminal_words_stay_whole_and_what_follows_is_indented(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", "40")
    print_check(CHECK)
    say(PROBLEM)
    assert out.getvalue().splitlines() == [
        " \x1b[31m✗\x1b[0m disk         /a-path/that-is/long:",
        f"{'':16}only 3 MB free",
        f"{'':16}make room: an hour needs",
        f"{'':16}more",
        "sayback: /a-path/that-is/long.md: not",
        "  text in UTF-8; save it as UTF-8",
    ]


def test_in_a_pipe_a_line_stays_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_check(CHECK)
    say(PROBLEM, err=True)
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f" ✗ disk         {CHECK.detail}",
        f"                {CHECK.fix}",
    ]
    assert said.err == f"{PROBLEM}\n"
