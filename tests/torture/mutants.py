"""Mutants of good input, and how they are tried."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from tests.torture.campaign import Campaign

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


def mutated(
    sample: bytes, chance: random.Random, pieces: Sequence[bytes] = PIECES, most: int = 8
) -> bytes:
    """A sample with some bytes changed, pieces put in, and stretches lost, doubled or moved.

    That is done up to `most` times.
    """
    found = bytearray(sample)
    for _ in range(chance.randint(1, most)):
        at = chance.randrange(len(found) + 1)
        end = min(len(found), at + int(chance.expovariate(1 / 60)))
        match chance.randrange(6):
            case 0:
                found[at:at] = chance.choice(pieces)
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


def fuzz(
    campaign: Campaign,
    count: int,
    examples: st.SearchStrategy[bytes],
    try_one: Callable[[bytes], None],
) -> None:
    """Try `count` examples."""
    fuzzed(campaign, count)(given(examples)(try_one))()


def fuzzed(campaign: Campaign, count: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """A test by hypothesis is run with `count` examples, the same for the same seed."""
    plan = settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seed(campaign.seed)(plan(test))
