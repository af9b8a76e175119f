from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.terminal import LIMIT_S, in_a_terminal

DRAWN = """
import os, sys
from sayback.views.panels.terminal import own_terminal
usual = sys.__stderr__
with own_terminal():
    print("before", file=sys.__stderr__, flush=True)
    kept = os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    print("meanwhile ✓", file=sys.__stderr__, flush=True)
    os.dup2(kept, 2)
    print("after", file=sys.__stderr__)
assert sys.__stderr__ is usual
print("over")
"""
"""Draws as Textual does, while the standard error is silenced as at the opening of a microphone."""


def test_what_is_drawn_while_a_microphone_is_opened_is_seen() -> None:
    finished = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", DRAWN], capture_output=True, text=True, check=True
    )
    assert finished.stdout.splitlines() == ["before", "meanwhile ✓", "after", "over"]
    assert finished.stderr == ""


APP = """
import os
from textual.app import App, ComposeResult
from textual.widgets import Static
from sayback.views.panels.terminal import own_terminal

class Shown(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("shown")

    def on_key(self) -> None:
        self.exit()

with own_terminal():
    Shown().run()
print("over", flush=True)
os._exit(0)  # as the command does where threads are left
"""


def test_echo_is_back_after_an_app_that_was_stopped_and_continued(tmp_path: Path) -> None:
    with in_a_terminal([sys.executable, "-c", APP], os.environ, tmp_path) as terminal:
        terminal.wait_for("shown")
        assert terminal.is_raw
        terminal.process.send_signal(signal.SIGSTOP)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_for("shown", times=2)
        end_s = time.monotonic() + LIMIT_S
        while terminal.process.poll() is None:  # a key is lost that comes before it listens again
            assert time.monotonic() < end_s, terminal.text
            terminal.type("x")
            time.sleep(0.5)
        terminal.wait_for("over")
        assert terminal.process.wait(LIMIT_S) == 0
        assert not terminal.is_raw
