"""Command-line options that several commands share; each has an environment variable."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from sayback.bank.markup import quoted
from sayback.model import MAXIMUM_S, PATIENCE_S
from sayback.transcript.engines import ENGINES

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Decorator = Callable[[_Command], _Command]


class _Option(click.Option):
    """An option that names its environment variable where a wrong value comes from there."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        source = ctx and self.name and ctx.get_parameter_source(self.name)
        hint = super().get_error_hint(ctx)
        return f"{hint} (from {self.envvar})" if source is ParameterSource.ENVIRONMENT else hint


def option(*names: str, **settings: Any) -> Callable[[_Command], _Command]:
    """A click option whose environment variable is SAYBACK_ and its name."""
    variable = "SAYBACK_" + names[0].lstrip("-").upper().replace("-", "_")
    return click.option(*names, cls=_Option, envvar=variable, show_envvar=False, **settings)


def is_given(name: str) -> bool:
    """Whether a parameter of the running command has another source than its default."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not ParameterSource.DEFAULT


def together(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Several options as one decorator, listed in help in the order given."""

    def decorate(command: _Command) -> _Command:
        for one in reversed(options):
            command = one(command)
        return command

    return decorate


LARGEST_NUMBER = 2**63 - 1
"""What SQLite can count to."""


class AttemptNumber(click.IntRange):
    """The number of an attempt, as `sayback history` lists it."""

    name = "number"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> int:
        text = str(value).strip()
        is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_NUMBER))
        if not is_number or not 1 <= int(text) <= LARGEST_NUMBER:
            self.fail(
                f"{quoted(text)}: give the number of an attempt, see `sayback history`",
                parameter, context,
            )  # fmt: skip
        return int(text)


NUMBER = AttemptNumber(1, LARGEST_NUMBER)


class Seconds(click.FloatRange):
    """A finite number of seconds, of which there is a least."""

    name = "seconds"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not math.isfinite(seconds):
            self.fail(f"{quoted(str(value))} is not a number of seconds", parameter, context)
        if self.min is not None and seconds < self.min:
            self.fail(f"{seconds:g} s is less than {self.min:g} s", parameter, context)
        return seconds


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
as_json = option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
engine = together(
    option(
        "--engine",
        type=click.Choice(["auto", *ENGINES]),
        default="auto",
        help="Speech recogniser; auto takes faster-whisper where it is installed.",
    ),
    option(
        "--model",
        default="base",
        show_default=True,
        metavar="NAME|PATH",
        help="Whisper model.",
    ),
    option(
        "--compute",
        type=click.Choice(["auto", "cpu", "cuda"]),
        default="auto",
        help="Where the model runs.",
    ),
)
devices = together(
    option("--microphone", metavar="NAME", help="Part of the name of the microphone."),
    option("--speaker", metavar="NAME", help="Part of the name of the loudspeaker."),
)
sound = together(
    devices,
    option(
        "--patience",
        type=Seconds(min=0.5),
        default=PATIENCE_S,
        show_default=True,
        metavar="SECONDS",
        help="Silence after speech that ends the answer.",
    ),
    option(
        "--max-length",
        type=Seconds(min=1),
        default=MAXIMUM_S,
        show_default=True,
        metavar="SECONDS",
        help="Longest answer.",
    ),
)
