"""Lines on a terminal and in a pipe, from scripted events."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from tests.views.panels.scenes import QUESTION, RECORDING, attempt, coverage, level, scored

from sayback.events import Asking, Event, Heard, Listening
from sayback.live import Captions, Covering, Failing, Transcribing
from sayback.model import Status
from sayback.views.plain import View, kept, show

SAID = (Status.COVERED, Status.MISSED, Status.PARTIAL, Status.MISSED)


def answer() -> Iterator[Event]:
    yield Asking(QUESTION)
    yield Listening(Path("a.wav"))
    yield Captions("An encoder", "and a")
    yield Covering(coverage(*SAID))
    yield level(3.0)


def answer_without_a_microphone() -> Iterator[Event]:
    yield from answer()
    yield level(42.0, ends_in_s=60.0, warning="it stopped; plug it in", away=True)
    yield level(42.0, ends_in_s=59.0, away=True)
    yield level(43.0)


def shown(view: View, *, is_terminal: bool, answer: Callable[[], Iterator[Event]] = answer) -> str:
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


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_lost_microphone_is_told_with_what_can_be_done(is_terminal: bool) -> None:
    text = shown(View(), is_terminal=is_terminal, answer=answer_without_a_microphone)
    told = " ".join(text.split())
    assert told.count("! it stopped; plug it in") == 1
    assert told.count("your answer so far is kept (0:42); it goes on once the microphone is") == 1
    assert told.count("the microphone is back: your answer goes on") == 1
    assert ("waiting for the microphone, 59 s more" in told) is is_terminal


def test_what_a_session_kept_is_told_in_a_line() -> None:
    judged = replace(attempt(), scorecard=scored(*SAID).scorecard)
    assert kept([judged]) == "attempt 12 kept: 38%"
    unjudged = replace(attempt(), id=13, scorecard=None)
    assert kept([unjudged]) == "attempt 13 kept"
    assert kept([judged, unjudged]) == "attempts kept: 12 (38%), 13"


def test_a_pipe_gets_the_bare_word_that_scripts_wait_for() -> None:
    assert "Listening" in shown(View(), is_terminal=False).splitlines()


def test_an_engine_that_fails_and_one_that_is_slow_are_said() -> None:
    def events() -> Iterator[Event]:
        yield from answer()
        yield Failing("out of memory")
        yield Heard(RECORDING)
        yield Transcribing(70.0, is_loading=True)
        yield Transcribing(42.0)

    told = " ".join(shown(View(), is_terminal=False, answer=events).split())
    assert "! no captions now (out of memory): your answer is recorded, and scored when" in told
    assert "the model is still being loaded … still transcribing, 42 s of your answer to go" in told
