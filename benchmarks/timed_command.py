"""The command itself with a stopwatch in it; `starting.py` starts it.

    python -P benchmarks/timed_command.py REPORT practice ...

writes to the file REPORT when the model is there: seconds of the clock `time.monotonic`, which is
one for all processes. Imports nothing sooner than the command does by itself.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from sayback.views.cli import main


def _run_timed(report: Path) -> None:
    """The command line, with a note of when the engine is loaded."""
    from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

    begin = Pyttsx3Speaker.begin

    def begin_and_watch(self: Pyttsx3Speaker, text: str) -> None:
        begin(self, text)
        _watch_loading(report)  # imports what the command imports next

    Pyttsx3Speaker.begin = begin_and_watch  # type: ignore[method-assign]
    main()


def _watch_loading(report: Path) -> None:
    from sayback.transcript import engines

    load = engines.load

    def timed(*arguments: Any, **named: Any) -> Any:
        loaded = load(*arguments, **named)
        report.write_text(f"{time.monotonic()}\n")
        return loaded

    engines.load = timed


if __name__ == "__main__":
    _run_timed(Path(sys.argv.pop(1)))
