"""What is printed, for a person and for scripts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayback.views.output import json_line, say


@given(st.text() | st.text("\x1b\x7f\x9b\u202e\ud800\\u\"'"))
def test_json_is_the_same_without_what_a_terminal_obeys(text: str) -> None:
    line = json_line({text: [text]})
    assert json.loads(line) == {text: [text]}
    assert not set(line) & set("\x1b\x7f\x9b\u202e\ud800\n")


def test_lines_are_said_without_what_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    say("\x1b[2Jone\ntwo", err=True)
    assert capsys.readouterr().err == "␛[2Jone\ntwo\n"
