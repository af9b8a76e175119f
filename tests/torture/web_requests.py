"""Requests as nobody's browser sends them; none of them has the token of the pages."""

from __future__ import annotations

from random import Random
from urllib.parse import urlencode

from tests.torture.mutants import mutated

from sayback.views.web.changes import CHANGES

FORM = "content-type: application/x-www-form-urlencoded"
TARGETS = (
    "/", "/index.html", "/attempt-1.html", "/attempt-0.html", "/attempt-99999999999.html",
    "/audio-1.flac", "/audio-2.wav", "/bank.html", "/trends.html", "/search.html?q=encoder",
    "/search.html?q=%22%00*", "/question-x.html", "/../history.db", "/..%2f..%2fetc/passwd",
    "/%2e%2e/history.db", "/audio-1.flac/../history.db", "/style.css", "/review.js",
    "/a%0d%0ax-injected:%201", "//evil.example/", "http://evil.example/", "*", "/%ff%fe",
    "/question-..%2f..%2fhistory.db.html", "/recordings/history.db", "/%00",
)  # fmt: skip
HEADERS = (
    "range: bytes=0-99", "range: bytes=99-0", "range: bytes=-9999999999",
    "range: bytes=" + "0-," * 99,
    "accept-encoding: gzip", "x-forwarded-host: evil.example", "x-http-method-override: POST",
    "origin: http://evil.example", "origin: null", "referer: http://evil.example/",
    "sec-fetch-site: cross-site", "transfer-encoding: chunked", "content-length: 5",
    "content-length: -1", "content-length: 99999999999999999999", "expect: 100-continue",
    "connection: upgrade\r\nupgrade: websocket", "host: evil.example", "cookie: token=x",
    "x-long: " + "x" * 70_000, "\tfolded: yes", "x-injected : 1", "if-range: \"x\"",
)  # fmt: skip
PIECES = (b"\r\n", b"\0", b"\r\nx-injected: 1\r\n", b" ", b"\n")
METHODS = (
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PATCH",
    "get",
)


def forms(chance: Random) -> str:
    """The fields of a change as they should be, but for the token."""
    fields: dict[str, object] = {
        "attempt": 1, "number": 0, "point": "It labels every pixel", "said": "yes",
        "start_s": 0.5, "heard": "U-Net", "text": "changed", "question": "x", "edit": 1,
    }  # fmt: skip
    guesses = ("", "x", "undefined", "A" * 43)
    return urlencode(fields | {"token": chance.choice(guesses)})


def request(chance: Random, port: int) -> bytes:
    """A request of any kind, most of them broken somewhere; none has the token."""
    method = "GET" if chance.random() < 0.6 else chance.choice(METHODS)
    target = chance.choice(TARGETS)
    lines = [f"host: 127.0.0.1:{port}", *chance.sample(HEADERS, chance.choice([0, 0, 1, 3]))]
    body = ""
    if chance.random() < 0.5:
        method, target, body = "POST", f"/{chance.choice([*CHANGES])}", forms(chance)
        lines += [f"origin: http://127.0.0.1:{port}", FORM, f"content-length: {len(body)}"]
    if chance.random() < 0.2:  # a second request in the body of the first
        body += f"\r\n\r\nPOST /undo-draft HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n"
    chance.shuffle(lines)
    written = "\r\n".join(
        [f"{method} {target} HTTP/1.{chance.choice([0, 1, 1, 1, 2])}", *lines, "", body]
    )
    sent = written.encode("latin-1")
    return sent if chance.random() < 1 / 3 else mutated(sent, chance, PIECES, most=3)


def broken_rest() -> bytes:
    """A beginning that is refused at once, while the server notices that the body is none."""
    head = b"GET /index.html HTTP/1.1\r\nhost: evil.example\r\n"
    return head + b"transfer-encoding: chunked\r\n\r\nzz\r\n"
