"""Every page and recording has one flat name, on the server and in an export alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sayback.views.web.links import audio_name

if TYPE_CHECKING:
    from sayback.history.store import Store
    from sayback.views.web.pages import Site

_ATTEMPT = re.compile(r"attempt-([1-9][0-9]{0,17})\.html")
_QUESTION = re.compile(r"question-(.+)\.html")
_AUDIO = re.compile(r"audio-([1-9][0-9]{0,17})(?:\.[a-z0-9]+)?")


def render(site: Site, name: str, *, search: str = "") -> str | None:
    """The HTML of the page of that name; None where there is no such page.

    Raises HistoryError or NoSuchQuestion for an attempt or question that is not there.
    """
    if found := _ATTEMPT.fullmatch(name):
        return site.attempt(int(found[1]))
    if found := _QUESTION.fullmatch(name):
        return site.question(found[1])
    match name:
        case "index.html":
            return site.overview()
        case "bank.html":
            return site.bank()
        case "trends.html":
            return site.trends()
        case "about.html":
            return site.about()
        case "search.html" if site.token:
            return site.search(search)
        case _:
            return None


def recording(store: Store, name: str) -> Path | None:
    """The file of the recording of that name, if it is there."""
    found = _AUDIO.fullmatch(name)
    if not found:
        return None
    attempt = store.attempt(int(found[1]))
    is_there = name == audio_name(attempt.id, attempt.audio) and attempt.audio.is_file()
    return attempt.audio if is_there else None
