"""Mending that is stopped half way, or while answers come in: nothing that was kept is gone."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from tests.history import releases
from tests.torture.campaign import Campaign

from sayback.errors import HistoryError
from sayback.history.mending import mend
from sayback.history.store import FILE_NAME, Store

ATTEMPTS = 4
LONGEST_S = 0.03
"""From the first copy on; about as long as mending takes."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)

MEND = """
import signal, sys
from pathlib import Path
from sayback.history.mending import mend
signal.signal(signal.SIGTERM, signal.default_int_handler)  # as the command does
mend(Path(sys.argv[1]))
"""
ANSWER = """
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import uniform
from time import sleep
from sayback.errors import HistoryError
from sayback.history.store import Store
from sayback.model import Question
for number in count():
    sleep(uniform(0, 0.05))
    name = f"{number}.wav"
    try:
        with Store(Path(sys.argv[1])) as store:
            store.begin(Question("Why?", "why"), Path(name), datetime.now(UTC))
    except HistoryError:
        continue
    print(name, flush=True)
"""


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history whose header is damaged, and whose newest answer stands in its log alone."""
    opened = tmp_path_factory.mktemp("interrupted") / "open"
    releases.restore(2, opened)
    with Store(opened) as store:
        first = store.attempt(1)
        store.begin(first.question, Path("2026-03-06_09-00-00_why.wav"), first.asked_at)
        shutil.copytree(opened, opened.with_name("left"))
    history = opened.with_name("left") / FILE_NAME
    history.write_bytes(b"no database at all".ljust(100) + history.read_bytes()[100:])
    return history.parent


def interrupt(recordings: Path, chance: random.Random) -> None:
    command = [sys.executable, "-c", MEND, str(recordings)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not any(recordings.glob("*.damaged-*")):
            time.sleep(0.0005)
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0, LONGEST_S))
        process.send_signal(chance.choice(SIGNALS))


@pytest.mark.timeout(600)
def test_the_damaged_file_and_its_log_are_there_until_the_mended_history_is(
    campaign: Campaign, left: Path, tmp_path: Path
) -> None:
    chance, found = campaign.chance(), Counter[str]()
    damaged, log = ((left / f"{FILE_NAME}{end}").read_bytes() for end in ("", "-wal"))
    rounds = campaign.rounds(4, 60)
    for number in range(rounds):
        recordings = tmp_path / f"{number}"
        shutil.copytree(left, recordings)
        interrupt(recordings, chance)
        there = {file.read_bytes() for file in recordings.iterdir()}
        assert {damaged, log} <= there
        found["old" if (recordings / FILE_NAME).read_bytes() == damaged else "new"] += 1
        mend(recordings)
        with Store(recordings) as store:
            assert len(store.summaries()) == ATTEMPTS + 1
    campaign.report(
        "mending stopped",
        f"{rounds} times Ctrl-C, SIGTERM or kill -9: {found['old']} left the damaged, "
        f"{found['new']} the mended history; 0 attempts lost",
    )


def test_answers_that_come_in_while_a_history_is_mended_are_not_lost(
    campaign: Campaign, tmp_path: Path
) -> None:
    releases.restore(2, tmp_path)
    chance = campaign.chance()
    rounds, done = campaign.rounds(40, 600), 0
    command = [sys.executable, "-c", ANSWER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        given = [process.stdout.readline().strip()]
        for _ in range(rounds):
            time.sleep(chance.uniform(0, 0.05))
            with suppress(HistoryError):  # in use just then
                mend(tmp_path)
                done += 1
        process.kill()
        given += process.stdout.read().split()
    with Store(tmp_path) as store:
        kept = {str(audio) for (audio,) in store.rows("SELECT audio FROM attempt")}
    assert done
    assert {*given} <= kept
    campaign.report(
        "answers while mending", f"{len(given)} kept, {done} of {rounds} times mended; 0 lost"
    )
