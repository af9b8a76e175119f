"""Command-line options that several commands share; each has an environment variable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Decorator = Callable[[_Command], _Command]


def option(*names: str, **settings: Any) -> Callable[[_Command], _Command]:
    """A click option whose environment variable is SAYBACK_ and its name."""
    longest = max(names, key=len)
    variable = "SAYBACK_" + longest.lstrip("-").upper().replace("-", "_")
    return click.option(*names, envvar=variable, show_envvar=False, **settings)


def together(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Several options as one decorator, listed in help in the order given."""

    def decorate(command: _Command) -> _Command:
        for one in reversed(options):
            command = one(command)
        return command

    return decorate


workspace = option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Folder with questions/ and recordings/.  [default: here, or your own data folder]",
)
question = option("--question", metavar="Q", help="A question's text, id, or any part of it.")
bank = option(
    "--bank",
    type=click.Path(path_type=Path),
    help="A bank file or folder.  [default: questions/ of the workspace]",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
engine = together(
    option(
        "--engine",
        type=click.Choice(["auto", "openai-whisper", "faster-whisper"]),
        default="auto",
        help="Speech recogniser; auto takes faster-whisper where it is installed.",
    ),
    option("--model", default="base", metavar="NAME|PATH", help="Whisper model.  [default: base]"),
    option(
        "--compute",
        type=click.Choice(["auto", "cpu", "cuda"]),
        default="auto",
        help="Where the model runs.",
    ),
)
sound = together(
    option("--microphone", metavar="NAME", help="Part of the name of the microphone."),
    option("--speaker", metavar="NAME", help="Part of the name of the loudspeaker."),
    option(
        "--patience",
        type=click.FloatRange(min=0.5),
        default=2.5,
        metavar="SECONDS",
        help="Silence after speech that ends the answer.  [default: 2.5]",
    ),
    option(
        "--max-length",
        type=click.FloatRange(min=1),
        default=300.0,
        metavar="SECONDS",
        help="Longest answer.  [default: 300]",
    ),
)
