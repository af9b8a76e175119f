"""What is left of a damaged history, put into a new file.

Rows are told by their shape, since the table that names their pages may be damaged too. What can
be made anew is not searched for: measures, the search index, the memory of key points. A score
without its words is left out where the recording is there, from which both can be made again.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sayback.history.migrations import create, migrate
from sayback.history.pages import Row, rows
from sayback.history.stored import (
    DAMAGE,
    AnyCorrection,
    Derived,
    Value,
    decode,
    encode,
    measures,
    moment,
    time,
)
from sayback.model import Ending, Question, Recording, Transcript

_T = TypeVar("_T")

LARGEST_ID = 1 << 40
"""A row with a larger number is one whose number is damaged."""
_COUNTED = ("attempt", "transcript", "score", "correction", "bank_edit")
_NAMED = re.compile(r"(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_([a-z0-9-]+)(?:_\d+)?\.\w+")
"""The name of a recording: when it was asked, by the clock on the wall, and what."""
_DAMAGED_LETTERS = 2
"""In the name of a recording, to be still taken for it."""
_LOST_WORDS = encode(Transcript(""))

_ORPHANS = (
    "DELETE FROM {0} WHERE attempt_id NOT IN (SELECT id FROM attempt)",
    ("transcript", "score", "correction", "bank_edit"),
)
_SPOKEN = """
    INSERT INTO spoken (rowid, text)
    SELECT score.attempt_id, transcript.content ->> '$.text'
    FROM score JOIN transcript ON transcript.id = transcript_id
    WHERE score.id IN (SELECT max(id) FROM score GROUP BY attempt_id)
