"""Whose turn it is, where one transcription at a time can make use of the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Thread, current_thread


class Turns:
    """One thread works at a time, and stands still in mid-work for those that are quick.

    Among quick ones the newest goes first, as it hears what the others hear and more; among the
    rest the oldest does.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._queue: list[Thread] = []  # the last one is next
        self._at_work: Thread | None = None

    @contextmanager
    def turn(self, *, quick: bool) -> Iterator[None]:
        """Wait for one's turn, and have it until this is left."""
        me = current_thread()
        try:
            with self._changed:
                self._queue.insert(len(self._queue) if quick else 0, me)
                self._wait(me)
            yield
        finally:
            with self._changed:
                self._queue.remove(me)
                self._pause(me)

    @property
    def is_wanted(self) -> bool:
        """Whether somebody has come who should go before the one whose turn it is."""
        with self._changed:
            return self._queue[-1] is not self._at_work

    def give_way(self) -> None:
        """Let those go first who should; for the one whose turn it is."""
        if self.is_wanted:
            me = current_thread()
            with self._changed:
                self._pause(me)
                self._wait(me)

    def _pause(self, me: Thread) -> None:
        if self._at_work is me:
            self._at_work = None
        self._changed.notify_all()

    def _wait(self, me: Thread) -> None:
        self._changed.wait_for(lambda: self._at_work is None and self._queue[-1] is me)
        self._at_work = me
