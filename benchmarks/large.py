"""Makes what `scale.py` measures: large histories, banks and recordings, in seconds."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from sqlite3 import connect

import numpy as np

from review import fill
from sayback.bank.parse import read
from sayback.capture.audio_file import read_audio
from sayback.capture.wave_file import to_pcm16
from sayback.history.store import FILE_NAME, Store
from sayback.model import SAMPLE_RATE_HZ, Question, Transcript, Word
from sayback.workspace import shipped_questions

BETWEEN_BLOCKS = timedelta(days=60)
"""From an attempt to its next copy: more than a thousand of them last."""
BANK_FILES = 50
PAUSE_S = 2.0
"""Silence between two copies of an answer."""
ROOM = 1e-3
"""Its loudness, RMS of full scale: a microphone never gives exact zeros."""
SAMPLE_BYTES = 2

_TABLES = {
    "attempt": "id, asked_at, question_id, question, audio, recording",
    "transcript": "id, attempt_id, made_at, content",
    "score": "id, attempt_id, transcript_id, scored_at, scorer_version, coverage, content",
    "measure": "score_id, name, value",
    "spoken": "rowid, text",
}
_KEYS = frozenset({"id", "attempt_id", "transcript_id", "score_id", "rowid"})


def first(recordings: Path, count: int) -> None:
    """A history of `count` attempts, all different, that larger ones are made of."""
    fill(recordings, read(shipped_questions()).questions, count)


def history(recordings: Path, of: Path, times: int) -> None:
    """The attempts of the history in `of` so many times, one after another."""
    recordings.mkdir(parents=True)
    shutil.copyfile(of / FILE_NAME, recordings / FILE_NAME)
    with Store(recordings) as store:
        store.rows("PRAGMA synchronous = OFF")  # only the making is quicker
        ((count,),) = store.rows("SELECT max(id) FROM attempt")
        with store.transaction() as database:
            for table, names in _TABLES.items():
                columns = names.split(", ")
                rows = store.rows(f"SELECT {names} FROM {table}")
                marks = ", ".join("?" * len(columns))
                for block in range(1, times):
                    database.executemany(
                        f"INSERT INTO {table} ({names}) VALUES ({marks})",
                        [_copied(row, columns, block, count) for row in rows],
                    )
            moved = [
                (_moved(asked_at, 1 - times), number)
                for number, asked_at in store.rows("SELECT id, asked_at FROM attempt")
            ]
            database.executemany("UPDATE attempt SET asked_at = ? WHERE id = ?", moved)


def _copied(row: tuple[object, ...], columns: list[str], block: int, count: int) -> list[object]:
    """A row of a later block: other keys, another file, asked later."""
    return [_value(name, value, block, count) for name, value in zip(columns, row, strict=True)]


def _value(name: str, value: object, block: int, count: int) -> object:
    if name in _KEYS and isinstance(value, int):
        return value + block * count
    if name == "asked_at":
        return _moved(str(value), block)
    return f"{block}-{value}" if name == "audio" else value


def _moved(asked_at: str, blocks: int) -> str:
    moved = datetime.fromisoformat(asked_at) + blocks * BETWEEN_BLOCKS
    return moved.isoformat(timespec="milliseconds")


def first_version(recordings: Path) -> None:
    """Takes from a history what version 2 of its shape added, as an old sayback had left it."""
    with closing(connect(recordings / FILE_NAME)) as database:
        for table in ("correction", "spoken", "memory", "setting", "bank_edit", "erasing"):
            database.execute(f"DROP TABLE {table}")
        database.execute("DROP INDEX score_by_transcript")
        database.execute("PRAGMA user_version = 1")
        database.commit()
        database.execute("VACUUM")


def bank(folder: Path, count: int) -> None:
    """A bank of `count` questions in 50 files: ours, each about one subject after another."""
    ours = read(shipped_questions()).questions
    folder.mkdir()
    texts = islice(_numbered(ours), count)
    for number in range(BANK_FILES):
        part = islice(texts, count // BANK_FILES)
        (folder / f"part-{number:02}.md").write_text(
            f"# Part {number}\n\n" + "\n".join(part) + "\n", "utf-8"
        )


def _numbered(questions: tuple[Question, ...]) -> Iterator[str]:
    """Questions in Markdown without end, no two alike."""
    case = 0
    while True:
        case += 1
        for question in questions:
            points = (f"  - {point.text}" for point in question.key_points)
            yield "\n".join([f"- Case {case}: {question.text}", *points])


def bank_of(folder: Path) -> Question:
    """The last question of a bank."""
    return read(folder).questions[-1]


def recording(path: Path, answer: Path, duration_s: float) -> None:
    """A WAV file of that length: an answer again and again, with pauses."""
    room = np.random.default_rng(0).normal(0, ROOM, round(PAUSE_S * SAMPLE_RATE_HZ))
    once = to_pcm16(np.concatenate([read_audio(answer), room.astype(np.float32)])).tobytes()
    left = round(duration_s * SAMPLE_RATE_HZ) * SAMPLE_BYTES
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(SAMPLE_RATE_HZ)
        while left > 0:
            file.writeframesraw(once[:left])
            left -= len(once)


def said(transcript: Transcript, duration_s: float, until_s: float) -> Transcript:
    """A transcript of `duration_s` again and again, no sentence of it twice, for `until_s`."""
    random = Random(0)
    known = transcript.words or ()
    texts = [word.text for word in known]
    words: list[Word] = []
    for number in range(round(until_s / (duration_s + PAUSE_S))):
        later_s = number * (duration_s + PAUSE_S)
        words += [
            replace(word, text=text, start_s=word.start_s + later_s, end_s=word.end_s + later_s)
            for word, text in zip(known, texts, strict=True)
        ]
        random.shuffle(texts)
    return replace(transcript, text=" ".join(word.text for word in words), words=tuple(words))
