"""The review page in the background of another view."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue

from sayback.errors import SaybackError, WorkspaceError, reason
from sayback.views.web.links import attempt_page


class Reviewing:
    """Serves the page from the first look at it on, for as long as the program runs."""

    def __init__(self, recordings: Path, bank: Path) -> None:
        self._folders = recordings, bank
        self._starting = threading.Lock()

    def open(self, attempt_id: int) -> str:
        """Show an attempt in the browser, if there is one; the address of its page.

        Raises WorkspaceError where there can be no server.
        """
        import webbrowser

        with self._starting:  # one server, however often and fast somebody asks
            address = self._address + attempt_page(attempt_id)
        webbrowser.open(address)
        return address

    @cached_property
    def _address(self) -> str:
        answers: SimpleQueue[str | Exception] = SimpleQueue()
        threading.Thread(target=self._serve, args=(answers,), name="review", daemon=True).start()
        match answers.get():
            case str(address):
                return address
            case SaybackError() as error:
                raise error
            case error:
                raise WorkspaceError(
                    f"the review page is not there: {reason(error)}", "try `sayback review`"
                ) from error

    def _serve(self, answers: SimpleQueue[str | Exception]) -> None:
        """Answers with the address, or with what went wrong; runs in a thread."""
        try:
            from sayback.views.web.app import Desk
            from sayback.views.web.server import serve

            serve(Desk(*self._folders), None, browse=False, announce=answers.put)
        except Exception as error:  # noqa: BLE001 - raised again where the address is asked for
            answers.put(error)
