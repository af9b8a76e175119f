"""`plan`: the date of an interview as people type and read it."""

from __future__ import annotations

from datetime import date

from sayback.errors import SaybackError


def day(text: str, today: date | None = None) -> date:
    """The day that is meant. Raises SaybackError for what is none, or is over."""
    try:
        found = date.fromisoformat(text.strip())
    except ValueError as error:
        raise SaybackError(
            f"{text}: not a date", "write year, month and day, as in 2026-12-24"
        ) from error
    if found < (today or date.today()):
        raise SaybackError(f"{text}: this day is over", "give the day of an interview to come")
    return found


def planned(interview: date | None, today: date | None = None) -> str:
    """The plan in a sentence."""
    if interview is None:
        return (
            "No date is set: questions come back by what you remember."
            " `sayback plan 2026-12-24` spreads them until your interview."
        )
    left = (interview - (today or date.today())).days
    if left < 0:
        return f"The date was {interview:%d %B %Y}; set a new one, or --clear it."
    days = "today" if left == 0 else "tomorrow" if left == 1 else f"in {left} days"
    return (
        f"{interview:%A, %d %B %Y}, {days}: `sayback practice --due` spreads questions until then."
    )
