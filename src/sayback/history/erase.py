"""Attempts deleted so that nothing of them is left: sound, rows, index, backups, free space."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sayback.errors import HistoryError, reason
from sayback.history.store import FILE_NAME, LOCK_TIME_LIMIT_S, Store

SHORTEST_TRACE = 20
"""Characters of an answer by which it is told from other text in the same files."""
CHUNK_BYTES = 1 << 20

_UNDERTAKING = "erasing"
"""The setting that lists what is being erased, for as long as it lasts."""
_OF_AUDIO = "IN (SELECT id FROM attempt WHERE audio IN (SELECT value FROM json_each(?)))"


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased; `left` are files in which an answer still stands: none, if all went."""

    attempts: int
    sounds: int
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Undertaking:
    """What is being erased: numbers of attempts and names of their audio files."""

    attempts: tuple[int, ...] = ()
    audio: tuple[str, ...] = ()


def erase(store: Store, attempt_ids: Collection[int] | None) -> Erased:
    """Delete attempts for ever, None being all: their sound, words, scores and corrections.

    The same goes from the copies made before an update of the database. So does what is derived
    from the attempts: the memory of their questions, and the texts kept to undo edits of a bank,
    which may quote an answer. First the rows go, and with them stands what else is to go, so that
    after a kill no row is left without its sound, and another call finishes. Raises HistoryError,
    for a number that there is not before anything is deleted.
    """
    begun = _begun(store)
    wanted = _known(store, attempt_ids, begun)
    texts = _texts(store, wanted)
    undertaking = _delete_from_history(store, wanted, begun)
    with _errors(store.path.parent):
        sounds = _delete_sounds(store.path.parent, undertaking.audio)
        for backup in _backups(store.path):
            _delete_from_backup(backup, undertaking)
    _clear_free_space(store)
    with store.transaction() as database:
        database.execute("DELETE FROM setting WHERE name = ?", (_UNDERTAKING,))
    _truncate_log(store)
    kept = [text for text in texts if not _is_kept(store, text)]
    return Erased(len(undertaking.attempts), sounds, _holding(_databases(store.path), kept))


def traces(recordings: Path, texts: Iterable[str]) -> tuple[str, ...]:
    """The files of a folder, named from there, in which any of the texts stands, also as JSON.

    Raises HistoryError for a file that cannot be read.
    """
    files = sorted(path for path in recordings.rglob("*") if path.is_file())
    return tuple(Path(each).relative_to(recordings).as_posix() for each in _holding(files, texts))


# Rows


def _begun(store: Store) -> _Undertaking:
    """What an earlier call began to erase and did not finish."""
    rows = store.rows("SELECT value FROM setting WHERE name = ?", (_UNDERTAKING,))
    return msgspec.json.decode(rows[0][0], type=_Undertaking) if rows else _Undertaking()


def _known(store: Store, attempt_ids: Collection[int] | None, begun: _Undertaking) -> list[int]:
    """Which attempts there are still to delete. Raises HistoryError where there was never one."""
    there = {each for (each,) in store.rows("SELECT id FROM attempt")}
    if attempt_ids is None:
        return sorted(there)
    unknown = sorted({*attempt_ids} - there - {*begun.attempts})
    if unknown:
        named = ", ".join(map(str, unknown))
        raise HistoryError(f"no attempt {named}", "see the numbers with `sayback history`")
    return sorted(there & {*attempt_ids})


def _texts(store: Store, attempt_ids: Sequence[int]) -> set[str]:
    """The texts of all transcripts of some attempts, those that are long enough to tell."""
    rows = store.rows(
        "SELECT content ->> '$.text' FROM transcript"
        " WHERE attempt_id IN (SELECT value FROM json_each(?))",
        (_json(attempt_ids),),
    )
    return {text for (text,) in rows if len(text) >= SHORTEST_TRACE}


def _delete_from_history(
    store: Store, attempt_ids: Sequence[int], begun: _Undertaking
) -> _Undertaking:
    """Delete the rows and note all that is still to go, in one transaction."""
    with store.transaction() as database:
        rows = database.execute(
            "SELECT id, audio FROM attempt WHERE id IN (SELECT value FROM json_each(?))",
            (_json(attempt_ids),),
        ).fetchall()
        undertaking = _Undertaking(
            (*begun.attempts, *(attempt_id for attempt_id, _ in rows)),
            (*begun.audio, *(audio for _, audio in rows)),
        )
        database.execute(
            "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)",
            (_UNDERTAKING, _json(undertaking)),
        )
        _delete_rows(database, undertaking)
    return undertaking


