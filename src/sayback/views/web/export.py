"""All of a workspace as files: pages that open without a server, recordings, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sayback.errors import WorkspaceError, reason
from sayback.model import Attempt
from sayback.scoring.scorecard import to_json
from sayback.views.web.app import STATIC, STATIC_FILES, Desk
from sayback.views.web.links import audio_name
from sayback.views.web.names import render
from sayback.views.web.pages import names

JSON_FILE = "attempts.json"
CSV_FILE = "attempts.csv"
COLUMNS = (
    "id", "asked_at", "question_id", "question", "coverage", "speaking_s", "speech_rate_wpm",
    "articulation_rate_wpm", "pauses", "fillers_at_least", "audio", "transcript",
)  # fmt: skip


def write(desk: Desk, folder: Path) -> int:
    """Fill a folder, new or of an earlier export; the number of attempts in it.

    Raises WorkspaceError where something else is in the folder, or it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / JSON_FILE).is_file():
            raise WorkspaceError(f"{folder}: holds other files", "name a new folder")
        with desk.site(read_only=True) as site:
            for name in names(site):
                _put(folder / name, render(site, name) or "")
            attempts = [site.store.attempt(each.id) for each in site.store.summaries()]
        return _write_data(attempts, folder)
    except OSError as error:
        raise WorkspaceError(
            f"{error.filename or folder}: cannot be written ({reason(error)})",
            "make room, or name another folder",
        ) from error


def _write_data(attempts: list[Attempt], folder: Path) -> int:
    for name in STATIC_FILES:
        _put(folder / name, (STATIC / name).read_text("utf-8"))
    for attempt in attempts:
        if attempt.audio.is_file():
            shutil.copyfile(attempt.audio, folder / audio_name(attempt.id, attempt.audio))
    _put(folder / JSON_FILE, json.dumps([*map(as_json, attempts)], ensure_ascii=False, indent=1))
    _put(folder / CSV_FILE, as_csv(attempts))
    return len(attempts)


def as_json(attempt: Attempt) -> dict[str, Any]:
    """An attempt as plain values: the question as asked, the recording, the newest scorecard."""
    recording = attempt.recording
    return {
        "id": attempt.id,
        "asked_at": attempt.asked_at.isoformat(),
        "question": msgspec.to_builtins(attempt.question),
        "audio": audio_name(attempt.id, attempt.audio) if attempt.audio.is_file() else None,
        "speech": msgspec.to_builtins(recording.speech) if recording else None,
        "scorecard": to_json(attempt.scorecard) if attempt.scorecard else None,
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


def _put(path: Path, text: str) -> None:
    """Written for the user alone: it holds what they said."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(text.encode("utf-8", "replace"))
