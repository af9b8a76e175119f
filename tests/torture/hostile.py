"""Mutants of good input, how they are tried, and what is asked of a command that gets them."""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from tests.torture.campaign import Campaign

from sayback.views.cli import main

TIME_LIMIT_S = 5.0
MOST_GROWTH_MB = 1_500
BUSY_MACHINE = 12
"""How many times longer a process of its own may take on a machine with other work."""
TURNS_AROUND = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
PIECES = [
    b"\0", b"\x1b[2J", b"\x1b]0;owned\x07", b"\x9b1m", b"\xc2\x9b31m", b"\xed\xa0\x80", b"\xff\xfe",
    b"\xef\xbb\xbf", "\u202eback\u2066".encode(), b"\r", b"\r\n", b"\n\n", b"\t", b"\x7f", b"\x08",
    b"# ", b"- ", b"  - ", b"1. ", b"**", b"`", b"```\n", b"<!--", b"-->",
    b"<!-- target: 1e99s -->",
    b"](", b"&#1114112;", b"&#xD800;", b"\\", b"9" * 400, b"a" * 3000, b"( " * 500, b"\n" * 300,
    "e\u0301\u200d".encode() * 50, b"not " * 200, b"hundred million " * 90, b"?. " * 400,
    b'"', b"{", b"[" * 2000, b"NaN", b"Infinity", b"null", b"-0", b"1e999", b"\\ud800",
    b"\\u001b[2J",
]  # fmt: skip


def mutated(sample: bytes, chance: random.Random) -> bytes:
    """A sample with some bytes changed, pieces put in, and stretches lost, doubled or moved."""
    found = bytearray(sample)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(found) + 1)
        end = min(len(found), at + int(chance.expovariate(1 / 60)))
        match chance.randrange(6):
            case 0:
                found[at:at] = chance.choice(PIECES)
            case 1:
                found[at : at + 1] = chance.randbytes(1)
            case 2:
                del found[at:end]
            case 3:
                found[at:at] = found[at:end] * chance.choice((1, 2, 40))
            case 4:
                moved = found[at:end]
                del found[at:end]
                found += moved
            case _:
                found[at:end] = chance.randbytes(end - at)
    return bytes(found)


def mutants(samples: list[bytes]) -> st.SearchStrategy[bytes]:
    """Mutated samples, and text that has nothing to do with them."""
    # Numbers, not the samples themselves: these would stand in every message of a failure.
    of_samples = st.integers(0, 2**32).map(lambda number: _mutant(samples, number))
    pieces = st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=30).map(b"".join)
    return of_samples | pieces | st.text(max_size=200).map(lambda text: text.encode())


def _mutant(samples: list[bytes], number: int) -> bytes:
    chance = random.Random(number)
    return mutated(chance.choice(samples), chance)


@dataclass
class Watch:
    """Examples that were run, and the most that one of them took."""

    count: int = 0
    slowest_s: float = 0.0
    began_mb: float = field(default_factory=lambda: memory_mb("VmRSS"))

    def __post_init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # what came before does not count

    @contextlib.contextmanager
    def example(self) -> Iterator[None]:
        began_s = time.process_time()
        yield
        took_s = time.process_time() - began_s
        self.count += 1
        self.slowest_s = max(self.slowest_s, took_s)
        assert took_s < TIME_LIMIT_S

    def report(self, campaign: Campaign, what: str) -> None:
        growth_mb = memory_mb("VmHWM") - self.began_mb
        assert growth_mb < MOST_GROWTH_MB
        campaign.report(
            f"hostile {what}",
            f"{self.count:,}: no traceback, slowest {self.slowest_s:.2f} s of processor time, "
            f"memory grew by {growth_mb:.0f} MB at most",
        )


def memory_mb(which: str) -> float:
    """Of this process: VmRSS is what it has, VmHWM the most that it ever had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(which):
            return int(line.split()[1]) / 1024
    raise ValueError(which)


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def run_here(*arguments: object, stdin: bytes = b"") -> Done:
    """The command line in this process, as `sayback` would run it."""
    streams = [io.TextIOWrapper(io.BytesIO(each), "utf-8") for each in (stdin, b"", b"")]
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr, os.umask(0o022)
    kept = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    sys.argv = ["sayback", *map(str, arguments)]
    sys.stdin, sys.stdout, sys.stderr = streams
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr, mask = before
        os.umask(mask)
        for each, handler in kept.items():
            signal.signal(each, handler)
    out, err = (_written(stream) for stream in streams[1:])
    return Done(code, out, err)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.detach()
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def run_apart(*arguments: object, stdin: Path = Path(os.devnull)) -> Done:
    """The command line in a process of its own."""
    with stdin.open("rb") as source:
        finished = subprocess.run(
            [sys.executable, "-m", "sayback", *map(str, arguments)],
            stdin=source,
            capture_output=True,
            timeout=TIME_LIMIT_S * BUSY_MACHINE,
            check=False,
        )
    return Done(finished.returncode, finished.stdout.decode(), finished.stderr.decode())


def is_decent(done: Done) -> None:
    """Done or not, with a line that says why, and without a sign that a terminal obeys."""
    assert done.code in (0, 1, 2), done
    assert "Traceback" not in done.out + done.err, done.err
    obeyed = {
        sign
        for sign in done.out + done.err
        if (unicodedata.category(sign) in ("Cc", "Cs") or sign in TURNS_AROUND) and sign != "\n"
    }
    assert not obeyed, done
    if done.code == 1:
        lines = done.err.splitlines()
        assert len(lines) == 1, done.err
        assert lines[0].startswith("sayback: "), done.err


def fuzz(
    campaign: Campaign,
    count: int,
    examples: st.SearchStrategy[bytes],
    try_one: Callable[[bytes], None],
) -> None:
    """Try `count` examples, the same for the same seed."""
    plan = settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    seed(campaign.seed)(plan(given(examples)(try_one)))()
