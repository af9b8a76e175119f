"""`draft`: key points proposed from an answer, to accept, edit or drop one by one."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from rich.console import Console
from rich.text import Text

from sayback.bank.edit import Edit, checked
from sayback.errors import BankError
from sayback.revision import Draft
from sayback.views.output import say

CHOICES = "Enter accept   e edit   d drop   q stop"


def accepted(draft: Draft, out: Console) -> tuple[str, ...]:
    """The points that a person at a terminal keeps, as they edited them.

    Ctrl-C writes nothing; what was accepted until then is printed, to be copied.
    """
    out.print(Text(f" {draft.question.text}", style="bold"))
    out.print(Text(f" proposed from attempt {draft.attempt_id}   {CHOICES}", style="dim"))
    out.print(Text(" **bold** in a point marks a term that has to be said", style="dim"))
    kept: list[str] = []
    try:
        kept.extend(_kept(draft.points, out))
    except KeyboardInterrupt:
        say("\n" + "\n".join(f"- {point}" for point in kept))
        raise
    return tuple(kept)


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
    """The point as it is typed, once more after one that cannot be written; empty drops it."""
    while text := _changed(point):
        try:
            checked(text)
        except BankError as error:
            say(f"   {error}")
            point = "".join(filter(str.isprintable, text))
        else:
            return text
    return ""


def _changed(point: str) -> str:
    """A line as it is typed, with the present text to change where the terminal can."""
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


def written(edit: Edit, attempt_id: int) -> str:
    """What was done, and what to do next."""
    points, them = (
        ("1 key point", "it") if edit.points == 1 else (f"{edit.points} key points", "them")
    )
    return (
        f"{points} written to {edit.file}\n"
        f"`sayback rescore {attempt_id}` scores your answer against {them};"
        f" `sayback draft --undo` takes {them} out"
    )


def can_ask() -> bool:
    """Whether a person is there to choose."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def listed(draft: Draft, out: Console) -> None:
    """The proposals alone, where nobody can be asked."""
    for point in draft.points:
        out.print(Text(f"- {point}"))
