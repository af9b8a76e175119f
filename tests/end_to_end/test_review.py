"""The review page as others on this machine or another site's page could reach it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from html import unescape
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.kept_answers import keep_sample_answer
from tests.review_server import Server, started

from sayback.views.web.app import PATIENCE_S
from sayback.views.web.server import listening
from sayback.workspace import shipped_questions

Run = Callable[..., subprocess.CompletedProcess[str]]
Answer = tuple[int, Mapping[str, str], bytes]
NOBODY = 65534


class Page:
    """The pages of a server, as any program on this machine can ask for them."""

    def __init__(self, server: Server) -> None:
        self.port = server.port
        self.origin = server.address

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def try_to_get(self, path: str) -> None:
        """Of a server that may end meanwhile."""
        with suppress(OSError, HTTPException):
            self.get(path)

    def post(self, path: str, fields: Mapping[str, object], **headers: str) -> Answer:
        form = {"content_type": "application/x-www-form-urlencoded", "origin": self.origin}
        return self.ask("POST", path, urlencode(fields).encode(), headers=form | headers)

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, headers: Mapping[str, str]
    ) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, dict(response.headers.items()), content

    @property
    def token(self) -> str:
        found = re.search(rb'name="token" value="([^"]+)"', self.get("/attempt-1.html")[2])
        assert found
        return found[1].decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an answer in it."""
    folder = tmp_path_factory.mktemp("review")
    shutil.copytree(shipped_questions(), folder / "questions")
    keep_sample_answer(folder)
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> Iterator[Page]:
    with started(folder) as server:
        yield Page(server)


def test_pages_and_recordings_are_served_with_what_keeps_others_out(page: Page) -> None:
    for name in ("", "index.html", "bank.html", "attempt-1.html", "trends.html", "about.html",
                 "search.html?q=encoder", "style.css", "review.js"):  # fmt: skip
        status, headers, _ = page.get(f"/{name}")
        assert status == 200, name
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_a_recording_can_be_sought_in(page: Page) -> None:
    audio = re.search(rb"audio-1\.\w+", page.get("/attempt-1.html")[2])
    assert audio
    status, headers, content = page.get(f"/{audio[0].decode()}", range="bytes=100-199")
    assert (status, len(content)) == (206, 100)
    assert headers["content-range"].startswith("bytes 100-199/")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1"]
)
def test_another_name_for_this_server_is_refused(page: Page, host: str) -> None:
    """What DNS rebinding would send."""
    assert page.get("/", host=host.format(port=page.port))[0] == 421


def test_parts_for_another_sites_page_are_refused(page: Page) -> None:
    """An image, a sound or a frame; a link to this page may be followed from anywhere."""
    for site in ("cross-site", "same-site"):  # another port of this machine is the same site
        from_there = {"sec_fetch_site": site}
        assert page.get("/audio-1.flac", sec_fetch_mode="no-cors", **from_there)[0] == 403
        assert page.get("/index.html", sec_fetch_mode="cors", **from_there)[0] == 403
        assert page.get("/index.html", sec_fetch_mode="navigate", **from_there)[0] == 200
    assert page.get("/index.html", sec_fetch_site="none", sec_fetch_mode="navigate")[0] == 200
    assert page.get("/style.css", sec_fetch_site="same-origin", sec_fetch_mode="no-cors")[0] == 200


def test_a_change_is_shown_at_once_and_a_deleted_recording_is_gone(
    tmp_path: Path, run: Run
) -> None:
    """Pages are kept while nothing changes; a change by another program counts too."""
    shutil.copytree(shipped_questions(), tmp_path / "questions")
    keep_sample_answer(tmp_path)
    with started(tmp_path) as server:
        page = Page(server)
        time.sleep(0.5)  # kept only once the files are left alone
        audio = re.search(rb"audio-1\.\w+", page.get("/attempt-1.html")[2])
        assert audio
        assert page.get(f"/{audio[0].decode()}")[0] == 200
        assert b"attempt-1.html" in page.get("/index.html")[2]
        assert run("delete", 1, "--yes", "--workspace", tmp_path).returncode == 0
        assert page.get("/attempt-1.html")[0] == 404
        assert page.get(f"/{audio[0].decode()}")[0] == 404
        assert b"attempt-1.html" not in page.get("/index.html")[2]


@pytest.mark.parametrize(
    "path",
    ["/../history.db", "/..%2fhistory.db", "/history.db", "/audio-1.db", "/audio-2.flac",
     "/%2e%2e/%2e%2e/etc/passwd", "/static/style.css", "/attempt-99.html", "/attempt-0.html",
     "/attempt-999999999999999999999.html", "/question-nothing.html", "/audio-1.wav/../x",
     "/a%00b", "/a%0d%0aset-cookie:x=1"],
)  # fmt: skip
def test_nothing_else_can_be_reached(page: Page, path: str) -> None:
    status, headers, _ = page.get(path)
    assert status == 404
    assert "set-cookie" not in headers


