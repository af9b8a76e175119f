"""Requests to the review page that are too large, too slow or too many: others are served."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.review_server import Server
from tests.torture.campaign import Campaign
from tests.torture.memory import memory_mb
from tests.torture.review_page import MOST_GROWTH_MB, get, unchanged
from tests.torture.web_requests import FORM

from sayback.views.web.connection import LONGEST_REQUEST_S, MOST
from sayback.workspace import Workspace

LONGEST_ANSWER_S = 5.0


def test_bodies_without_an_end_are_cut_off(
    space: Workspace, server: Server, campaign: Campaign
) -> None:
    """By length, in chunks without a length, and to an address that reads none."""
    here, before_mb = f"127.0.0.1:{server.port}", memory_mb("VmHWM", server.pid)
    head = f"host: {here}\r\norigin: http://{here}\r\n{FORM}\r\n"
    piece = b"token=" + b"x" * 65_530
    chunk = b"%x\r\n%s\r\n" % (len(piece), piece)
    sent = []
    with unchanged(space):
        for target, length, data in (
            ("POST /mark-point", "content-length: 9999999999", piece),
            ("POST /mark-point", "transfer-encoding: chunked", chunk),
            ("POST /nothing/there", "transfer-encoding: chunked", chunk),
            ("GET /index.html", "transfer-encoding: chunked", chunk),
        ):
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
                client.sendall(f"{target} HTTP/1.1\r\n{head}{length}\r\n\r\n".encode())
                sent.append(pour(client, data, campaign.rounds(32, 10_000) * 2**20))
    grown_mb = memory_mb("VmHWM", server.pid) - before_mb
    assert grown_mb < MOST_GROWTH_MB
    total_mb = sum(sent) / 2**20
    campaign.report(
        "oversized bodies", f"{total_mb:.0f} MB sent in 4 bodies: memory +{grown_mb:.1f} MB"
    )


def pour(client: socket.socket, data: bytes, most: int) -> int:
    """Send the same again and again until the server has had enough; how much went."""
    went, begun = 0, time.monotonic()
    try:
        while went < most:
            client.sendall(data)
            went += len(data)
            assert time.monotonic() - begun < LONGEST_REQUEST_S + LONGEST_ANSWER_S
    except ConnectionError:
        pass
    return went


@contextmanager
def slow(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """Connections that begin a request, or none, and do not get on with it."""
    here = f"127.0.0.1:{server.port}"
    begun = (
        b"",
        b"GET /index.html HTTP/1.1\r\nhost: ",
        f"POST /draft HTTP/1.1\r\nhost: {here}\r\norigin: http://{here}\r\n{FORM}\r\n"
        "content-length: 60000\r\n\r\ntoken".encode(),
        f"POST /draft HTTP/1.1\r\nhost: {here}\r\norigin: http://{here}\r\n{FORM}\r\n"
        "transfer-encoding: chunked\r\n\r\n5\r\ntok".encode(),
        f"GET /style.css HTTP/1.1\r\nhost: {here}\r\n\r\nGET /".encode(),
    )
    with ExitStack() as opened:
        clients = []
        for number in range(count):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(begun[number % len(begun)])
            clients.append(client)
        yield clients


def ended_s(clients: Sequence[socket.socket], limit_s: float) -> float:
    """After how long the last of these connections is closed by the server.

    A byte a second does not help them.
    """
    begun, left = time.monotonic(), list(clients)
    while left:
        assert time.monotonic() - begun < limit_s
        time.sleep(1)
        left = [client for client in left if is_open(client)]
    return time.monotonic() - begun


def is_open(client: socket.socket) -> bool:
    """Whether the server still takes a byte, having read what it answered."""
    client.setblocking(False)
    try:
        while client.recv(65_536):
            pass
    except BlockingIOError:
        client.send(b"x")
        return True
    except ConnectionError:
        pass
    return False


def test_slow_requests_are_cut_off_and_too_many_refused(server: Server, campaign: Campaign) -> None:
    few = 40
    with slow(server, few) as clients:
        begun = time.perf_counter()
        assert get(server, "index.html")[0] == 200
        took_ms = 1000 * (time.perf_counter() - begun)
        if not campaign.is_long:
            return
        last_s = ended_s(clients, LONGEST_REQUEST_S + LONGEST_ANSWER_S)
    many = MOST + 400
    with slow(server, many) as clients:
        flood_s = ended_s(clients, LONGEST_REQUEST_S + LONGEST_ANSWER_S)
        assert get(server, "index.html")[0] == 200
    campaign.report(
        "slow requests",
        f"{few} half requests: a page in {took_ms:.0f} ms, all cut off after {last_s:.1f} s;"
        f" {many} connections: all cut off after {flood_s:.1f} s, then served",
    )
