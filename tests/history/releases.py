"""A history of every format, as the sayback of then wrote it: `tests/data/history-N.sql`."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"
FORMATS = tuple(sorted(int(re.sub(r"\D", "", file.stem)) for file in DATA.glob("history-*.sql")))
AUDIO = (
    "2026-03-01_09-00-00_what-is-u-net-and-when-would-you.flac",
    "2026-03-02_09-00-00_what-do-the-confusion-matrix-precision-recall-f1.flac",
    "2026-03-03_09-00-00_what-is-u-net-and-when-would-you.flac",
    "2026-03-05_09-00-00_what-is-u-net-and-when-would-you.wav",
)


def restore(number: int, recordings: Path) -> Path:
    """Such a history in a folder; without the recordings, which are a megabyte each."""
    recordings.mkdir(parents=True, exist_ok=True)
    history = recordings / "history.db"
    with closing(sqlite3.connect(history)) as database:
        database.executescript((DATA / f"history-{number}.sql").read_text("utf-8"))
    return history


def facts(history: Path) -> dict[str, list[tuple[object, ...]]]:
    """What no migration may lose, by table."""
    with closing(sqlite3.connect(history)) as database:
        return {
            table: database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in ("attempt", "transcript", "score", "measure")
        }


def version(history: Path) -> int:
    with closing(sqlite3.connect(history)) as database:
        ((number,),) = database.execute("PRAGMA user_version")
    return int(number)