"""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """How many attempts are in the new history, and which of them have lost their score.

    What was `begun`, or corrected, and is not there was lost, or deleted before.
    """

    attempts: int
    unscored: tuple[int, ...]
    begun: int
    corrections_gone: int = 0


def asked_in(audio: str) -> tuple[datetime, str] | None:
    """When and about which question a recording was made, as its name says."""
    if named := _NAMED.fullmatch(audio):
        try:
            return datetime.strptime(named[1], "%Y-%m-%d_%H-%M-%S").astimezone(), named[2]
        except ValueError:
            return None
    return None


def is_about(told: str, question_id: str) -> bool:
    """Whether the name of a recording tells this question, which it shortens."""
    return told == question_id[:60].strip("-")


def salvage(damaged: Path, new: Path, recordings: Path) -> Salvaged:
    """Copy every row that can be read into a new history. Raises OSError and sqlite3.Error."""
    new.unlink(missing_ok=True)
    create(new)
    with closing(sqlite3.connect(new, isolation_level=None)) as database:
        migrate(database, new)
        database.execute("BEGIN")
        copy = _Copy(database, recordings)
        for row in rows(damaged):
            copy.add(row)
        copy.complete()
        database.execute("COMMIT")
        return copy.result()


class _Copy:
    """The new history while it is filled."""

    def __init__(self, database: sqlite3.Connection, recordings: Path) -> None:
        self._database = database
        self._recordings = recordings
        self._had_score: set[int] = set()
        self._asked: dict[str, Question] = {}
        self._broken: list[tuple[int, tuple[str, str, str, str | None]]] = []

    def add(self, row: Row) -> None:
        """Put a row where it belongs, if it is one of ours and can be read."""
        number, values = row
        if not 1 <= number <= LARGEST_ID:
            return
        rest = values[1:]
        match values:
            case (None, str(at), str(), str(asked), str(audio), str() | None as recording):
                self._attempt(number, at, asked, audio, recording)
            case (None, int(), str(), str(content)):
                self._transcript_or_correction(content, (number, *rest))
            case (None, int(attempt), int(), str(), str(), float() | int() | None, str(content)):
                self._score(attempt, content, (number, *rest))
            case (None, int(), str(), str(), int(), bytes()):
                self._put("bank_edit", number, *rest)
            case (None, str(), bytes(words)) if len(words) % 8 == 0:
                self._put("erasing", number, *rest)
            case (None, str()):  # the search index, which has what was scored
                self._had_score.add(number)
            case (str(name), str(value)) if name.isidentifier():
                self._put("setting", name, value)
            case (str(table), int(last)) if table in _COUNTED and 0 < last <= LARGEST_ID:
                self._count_on(table, last)

    def _put(self, table: str, *values: Value) -> bool:
        """Add a row, unless the table has it; whether it was added."""
        marks = ", ".join("?" * len(values))
        added = self._database.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", values)
        return added.rowcount > 0

    def _count_on(self, table: str, last: int) -> None:
        """Numbers that were given once are never given again."""
        self._database.execute(
            "DELETE FROM sqlite_sequence WHERE name = ? AND seq < ?", (table, last)
        )
        self._database.execute(
            "INSERT INTO sqlite_sequence SELECT ?1, ?2"
            " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
            (table, last),
        )

    def _attempt(
        self, number: int, asked_at: str, question: str, audio: str, recording: str | None
    ) -> None:
        asked = _decoded(question, Question)
        if asked is None or _moment(asked_at) is None:
            self._broken.append((number, (asked_at, question, audio, recording)))
            return
        self._asked.setdefault(asked.id, asked)
        self._put_attempt(number, asked_at, asked, audio, recording)

    def _put_attempt(
        self, number: int, asked_at: str, asked: Question, audio: str, recording: str | None
    ) -> None:
        known = recording if _decoded(recording, Recording) else None
        self._put("attempt", number, asked_at, asked.id, encode(asked), audio, known)

    def _transcript_or_correction(self, content: str, row: tuple[Value, ...]) -> None:
        if isinstance(attempt := row[1], int):
            self._had_score.add(attempt)
        if _decoded(content, Transcript):
            self._put("transcript", *row)
        elif _decoded(content, AnyCorrection):
            self._put("correction", *row)

    def _score(self, attempt: int, content: str, row: tuple[Value, ...]) -> None:
        self._had_score.add(attempt)
        derived = _decoded(content, Derived)
        if derived and self._put("score", *row):
            for name, value in measures(derived.pace):
                self._put("measure", row[0], name, value)

    # What refers to each other

    def complete(self) -> None:
        """Mend attempts by their scores and what their files say, and leave out what is alone."""
        for number, (asked_at, question, audio, recording) in self._broken:
            if asked := self._asked_then(number, question, audio):
                at = _moment(asked_at) or _recorded_at(recording, audio)
                self._put_attempt(number, time(at), asked, audio, recording)
        for number, scored_at, content in self._query(
            "SELECT attempt_id, max(scored_at), content FROM score"
            " WHERE attempt_id NOT IN (SELECT id FROM attempt) GROUP BY attempt_id"
        ):
            self._bring_back(number, scored_at, decode(content, Derived).question)
        self._find_sounds()
        statement, tables = _ORPHANS
        for table in tables:
            self._database.execute(statement.format(table))
        self._give_words()
        self._database.execute(
            "DELETE FROM score WHERE transcript_id NOT IN (SELECT id FROM transcript)"
        )
        self._database.execute("DELETE FROM measure WHERE score_id NOT IN (SELECT id FROM score)")
        self._await_scores()
        self._database.execute(_SPOKEN)

    def _asked_then(self, number: int, question: str, audio: str) -> Question | None:
        """The question of an attempt, by what else tells it where it cannot be read itself."""
        asked = _decoded(question, Question) or self._scored_question(number)
        if asked is None and (told := asked_in(audio)):
            asked = self._asked.get(told[1]) or Question(told[1].replace("-", " "), told[1])
        return asked

    def _scored_question(self, number: int) -> Question | None:
        for (content,) in self._query(
            "SELECT content FROM score WHERE attempt_id = ? ORDER BY id DESC", (number,)
        ):
            return decode(content, Derived).question
        return None

    def _bring_back(self, number: int, scored_at: str, asked: Question) -> None:
        """An attempt of which only scores are left, with the recording made last before them."""
        scored = _moment(scored_at) or datetime.now(UTC)
        taken = {audio for (audio,) in self._query("SELECT audio FROM attempt")}
        fitting = sorted(
            (told[0], file.name)
            for file in self._recordings.iterdir()
            if file.name not in taken and (told := asked_in(file.name))
            if is_about(told[1], asked.id) and told[0] <= scored
        )
        at, audio = fitting[-1] if fitting else (scored, f"lost-{number}.wav")
        self._put_attempt(number, time(at), asked, audio, None)

    def _find_sounds(self) -> None:
        """Attempts whose file is not there, with the one that has nearly this name."""
        named = {audio: number for number, audio in self._query("SELECT id, audio FROM attempt")}
        there = {file.name for file in self._recordings.iterdir()}
        for audio in named.keys() - there:
            for name in sorted(there - named.keys()):
                if asked_in(name) and _differing(name, audio) <= _DAMAGED_LETTERS:
                    self._database.execute(
                        "UPDATE attempt SET audio = ? WHERE id = ?", (name, named[audio])
                    )
                    there.remove(name)
                    break

    def _give_words(self) -> None:
        """Scores that have lost their words stay, without any, if these cannot be heard again."""
        for score, attempt, audio in self._query(
            "SELECT score.id, attempt_id, audio FROM score JOIN attempt ON attempt.id = attempt_id"
            " WHERE transcript_id NOT IN (SELECT id FROM transcript)"
        ):
            if not (self._recordings / audio).is_file():
                words = self._database.execute(
                    "INSERT INTO transcript (attempt_id, made_at, content) VALUES (?, ?, ?)",
                    (attempt, time(datetime.now(UTC)), _LOST_WORDS),
                ).lastrowid
                self._database.execute(
                    "UPDATE score SET transcript_id = ? WHERE id = ?", (words, score)
                )

    def _await_scores(self) -> None:
        """What was scored is wanted, also where it had been set aside at first."""
        for number in self._unscored():
            self._database.execute(
                "UPDATE attempt SET recording = json_set(recording, '$.ending', ?)"
                " WHERE id = ? AND recording ->> '$.ending' = ?",
                (Ending.INTERRUPTED, number, Ending.SET_ASIDE),
            )

    def _unscored(self) -> tuple[int, ...]:
        """The attempts that have lost their score."""
        rows = self._query(
            "SELECT id FROM attempt WHERE id NOT IN (SELECT attempt_id FROM score) ORDER BY id"
        )
        return tuple(number for (number,) in rows if number in self._had_score)

    def result(self) -> Salvaged:
        """What there is now."""
        attempts, corrections = (self._count(table) for table in ("attempt", "correction"))
        given = dict(self._query("SELECT name, seq FROM sqlite_sequence"))
        return Salvaged(
            attempts,
            self._unscored(),
            given.get("attempt", 0),
            given.get("correction", 0) - corrections,
        )

    def _count(self, table: str) -> int:
        ((count,),) = self._query(f"SELECT count(*) FROM {table}")
        return int(count)

    def _query(self, query: str, values: tuple[Value, ...] = ()) -> list[tuple[Any, ...]]:
        return self._database.execute(query, values).fetchall()


def _differing(name: str, other: str) -> int:
    """In how many letters two names differ; all of them where one is longer."""
    if len(name) != len(other):
        return max(len(name), len(other))
    return sum(one != another for one, another in zip(name, other, strict=True))


def _moment(text: str) -> datetime | None:
    try:
        return moment(text)
    except DAMAGE:
        return None


def _recorded_at(recording: str | None, audio: str) -> datetime:
    """When a recording was made, as it says itself, else its name; else now."""
    heard, told = _decoded(recording, Recording), asked_in(audio)
    if heard and (started := _moment(heard.started_at.isoformat())):
        return started
    return told[0] if told else datetime.now(UTC)


def _decoded(text: str | None, kind: type[_T]) -> _T | None:
    """What a column holds as JSON; None where it is damaged."""
    try:
        return decode(text or "", kind)
    except DAMAGE:
        return None
