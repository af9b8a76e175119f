"""Runs the review page on the loopback interface until Ctrl-C."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

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
        # It warns, in the terminal, of whoever goes away while a page is sent.
        logging.getLogger("asyncio").setLevel(logging.ERROR)
        server = uvicorn.Server(config)
        with suppress(KeyboardInterrupt), _ended_by_hangup(server):  # so this command ends
            announce(address)
            if browse:
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            server.run(sockets=[bound])


@contextmanager
def _ended_by_hangup(server: uvicorn.Server) -> Iterator[None]:
    """Where the terminal is closed: uvicorn itself takes only Ctrl-C and SIGTERM as the end."""
    usual = signal.getsignal(signal.SIGHUP)
    if usual == signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGHUP, server.handle_exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, usual)


def listening(port: int | None) -> socket.socket:
    """A socket at that port of the loopback interface. Raises WorkspaceError."""
    for candidate in (USUAL_PORT, 0) if port is None else (port,):
        try:
            return socket.create_server((HOST, candidate))
        except OSError as error:
            problem = f"port {candidate}: {reason(error)}"
    raise WorkspaceError(problem, "choose another with --port")
