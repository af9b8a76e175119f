"""Choosing among proposed key points at a terminal."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sayback.bank.edit import Edit
from sayback.model import Question
from sayback.revision import Draft
from sayback.views.drafting import accepted, written

DRAFT = Draft(Question("What is U-Net?", "u-net"), 7, ("An encoder", "A decoder", "Few images"))


class Keys(io.StringIO):
    """Lines that are typed; "^C" interrupts instead."""

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        line = super().readline()
        if line.startswith("^C"):
            raise KeyboardInterrupt
        return line


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> tuple[str, ...]:
    monkeypatch.setattr(sys, "stdin", Keys("".join(f"{line}\n" for line in lines)))
    return accepted(DRAFT, Console(file=io.StringIO()))


def test_points_are_accepted_edited_and_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    edited = "Few **training images**"
    assert typed(monkeypatch, "", "d", "e", f"  {edited}") == ("An encoder", edited)
    assert typed(monkeypatch, "", "?", "q") == ("An encoder",)
    assert typed(monkeypatch, "") == ("An encoder",)  # the input ends


@pytest.mark.parametrize("wrong", ["!!!", "a \x1b[31mred"])
def test_what_cannot_be_written_is_refused_when_it_is_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    assert typed(monkeypatch, "e", wrong, "It shrinks", "q") == ("It shrinks",)
    said = capsys.readouterr().out
    assert "write what is to be said" in said or "leave out control characters" in said
    assert "\x1b[31m" not in said
    assert typed(monkeypatch, "e", wrong, "", "q") == ()


def test_what_was_accepted_is_printed_when_it_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        typed(monkeypatch, "", "e", "It grows again", "^C")
    assert capsys.readouterr().out.endswith("\n- An encoder\n- It grows again\n")


def test_it_says_what_was_written_and_what_to_do_next() -> None:
    said = written(Edit(Path("bank.md"), 0, b"  - a\r\n  - b\r\n\r\n"), 7)
    assert said.startswith("2 key points written to bank.md\n")
    assert "`sayback rescore 7` scores your answer against them" in said
    assert "`sayback draft --undo` takes them out" in said
