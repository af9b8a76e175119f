"""The terminal that the screen draws on."""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STANDARD_INPUT, STANDARD_OUTPUT = 0, 1


@contextmanager
def own_terminal() -> Iterator[None]:
    """Let an app that starts in it draw on a descriptor of its own; the keys work as before after.

    Textual draws on `sys.__stderr__`. While sounddevice is imported it sends that descriptor to
    nowhere, as drivers write there, and what is drawn meanwhile would be lost.
    """
    usual = sys.__stderr__
    copy = os.dup(STANDARD_OUTPUT)
    with (
        _same_keys_after(),
        os.fdopen(copy, "w", encoding=sys.stdout.encoding, errors="backslashreplace") as own,
    ):
        sys.__stderr__ = own  # type: ignore[misc]
        try:
            yield
        finally:
            sys.__stderr__ = usual  # type: ignore[misc]


@contextmanager
def _same_keys_after() -> Iterator[None]:
    """Whoever is stopped and continued would be left without echo.

    Textual then takes the keys as they are in the middle of an app for those to be restored.
    """
    try:
        usual = termios.tcgetattr(STANDARD_INPUT)
    except termios.error:  # no terminal
        yield
        return
    try:
        yield
    finally:
        with suppress(termios.error):  # it is gone
            termios.tcsetattr(STANDARD_INPUT, termios.TCSANOW, usual)
