"""The review page under attack: nothing is written without the token, and others are served."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.review_server import Server, free_port
from tests.torture.campaign import Campaign
from tests.torture.memory import memory_mb
from tests.torture.mutants import fuzzed
from tests.torture.review_page import MOST_GROWTH_MB, content, get, token, unchanged
from tests.torture.web_load import load
from tests.torture.web_requests import FORM, broken_rest, forms, request

from sayback.history.store import Store
from sayback.views.web.changes import CHANGES
from sayback.workspace import Workspace

P99_MS = 250.0
QUIET_MS = 60.0
"""So long `hello` takes at its slowest where nothing else runs, with half as much to spare."""
AT_ONCE = 200


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
    before_mb = memory_mb("VmHWM", server.pid)
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
    assert memory_mb("VmHWM", server.pid) - before_mb < MOST_GROWTH_MB
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

    @fuzzed(campaign, campaign.rounds(40, 400))
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
    before_mb = memory_mb("VmHWM", server.pid)
    with unchanged(space):
        found = ask(server.port, names, lasts_s=lasts_s)
    refused = found.statuses[503] / found.statuses.total()
    assert set(found.statuses) <= {200, 206, 503}
    assert not campaign.is_long or refused < 0.1
    assert memory_mb("VmHWM", server.pid) - before_mb < MOST_GROWTH_MB + 32  # pages that are kept
    campaign.report(
        f"{AT_ONCE} requests at once for {lasts_s} s",
        f"{found}, {refused:.1%} refused; least these libraries can: {least}",
    )
    # In `make test` other tests run beside it, and for as long as it takes to make all pages.
    if campaign.is_long and least.percentile_ms(0.99) < QUIET_MS:
        assert found.percentile_ms(0.99) < P99_MS


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
