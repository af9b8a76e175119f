from __future__ import annotations

import subprocess
import sys

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
