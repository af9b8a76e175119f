"""Small plots made of characters."""

from __future__ import annotations

from collections.abc import Sequence

_STEPS = "▁▂▃▄▅▆▇█"


def bar(share: float, width: int) -> str:
    """A bar of `width` characters, filled to `share` (0 to 1)."""
    filled = round(max(0.0, min(1.0, share)) * width)
    return "█" * filled + "░" * (width - filled)


def sparkline(values: Sequence[float]) -> str:
    """One character a value, from the bottom at 0 to the top at the largest value."""
    top = max(values, default=0.0)
    if top <= 0:
        return _STEPS[0] * len(values)
    return "".join(_STEPS[round(max(0.0, value) / top * (len(_STEPS) - 1))] for value in values)


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds: 75.4 is "1:15"."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
