"""The review page that is attacked, looked at as its user may."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection

from tests.review_server import Server

from sayback.workspace import Workspace

MOST_GROWTH_MB = 40
"""Of the server's memory, under any load."""


def get(server: Server, name: str) -> tuple[int, bytes]:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("GET", f"/{name}")
        answer = connection.getresponse()
        return answer.status, answer.read()


def token(server: Server) -> str:
    found = re.search(rb'name="token" value="([^"]+)"', get(server, "attempt-1.html")[1])
    assert found
    return found[1].decode()


@contextmanager
def unchanged(space: Workspace) -> Iterator[None]:
    """Neither what the history holds nor any other file of the workspace changes."""
    before = content(space)
    yield
    assert content(space) == before


def content(space: Workspace) -> dict[str, str]:
    with closing(sqlite3.connect(space.recordings / "history.db")) as history:
        found = {"history": digest("\n".join(history.iterdump()).encode())}
    digests: dict[int, str] = {}  # many recordings are one file under several names
    for path in sorted(space.folder.rglob("*")):
        if not path.name.startswith("history.db") and path.is_file():
            number = path.stat().st_ino
            digests[number] = digests.get(number) or digest(path.read_bytes())
            found[str(path)] = digests[number]
    return found


def digest(data: bytes) -> str:
    return hashlib.blake2b(data).hexdigest()
