"""The review page under attack: nothing is written without the token, and others are served."""

from __future__ import annotations

import asyncio
import hashlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from tests.review_server import Server, free_port, started
from tests.torture.campaign import Campaign
from tests.torture.months import months
from tests.torture.web_load import load
from tests.torture.web_requests import FORM, broken_rest, forms, request

from sayback.history.store import Store
from sayback.views.web.changes import CHANGES
from sayback.views.web.connection import LONGEST_REQUEST_S, MOST
from sayback.workspace import Workspace

P99_MS = 250.0
QUIET_MS = 60.0
"""So long `hello` takes at its slowest where nothing else runs, with half as much to spare."""
AT_ONCE = 200
ANSWERS = 440
LONGEST_ANSWER_S = 5.0
MOST_GROWTH_MB = 40
"""Of the server's memory, under any load."""


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return months(tmp_path_factory.mktemp("months") / "space", ANSWERS, Random(1))


@pytest.fixture
def server(space: Workspace, tmp_path: Path) -> Iterator[Server]:
    """A running server that has nothing to say of what was done to it."""
    said = tmp_path / "said"
    with said.open("w") as errors, started(space.folder, errors=errors) as running:
        yield running
        assert get(running, "")[0] == 200
    assert said.read_text() == "sayback: this page is for you alone; Ctrl-C ends it\n"


def get(server: Server, name: str) -> tuple[int, bytes]:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("GET", f"/{name}")
        answer = connection.getresponse()
        return answer.status, answer.read()


def token(server: Server) -> str:
    found = re.search(rb'name="token" value="([^"]+)"', get(server, "attempt-1.html")[1])
    assert found
    return found[1].decode()


def memory_mb(server: Server) -> float:
    """The most that the server has taken so far."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


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


# Mutated requests


async def answers(port: int, requests: Sequence[bytes]) -> list[tuple[bytes, float]]:
    """All that comes back for each request on a connection of its own, and after how long."""
    places = asyncio.Semaphore(50)

    async def answer(data: bytes) -> tuple[bytes, float]:
        async with places:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            begun = time.perf_counter()
            writer.write(data)
            try:
                head = await asyncio.wait_for(reader.read(4096), 1)
            except TimeoutError:  # it waits for the rest of the request
                head = b""
            except ConnectionError:
                head = b"cut"
            took_s = time.perf_counter() - begun
            writer.transport.abort()
            return head, took_s

    return await asyncio.gather(*map(answer, requests))


def outcome(head: bytes) -> str:
    if head in (b"", b"cut"):
        return "not served"
    if head[9:12] == b"503":  # as many pages are made as can be
        return "put off"
    return {b"2": "served", b"3": "redirected", b"5": "failed"}.get(head[9:10], "refused")


@pytest.mark.timeout(600)
def test_no_mutated_request_writes_anything(
    space: Workspace, server: Server, campaign: Campaign
) -> None:
    chance, count = campaign.chance(), campaign.rounds(300, 4_000)
    assert token(server)
    before_mb = memory_mb(server)
    with unchanged(space):
        found = asyncio.run(
            answers(server.port, [request(chance, server.port) for _ in range(count)])
        )
        asyncio.run(answers(server.port, [broken_rest()] * 20))
    outcomes = Counter(outcome(head) for head, _ in found)
    assert not any(b"\nx-injected" in head.lower() for head, _ in found)
    assert outcomes["redirected"] == outcomes["failed"] == 0
    assert outcomes["refused"] > count / 4
    assert outcomes["served"] > count / 50
    assert memory_mb(server) - before_mb < MOST_GROWTH_MB
    shown = ", ".join(f"{number} {what}" for what, number in sorted(outcomes.items()))
    campaign.report("mutated web requests", f"{count} without the token: {shown}; 0 writes")


def test_the_token_alone_opens_nothing(space: Workspace, server: Server) -> None:
    """Another site's page has neither our address nor our origin, even if it had the token."""
    body = forms(Random(1)).replace("token=", f"token={token(server)}&x=")
    here, before = f"127.0.0.1:{server.port}", content(space)
    for lines in (
        ("host: evil.example", f"origin: http://{here}", FORM),
        (f"host: evil.example:{server.port}", f"origin: http://evil.example:{server.port}", FORM),
        (f"host: {here}", "origin: http://evil.example", FORM),
        (f"host: {here}", "origin: null", FORM),
        (f"host: {here}", FORM),
        (f"host: {here}", f"origin: http://{here}.evil.example", FORM),
        (f"host: {here}", f"origin: http://{here}", "sec-fetch-site: cross-site", FORM),
        (f"host: {here}", f"origin: http://{here}", "sec-fetch-site: same-site", FORM),
        (f"host: {here}", f"origin: http://{here}", "content-type: text/plain"),
        (f"host: {here}", f"host: {here}", f"origin: http://{here}", FORM),
    ):
        for name in CHANGES:
            head = "\r\n".join(
                [f"POST /{name} HTTP/1.1", *lines, f"content-length: {len(body)}", "", body]
            )
            ((answer, _),) = asyncio.run(answers(server.port, [head.encode()]))
            assert answer[9:12] in (b"400", b"403", b"415", b"421"), (lines, answer)
    assert get(server, f"mark-point?{body}")[0] == 404
    assert content(space) == before


