"""Attempts in `recordings/history.db`: facts are added once, scores may be added again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import SQLITE_BUSY, SQLITE_LOCKED
from typing import Any, Self, TypeVar

import msgspec

from sayback.errors import HistoryError, NoSuchAttempt, reason
from sayback.history.migrations import create, migrate
from sayback.history.stored import AnyCorrection, Derived, encode, measures, time
from sayback.model import (
    Attempt,
    Correction,
    Ending,
    Question,
    Recording,
    Scorecard,
    Transcript,
)

FILE_NAME = "history.db"
LOCK_TIME_LIMIT_S = 30.0

_T = TypeVar("_T")
Value = str | int | float | bytes | None


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the history; `coverage` and `speaking_s` are None where not judged.

    `set_aside` is an answer that was skipped or started over.
    """

    id: int
    asked_at: datetime
    question_id: str
    question: str
    scored: bool
    coverage: float | None
    speaking_s: float | None
    set_aside: bool = False


class Store:
    """An open history. Use it as a context manager; every method is one transaction."""

    def __init__(self, recordings: Path, *, wait_s: float = LOCK_TIME_LIMIT_S) -> None:
        """Open the history in the folder `recordings`, made where it is missing.

        While another process writes, every method waits so long for it. Raises HistoryError where
        the folder or the file cannot be used.
        """
        self._recordings = recordings
        self.path = recordings / FILE_NAME
        with self._errors():
            recordings.mkdir(mode=0o700, parents=True, exist_ok=True)
            create(self.path)
            self._connection = sqlite3.connect(self.path, timeout=wait_s, isolation_level=None)
        try:
            with self._errors():
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute("PRAGMA foreign_keys = ON")
                self._connection.execute("PRAGMA secure_delete = ON")
                migrate(self._connection, self.path)
        except HistoryError:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def begin(self, question: Question, audio: Path, asked_at: datetime) -> int:
        """Note that `question` is being answered into `audio`; the number of the attempt."""
        with self.transaction() as database:
            return _inserted(
                database.execute(
                    "INSERT INTO attempt (asked_at, question_id, question, audio)"
                    " VALUES (?, ?, ?, ?)",
                    (time(asked_at), question.id, encode(question), audio.name),
                )
            )

    def drop(self, attempt_id: int) -> None:
        """Forget an attempt in which nothing was said."""
        with self.transaction() as database:
            database.execute("DELETE FROM attempt WHERE id = ?", (attempt_id,))

    def heard(self, attempt_id: int, recording: Recording) -> None:
        """Keep what is known of the recording once it has ended."""
        with self.transaction() as database:
            database.execute(
                "UPDATE attempt SET recording = ? WHERE id = ?", (encode(recording), attempt_id)
            )

    def scored(
        self,
        attempt_id: int,
        scorecard: Scorecard,
        correction: Correction | None = None,
        *,
        knows: int | None = None,
    ) -> bool:
        """Keep a scorecard beside the earlier ones, and its transcript where that is new.

        With it, or not at all, the correction of a person that it follows from. False, with
        nothing kept, where there are by now not so many earlier corrections as the scorecard
        `knows`. Raises NoSuchAttempt where the attempt has been deleted.
        """
        now = time(datetime.now(UTC))
        with self.transaction() as database:
            if knows not in (None, self._corrected(attempt_id)):
                return False
            if correction is not None:
                database.execute(
                    "INSERT INTO correction (attempt_id, made_at, content) VALUES (?, ?, ?)",
                    (attempt_id, now, encode(AnyCorrection.of(correction))),
                )
            transcript_id = self._transcript_id(attempt_id, scorecard.transcript, now)
            score_id = _inserted(
                database.execute(
                    "INSERT INTO score (attempt_id, transcript_id, scored_at, scorer_version,"
                    " coverage, content) VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        attempt_id,
                        transcript_id,
                        now,
                        scorecard.scorer_version,
                        scorecard.coverage.score if scorecard.coverage else None,
                        encode(Derived.of(scorecard)),
                    ),
                )
            )
            database.executemany(
                "INSERT INTO measure (score_id, name, value) VALUES (?, ?, ?)",
                [(score_id, name, value) for name, value in measures(scorecard.pace)],
            )
            database.execute("DELETE FROM spoken WHERE rowid = ?", (attempt_id,))
            database.execute(
                "INSERT INTO spoken (rowid, text) VALUES (?, ?)",
                (attempt_id, scorecard.transcript.text),
            )
        return True

    def _corrected(self, attempt_id: int) -> int:
        """How often an attempt was corrected. Raises NoSuchAttempt."""
        for (count,) in self.rows(
            "SELECT (SELECT count(*) FROM correction WHERE attempt_id = attempt.id)"
            " FROM attempt WHERE id = ?",
            (attempt_id,),
        ):
            return int(count)
        raise _no_attempt(attempt_id)

    def corrections(self, attempt_id: int) -> tuple[Correction, ...]:
        """All corrections of an attempt, oldest first; a later one of the same thing counts."""
        rows = self.rows(
            "SELECT content FROM correction WHERE attempt_id = ? ORDER BY id", (attempt_id,)
        )
        stored = (self._decode(content, AnyCorrection) for (content,) in rows)
        return tuple(each for one in stored for each in (one.word, one.point) if each)

    def attempt(self, attempt_id: int) -> Attempt:
        """The attempt with its newest score. Raises NoSuchAttempt where there is none."""
        with self._errors():
            row = self._connection.execute(
                "SELECT asked_at, question, audio, recording FROM attempt WHERE id = ?",
                (attempt_id,),
            ).fetchone()
        if row is None:
            raise _no_attempt(attempt_id)
        asked_at, question, audio, recording = row
        return Attempt(
            id=attempt_id,
            asked_at=datetime.fromisoformat(asked_at),
            question=self._decode(question, Question),
            audio=self._recordings / Path(audio).name,
            recording=self._decode(recording, Recording) if recording else None,
            scorecard=next(iter(self.scorecards(attempt_id, most=1)), None),
        )

    def summaries(self, question_id: str | None = None) -> tuple[Summary, ...]:
        """All attempts, or those at one question, oldest first."""
        rows = self.rows(
            """
            SELECT attempt.id, asked_at, question_id, question ->> '$.text', score.id,
                   coverage, measure.value,
                   coalesce(json_extract(recording, '$.ending'), '') = ?2
            FROM attempt
            LEFT JOIN score ON score.id =
                (SELECT max(id) FROM score WHERE score.attempt_id = attempt.id)
            LEFT JOIN measure ON measure.score_id = score.id AND name = 'speaking_s'
            WHERE ?1 IS NULL OR question_id = ?1
            ORDER BY asked_at, attempt.id
            """,
            (question_id, Ending.SET_ASIDE),
        )
        return tuple(
            Summary(
                number,
                datetime.fromisoformat(asked_at),
                question_id,
                text,
                score_id is not None,
                coverage,
                speaking_s,
                bool(aside),
            )
            for number, asked_at, question_id, text, score_id, coverage, speaking_s, aside in rows
        )

    def unfinished(self) -> tuple[int, ...]:
        """The numbers of the attempts that were interrupted before they were scored."""
        rows = self.rows(
            "SELECT id FROM attempt WHERE NOT EXISTS"
            " (SELECT 1 FROM score WHERE attempt_id = attempt.id)"
            " AND coalesce(json_extract(recording, '$.ending'), '') <> ? ORDER BY id",
            (Ending.SET_ASIDE,),
        )
        return tuple(number for (number,) in rows)

    def coverages(self, question_id: str, *, before: int) -> tuple[float, ...]:
        """The newest coverage of each earlier attempt at a question, oldest first."""
        rows = self.rows(
            """
            SELECT coverage FROM attempt JOIN score ON score.id =
                (SELECT max(id) FROM score WHERE score.attempt_id = attempt.id)
            WHERE question_id = ? AND attempt.id < ? AND coverage IS NOT NULL
            ORDER BY attempt.id
            """,
            (question_id, before),
        )
        return tuple(coverage for (coverage,) in rows)

    def scorecards(self, attempt_id: int, *, most: int = -1) -> tuple[Scorecard, ...]:
        """The scorecards of an attempt, newest first, at `most` so many."""
        rows = self.rows(
            "SELECT scorer_version, score.content, transcript.content FROM score"
            " JOIN transcript ON transcript.id = transcript_id"
            " WHERE score.attempt_id = ? ORDER BY score.id DESC LIMIT ?",
            (attempt_id, most),
        )
        return tuple(self._scorecard(*row) for row in rows)

    def _scorecard(self, version: str, content: str, transcript: str) -> Scorecard:
        derived = self._decode(content, Derived)
        return Scorecard(
            question=derived.question,
            transcript=self._decode(transcript, Transcript),
            coverage=derived.coverage,
            pace=derived.pace,
            scorer_version=version,
            warnings=derived.warnings,
        )

    def _transcript_id(self, attempt_id: int, transcript: Transcript, made_at: str) -> int:
        content = encode(transcript)
        row = self._connection.execute(
            "SELECT id FROM transcript WHERE attempt_id = ? AND content = ?", (attempt_id, content)
        ).fetchone()
        if row is not None:
            return int(row[0])
        return _inserted(
            self._connection.execute(
                "INSERT INTO transcript (attempt_id, made_at, content) VALUES (?, ?, ?)",
                (attempt_id, made_at, content),
            )
        )

    def _decode(self, text: str, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode(text, type=kind, dec_hook=self._from_name)
        except msgspec.DecodeError as error:
            raise HistoryError(
                f"{self.path}: a stored {kind.__name__.lower()} cannot be read ({error})",
                "update sayback if a newer one wrote it, else restore a backup of the file",
            ) from error

    def _from_name(self, kind: type, value: Any) -> Any:
        if kind is Path:
            return self._recordings / Path(value).name
        raise NotImplementedError(kind)

    def keep_edit(self, file: Path, position: int, inserted: bytes, attempt_id: int) -> None:
        """Remember what was written into a bank, so that it can be taken out again.

        It was drafted from an answer, with which it is deleted.
        """
        with self.transaction() as database:
            database.execute(
                "INSERT INTO bank_edit (attempt_id, made_at, file, position, inserted)"
                " VALUES (?, ?, ?, ?, ?)",
                (attempt_id, time(datetime.now(UTC)), str(file), position, inserted),
            )

    def last_edit(self) -> tuple[int, Path, int, bytes] | None:
        """The number, file, position and bytes of the newest edit that is not taken back."""
        for number, file, position, inserted in self.rows(
            "SELECT id, file, position, inserted FROM bank_edit ORDER BY id DESC LIMIT 1"
        ):
            return number, Path(file), position, inserted
        return None

    def forget_edit(self, number: int) -> None:
        """The edit of that number has been taken back."""
        with self.transaction() as database:
            database.execute("DELETE FROM bank_edit WHERE id = ?", (number,))

    def rows(self, query: str, values: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """What a query gives, for the other parts of this station. Raises HistoryError."""
        with self._errors():
            return self._connection.execute(query, values).fetchall()

    def compact(self) -> bool:
        """Rewrite the file without free space and empty its log: not while another reads in it."""
        with self._errors():
            self._connection.execute("VACUUM")
            return not self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            with self._ended():
                yield self._connection

    @contextmanager
    def at_once(self) -> Iterator[sqlite3.Connection | None]:
        """A transaction that waits for nobody: None, outside of one, where nothing can be written.

        For what is worth writing only where it costs nothing.
        """
        with self._errors():
            if not self._begins_at_once():
                yield None
                return
            with self._ended():
                yield self._connection

    def _begins_at_once(self) -> bool:
        ((limit_ms,),) = self._connection.execute("PRAGMA busy_timeout")
        self._connection.execute("PRAGMA busy_timeout = 0")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:  # another writes, or the file is not to be written
            return False
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {limit_ms}")
        return True

    @contextmanager
    def _ended(self) -> Iterator[None]:
        """A transaction that has begun, whole or not at all."""
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """SQLite's and the system's errors in our words."""
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in (SQLITE_BUSY, SQLITE_LOCKED):
                raise HistoryError(
                    f"{self.path}: another sayback is writing", "try again in a moment"
                ) from error
            raise HistoryError(
                f"{self.path}: {error}", "check its disk and permissions with `sayback doctor`"
            ) from error
        except OSError as error:
            raise HistoryError(
                f"{self.path}: {reason(error)}",
                "make room for it, or choose another folder with --workspace",
            ) from error


def _no_attempt(attempt_id: int) -> NoSuchAttempt:
    return NoSuchAttempt(f"no attempt {attempt_id}", "see the numbers with `sayback history`")


def _inserted(cursor: sqlite3.Cursor) -> int:
    if cursor.lastrowid is None:
        raise sqlite3.InternalError("a row was added without a number")
    return cursor.lastrowid
