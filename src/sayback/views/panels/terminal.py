"""The terminal that the screen draws on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD_OUTPUT = 1


@contextmanager
def own_terminal() -> Iterator[None]:
    """Let an app that starts in it draw on a descriptor of its own.

    Textual draws on `sys.__stderr__`. While a microphone is opened, PortAudio and we silence that
    descriptor, as drivers write there, and what is drawn meanwhile would be lost.
    """
    usual = sys.__stderr__
    copy = os.dup(STANDARD_OUTPUT)
    with os.fdopen(copy, "w", encoding=sys.stdout.encoding, errors="backslashreplace") as own:
        sys.__stderr__ = own  # type: ignore[misc]
        try:
            yield
        finally:
            sys.__stderr__ = usual  # type: ignore[misc]
