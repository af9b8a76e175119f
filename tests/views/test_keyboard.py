"""Lines from standard input, over a real pipe."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayback.views.keyboard import Keyboard


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.FileIO]:
    """The other end of standard input."""
    reading, writing = os.pipe()
    with open(reading) as stdin, open(writing, "wb", buffering=0) as keys:  # noqa: PTH123
        monkeypatch.setattr("sys.stdin", stdin)
        yield keys
        keys.close()
        time.sleep(0.05)  # until the reader has seen the end


def test_enter_is_noticed(typing: io.FileIO) -> None:
    keyboard = Keyboard()
    assert not keyboard.remote.pressed.is_set()
    typing.write(b"\n")
    assert keyboard.remote.pressed.wait(5)


def test_half_a_line_is_not_enter(typing: io.FileIO) -> None:
    keyboard = Keyboard()
    typing.write(b"um")
    assert not keyboard.remote.pressed.wait(0.2)


def test_a_reply_is_what_is_typed_after_the_question(typing: io.FileIO) -> None:
    keyboard = Keyboard()
    typing.write(b"q\n")
    assert keyboard.remote.pressed.wait(5)
    time.sleep(0.05)
    threading.Timer(0.2, typing.write, [b" A \n"]).start()
    assert keyboard.ask(lambda: None) == "a"


def test_a_reply_typed_as_the_question_appears_is_heard(typing: io.FileIO) -> None:
    keyboard = Keyboard()

    def say() -> None:
        typing.write(b"q\n")
        assert keyboard.remote.pressed.wait(5)
        time.sleep(0.05)

    assert keyboard.ask(say) == "q"


@pytest.mark.parametrize("stdin", [None, io.StringIO("\n")], ids=["closed", "not a file"])
def test_without_a_standard_input_nothing_is_ever_pressed(
    monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None
) -> None:
    monkeypatch.setattr("sys.stdin", stdin)
    keyboard = Keyboard()
    assert not keyboard.remote.pressed.wait(0.2)
    assert keyboard.ask(lambda: None) is None


def test_the_end_of_the_input_is_not_enter() -> None:
    with Path(os.devnull).open() as empty, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", empty)
        keyboard = Keyboard()
        assert not keyboard.remote.pressed.wait(0.2)
        assert keyboard.ask(lambda: None) is None
