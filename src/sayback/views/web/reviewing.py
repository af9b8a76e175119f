"""The review page in the background of another view."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue

from sayback.views.web.links import attempt_page


class Reviewing:
    """Serves the page from the first look at it on, for as long as the program runs."""

    def __init__(self, recordings: Path, bank: Path) -> None:
        self._folders = recordings, bank

    def open(self, attempt_id: int) -> None:
        """Show an attempt in the browser."""
        import webbrowser

        webbrowser.open(self._address + attempt_page(attempt_id))

    @cached_property
    def _address(self) -> str:
        from sayback.views.web.app import Desk
        from sayback.views.web.server import serve

        addresses: SimpleQueue[str] = SimpleQueue()
        threading.Thread(
            target=serve,
            args=(Desk(*self._folders), None),
            kwargs={"browse": False, "announce": addresses.put},
            name="review",
            daemon=True,
        ).start()
        return addresses.get()
