"""Many requests at once over kept connections, from one process that costs the server little."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Load:
    """What came back: the seconds of each answer, sorted, and how often each status."""

    seconds: tuple[float, ...]
    statuses: Counter[int]
    lasted_s: float

    def percentile_ms(self, share: float) -> float:
        return 1000 * self.seconds[int(share * (len(self.seconds) - 1))]

    @property
    def a_second(self) -> float:
        return len(self.seconds) / self.lasted_s

    def __str__(self) -> str:
        return (
            f"p50 {self.percentile_ms(0.5):.0f} ms, p99 {self.percentile_ms(0.99):.0f} ms,"
            f" {self.a_second:.0f} requests/s"
        )


def load(port: int, names: Sequence[str], *, at_once: int, lasts_s: float) -> Load:
    """Ask for these pages by chance over `at_once` connections, again as soon as one answers.

    One that is refused as too much (503) asks again after a second, as it is told to.
    """
    return asyncio.run(_load(port, names, at_once, lasts_s))


async def _load(port: int, names: Sequence[str], at_once: int, lasts_s: float) -> Load:
    loop, begun = asyncio.get_running_loop(), time.perf_counter()
    clients = [
        _Client(port, names, random.Random(number), begun + lasts_s) for number in range(at_once)
    ]
    for client in clients:
        await loop.create_connection(partial(_itself, client), "127.0.0.1", port)
    await asyncio.gather(*(client.done for client in clients))
    took_s = time.perf_counter() - begun
    answers = [answer for client in clients for answer in client.answers]
    statuses = Counter(status for status, _ in answers)
    return Load(tuple(sorted(seconds for _, seconds in answers)), statuses, took_s)


def _itself(client: _Client) -> _Client:
    return client


class _Client(asyncio.Protocol):
    """One connection; a body is counted, not kept."""

    def __init__(
        self, port: int, names: Sequence[str], chance: random.Random, until: float
    ) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self.answers: list[tuple[int, float]] = []
        self._port, self._names, self._chance, self._until = port, names, chance, until
        self._head, self._missing, self._status, self._begun = b"", 0, 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("closed in the middle"))

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            self._status = int(head[9:12])
            self._missing = int(fields[b"content-length"]) - len(body)
        if self._missing == 0:
            self._answered()

    def _ask(self) -> None:
        name = self._chance.choice(self._names)
        part = "range: bytes=1000-66535\r\n" if name.startswith("audio") else ""
        self._head, self._begun = b"", time.perf_counter()
        host = f"host: 127.0.0.1:{self._port}"
        self._transport.write(f"GET /{name} HTTP/1.1\r\n{host}\r\n{part}\r\n".encode())

    def _answered(self) -> None:
        now = time.perf_counter()
        self.answers.append((self._status, now - self._begun))
        if now < self._until:
            wait_s = 1.0 if self._status == 503 else 0.0
            asyncio.get_running_loop().call_later(wait_s, self._ask)
        else:
            self.done.set_result(None)
            self._transport.close()
