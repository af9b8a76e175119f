"""Attempts deleted so that nothing of them is left: sound, rows, index, backups, free space."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np

from sayback.errors import HistoryError, NoSuchAttempt, reason
from sayback.history.connection import log_of, place, sync_folder
from sayback.history.store import FILE_NAME, LOCK_TIME_LIMIT_S, Store
from sayback.history.traces import PIECE_BYTES, Numbers, found, found_in, pieces

MOST_PIECES = 20_000
"""Of all that was said in what is deleted; more would take longer and prove hardly more."""

_HEARD = (
    "SELECT coalesce(iif(json_valid(content), content ->> '$.text', NULL), content),"
    f" substr(content, 1, {PIECE_BYTES}) FROM transcript"
)
"""What was heard, and how the row begins in which it stands."""
_ASKED = (
    "SELECT DISTINCT question FROM attempt",
    "SELECT DISTINCT iif(json_valid(content), content ->> '$.question', content) FROM score",
)
_ERASED = "SELECT id FROM attempt WHERE audio IN (SELECT value FROM json_each(:audio))"
_DELETIONS = (
    ("spoken", f"DELETE FROM spoken WHERE rowid IN ({_ERASED})"),
    # Else the words would stay in the index, marked as deleted.
    ("spoken", "INSERT INTO spoken (spoken) VALUES ('rebuild')"),
    (
        "memory",
        "DELETE FROM memory WHERE question_id IN"
        f" (SELECT question_id FROM attempt WHERE id IN ({_ERASED}))",
    ),
    ("bank_edit", f"DELETE FROM bank_edit WHERE attempt_id IN ({_ERASED})"),
    (
        "measure",
        "DELETE FROM measure WHERE score_id IN"
        f" (SELECT id FROM score WHERE attempt_id IN ({_ERASED}))",
    ),
    ("score", f"DELETE FROM score WHERE attempt_id IN ({_ERASED})"),
    ("transcript", f"DELETE FROM transcript WHERE attempt_id IN ({_ERASED})"),
    ("correction", f"DELETE FROM correction WHERE attempt_id IN ({_ERASED})"),
    ("attempt", f"DELETE FROM attempt WHERE id IN ({_ERASED})"),
)
"""By table, those that refer to others first: old copies have no index for what would cascade."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased, and how that was checked.

    So many `pieces` of what was said, and not said in what stays, were looked for in `files`;
    `left` are those in which one still stands: none, if all went. `linked` is sound elsewhere,
    which stays, as only a link to it was in the folder.
    """

    attempts: int
    sounds: int
    pieces: int
    files: tuple[str, ...]
    left: tuple[str, ...]
    linked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Begun:
    """An attempt whose rows are gone: the name of its audio file, and pieces of its words."""

    attempt_id: int
    audio: str
    pieces: Numbers


def erase(store: Store, attempt_ids: Collection[int] | None) -> Erased:
    """Delete attempts for ever, None being all: their sound, words, scores and corrections.

    The same goes from the copies made before an update of the database. So does what is derived
    from the attempts: the memory of their questions, and the texts kept to undo edits of a bank
    that were drafted from them. First the rows go, and with them stands what else is to go, so that
    after a kill no row is left without its sound, and the next call finishes, whatever else it is
    to delete. Raises HistoryError, for a number that there is not before anything is deleted.
    """
    begun = _delete_from_history(store, attempt_ids)
    if not begun:
        return Erased(0, 0, 0, (), ())
    folder, audio = store.path.parent, [each.audio for each in begun]
    with _errors(folder):
        sounds, linked = _delete_sounds(folder, audio)
        for backup in _backups(store.path):
            _delete_from_backup(backup, audio)
    if not store.compact():
        raise HistoryError(
            f"{store.path}: in use by another program, so its log still holds what was deleted",
            "close sayback everywhere else, then run the same command again",
        )
    erased = replace(_checked(store, begun, sounds), linked=linked)
    with store.transaction() as database:
        database.executemany(
            "DELETE FROM erasing WHERE attempt_id = ?", [(each.attempt_id,) for each in begun]
        )
    return erased


# Rows


def _delete_from_history(store: Store, attempt_ids: Collection[int] | None) -> list[_Begun]:
    """Delete the rows and note all that is still to go, in one transaction.

    With it comes what an earlier call noted and did not finish, or another process now does.
    """
    with store.transaction() as database:
        going = _going(database, attempt_ids)
        most = max(1, MOST_PIECES // max(1, len(going)))
        for attempt_id in going:
            database.execute(
                "INSERT INTO erasing SELECT id, audio, ? FROM attempt WHERE id = ?",
                (_pieces(database, attempt_id, most).tobytes(), attempt_id),
            )
        rows = database.execute("SELECT attempt_id, audio, pieces FROM erasing").fetchall()
        begun = [_Begun(number, audio, np.frombuffer(of, np.uint64)) for number, audio, of in rows]
        if going:
            _delete_rows(database, [each.audio for each in begun])
    return begun


def _going(database: sqlite3.Connection, attempt_ids: Collection[int] | None) -> list[int]:
    """Which attempts there are to delete. Raises NoSuchAttempt where there was never one."""
    there = {each for (each,) in database.execute("SELECT id FROM attempt")}
    if attempt_ids is None:
        return sorted(there)
    begun = {each for (each,) in database.execute("SELECT attempt_id FROM erasing")}
    unknown = sorted({*attempt_ids} - there - begun)
    if unknown:
        named = ", ".join(map(str, unknown))
        raise NoSuchAttempt(f"no attempt {named}", "see the numbers with `sayback history`")
    return sorted(there & {*attempt_ids})


def _pieces(database: sqlite3.Connection, attempt_id: int, most: int) -> Numbers:
    """Pieces of all that was heard in an attempt."""
    rows = database.execute(f"{_HEARD} WHERE attempt_id = ?", (attempt_id,))
    return pieces(_as_stored(rows), most)


def _as_stored(heard: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """Each text as the index has it and as JSON has it; a short one with what stands around it."""
    for text, beginning in heard:
        if isinstance(text, str) and isinstance(beginning, str):  # else the row is damaged
            yield from (text.encode(), msgspec.json.encode(text)[1:-1], beginning.encode())


def _delete_rows(database: sqlite3.Connection, audio: Sequence[str]) -> None:
    """Delete what a database of any version has of the attempts with these audio files."""
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    for table, deletion in _DELETIONS:
        if table in tables:
            database.execute(deletion, {"audio": msgspec.json.encode(audio).decode()})


# Files


def _delete_sounds(recordings: Path, names: Iterable[str]) -> tuple[int, tuple[str, ...]]:
    """Delete audio files for good, as far as they are still there; how many that were.

    Of links only they themselves; and to which files these led.
    """
    paths = [recordings / Path(name).name for name in names]
    there = [path for path in paths if path.is_file() or path.is_symlink()]
    linked = tuple(str(place(path)) for path in there if path.is_symlink() and path.exists())
    for path in there:
        path.unlink(missing_ok=True)
    sync_folder(recordings)  # before the note of what is to go is deleted
    return len(there), linked


def _backups(history: Path) -> list[Path]:
    """The copies of a history that were made before an update, see `migrations`."""
    copies = history.parent.glob(f"{FILE_NAME}.version-*")
    return sorted(path for path in copies if path.suffix.removeprefix(".version-").isdigit())


def _delete_from_backup(backup: Path, audio: Sequence[str]) -> None:
    with closing(
        sqlite3.connect(backup, timeout=LOCK_TIME_LIMIT_S, isolation_level=None)
    ) as database:
        try:
            database.execute("PRAGMA secure_delete = ON")
            database.execute("BEGIN IMMEDIATE")
            _delete_rows(database, audio)
            database.execute("COMMIT")
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise HistoryError(
                f"{backup}: an old copy of the history, in which nothing can be deleted ({error})",
                "delete the file, then run the same command again",
            ) from error


# Proof


def _checked(store: Store, begun: Sequence[_Begun], sounds: int) -> Erased:
    """Look for what was said in the history, its copies, and what SQLite puts beside them.

    Where something is found, it may be that what stays says the same.
    """
    sought = np.unique(np.concatenate([each.pieces for each in begun]))
    beside = {*store.path.parent.glob(f"{FILE_NAME}*")}
    if store.path.is_symlink():
        beside.add(log_of(store.path))
    files = sorted(file for file in beside if file.is_file())
    standing = found_in(files, sought)
    again = np.concatenate([*standing.values()])
    kept = _kept(store, again) if again.size else again
    left = [file for file in files if not np.isin(standing[file], kept).all()]
    return Erased(
        attempts=len(begun),
        sounds=sounds,
        pieces=len(sought) - len(kept),
        files=tuple(file.name for file in files),
        left=tuple(map(str, left)),
    )


def _kept(store: Store, sought: Numbers) -> Numbers:
    """Which pieces have to be there, because an attempt that stays has or asks the same words.

    Nothing else is looked at: what is derived from these texts says nothing that they do not.
    """
    heard = _as_stored((text, beginning) for text, beginning in store.rows(_HEARD))
    asked = (str(text).encode() for query in _ASKED for (text,) in store.rows(query) if text)
    return found(sought, BytesIO(b"\0".join((*heard, *asked))))


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """The system's errors in our words."""
    try:
        yield
    except OSError as error:
        raise HistoryError(
            f"{error.filename or path}: {reason(error)}",
            "check its permissions with `ls -l`, then run the same command again",
        ) from error
