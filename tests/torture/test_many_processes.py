"""Several processes on one workspace: nothing lost or doubled, and nobody has to wait."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.torture.campaign import Campaign
from tests.torture.commands import as_process
from tests.torture.rehearsal import RATE_HZ, Pcm, Rehearsal, make_workspace, spoken

from sayback.capture.wave_file import WaveFile
from sayback.history.store import FILE_NAME, LOCK_TIME_LIMIT_S, Store
from sayback.model import Question

SAVERS = 8
LIMIT_S = 280

SAVER = """
import json, sys, time
from datetime import UTC, datetime
from pathlib import Path
from sayback.history.store import Store
from sayback.model import Ending, Interval, KeyPoint, Question, Recording, Transcript, Word
from sayback.scoring.scorecard import score
from sayback.revision import keep
from sayback.workspace import Workspace

folder, sound, name, count = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
workspace, slowest_s = Workspace(folder), 0.0
question = Question("Why?", "why", (), (KeyPoint("Units are dropped"),))
done = 0
while done < count:
    with Store(workspace.recordings) as store:
        for number in range(done, min(done + 10, count)):
            text = f"attempt {number} of {name}"
            words = tuple(Word(each, 0.1, 0.9, 1.0) for each in text.split())
            now, speech = datetime.now(UTC), (Interval(0.1, 0.9),)
            recording = Recording(sound, 16_000, now, 1.0, speech, Ending.KEY)
            card = score(question, Transcript(text, words, "none", "none"), recording)
            began_s = time.monotonic()
            keep(card, recording, workspace, store)
            slowest_s = max(slowest_s, time.monotonic() - began_s)
            done += 1
print(slowest_s)
"""

WRITER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("writing", flush=True)
sys.stdin.readline()
database.execute("COMMIT")
"""


@pytest.mark.timeout(LIMIT_S + 20)
def test_eight_processes_save_at_once(tmp_path: Path, campaign: Campaign) -> None:
    count = campaign.rounds(15, 500)
    sound = tmp_path / "sound.wav"
    soundfile.write(sound, np.full(RATE_HZ, 0.1, np.float32), RATE_HZ)
    began_s = time.monotonic()
    with ExitStack() as running:
        savers = [
            running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", SAVER, tmp_path, sound, f"saver{number}", str(count)],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(SAVERS)
        ]
        said = [saver.communicate(timeout=LIMIT_S) for saver in savers]
    took_s = time.monotonic() - began_s
    assert [errors for _, errors in said] == [""] * SAVERS
    slowest_s = max(float(out) for out, _ in said)
    with Store(tmp_path / "recordings") as store:
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
        texts = [text for (text,) in store.rows("SELECT text FROM spoken ORDER BY text")]
        audio = {name for (name,) in store.rows("SELECT audio FROM attempt")}
        ((scores,),) = store.rows("SELECT count(*) FROM score")
    wanted = [f"attempt {at} of saver{each}" for each in range(SAVERS) for at in range(count)]
    assert texts == sorted(wanted)
    assert scores == len(audio) == len(wanted)
    assert audio == {path.name for path in (tmp_path / "recordings").glob("*.wav")}
    campaign.report(
        "8 processes saving at once",
        f"{len(wanted)} attempts in {took_s:.0f} s, none lost, none doubled, no error; "
        f"the slowest was kept after {slowest_s:.2f} s",
    )


def cut_off(workspace: Path, sound: Pcm) -> int:
    """An answer that was left unscored by a rehearsal before."""
    question = Question("Why?", "why")
    audio = workspace / "recordings" / "cut_off.wav"
    with Store(workspace / "recordings") as store, WaveFile(audio) as file:
        file.append(sound)
        return store.begin(question, audio, datetime.now(UTC))