def test_no_field_of_a_form_makes_the_server_fail(
    space: Workspace, server: Server, campaign: Campaign
) -> None:
    right = right_fields(space)
    secret, statuses = token(server), Counter[int]()
    text = st.text(max_size=60) | st.sampled_from(["1", "0", "-1", "1e999", "nan", "9" * 19, "yes"])
    names = ["attempt", "number", "point", "said", "start_s", "heard", "text", "question", "edit"]
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    sent = {"origin": server.address, "content-type": FORM.partition(": ")[2]}

    @seed(campaign.seed)
    @settings(
        max_examples=campaign.rounds(40, 400), deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.sampled_from([*CHANGES]), st.dictionaries(st.sampled_from(names), text, max_size=2))
    def change(name: str, wrong: dict[str, str]) -> None:
        fields = right | wrong
        encoded = {key: value.encode("utf-8", "surrogatepass") for key, value in fields.items()}
        body = urlencode(encoded | {"token": secret.encode()})
        connection.request("POST", f"/{name}", body, sent)
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
        assert answer.status in (303, 400, 404, 409)

    with closing(connection):
        change()
    shown = ", ".join(f"{number}x {status}" for status, number in sorted(statuses.items()))
    campaign.report("forms with the token", f"{statuses.total()} by hypothesis: {shown}")


def right_fields(space: Workspace) -> dict[str, str]:
    """Fields with which every change of the first answer is made."""
    with Store(space.recordings) as store:
        card = store.attempt(1).scorecard
    assert card
    assert card.coverage
    assert card.transcript.words
    word, point = card.transcript.words[0], card.coverage.points[0]
    return {
        "attempt": "1", "start_s": str(word.start_s), "heard": word.text, "text": "You",
        "number": "0", "point": point.text, "said": "yes", "question": card.question.id,
        "edit": "1",
    }  # fmt: skip


# Oversized and slow


def test_bodies_without_an_end_are_cut_off(
    space: Workspace, server: Server, campaign: Campaign
) -> None:
    """By length, in chunks without a length, and to an address that reads none."""
    here, before_mb = f"127.0.0.1:{server.port}", memory_mb(server)
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
    grown_mb = memory_mb(server) - before_mb
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


# Many at once


@pytest.mark.timeout(600)
def test_two_hundred_requests_at_once(space: Workspace, server: Server, campaign: Campaign) -> None:
    lasts_s = campaign.rounds(3, 60)
    shown = range(2, campaign.rounds(12, 42))
    names = [
        "index.html", "bank.html", "trends.html", "about.html", "style.css", "review.js",
        "search.html?q=encoder", "search.html?q=skip+connections",
        *(f"attempt-{number}.html" for number in shown),
        *(f"audio-{number}.wav" for number in shown),
    ]  # fmt: skip
    ask = partial(load, at_once=AT_ONCE)
    with hello() as port:
        least = ask(port, [""], lasts_s=campaign.rounds(1, 5))
    before_mb = memory_mb(server)
    with unchanged(space):
        found = ask(server.port, names, lasts_s=lasts_s)
    refused = found.statuses[503] / found.statuses.total()
    assert set(found.statuses) <= {200, 206, 503}
    assert not campaign.is_long or refused < 0.1
    assert memory_mb(server) - before_mb < MOST_GROWTH_MB + 32  # pages that are kept
    campaign.report(
        f"{AT_ONCE} requests at once for {lasts_s} s",
        f"{found}, {refused:.1%} refused; least these libraries can: {least}",
    )
    if least.percentile_ms(0.99) < QUIET_MS:
        # A few seconds are mostly those in which all pages are made for the first time.
        assert found.percentile_ms(0.99) < (P99_MS if campaign.is_long else 2 * P99_MS)


@contextmanager
def hello() -> Iterator[int]:
    """The port of a server that does as little as can be."""
    port = free_port()
    command = [sys.executable, "-m", "tests.torture.hello_server", str(port)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        try:
            for _ in range(200):
                with closing(socket.socket()) as client:
                    if client.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield port
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
