"""The date of the interview that a person rehearses for, where there is one."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sayback.errors import Damaged
from sayback.history.store import Store

SHARE_OF_HORIZON = 0.3
"""With a week to go, a gap of 20 to 40% of the time left was remembered best (Cepeda 2008)."""
SHORTEST_GAP = timedelta(days=1)
"""What was said well is not asked again on the same day, however near the interview is."""

_NAME = "interview"


def interview(store: Store) -> date | None:
    """The date as it was set, also when it is over. Raises HistoryError."""
    for (value,) in store.rows("SELECT value FROM setting WHERE name = ?", (_NAME,)):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise Damaged(
                f"{store.path}: the date of your interview is damaged",
                "set it again, as in `sayback plan 2026-12-24`, or `sayback plan --clear`",
            ) from error
    return None


def set_interview(store: Store, on: date | None) -> None:
    """Set the date, or forget it with None. Raises HistoryError."""
    with store.transaction() as database:
        database.execute("DELETE FROM setting WHERE name = ?", (_NAME,))
        if on is not None:
            database.execute("INSERT INTO setting VALUES (?, ?)", (_NAME, on.isoformat()))


def days_left(on: date | None, now: datetime) -> int | None:
    """Whole days until the interview, 0 on its day; None without one or when it is over."""
    days = (on - now.astimezone().date()).days if on else -1
    return days if days >= 0 else None


def brought_forward(due: datetime, reviewed: datetime, on: date) -> datetime:
    """`due`, or earlier: the gap since `reviewed` is at most its share of the time left then."""
    horizon = datetime.combine(on, time.min).astimezone() - reviewed
    if horizon <= timedelta(0):
        return due
    return min(due, reviewed + max(SHORTEST_GAP, horizon * SHARE_OF_HORIZON))
