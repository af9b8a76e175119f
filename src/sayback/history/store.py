"""Attempts in `recordings/history.db`: facts are added once, scores may be added again."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from sayback.errors import HistoryError, NoSuchAttempt, reason
from sayback.history.migrations import migrate
from sayback.model import (
    Attempt,
    Correction,
    Coverage,
    Pace,
    PointCorrection,
    Question,
    Recording,
    Scorecard,
    Transcript,
    WordCorrection,
)

FILE_NAME = "history.db"
LOCK_TIME_LIMIT_S = 30.0

_T = TypeVar("_T")
Value = str | int | float | bytes | None


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the history; `coverage` and `speaking_s` are None where not judged."""

    id: int
    asked_at: datetime
    question_id: str
    question: str
    scored: bool
    coverage: float | None
    speaking_s: float | None


@dataclass(frozen=True, slots=True)
class _Derived:
    """What of a scorecard is stored with a score; the transcript has a table of its own."""

    question: Question
    coverage: Coverage | None
    pace: Pace | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Correction:
    """One of the two kinds of correction, as it is stored."""

    word: WordCorrection | None = None
    point: PointCorrection | None = None

    @classmethod
    def of(cls, correction: Correction) -> _Correction:
        if isinstance(correction, WordCorrection):
            return cls(word=correction)
        return cls(point=correction)


