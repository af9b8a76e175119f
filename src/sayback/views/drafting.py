"""`draft`: key points proposed from an answer, to accept, edit or drop one by one."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from rich.console import Console
from rich.text import Text

from sayback.revision import Draft

CHOICES = "Enter accept   e edit   d drop   q stop"


def accepted(draft: Draft, out: Console) -> tuple[str, ...]:
    """The points that a person at a terminal keeps, as they edited them."""
    out.print(Text(f" {draft.question.text}", style="bold"))
    out.print(Text(f" proposed from attempt {draft.attempt_id}   {CHOICES}", style="dim"))
    return tuple(_kept(draft.points, out))


def _kept(points: tuple[str, ...], out: Console) -> Iterator[str]:
    for number, point in enumerate(points, start=1):
        out.print()
        out.print(Text.assemble((f" {number} of {len(points)}  ", "dim"), point))
        match _asked():
            case "":
                yield point
            case "e":
                if edited := _edited(point):
                    yield edited
            case "q":
                return


def _asked() -> str:
    """One of the choices; the end of the input stops, and what was accepted so far is kept."""
    while True:
        try:
            answer = input(" > ").strip().lower()
        except EOFError:
            return "q"
        if answer in ("", "e", "d", "q"):
            return answer
        click.echo(f"   {CHOICES}")


def _edited(point: str) -> str:
    """The point as it is typed anew, with the present text to change where the terminal can."""
    try:
        import readline
    except ImportError:  # Python without it: the line is typed anew
        return _typed()
    readline.set_startup_hook(lambda: readline.insert_text(point))
    try:
        return _typed()
    finally:
        readline.set_startup_hook()


def _typed() -> str:
    try:
        return " ".join(input("   ").split())
    except EOFError:
        return ""


def can_ask() -> bool:
    """Whether a person is there to choose."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def listed(draft: Draft, out: Console) -> None:
    """The proposals alone, where nobody can be asked."""
    for point in draft.points:
        out.print(Text(f"- {point}"))
