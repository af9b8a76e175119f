"""Sound that goes on while the screen stays alive: an answer heard again, a result read aloud."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sayback.errors import SaybackError

STOPPING_S = 2.0
"""Time that a sound which was told to stop has for it."""

Sound = Callable[[threading.Event], None]
"""Sounds until its end, or until the event is set."""


class Player:
    """Plays one sound at a time in a thread; `ended` is called there when it is over."""

    def __init__(self, ended: Callable[[SaybackError | None], None]) -> None:
        self._ended = ended
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, sound: Sound) -> None:
        """Begin `sound` once it is silent; one that still plays is stopped."""
        self.stop()
        self._stop = threading.Event()
        arguments = (sound, self._stop, self._thread)
        self._thread = threading.Thread(target=self._play, args=arguments, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell what sounds to end; returns at once."""
        self._stop.set()

    def wait(self) -> None:
        """Return when nothing sounds any more."""
        if self._thread is not None:
            self._thread.join(STOPPING_S)

    def _play(self, sound: Sound, stop: threading.Event, before: threading.Thread | None) -> None:
        if before is not None:
            before.join(STOPPING_S)
        error: SaybackError | None = None
        try:
            sound(stop)
        except SaybackError as failure:
            error = failure
        if error is not None or not stop.is_set():
            self._ended(error)
