"""One connection to the server: not a stranger's, and none that sends slowly stays open."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sayback.views.web.peer import is_stranger

LONGEST_REQUEST_S = 5.0
"""From its first to its last byte, and from the connection on; on one machine it takes none."""
MOST = 300
"""Connections at once; a browser has six. A process may often open no more than 1024 files."""
BACKLOG = 256
"""Connections that wait to be accepted, and that are accepted before the next is counted."""


class Connection(H11Protocol):
    """What uvicorn does, for our own account, with an end to waiting for a whole request."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        ends = [transport.get_extra_info(name) for name in ("peername", "sockname")]
        if len(self.connections) > MOST or (all(ends) and is_stranger(*ends)):
            transport.abort()
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unwatch()

    def send_400_response(self, msg: str) -> None:
        """The rest of a request is broken: what would be answered to its beginning has no place."""
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def _watch(self) -> None:
        """Let the clock run from the beginning of a request, or none, to its end."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._unwatch()
        elif self._late is None:
            self._late = self.loop.call_later(LONGEST_REQUEST_S, self.transport.abort)

    def _unwatch(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
