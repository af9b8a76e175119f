"""How much memory a process has."""

from __future__ import annotations

from pathlib import Path


def memory_mb(which: str, process: int | str = "self") -> float:
    """`VmRSS` is what it has, `VmHWM` the most that it ever had."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(which):
            return int(line.split()[1]) / 1024
    raise ValueError(which)