def marked(page: Page) -> bool:
    return b"marked by you" in page.get("/attempt-1.html")[2]


def mark(page: Page) -> dict[str, object]:
    """The form that says of the last key point that it was said."""
    html = page.get("/attempt-1.html")[2].decode()
    (point,) = re.findall(
        r'name="number" value="4">\s*<input [^>]*name="point" value="(.+?)">', html
    )
    return {
        "token": page.token, "attempt": 1, "number": 4, "point": unescape(point), "said": "yes"
    }  # fmt: skip


def test_a_change_needs_the_token_and_our_own_page(page: Page) -> None:
    fields = mark(page)
    for wrong, headers, status in (
        (fields | {"token": "x"}, {}, 403),
        (fields | {"token": ""}, {}, 403),
        (fields, {"origin": "http://evil.example"}, 403),
        (fields, {"origin": "null"}, 403),
        (fields, {"origin": ""}, 403),
        (fields, {"content_type": "text/plain"}, 415),
        (fields | {"other": "x" * 70_000}, {}, 413),
        (fields | {"number": "9" * 3_000}, {}, 400),
        (fields | {"number": 99}, {}, 409),
        (fields | {"number": 3}, {}, 409),  # which is another point
        (fields | {"number": -1}, {}, 400),
        (fields | {"attempt": 2**63}, {}, 400),
        (fields | {"attempt": 99}, {}, 404),
        (fields | {"said": "maybe"}, {}, 400),
        (fields | {"attempt": "one"}, {}, 400),
        ({"token": fields["token"]}, {}, 400),
    ):
        assert page.post("/mark-point", wrong, **headers)[0] == status
    assert page.post("/unknown", fields)[0] == 404
    assert page.ask("PUT", "/mark-point", headers={"origin": page.origin})[0] == 405
    assert not marked(page)
    status, headers_, _ = page.post("/mark-point", fields)
    assert (status, headers_["location"]) == (303, "attempt-1.html#points")
    assert marked(page)


def test_what_was_typed_is_shown_again_where_it_could_not_be_kept(page: Page) -> None:
    words = "a key point that somebody thought about"
    fields = {"token": page.token, "attempt": 1, "point": f"{words} {'x' * 2_000}"}
    status, _, content = page.post("/draft", fields)
    assert status == 409
    assert words.encode() in content
    nonsense = {"token": page.token, "attempt": 1, "start_s": "nan", "heard": "zebra", "text": "b"}
    assert page.post("/correct-word", nonsense)[0] == 400
    unheard = nonsense | {"start_s": "1.0", "text": words}
    status, _, content = page.post("/correct-word", unheard)
    assert status == 409
    assert words.encode() in content


def test_while_another_writes_pages_are_shown_and_changes_are_refused(
    page: Page, folder: Path
) -> None:
    fields = mark(page)
    history = folder / "recordings" / "history.db"
    with closing(sqlite3.connect(history, isolation_level=None)) as writer:
        writer.execute("DELETE FROM memory")
        writer.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        assert page.get("/index.html")[0] == 200
        assert time.monotonic() - begun < PATIENCE_S
        status, _, content = page.post("/mark-point", fields)
        writer.execute("ROLLBACK")
    assert status == 409
    assert b"another sayback is writing" in content


def test_the_token_changes_with_each_run(page: Page, folder: Path) -> None:
    with started(folder) as server:
        assert Page(server).token != page.token


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_account_of_this_machine_is_not_let_in(page: Page) -> None:
    os.seteuid(NOBODY)
    try:
        with pytest.raises((OSError, HTTPException)):
            page.get("/")
    finally:
        os.seteuid(0)
    assert page.get("/")[0] == 200


def test_a_terminal_that_is_closed_ends_it_quietly(folder: Path, tmp_path: Path) -> None:
    """Also in the middle of answers: the signal comes while a dozen are asked for."""
    for number in range(3):
        errors = tmp_path / f"{number}.txt"
        with errors.open("w") as said, started(folder, errors=said, ending=signal.SIGHUP) as server:
            page = Page(server)
            asking = [threading.Thread(target=page.try_to_get, args=("/",)) for _ in range(12)]
            for each in asking:
                each.start()
        for each in asking:
            each.join()
        assert errors.read_text() == "This page is for you alone; Ctrl-C ends it.\n"


def test_the_usual_port_may_be_taken() -> None:
    with listening(None) as first, listening(None) as second:
        assert first.getsockname()[1] != second.getsockname()[1]


def test_a_port_that_is_taken_is_said(page: Page, folder: Path, run: Run) -> None:
    refused = run("review", "--no-browser", "--workspace", folder, "--port", page.port)
    assert refused.returncode == 1
    assert re.fullmatch(rf"sayback: port {page.port}: .*--port\n", refused.stderr)
