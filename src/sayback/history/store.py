"""Attempts in `recordings/history.db`: facts are added once, scores may be added again."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sayback.errors import Damaged, HistoryError, NoSuchAttempt
from sayback.history.connection import (
    check_not_lost,
    connect,
    is_there,
    keep_from_git,
    make_private,
    told,
)
from sayback.history.migrations import create, migrate
from sayback.history.stored import (
    DAMAGE,
    AnyCorrection,
    Derived,
    Value,
    decode,
    encode,
    measures,
    moment,
    readable,
    scorecard,
    time,
)
from sayback.history.summary import QUERY, Listing, Summary, listing
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


class Store:
    """An open history. Use it as a context manager; every method is one transaction."""

    def __init__(self, recordings: Path, *, wait_s: float = LOCK_TIME_LIMIT_S) -> None:
        """Open the history in the folder `recordings`, made where it is missing.

        While another process writes, every method waits so long for it. Raises HistoryError where
        the folder or the file cannot be used.
        """
        self._recordings = recordings
        self.latest: int | None = None
        """The attempt that was begun last through this store, if any."""
        self.path = recordings / FILE_NAME
        self._file: os.stat_result | None = None
        self._wait_s = wait_s
        self._open()

    def _open(self) -> None:
        with self._errors():
            make_private(self._recordings)
            check_not_lost(self.path)
            create(self.path)
            opened = self.path.stat()  # before: what is opened may be replaced meanwhile
            self._connection = connect(self.path, self._wait_s)
        try:
            with self._errors():
                migrate(self._connection, self.path)
        except HistoryError:
            self._connection.close()
            raise
        self._file = opened

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def renew(self) -> bool:
        """Open the file anew where it was removed or replaced since; whether that was so.

        Nobody would find again what is written into one that is removed. Raises HistoryError.
        """
        if is_there(self.path, self._file):
            return False
        is_gone, self._file = not self.path.exists(), None
        self._connection.close()
        self._open()
        if is_gone:  # perhaps with its folder, which the recording has made anew
            keep_from_git(self._recordings)
        return True

    def begin(self, question: Question, audio: Path, asked_at: datetime) -> int:
        """Note that `question` is being answered into `audio`; the number of the attempt.

        A copy that took the place of the history meanwhile may know it already.
        """
        with self.transaction() as database:
            ((number,),) = database.execute(
                "INSERT INTO attempt (asked_at, question_id, question, audio) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (audio) DO UPDATE SET audio = excluded.audio RETURNING id",
                (time(asked_at), question.id, encode(question), audio.name),
            ).fetchall()
        self.latest = int(number)
        return self.latest

    def drop(self, attempt_id: int) -> None:
        """Forget an attempt in which nothing was said."""
        with self.transaction() as database:
            database.execute("DELETE FROM attempt WHERE id = ?", (attempt_id,))

    def heard(self, attempt_id: int, recording: Recording, *, wait: bool = True) -> bool:
        """Keep what is known of the recording once it has ended.

        False, with nothing kept, where another process writes and there is no time to `wait`.
        """
        with self.transaction() if wait else self.at_once() as database:
            if database is not None:
                database.execute(
                    "UPDATE attempt SET recording = ? WHERE id = ?", (encode(recording), attempt_id)
                )
        return database is not None

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
        with self._damage(attempt_id):
            stored = [decode(content, AnyCorrection) for (content,) in rows]
        return tuple(each for one in stored for each in (one.word, one.point) if each)

    def attempt(self, attempt_id: int) -> Attempt:
        """The attempt with its newest score.

        Raises NoSuchAttempt where there is none, Damaged where it cannot be read.
        """
        rows = self.rows(
            "SELECT asked_at, question, audio, recording FROM attempt WHERE id = ?", (attempt_id,)
        )
        if not rows:
            raise _no_attempt(attempt_id)
        ((asked_at, question, audio, recording),) = rows
        with self._damage(attempt_id):
            return Attempt(
                id=attempt_id,
                asked_at=moment(asked_at),
                question=decode(question, Question),
                audio=self._recordings / Path(audio).name,
                recording=self._recording(recording) if recording else None,
                scorecard=next(iter(self.scorecards(attempt_id, most=1)), None),
            )

    def _recording(self, content: str) -> Recording:
        recording = decode(content, Recording)
        return replace(recording, path=self._recordings / recording.path.name)

    def audio(self, attempt_id: int) -> Path:
        """Where the sound of an attempt is, which may be damaged. Raises NoSuchAttempt."""
        for (audio,) in self.rows("SELECT audio FROM attempt WHERE id = ?", (attempt_id,)):
            return self._recordings / Path(str(audio)).name
        raise _no_attempt(attempt_id)

    def listing(self, question_id: str | None = None) -> Listing:
        """All attempts, or those at one question, oldest first."""
        return listing(self.rows(QUERY, (question_id,)))

    def summaries(self, question_id: str | None = None) -> tuple[Summary, ...]:
        """The attempts of a `listing` that can be read."""
        return self.listing(question_id).summaries

    def unfinished(self) -> tuple[int, ...]:
        """The numbers of the attempts that were interrupted before they were scored."""
        rows = self.rows(
            "SELECT id FROM attempt WHERE NOT EXISTS"
            " (SELECT 1 FROM score WHERE attempt_id = attempt.id)"
            " AND coalesce(iif(json_valid(recording), recording ->> '$.ending', ''), '') <> ?"
            " ORDER BY id",
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
        return tuple(readable(rows, float))

    def scorecards(self, attempt_id: int, *, most: int = -1) -> tuple[Scorecard, ...]:
        """The scorecards of an attempt, newest first, at `most` so many."""
        rows = self.rows(
            "SELECT scorer_version, score.content, transcript.content FROM score"
            " JOIN transcript ON transcript.id = transcript_id"
            " WHERE score.attempt_id = ? ORDER BY score.id DESC LIMIT ?",
            (attempt_id, most),
        )
        with self._damage(attempt_id):
            return tuple(scorecard(*row) for row in rows)

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

    @contextmanager
    def _damage(self, attempt_id: int) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            raise Damaged(
                f"{self.path}: attempt {attempt_id} is damaged",
                "save what can be saved with `sayback doctor --mend`",
            ) from error

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
        """All that is written in it is kept, or nothing; within another one, with that."""
        with self._errors():
            if self._connection.in_transaction:
                yield self._connection
                return
            self._check()
            self._connection.execute("BEGIN IMMEDIATE")
            with self._ended():
                yield self._connection

    @contextmanager
    def at_once(self) -> Iterator[sqlite3.Connection | None]:
        """A transaction that waits for nobody: None, outside of one, where nothing can be written.

        For what is worth writing only where it costs nothing.
        """
        with self._errors():
            self._check()
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
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _check(self) -> None:
        if not is_there(self.path, self._file):
            raise HistoryError(
                f"{self.path}: was removed or replaced while it was in use",
                "start sayback again, and bring back what is left with `sayback doctor --mend`",
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """SQLite's and the system's errors in our words."""
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            raise told(self.path, error) from error


def _no_attempt(attempt_id: int) -> NoSuchAttempt:
    return NoSuchAttempt(f"no attempt {attempt_id}", "see the numbers with `sayback history`")


def _inserted(cursor: sqlite3.Cursor) -> int:
    if cursor.lastrowid is None:
        raise sqlite3.InternalError("a row was added without a number")
    return cursor.lastrowid
