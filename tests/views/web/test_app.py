"""The application where a request does not arrive whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.types import Message

from sayback.views.web.app import Desk, review

PORT = 8000
FORM = (
    (b"host", b"127.0.0.1:8000"),
    (b"origin", b"http://127.0.0.1:8000"),
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"content-length", b"100"),
)


def test_a_form_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """A server prints whatever is raised."""
    arriving: list[Message] = [
        {"type": "http.request", "body": b"token=", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return arriving.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/mark-point", "query_string": b""}
    app = review(Desk(tmp_path / "recordings", tmp_path / "bank"), PORT)
    asyncio.run(app(scope | {"headers": FORM}, receive, send))
    assert sent[0]["status"] == 400
    assert not (tmp_path / "recordings").exists()
