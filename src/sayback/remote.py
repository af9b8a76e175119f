"""What a person wants of a rehearsal while it runs."""

from __future__ import annotations

import threading
from collections import deque
from enum import Enum, auto


class Wish(Enum):
    """What a press of a key asks for."""

    DONE = auto()
    PAUSE = auto()
    """Also ends a pause."""
    QUESTION = auto()
    """To hear the question again."""
    START_OVER = auto()
    SKIP = auto()
    LEAVE = auto()


LEAVING = (Wish.SKIP, Wish.LEAVE)
"""Wishes that end a rehearsal before there is an answer."""


class Remote:
    """Takes wishes from any thread, in order; `pressed` is set while one waits to be taken."""

    def __init__(self) -> None:
        self.pressed = threading.Event()
        self._wishes: deque[Wish] = deque()
        self._lock = threading.Lock()

    def press(self, wish: Wish) -> None:
        with self._lock:
            self._wishes.append(wish)
            self.pressed.set()

    def take(self) -> Wish | None:
        """The oldest wish that has not been taken, None without one."""
        with self._lock:
            wish = self._wishes.popleft() if self._wishes else None
            if not self._wishes:
                self.pressed.clear()
            return wish

    def clear(self) -> None:
        """Forget what was pressed in an earlier part of the rehearsal, but for `LEAVING`."""
        with self._lock:
            self._wishes = deque(wish for wish in self._wishes if wish in LEAVING)
            if not self._wishes:
                self.pressed.clear()
