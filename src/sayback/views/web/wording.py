"""Numbers and times as a person reads them on a page."""

from __future__ import annotations

from datetime import datetime

from sayback.model import Status

STATUSES = {
    Status.COVERED: "said",
    Status.PARTIAL: "partly said",
    Status.CONTRADICTED: "said the opposite?",
    Status.MISSED: "not said",
}


def percent(share: float | None) -> str:
    """A share of 1 as whole percent, an en dash where there is none."""
    return "–" if share is None else f"{share:.0%}"


def seconds(value: float) -> str:
    """Seconds to a tenth, with their unit."""
    return f"{value:.1f} s"


def capital(text: str) -> str:
    """With a capital at its beginning; what follows stays: "Yesterday", "1 January"."""
    return text[:1].upper() + text[1:]


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 answer", "3 answers"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def day(moment: datetime, now: datetime) -> str:
    """A day, named as shortly as it is clear: "today", "Tuesday", "3 March"."""
    here, today = moment.astimezone(), now.astimezone()
    ago = (today.date() - here.date()).days
    if ago in (0, 1):
        return ("today", "yesterday")[ago]
    if 1 < ago < 7:
        return f"{here:%A}"
    return date(moment, now)


def date(moment: datetime, now: datetime) -> str:
    """Day and month, the year where it is another one: "3 March"."""
    here = moment.astimezone()
    year = "" if here.year == now.astimezone().year else f" {here.year}"
    return f"{here.day} {here:%B}{year}"


def short_date(moment: datetime) -> str:
    """Day and month for a chart: "3 Mar"."""
    here = moment.astimezone()
    return f"{here.day} {here:%b}"


def time_of_day(moment: datetime) -> str:
    """Hours and minutes on the person's clock."""
    return f"{moment.astimezone():%H:%M}"


def upcoming(moment: datetime, now: datetime) -> str:
    """A moment to come: "at 14:10", "tomorrow", "on Friday", "on 3 March"."""
    days = (moment.astimezone().date() - now.astimezone().date()).days
    if days <= 0:
        return f"at {time_of_day(moment)}" if moment > now else "now"
    if days == 1:
        return "tomorrow"
    return f"on {moment.astimezone():%A}" if days < 7 else f"on {date(moment, now)}"
