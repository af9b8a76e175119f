"""All of a workspace as files: pages that open without a server, recordings, bank, CSV, JSON."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from sayback.errors import Damaged, WorkspaceError, is_full, reason
from sayback.history.store import Store
from sayback.model import Attempt
from sayback.scoring.scorecard import to_json
from sayback.views.output import damaged
from sayback.views.web.app import STATIC, STATIC_FILES, Desk
from sayback.views.web.links import audio_name
from sayback.views.web.names import render
from sayback.views.web.pages import Site, names, problem_page

LIST_FILE = "sayback-export.txt"
"""Comes first, names all files, and tells the next export that the folder is one of ours."""
BANK_FOLDER = "questions"
JSON_FILE = "attempts.json"
CSV_FILE = "attempts.csv"
COLUMNS = (
    "id", "asked_at", "question_id", "question", "coverage", "speaking_s", "speech_rate_wpm",
    "articulation_rate_wpm", "pauses", "fillers_at_least", "audio", "transcript",
)  # fmt: skip

_ABOUT_LIST = "Written by `sayback export`. The next one replaces and deletes only these files:"
_LISTED = re.compile(rf"(?:{BANK_FOLDER}/)?(?!\.+$)[^/\\]+")


def write(desk: Desk, folder: Path) -> int:
    """Fill a folder, new or of an earlier export; the number of attempts in it.

    What an earlier export wrote there and this one does not is deleted: it is gone here too.
    Raises WorkspaceError where something else is in the folder, or it cannot be written; Damaged,
    after all others are written, where the history of some attempts cannot be read.
    """
    lost: list[int] = []
    try:
        earlier = _taken(folder)
        with desk.site(read_only=True) as site:
            attempts = [*_attempts(site.store, lost)]
            copied = {**_sounds(attempts), **_banks(desk.bank)}
            pages = [*names(site)]
            _begin(folder, earlier, [*pages, *copied, *STATIC_FILES, JSON_FILE, CSV_FILE])
            for name in pages:
                _put(folder / name, _page(site, name))
            for name, source in copied.items():
                _copy(source, folder / name)
            _write_data(attempts, site.store, folder)
    except OSError as error:
        file = Path(error.filename or folder)
        remedy = "name another folder" if file.is_relative_to(folder) else "make it readable"
        raise WorkspaceError(
            f"{file}: cannot be exported ({reason(error)})",
            "make room there" if is_full(error) else remedy,
        ) from error
    if lost:
        raise damaged(lost)
    return len(attempts)


def _attempts(store: Store, lost: list[int]) -> Iterator[Attempt]:
    """All that can be read; the numbers of the others are added to `lost`."""
    listing = store.listing()
    lost += listing.damaged
    for each in listing.summaries:
        try:
            yield store.attempt(each.id)
        except Damaged:
            lost.append(each.id)


def _page(site: Site, name: str) -> str:
    try:
        return render(site, name) or ""
    except Damaged as error:
        return problem_page(error)


def _write_data(attempts: list[Attempt], store: Store, folder: Path) -> None:
    for name in STATIC_FILES:
        _put(folder / name, (STATIC / name).read_text("utf-8"))
    answers = [as_json(attempt, store) for attempt in attempts]
    _put(folder / JSON_FILE, json.dumps(answers, ensure_ascii=False, indent=1))
    _put(folder / CSV_FILE, as_csv(attempts))


def as_json(attempt: Attempt, store: Store) -> dict[str, Any]:
    """All of an attempt as plain values, the newest scorecard apart, earlier ones newest first."""
    recording, scorecards = attempt.recording, store.scorecards(attempt.id)
    return {
        "id": attempt.id,
        "asked_at": attempt.asked_at.isoformat(),
        "question": msgspec.to_builtins(attempt.question),
        "audio": audio_name(attempt.id, attempt.audio) if attempt.audio.is_file() else None,
        "speech": msgspec.to_builtins(recording.speech) if recording else None,
        "scorecard": to_json(attempt.scorecard) if attempt.scorecard else None,
        "earlier_scorecards": [to_json(scorecard) for scorecard in scorecards[1:]],
        "corrections": msgspec.to_builtins(store.corrections(attempt.id)),
    }


def as_csv(attempts: list[Attempt]) -> str:
    """One line an attempt; a cell that a spreadsheet would run as a formula is quoted as text."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for attempt in attempts:
        table.writerow([_cell(value) for value in _values(attempt)])
    return out.getvalue()


def _values(attempt: Attempt) -> Iterator[object]:
    card = attempt.scorecard
    pace = card.pace if card else None
    yield from (attempt.id, attempt.asked_at.isoformat(), attempt.question.id)
    yield attempt.question.text
    yield round(card.coverage.score, 3) if card and card.coverage else None
    yield from (
        (
            round(pace.speaking_s, 2), round(pace.speech_rate_wpm, 1),
            round(pace.articulation_rate_wpm, 1), pace.pauses.count, pace.fillers.at_least,
        )
        if pace
        else [None] * 5
    )  # fmt: skip
    yield audio_name(attempt.id, attempt.audio) if attempt.audio.is_file() else None
    yield card.transcript.text if card else None


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


# Files


def _taken(folder: Path) -> set[str]:
    """What an earlier export wrote into a folder, which is made where it is missing.

    Raises WorkspaceError where the folder holds anything and is not of an earlier export.
    """
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"{folder}: not a folder", "name a new folder")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / LIST_FILE).is_file():
        listed = (folder / LIST_FILE).read_text("utf-8", "surrogateescape").splitlines()
        return {line for line in listed[1:] if _LISTED.fullmatch(line)}
    if any(folder.iterdir()):
        raise WorkspaceError(f"{folder}: holds other files", "name a new folder")
    with suppress(PermissionError):  # some drives know no modes
        folder.chmod(0o700)
    _put(folder / LIST_FILE, _ABOUT_LIST)
    return set()


def _begin(folder: Path, earlier: set[str], written: list[str]) -> None:
    """Delete what is no more, then list what is to come: a kill at any moment leaves a list."""
    for name in earlier.difference(written):
        (folder / name).unlink(missing_ok=True)
    new = folder / f"{LIST_FILE}.new"
    _put(new, "\n".join((_ABOUT_LIST, *sorted(written), "")), errors="surrogateescape")
    new.replace(folder / LIST_FILE)
    (folder / BANK_FOLDER).mkdir(mode=0o700, exist_ok=True)


def _sounds(attempts: list[Attempt]) -> dict[str, Path]:
    """The recordings that are there, by their name in an export."""
    return {
        audio_name(each.id, each.audio): each.audio for each in attempts if each.audio.is_file()
    }


def _banks(bank: Path) -> dict[str, Path]:
    """The Markdown files of a bank, by their name in an export; none where it is missing."""
    found = [bank]
    if bank.is_dir():
        found = [each for each in bank.glob("[!.]*") if each.suffix.lower() == ".md"]
    return {f"{BANK_FOLDER}/{each.name}": each for each in found if each.is_file()}


def _copy(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        return
    with source.open("rb") as read, _new(target) as written:
        shutil.copyfileobj(read, written)


def _put(path: Path, text: str, errors: str = "replace") -> None:
    with _new(path) as file:
        file.write(text.encode("utf-8", errors))


@contextmanager
def _new(path: Path) -> Iterator[BinaryIO]:
    """A new file in the place of any other, for the user alone: it holds what they said.

    One that the disk has no room for is removed: half a page would look like a whole one.
    """
    path.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            yield file
    except OSError:
        path.unlink(missing_ok=True)
        raise
