"""Runs the review page on the loopback interface until Ctrl-C."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from sayback.errors import WorkspaceError, reason
from sayback.views.web.app import HOST, Desk, review
from sayback.views.web.connection import BACKLOG, Connection

USUAL_PORT = 8571
LONGEST_GOODBYE_S = 1


def serve(desk: Desk, port: int | None, *, browse: bool, announce: Callable[[str], None]) -> None:
    """Serve the pages; `announce` gets their address once they can be reached.

    Without a port the usual one is taken, or any free one where that is in use. Raises
    WorkspaceError for a port that cannot be had.
    """
    with listening(port) as bound:
        chosen = bound.getsockname()[1]
        address = f"http://{HOST}:{chosen}/"
        announce(address)
        if browse:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        config = uvicorn.Config(
            review(desk, chosen),
            http=Connection,
            ws="none",
            proxy_headers=False,
            backlog=BACKLOG,
            log_level="error",
            access_log=False,  # what was asked for is nobody's business, not even a log's
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=LONGEST_GOODBYE_S,
        )
        with suppress(KeyboardInterrupt):  # that is how this command ends
            uvicorn.Server(config).run(sockets=[bound])


def listening(port: int | None) -> socket.socket:
    """A socket at that port of the loopback interface. Raises WorkspaceError."""
    for candidate in (USUAL_PORT, 0) if port is None else (port,):
        try:
            return socket.create_server((HOST, candidate))
        except OSError as error:
            problem = f"port {candidate}: {reason(error)}"
    raise WorkspaceError(problem, "choose another with --port")
