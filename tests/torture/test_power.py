"""The power goes at any moment of a rehearsal: what the disk still holds then."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.torture.campaign import Campaign
from tests.torture.power import FolderOnDisk, Step, UnknownCall, steps, strace
from tests.torture.rehearsal import RATE_HZ, Pcm, Rehearsal, make_workspace, spoken

from sayback.capture.audio_file import read_audio
from sayback.capture.wave_file import to_pcm16
from sayback.errors import CaptureError
from sayback.history.store import Store
from sayback.model import WAVE_HEADER_BYTES

MOST_LOST_S = 1.0


def skip_where_nothing_is_recorded(record: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    tried = subprocess.run([*strace(record), "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("strace may not watch a process here")


def recorded(folder: Path, sound: Pcm) -> list[Step]:
    """What a whole rehearsal does to its files."""
    answer, record = folder / "answer.wav", folder / "calls"
    soundfile.write(answer, sound, RATE_HZ)
    skip_where_nothing_is_recorded(record)
    workspace = make_workspace(folder / "workspace")
    with Rehearsal(workspace, "--answer", answer, under=strace(record)) as rehearsal:
        rehearsal.finish().done()
    return steps(record, workspace / "recordings")


def kept_s(recordings: Path, sound: Pcm) -> float:
    """Seconds of the answer from its beginning on that are read back as they were heard."""
    path = next(recordings.glob("*.wav"), None)
    if path is None or path.stat().st_size <= WAVE_HEADER_BYTES:
        return 0.0
    try:
        found = to_pcm16(read_audio(path))
    except CaptureError:
        return 0.0
    size = min(len(found), len(sound))
    wrong = np.flatnonzero(found[:size] != sound[:size])
    return float(wrong[0] if len(wrong) else size) / RATE_HZ


def look(recordings: Path, audio: str, *, is_kept: bool) -> None:
    """The history opens and is sound; it knows the answer, and the score that was said to be."""
    with Store(recordings) as store:
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
        known = store.rows("SELECT audio FROM attempt")
        if (recordings / audio).is_file() and (
            recordings / audio
        ).stat().st_size > WAVE_HEADER_BYTES:
            assert known == [(audio,)]
        if is_kept:
            assert store.attempt(1).scorecard is not None


def written_s(done: list[Step], audio: str) -> float:
    size = sum(len(step.data) for step in done if step.name == audio and step.position)
    return size / 2 / RATE_HZ


def lost_at(done: list[Step], folder: Path, sound: Pcm, chance: random.Random) -> float:
    """Seconds of the answer that are gone where the power goes after these steps."""
    folder.mkdir(parents=True)
    left = FolderOnDisk()
    for step in done:
        left.take(step)
    left.leave(folder, chance)
    audio = next((step.name for step in done if step.name.endswith(".wav")), "none.wav")
    look(folder, audio, is_kept=any(b"is kept" in step.data for step in done))
    return written_s(done, audio) - kept_s(folder, sound)


def test_a_power_cut_takes_less_than_a_second(tmp_path: Path, campaign: Campaign) -> None:
    sound, chance = spoken(), campaign.chance()
    calls = recorded(tmp_path, sound)
    moments = [chance.randrange(len(calls)) for _ in range(campaign.rounds(40, 1000))]
    lost_s = [
        lost_at(calls[: moment + 1], tmp_path / str(at) / "recordings", sound, chance)
        for at, moment in enumerate(moments)
    ]
    campaign.report(
        "power loss in a rehearsal",
        f"{len(lost_s)} cuts of the recorded writes: at most {max(lost_s):.2f} s lost, "
        "history sound, no attempt and no score that was said to be kept gone",
    )
    assert max(lost_s) < MOST_LOST_S


def steps_of(code: str, folder: Path) -> list[Step]:
    """What a program does to the files of `folder`, which it makes and calls `f`."""
    record, inside = folder.with_name("calls"), folder / "inside"
    skip_where_nothing_is_recorded(record)
    program = f"import os\nf = {str(inside)!r}\nos.mkdir(f)\n{code}"
    command = [*strace(record), sys.executable, "-c", program]
    subprocess.run(command, check=True, cwd=folder)
    return steps(record, inside)


def test_each_call_that_changes_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    found = steps_of(
        "file = os.open(f + '/a', os.O_RDWR | os.O_CREAT | os.O_TRUNC)\n"
        "os.write(file, b'12'); os.writev(file, [b'34', b'5']); os.pwrite(file, b'6', 1)\n"
        "os.pwritev(file, [b'7', b'8'], 3); os.ftruncate(file, 4); os.fsync(file)\n"
        "os.rename(f + '/a', f + '/b'); here = os.open(f, os.O_RDONLY)\n"
        "os.rename('b', 'c', src_dir_fd=here, dst_dir_fd=here); os.fsync(here)\n"
        "os.unlink('c', dir_fd=here)\n"
        "os.close(os.open(f + '/d', os.O_CREAT)); os.unlink(f + '/d')",
        tmp_path / "own",
    )
    assert found == [
        Step("create", "a"), Step("truncate", "a"), Step("write", "a", 0, b"12"),
        Step("write", "a", 2, b"345"), Step("write", "a", 1, b"6"), Step("write", "a", 3, b"78"),
        Step("truncate", "a", 4), Step("sync", "a"), Step("rename", "a", data=b"b"),
        Step("rename", "b", data=b"c"), Step("sync", ""), Step("remove", "c"),
        Step("create", "d"), Step("remove", "d"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "call",
    [
        "os.mkdir(f + '/below')",
        "os.link(f + '/a', f + '/b')",
        "os.symlink('/', f + '/b')",
        "os.truncate(f + '/a', 1)",
        "os.posix_fallocate(file, 0, 9)",
        "os.rename(f + '/a', f + '/../a')",
        "os.sendfile(file, os.open('/etc/hostname', os.O_RDONLY), 0, 1)",
        "os.open(f + '/a', os.O_WRONLY | os.O_APPEND)",
        "os.chdir(f); os.rename('a', 'b')",
    ],
)
def test_a_call_that_is_not_understood_is_not_left_out(call: str, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    with pytest.raises(UnknownCall):
        steps_of(f"file = os.open(f + '/a', os.O_RDWR | os.O_CREAT)\n{call}", tmp_path / "own")


def test_a_file_that_replaces_another_leaves_one_of_them(tmp_path: Path) -> None:
    written = [
        Step("create", "a"), Step("write", "a", data=b"old"), Step("sync", "a"), Step("sync", ""),
        Step("create", "b"), Step("write", "b", data=b"new"), Step("sync", "b"),
        Step("rename", "b", data=b"a"),
    ]  # fmt: skip
    disk, found = FolderOnDisk(), set()
    for step in written:
        disk.take(step)
    for number in range(99):
        folder = tmp_path / str(number)
        folder.mkdir()
        disk.leave(folder, random.Random(number))
        found.add(tuple(sorted((path.name, path.read_bytes()) for path in folder.iterdir())))
    old = ("a", b"old")
    assert found == {(old,), (old, ("b", b"new")), (("a", b"new"),)}
    disk.take(Step("sync", ""))
    (tmp_path / "synced").mkdir()
    disk.leave(tmp_path / "synced", random.Random(0))
    assert [path.read_bytes() for path in (tmp_path / "synced").iterdir()] == [b"new"]
