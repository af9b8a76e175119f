"""A history of an earlier format is brought to the newest while the process gets killed."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from tests.history import releases
from tests.torture.campaign import Campaign
from tests.torture.commands import as_process, kill_once_there

from sayback.history.migrations import STEPS

COPIES = 800
"""So many of each answer, for an update that takes long enough to be killed in."""


def many(recordings: Path, number: int) -> Path:
    """A long history of an earlier format."""
    history = releases.restore(number, recordings)
    with closing(sqlite3.connect(history)) as database:
        for table, columns in (
            ("attempt", "asked_at, question_id, question, audio || id || '-' || :n, recording"),
            ("transcript", "attempt_id, made_at, content"),
            ("score", "attempt_id, transcript_id, scored_at, scorer_version, coverage, content"),
        ):
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")][1:]
            database.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {columns} FROM {table}"
                " WHERE id <= 4",
                [{"n": copy} for copy in range(COPIES)],
            )
        database.commit()
    return history


def started(workspace: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "sayback", "plan", "--workspace", str(workspace)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def kill_in_update(workspace: Path, chance: random.Random) -> None:
    """Kill a little after the copy is begun, or made: that is when there is something to lose."""
    begun = chance.choice(("*.unfinished", "*.version-?"))
    with started(workspace) as process:
        kill_once_there(process, workspace / "recordings", begun, after_s=chance.uniform(0, 0.15))


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("number", releases.FORMATS[:-1])
def test_an_update_that_is_killed_leaves_the_old_or_the_new(
    number: int, campaign: Campaign, tmp_path: Path
) -> None:
    template = many(tmp_path / "template", number)
    before, chance, found = releases.facts(template), campaign.chance(), Counter[str]()
    rounds = campaign.rounds(1, 30)
    for each in range(rounds):
        workspace = tmp_path / str(each)
        (workspace / "questions").mkdir(parents=True)
        history = workspace / "recordings" / template.name
        history.parent.mkdir()
        history.write_bytes(template.read_bytes())
        kill_in_update(workspace, chance)
        backup = history.with_name(f"{history.name}.version-{number}")
        found["old" if releases.version(history) == number else "new"] += 1
        found["copy"] += backup.exists()
        assert releases.facts(history) == before
        assert releases.version(history) == number or backup.exists()
        with started(workspace) as process:
            assert process.wait() == 0, process.stderr and process.stderr.read()
        assert releases.version(history) == len(STEPS)
        assert releases.facts(history) == releases.facts(backup) == before
        assert releases.version(backup) == number
        assert not [*history.parent.glob("*.unfinished")]
    campaign.report(
        f"update of format {number} killed",
        f"{rounds} kills: {found['old']} left the old, {found['new']} the new history; "
        "0 rows lost, the copy of before was whole",
    )


def test_a_history_of_a_newer_sayback_is_refused_in_a_line_and_left_alone(tmp_path: Path) -> None:
    history = releases.restore(releases.FORMATS[-1], tmp_path / "recordings")
    with closing(sqlite3.connect(history)) as database:
        database.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    written = history.read_bytes()
    for command in ("history", "plan"):
        as_process(command, "--workspace", tmp_path).told("newer sayback")
    assert history.read_bytes()[100:] == written[100:]