class Store:
    """An open history. Use it as a context manager; every method is one transaction."""

    def __init__(self, recordings: Path) -> None:
        """Open the history in the folder `recordings`, made where it is missing.

        Raises HistoryError where the folder or the file cannot be used.
        """
        self._recordings = recordings
        self.path = recordings / FILE_NAME
        with self._errors():
            recordings.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its side files the mode of the database: the user's alone.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(
                self.path, timeout=LOCK_TIME_LIMIT_S, isolation_level=None
            )
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
                    (_time(asked_at), question.id, _encode(question), audio.name),
                )
            )

    def heard(self, attempt_id: int, recording: Recording) -> None:
        """Keep what is known of the recording once it has ended."""
        with self.transaction() as database:
            database.execute(
                "UPDATE attempt SET recording = ? WHERE id = ?", (_encode(recording), attempt_id)
            )

    def scored(
        self, attempt_id: int, scorecard: Scorecard, correction: Correction | None = None
    ) -> None:
        """Keep a scorecard beside the earlier ones, and its transcript where that is new.

        With it, or not at all, the correction of a person that it follows from.
        """
        now = _time(datetime.now(UTC))
        with self.transaction() as database:
            if correction is not None:
                database.execute(
                    "INSERT INTO correction (attempt_id, made_at, content) VALUES (?, ?, ?)",
                    (attempt_id, now, _encode(_Correction.of(correction))),
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
                        _encode(_derived(scorecard)),
                    ),
                )
            )
            database.executemany(
                "INSERT INTO measure (score_id, name, value) VALUES (?, ?, ?)",
                [(score_id, name, value) for name, value in _measures(scorecard.pace)],
            )
            database.execute("DELETE FROM spoken WHERE rowid = ?", (attempt_id,))
            database.execute(
                "INSERT INTO spoken (rowid, text) VALUES (?, ?)",
                (attempt_id, scorecard.transcript.text),
            )

    def corrections(self, attempt_id: int) -> tuple[Correction, ...]:
        """All corrections of an attempt, oldest first; a later one of the same thing counts."""
        rows = self.rows(
            "SELECT content FROM correction WHERE attempt_id = ? ORDER BY id", (attempt_id,)
        )
        stored = (self._decode(content, _Correction) for (content,) in rows)
        return tuple(each for one in stored for each in (one.word, one.point) if each)

    def attempt(self, attempt_id: int) -> Attempt:
        """The attempt with its newest score. Raises NoSuchAttempt where there is none."""
        with self._errors():
            row = self._connection.execute(
                "SELECT asked_at, question, audio, recording FROM attempt WHERE id = ?",
                (attempt_id,),
            ).fetchone()
        if row is None:
            raise NoSuchAttempt(
                f"no attempt {attempt_id}", "see the numbers with `sayback history`"
            )
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
        with self._errors():
            rows = self._connection.execute(
                """
                SELECT attempt.id, asked_at, question_id, question ->> '$.text', score.id,
                       coverage, measure.value
                FROM attempt
                LEFT JOIN score ON score.id =
                    (SELECT max(id) FROM score WHERE score.attempt_id = attempt.id)
                LEFT JOIN measure ON measure.score_id = score.id AND name = 'speaking_s'
                WHERE ?1 IS NULL OR question_id = ?1
                ORDER BY asked_at, attempt.id
                """,
                (question_id,),
            ).fetchall()
        return tuple(
            Summary(
                number,
                datetime.fromisoformat(asked_at),
                question_id,
                text,
                score_id is not None,
                coverage,
                speaking_s,
            )
            for number, asked_at, question_id, text, score_id, coverage, speaking_s in rows
        )

    def unfinished(self) -> tuple[int, ...]:
        """The numbers of the attempts that were interrupted before they were scored."""
        with self._errors():
            rows = self._connection.execute(
                "SELECT id FROM attempt WHERE NOT EXISTS"
                " (SELECT 1 FROM score WHERE attempt_id = attempt.id) ORDER BY id"
            ).fetchall()
        return tuple(number for (number,) in rows)

    def coverages(self, question_id: str, *, before: int) -> tuple[float, ...]:
        """The newest coverage of each earlier attempt at a question, oldest first."""
        with self._errors():
            rows = self._connection.execute(
                """
                SELECT coverage FROM attempt JOIN score ON score.id =
                    (SELECT max(id) FROM score WHERE score.attempt_id = attempt.id)
                WHERE question_id = ? AND attempt.id < ? AND coverage IS NOT NULL
                ORDER BY attempt.id
                """,
                (question_id, before),
            ).fetchall()
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
        derived = self._decode(content, _Derived)
        return Scorecard(
            question=derived.question,
            transcript=self._decode(transcript, Transcript),
            coverage=derived.coverage,
            pace=derived.pace,
            scorer_version=version,
            warnings=derived.warnings,
        )

    def _transcript_id(self, attempt_id: int, transcript: Transcript, made_at: str) -> int:
        content = _encode(transcript)
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

    def keep_edit(self, file: Path, position: int, inserted: bytes) -> None:
        """Remember what was written into a bank, so that it can be taken out again."""
        with self.transaction() as database:
            database.execute(
                "INSERT INTO bank_edit (made_at, file, position, inserted) VALUES (?, ?, ?, ?)",
                (_time(datetime.now(UTC)), str(file), position, inserted),
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
            try:
                yield self._connection
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
            raise HistoryError(
                f"{self.path}: {error}", "check its disk and permissions with `sayback doctor`"
            ) from error
        except OSError as error:
            raise HistoryError(
                f"{self.path}: {reason(error)}",
                "make room for it, or choose another folder with --workspace",
            ) from error


def _derived(scorecard: Scorecard) -> _Derived:
    return _Derived(
        question=scorecard.question,
        coverage=scorecard.coverage,
        pace=scorecard.pace,
        warnings=scorecard.warnings,
    )


def _measures(pace: Pace | None) -> Iterator[tuple[str, float]]:
    """Every number of `pace` as a row, nested ones with a dot: `pauses.count`."""
    if pace is not None:
        yield from _numbers("", msgspec.to_builtins(replace(pace, on_target=None)))


def _numbers(prefix: str, values: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _numbers(f"{prefix}{name}.", value)
        elif value is not None:
            yield f"{prefix}{name}", float(value)


def _inserted(cursor: sqlite3.Cursor) -> int:
    if cursor.lastrowid is None:
        raise sqlite3.InternalError("a row was added without a number")
    return cursor.lastrowid


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _encode(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=_to_name).decode()


def _to_name(value: Any) -> str:
    """Files are kept by name, so that a workspace can be moved."""
    if isinstance(value, Path):
        return value.name
    raise NotImplementedError(type(value))