def _delete_rows(database: sqlite3.Connection, undertaking: _Undertaking) -> None:
    """Delete what a database of any version has of some attempts; the rest of it cascades."""
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    audio = (_json(undertaking.audio),)
    if "spoken" in tables:
        database.execute(f"DELETE FROM spoken WHERE rowid {_OF_AUDIO}", audio)
        # Else the words would stay in the index, marked as deleted.
        database.execute("INSERT INTO spoken (spoken) VALUES ('rebuild')")
    if "memory" in tables:
        database.execute(
            "DELETE FROM memory WHERE question_id IN"
            f" (SELECT question_id FROM attempt WHERE id {_OF_AUDIO})",
            audio,
        )
    if "bank_edit" in tables:
        database.execute("DELETE FROM bank_edit")
    database.execute(f"DELETE FROM attempt WHERE id {_OF_AUDIO}", audio)


# Files


def _delete_sounds(recordings: Path, names: Iterable[str]) -> int:
    """Delete audio files for good, as far as they are still there; how many that were."""
    there = [path for name in names if (path := recordings / Path(name).name).is_file()]
    for path in there:
        path.unlink(missing_ok=True)
    folder = os.open(recordings, os.O_RDONLY)
    try:
        os.fsync(folder)  # before the note of what is to go is deleted
    finally:
        os.close(folder)
    return len(there)


def _backups(history: Path) -> list[Path]:
    """The copies of a history that were made before an update, see `migrations`."""
    copies = history.parent.glob(f"{FILE_NAME}.version-*")
    return sorted(path for path in copies if path.suffix.removeprefix(".version-").isdigit())


def _delete_from_backup(backup: Path, undertaking: _Undertaking) -> None:
    with closing(
        sqlite3.connect(backup, timeout=LOCK_TIME_LIMIT_S, isolation_level=None)
    ) as database:
        try:
            database.execute("PRAGMA secure_delete = ON")
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("BEGIN IMMEDIATE")
            _delete_rows(database, undertaking)
            database.execute("COMMIT")
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise HistoryError(
                f"{backup}: an old copy of the history, in which nothing can be deleted ({error})",
                "delete the file, then run the same command again",
            ) from error


def _clear_free_space(store: Store) -> None:
    store.rows("VACUUM")
    if not _truncate_log(store):
        raise HistoryError(
            f"{store.path}: in use by another program, so its log still holds what was deleted",
            "close sayback everywhere else, then run the same command again",
        )


def _truncate_log(store: Store) -> bool:
    """Empty the write-ahead log, if no other program is reading in it."""
    ((is_busy, *_),) = store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    return not is_busy


def _databases(history: Path) -> list[Path]:
    return sorted(history.parent.glob(f"{FILE_NAME}*"))


# Proof


def _is_kept(store: Store, text: str) -> bool:
    """Whether another attempt has the same text, so that it has to be there."""
    query = "SELECT 1 FROM transcript WHERE instr(content ->> '$.text', ?) LIMIT 1"
    return bool(store.rows(query, (text,)))


def _holding(files: Iterable[Path], texts: Iterable[str]) -> tuple[str, ...]:
    """The files in which the bytes of a text stand, as they are or as they are written in JSON."""
    plain = {text for text in texts if text}
    sought = [each for text in plain for each in {text.encode(), msgspec.json.encode(text)[1:-1]}]
    return tuple(str(file) for file in files if sought and _holds(file, sought))


def _holds(file: Path, sought: Sequence[bytes]) -> bool:
    return any(any(each in piece for each in sought) for piece in _pieces(file, sought))


def _pieces(file: Path, sought: Sequence[bytes]) -> Iterator[bytes]:
    """The bytes of a file in pieces that overlap, so that none sought is cut in all of them."""
    overlap = max(map(len, sought)) - 1
    end = b""
    with _errors(file), file.open("rb") as opened:
        while read := opened.read(CHUNK_BYTES):
            yield end + read
            end = (end + read)[-overlap:] if overlap else b""


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


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