@contextmanager
def stopped(rehearsal: Rehearsal, *, after_s: float) -> Iterator[None]:
    """Held in the middle of listening, so long after its beginning, as by Ctrl-Z."""
    rehearsal.wait_for("listening")
    time.sleep(after_s)
    rehearsal.send(signal.SIGSTOP)
    try:
        yield
    finally:
        rehearsal.send(signal.SIGCONT)


@contextmanager
def another_writes(workspace: Path) -> Iterator[None]:
    """Another process is writing into the history for as long as the block runs."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, workspace / "recordings" / FILE_NAME],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        yield
        writer.communicate("\n")


def check_refused(workspace: Path, number: int) -> None:
    """An answer that is being given cannot be scored or deleted by other commands."""
    for command in (("rescore", str(number)), ("delete", str(number), "--yes")):
        as_process(*command, "--workspace", workspace).told("still being given")


def check_left_out(workspace: Path) -> None:
    """An answer that is being given is not among what is scored again."""
    said = as_process("rescore", "--model", "tiny.en", "--workspace", workspace).done()
    assert "1 being given or scored" in " ".join(said.split())


def scorecard_after_s(workspace: Path, answer: Path, given: int) -> float:
    """A rehearsal while another process writes: how long after the answer its scorecard came.

    The other one writes until then. What is kept then is the answer, and one cut off earlier.
    """
    with ExitStack() as writing, Rehearsal(workspace, "--answer", answer) as rehearsal:
        rehearsal.wait_for("listening")
        writing.enter_context(another_writes(workspace))
        check_refused(workspace, given)
        rehearsal.wait_for("saving")
        writing.close()
        said = rehearsal.finish().done()
    (card,) = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert card["transcript"]["words"]
    assert {"kept", "completing"} <= rehearsal.began_s.keys()
    over_s = rehearsal.began_s["listening"] + soundfile.info(answer).duration
    return float(rehearsal.began_s["saving"] - over_s)


def rehearse_twice_at_once(workspace: Path, sound: Pcm, chance: random.Random) -> float:
    """Two rehearsals and other commands at once, where an answer was cut off before.

    One of them is in the middle of its answer for as long as the other one lasts; returns how long
    after its answer the scorecard of that came.
    """
    make_workspace(workspace)
    answer = workspace / "answer.wav"
    soundfile.write(answer, sound, RATE_HZ)
    left = cut_off(workspace, sound)
    with Rehearsal(workspace, "--answer", answer) as one:
        with stopped(one, after_s=chance.uniform(0, 1)):
            with Store(workspace / "recordings") as store:
                (given,) = set(store.unfinished()) - {left}
            took_s = scorecard_after_s(workspace, answer, given)
            check_left_out(workspace)
        one.finish().done()
    with Store(workspace / "recordings") as store:
        durations = store.rows("SELECT attempt.id, recording ->> '$.duration_s' FROM attempt"
                               " JOIN score ON attempt_id = attempt.id")  # fmt: skip
    assert [number for number, _ in sorted(durations)] == [1, 2, 3]
    assert {duration for _, duration in durations} == {len(sound) / RATE_HZ}
    return took_s


@pytest.mark.timeout(LIMIT_S)
def test_two_sessions_leave_each_other_alone(tmp_path: Path, campaign: Campaign) -> None:
    sound, chance, rounds = spoken(), campaign.chance(), campaign.rounds(1, 6)
    took_s = [
        rehearse_twice_at_once(tmp_path / str(number), sound, chance) for number in range(rounds)
    ]
    campaign.report(
        "two sessions on one workspace",
        f"{rounds} times, with `rescore` and `delete` beside them: {3 * rounds} of {3 * rounds} "
        "answers whole and scored once, also one that was cut off before",
    )
    campaign.report(
        "the history locked by another process",
        f"{rounds} times: the scorecard came {max(took_s):.1f} s after the answer at the latest, "
        "while the other still wrote; the attempt was kept as soon as it had ended",
    )
    assert max(took_s) < LOCK_TIME_LIMIT_S / 2
