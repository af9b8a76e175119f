"""The application before its first request, and where a request does not arrive whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.types import Message
from tests.views.web.examples import answer, point, question

from sayback.history.store import Store
from sayback.model import Status
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


def test_what_is_remembered_is_worked_out_before_a_page_is_asked_for(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    with Store(recordings) as store:
        answer(store, question("What?", "point"), point("point", Status.MISSED))
        assert store.rows("SELECT question_id FROM memory") == []
        Desk(recordings, tmp_path / "bank").prepare()
        assert store.rows("SELECT question_id FROM memory") == [("q",)]
