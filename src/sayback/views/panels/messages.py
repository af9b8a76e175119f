"""What the threads beside the screen tell it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from sayback.errors import SaybackError
from sayback.events import Event


@dataclass
class Happened(Message):
    """An event of the rehearsal."""

    event: Event


@dataclass
class Over(Message):
    """The rehearsal has ended, or failed."""

    error: BaseException | None


@dataclass
class Sounded(Message):
    """What was played is over, or could not be played."""

    error: SaybackError | None


@dataclass
class Opened(Message):
    """The page of an attempt is served at this address."""

    address: str


@dataclass
class Failed(Message):
    """Something beside the rehearsal did not work."""

    error: SaybackError
