"""Lines on a terminal and in a pipe, from scripted events."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from tests.views.panels.scenes import QUESTION, coverage, level

from sayback.live import Captions, Covering
from sayback.model import Status
from sayback.session import Asking, Event, Listening
from sayback.views.plain import View, show

SAID = (Status.COVERED, Status.MISSED, Status.PARTIAL, Status.MISSED)


def answer() -> Iterator[Event]:
    yield Asking(QUESTION)
    yield Listening(Path("a.wav"))
    yield Captions("An encoder", "and a")
    yield Covering(coverage(*SAID))
    yield level(3.0)


def shown(view: View, *, is_terminal: bool) -> str:
    out = Console(file=io.StringIO(), force_terminal=is_terminal, width=80, color_system=None)
    assert list(show(answer(), out, view)) == []
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_a_terminal_shows_key_points_and_words_while_one_speaks() -> None:
    text = shown(View(place="1 of 2"), is_terminal=True)
    assert " 1 of 2 · Deep Learning › Architectures" in text
    assert "key points     ✓ U-Net   ◐ Mask R-CNN   · ·" in text
    assert " An encoder and a" in text
    assert "ViT" not in text


@pytest.mark.parametrize(
    ("exam", "is_terminal"), [(True, True), (False, False)], ids=["exam", "pipe"]
)
def test_an_exam_and_a_pipe_show_no_key_points(exam: bool, is_terminal: bool) -> None:
    text = shown(View(exam=exam), is_terminal=is_terminal)
    assert "key points" not in text
    assert ("An encoder and a" in text) is is_terminal


def test_a_pipe_gets_the_bare_word_that_scripts_wait_for() -> None:
    assert "Listening" in shown(View(), is_terminal=False).splitlines()
