"""What is asked of a command that gets hostile input."""

from __future__ import annotations

import contextlib
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.campaign import Campaign
from tests.torture.commands import Finished, one_line
from tests.torture.memory import memory_mb

TIME_LIMIT_S = 5.0
MOST_GROWTH_MB = 1_500
BUSY_MACHINE = 12
"""How many times longer a process of its own may take on a machine with other work."""
TURNS_AROUND = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


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


def is_decent(done: Finished) -> None:
    """Done or not, with a line that says why, and without a sign that a terminal obeys."""
    assert done.code in (0, 1, 2), done
    assert "Traceback" not in done.text, done.err
    obeyed = {
        sign
        for sign in done.text
        if (unicodedata.category(sign) in ("Cc", "Cs") or sign in TURNS_AROUND) and sign != "\n"
    }
    assert not obeyed, done
    if done.code == 1:
        one_line(done.err)
