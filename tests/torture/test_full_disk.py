"""A disk that is full or read-only: what is kept of an answer, and what can be done."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.kept_answers import keep_sample_answer
from tests.torture.campaign import Campaign
from tests.torture.commands import AS_HEARD, Finished, as_process, in_process
from tests.torture.rehearsal import (
    QUESTION,
    RATE_HZ,
    Rehearsal,
    Room,
    make_workspace,
    samples,
    spoken,
)
from tests.torture.small_disk import Disk, small_disk

from sayback.history.store import Store
from sayback.model import WAVE_HEADER_BYTES

pytestmark = pytest.mark.timeout(1500)

DISK_KB = 4096
TINY = ("--model", "tiny.en")
ASKED = ("--question", QUESTION)
OLD_HISTORY = Path(__file__).parents[1] / "data" / "history-1.sql"
FULL = ("No space left", "the disk is full", "no room on its disk")
READ_ONLY = ("read-only", "Read-only", "cannot be written")
MOST_LOST_S = 0.2
"""Of what could still be written: not quite a page of 4096 bytes."""
MOST_UNTOLD_S = 2.0

Fill = Callable[[], None]
Run = Callable[..., Finished]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", DISK_KB) as disk:
        yield disk


@pytest.fixture
def run(campaign: Campaign) -> Run:
    """The commands: in processes of their own, where there is time for that."""
    return as_process if campaign.is_long else in_process


@pytest.fixture
def workspace(disk: Disk) -> Path:
    """One on the small disk, with an answer that was scored."""
    folder = make_workspace(disk.folder / "workspace")
    keep_sample_answer(folder, question=QUESTION, said="Units are dropped at random.")
    return folder


@dataclass(frozen=True, slots=True)
class SmallRoom(Room):
    """One on a small disk."""

    disk: Disk

    @property
    def most_s(self) -> float:
        """After so long somebody is still speaking."""
        return len(self.pcm) / RATE_HZ - 0.5

    def check(self) -> None:
        """The history is sound, each of its attempts has its sound, and nothing else lies there."""
        with Store(self.recordings) as store:
            assert store.rows("PRAGMA integrity_check") == [("ok",)]
            known = {self.recordings / name for (name,) in store.rows("SELECT audio FROM attempt")}
        assert known == self.audio()
        assert {path.name for path in self.recordings.iterdir() if path not in known} <= {
            "history.db", "history.db-wal", "history.db-shm"
        }  # fmt: skip


@pytest.fixture
def room(disk: Disk, workspace: Path, tmp_path: Path, campaign: Campaign) -> SmallRoom:
    """The answer lasts about 2 s, in the long campaign 4."""
    pcm = np.concatenate([spoken()] * campaign.rounds(1, 2))
    answer = tmp_path / "answer.wav"
    soundfile.write(answer, pcm, RATE_HZ)
    return SmallRoom(workspace, answer, pcm, disk)


@dataclass(slots=True)
class Toll:
    """What filling the disk while somebody rehearses has cost."""

    phases: Counter[str] = field(default_factory=Counter)
    lost_s: list[float] = field(default_factory=list)
    """Sound that there was still room for when it was said that the disk is full."""
    untold_s: list[float] = field(default_factory=list)
    scored_later: int = 0


def fill_while_practising(
    room: SmallRoom, chance: random.Random, toll: Toll, *, early: bool
) -> None:
    """Fill the disk at any moment of a rehearsal; look at what is kept, make room, and go on."""
    before = room.audio()
    with Rehearsal(room.workspace, "--answer", room.answer, as_json=False) as rehearsal:
        if not early:
            rehearsal.wait_for("listening")
            assert "listening" in rehearsal.began_s, rehearsal.lines
        time.sleep(chance.uniform(0.3, 7.0) if early else chance.uniform(0.2, room.most_s))
        room.disk.fill(chance.choice((0, 0, 5000, 40_000)))
        full_s = time.monotonic()
        rehearsal.wait_for_line(*FULL)
        free = shutil.disk_usage(room.disk.folder).free
        finished = rehearsal.finish()
        ended_s = time.monotonic()
    listening_s = rehearsal.began_s.get("listening")
    heard_s = rehearsal.began_s.get("transcribing")
    if finished.code:
        finished.told(*FULL)
    new = room.audio() - before
    assert len(new) <= 1
    kept = np.concatenate([np.zeros(0, np.int16), *map(samples, new)])
    uncounted = sum(path.stat().st_size - WAVE_HEADER_BYTES - 2 * len(kept) for path in new)
    assert kept.tolist() == room.pcm[: len(kept)].tolist()
    if listening_s is None or full_s < listening_s:
        toll.phases["asking"] += 1
    elif heard_s is None or full_s < heard_s:
        toll.phases["listening"] += 1
        assert finished.code == 1
        told_s = rehearsal.said_s(*FULL) or ended_s  # where only the last line tells it
        # What was left took some more sound: then the disk was full later.
        toll.untold_s.append(max(0.0, told_s - max(full_s, listening_s + len(kept) / RATE_HZ)))
        toll.lost_s.append((free + uncounted) / 2 / RATE_HZ)
    else:
        toll.phases["scoring" if finished.code else "saved"] += 1
        assert len(kept) == len(room.pcm)


def score_what_is_left(room: SmallRoom, run: Run, toll: Toll) -> None:
    """With room again: all that was recorded is scored, and nothing of the fault is left."""
    with Store(room.recordings) as store:
        left = store.unfinished()
    if left:
        run("rescore", *left, *TINY, "--workspace", room.workspace).done()
        toll.scored_later += len(left)
    with Store(room.recordings) as store:
        assert not store.unfinished()
        assert all(store.attempt(each).scorecard for each in left)
    room.check()


def test_full_while_recording(room: SmallRoom, run: Run, campaign: Campaign) -> None:
    toll, chance = Toll(), campaign.chance()
    for number in range(campaign.rounds(1, 8)):
        fill_while_practising(room, chance, toll, early=number % 2 == 1)
        assert run("history", "--workspace", room.workspace).done()
        room.disk.make_room()
        score_what_is_left(room, run, toll)
        run("delete", "--all", "--yes", "--workspace", room.workspace).done()
    assert max(toll.lost_s, default=0) < MOST_LOST_S
    assert max(toll.untold_s, default=0) < MOST_UNTOLD_S
    phases = ", ".join(f"{count} {phase}" for phase, count in sorted(toll.phases.items()))
    campaign.report(
        "disk full in a rehearsal",
        f"{toll.phases.total()} rounds ({phases}): of what could be written at most"
        f" {max(toll.lost_s, default=0):.2f} s lost, told after at most"
        f" {max(toll.untold_s, default=0):.1f} s, {toll.scored_later} scored once there was room",
    )


def rounds_with_little_room(
    disk: Disk, campaign: Campaign, many: int, most: int, once: Callable[[Fill | None], bool]
) -> None:
    """Run what needs up to `most` bytes with less, at random, and then with room.

    `once` says if it worked; it fills the disk before, if it is given how.
    """
    chance, failed = campaign.chance(), 0
    rounds = campaign.rounds(1, many)
    for number in range(rounds):
        left = chance.randrange(most) if number else most // 2
        failed += not once(partial(disk.fill, left))
        disk.make_room()
        assert once(None)
    assert failed
    campaign.report(
        f"disk full: {campaign.name.removeprefix('test_full_while_')}",
        f"{failed} of {rounds} failed in one line, nothing lost, all worked with room",
    )


def test_full_while_saving(room: SmallRoom, run: Run, campaign: Campaign) -> None:
    save = ("score", room.answer, *ASKED, *TINY, "--save", "--workspace", room.workspace)

    def once(fill: Fill | None) -> bool:
        before = room.audio()
        if fill:
            fill()
        saved = run(*save)
        if saved.code:
            saved.told(*FULL)
        room.disk.make_room()
        room.check()
        assert len(room.audio()) == len(before) + (not saved.code)
        return not saved.code

    rounds_with_little_room(room.disk, campaign, 5, 260_000, once)


def test_full_while_migrating(disk: Disk, campaign: Campaign) -> None:
    workspace = make_workspace(disk.folder / "old")
    recordings = workspace / "recordings"
    backup = recordings / "history.db.version-1"

    def once(fill: Fill | None) -> bool:
        if fill:
            shutil.rmtree(recordings, ignore_errors=True)
            recordings.mkdir()
            with closing(sqlite3.connect(recordings / "history.db")) as database:
                database.executescript(OLD_HISTORY.read_text())
            fill()
        listed = in_process("history", "--json", "--workspace", workspace)
        if listed.code:
            listed.told(*FULL)
        else:
            assert listed.out.count('"id"') == 4
        for each in recordings.iterdir():
            assert "unfinished" not in each.name
        if backup.exists():
            with closing(sqlite3.connect(f"{backup.as_uri()}?immutable=1", uri=True)) as old:
                assert old.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert old.execute("SELECT count(*) FROM attempt").fetchone() == (4,)
                assert old.execute("PRAGMA user_version").fetchone() == (1,)
        assert backup.exists() or listed.code
        return not listed.code

    rounds_with_little_room(disk, campaign, 30, 300_000, once)


def test_full_while_rescoring(room: SmallRoom, run: Run, campaign: Campaign) -> None:
    again = ("rescore", "1", *AS_HEARD, "--workspace", room.workspace)

    def scores() -> int:
        with Store(room.recordings) as store:
            return len(store.scorecards(1))

    def once(fill: Fill | None) -> bool:
        before = scores()
        if fill:
            fill()
        rescored = run(*again)
        if rescored.code:
            rescored.told(*FULL)
        assert scores() == before + (not rescored.code)
        assert run("show", "1", "--json", "--workspace", room.workspace).done()
        return not rescored.code

    rounds_with_little_room(room.disk, campaign, 6, 50_000, once)
    room.check()


def test_full_while_exporting(
    room: SmallRoom, run: Run, campaign: Campaign, tmp_path: Path
) -> None:
    target, reference = room.disk.folder / "export", tmp_path / "reference"
    as_is = ("--workspace", room.workspace)
    run("export", reference, *as_is).done()
    whole = {path.relative_to(reference) for path in reference.rglob("*") if path.is_file()}
    (sound,) = room.audio()

    def once(fill: Fill | None) -> bool:
        if fill:
            fill()
        exported = run("export", target, *as_is)
        if exported.code:
            exported.told(*FULL)
        there = {path.relative_to(target) for path in target.rglob("*") if path.is_file()}
        assert there <= whole
        for page in target.glob("*.html"):
            assert page.read_text().rstrip().endswith("</html>")
        for copy in target.glob(f"*{sound.suffix}"):
            assert copy.read_bytes() == sound.read_bytes()
        assert exported.code or there == whole
        if not fill:
            shutil.rmtree(target)
        return not exported.code

    rounds_with_little_room(room.disk, campaign, 8, 600_000, once)


LOOKS: tuple[tuple[str, ...], ...] = (
    ("history",), ("history", "--json"), ("show", "1"), ("trends",), ("plan",), ("draft", "1"),
    ("bank", "list"), ("rescore", *AS_HEARD),
)  # fmt: skip
CHANGES: tuple[tuple[str, ...], ...] = (
    ("plan", "2099-12-24"), ("rescore", "1", *AS_HEARD), ("delete", "1", "--yes"),
)  # fmt: skip


@pytest.mark.parametrize("fault", ["full", "read-only", "read-only after a kill"])
def test_what_was_kept_can_be_looked_at(
    room: SmallRoom, campaign: Campaign, tmp_path: Path, fault: str
) -> None:
    run = in_process  # some dozens of commands
    as_is = ("--workspace", room.workspace)
    with closing(sqlite3.connect(room.recordings / "history.db")) as open_elsewhere:
        if "kill" in fault:  # what SQLite puts beside a database is still there
            open_elsewhere.execute("PRAGMA wal_autocheckpoint = 0")
            open_elsewhere.execute("INSERT INTO setting VALUES ('interview', '2098-12-24')")
            open_elsewhere.commit()
            copy = tmp_path / "killed"
            shutil.copytree(room.recordings, copy)
    if "kill" in fault:
        shutil.rmtree(room.recordings)
        shutil.copytree(copy, room.recordings)
    if fault == "full":
        room.disk.fill()
    else:
        room.disk.allow_writing(is_allowed=False)
    for command in LOOKS:
        run(*command, *as_is).done()
    assert ("2098" in run("plan", *as_is).done()) == ("kill" in fault)
    run("export", tmp_path / "export", *as_is).done()
    for command in CHANGES:
        run(*command, *as_is).told(*FULL, *READ_ONLY)
    as_answered = run("practice", *ASKED, "--answer", room.answer, *TINY, *as_is)
    as_answered.told(*FULL, *READ_ONLY)
    assert QUESTION not in as_answered.out, "asked, though nothing could be kept"
    room.disk.make_room() if fault == "full" else room.disk.allow_writing(is_allowed=True)
    for command in CHANGES:
        run(*command, *as_is).done()
    campaign.report(
        f"disk {fault}: history",
        f"{len(LOOKS) + 1} reading commands work, {len(CHANGES) + 1} others fail in one line",
    )
