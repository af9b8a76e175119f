"""A history with answers in it, and the ways in which one gets damaged."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from sayback.bank.parse import read
from sayback.capture.wave_file import WaveFile
from sayback.history.store import Store
from sayback.history.write_ahead_log import PAGE_BYTES
from sayback.model import (
    SAMPLE_RATE_HZ,
    Ending,
    Interval,
    Question,
    Recording,
    Scorecard,
    Transcript,
    Word,
)
from sayback.scoring.scorecard import score
from sayback.workspace import Workspace

CHECKOUT = Path(__file__).parents[2]
ANSWERS = 24
FIRST_ASKED = datetime(2026, 3, 1, 9, tzinfo=UTC)
SAID = "It has an encoder and a decoder, and I would use it for a medical scan because of that. "


def build(folder: Path) -> Workspace:
    """A workspace with answers of different lengths; the last few stand in the log alone."""
    workspace = Workspace(folder)
    workspace.questions.mkdir(parents=True)
    shutil.copy(CHECKOUT / "questions" / "interview_ml.md", workspace.questions)
    questions = read(workspace.questions).questions[: ANSWERS // 4]
    cards: dict[Question, Scorecard] = {}
    built = Workspace(folder.with_name(f"{folder.name}-open"))
    with Store(built.recordings) as store, Store(built.recordings) as reader:
        for number in range(ANSWERS):
            if number == ANSWERS * 3 // 4:
                assert store.compact()
            asked_at = FIRST_ASKED + number * timedelta(hours=7)
            asked = questions[number % len(questions)]
            recording = record(built, asked.id, asked_at)
            words = tuple(
                Word(word, at / 100, at / 100 + 0.01, 0.9)
                for at, word in enumerate((SAID * (1 + number % 5)).split())
            )
            text = " ".join(word.text for word in words)
            transcript = Transcript(text, words, "faster-whisper", "base")
            if asked not in cards:
                cards[asked] = score(asked, transcript, recording)
            attempt = store.begin(asked, recording.path, asked_at)
            store.heard(attempt, recording)
            store.scored(attempt, replace(cards[asked], transcript=transcript))
        reader.summaries()
        shutil.copytree(built.recordings, workspace.recordings)
    return workspace


def record(workspace: Workspace, question_id: str, asked_at: datetime) -> Recording:
    """A second of noise, as if it had been an answer."""
    path = workspace.new_recording(question_id, asked_at)
    noise = np.random.default_rng(0).integers(-999, 999, SAMPLE_RATE_HZ).astype(np.int16)
    with WaveFile(path) as file:
        file.append(noise)
    return Recording(path, SAMPLE_RATE_HZ, asked_at, 1.0, (Interval(0.1, 0.9),), Ending.SILENCE)


def close(history: Path) -> None:
    """Bring the log into the file, as the last process that ends does."""
    with closing(sqlite3.connect(history)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


Damage = Callable[[Path, random.Random], None]


def flip_bytes(history: Path, chance: random.Random) -> None:
    _change(history, lambda data: _flip(data, chance, chance.randint(1, 60)))


def zero_pages(history: Path, chance: random.Random) -> None:
    def zero(data: bytearray) -> None:
        for page in _some_pages(data, chance, chance.randint(1, 4)):
            data[page * PAGE_BYTES : (page + 1) * PAGE_BYTES] = bytes(PAGE_BYTES)

    _change(history, zero)


def swap_pages(history: Path, chance: random.Random) -> None:
    def swap(data: bytearray) -> None:
        one, other = (
            slice(page * PAGE_BYTES, (page + 1) * PAGE_BYTES)
            for page in _some_pages(data, chance, 2)
        )
        data[one], data[other] = data[other], data[one]

    _change(history, swap)


def cut_off(history: Path, chance: random.Random) -> None:
    _change(history, lambda data: data.__delitem__(slice(chance.randrange(len(data)), None)))


def spoil_header(history: Path, chance: random.Random) -> None:
    def spoil(data: bytearray) -> None:
        size = chance.choice((16, 60, 100))
        data[:size] = chance.randbytes(size)

    _change(history, spoil)


def write_over(history: Path, chance: random.Random) -> None:
    def write(data: bytearray) -> None:
        at, size = chance.randrange(len(data)), chance.randint(1, 3 * PAGE_BYTES)
        data[at : at + size] = chance.randbytes(min(size, len(data) - at))

    _change(history, write)


def spoil_json(history: Path, chance: random.Random) -> None:
    """Rows that SQLite finds in order, and whose content is none."""
    columns = (("attempt", "question"), ("attempt", "recording"), ("attempt", "asked_at"),
               ("transcript", "content"), ("score", "content"))  # fmt: skip
    with closing(sqlite3.connect(history)) as database:
        for _ in range(chance.randint(1, 3)):
            table, column = chance.choice(columns)
            number = chance.randint(1, ANSWERS)
            size = chance.randint(0, 40)
            database.execute(
                f"UPDATE {table} SET {column} = substr({column}, 1, ?) WHERE id = ?", (size, number)
            )
        database.commit()


def spoil_log(history: Path, chance: random.Random) -> None:
    """What was answered last stands nowhere else."""
    log = history.with_name(f"{history.name}-wal")
    _change(log, lambda data: _flip(data, chance, chance.randint(1, 8)))


def cut_log(history: Path, chance: random.Random) -> None:
    cut_off(history.with_name(f"{history.name}-wal"), chance)


def spoil_index_of_log(history: Path, chance: random.Random) -> None:
    shared = history.with_name(f"{history.name}-shm")
    shared.write_bytes(chance.randbytes(32768))


def empty_beside_log(history: Path, chance: random.Random) -> None:
    history.write_bytes(b"")


OF_FILE: tuple[Damage, ...] = (
    flip_bytes, zero_pages, swap_pages, cut_off, spoil_header, write_over, spoil_json,
)  # fmt: skip
OF_LOG: tuple[Damage, ...] = (spoil_log, cut_log, spoil_index_of_log, empty_beside_log)


def _change(file: Path, change: Callable[[bytearray], object]) -> None:
    data = bytearray(file.read_bytes())
    change(data)
    file.write_bytes(data)


def _flip(data: bytearray, chance: random.Random, count: int) -> None:
    for _ in range(count):
        data[chance.randrange(len(data))] ^= chance.randint(1, 255)


def _some_pages(data: bytearray, chance: random.Random, count: int) -> list[int]:
    return chance.sample(range(len(data) // PAGE_BYTES), count)
