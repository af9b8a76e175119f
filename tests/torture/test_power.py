"""The power goes at any moment of a rehearsal: what the disk still holds then."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.torture.campaign import Campaign
from tests.torture.power import Disk, Step, steps, strace
from tests.torture.rehearsal import RATE_HZ, Pcm, Rehearsal, make_workspace, spoken

from sayback.capture.audio_file import read_audio
from sayback.capture.wave_file import HEADER_BYTES, to_pcm16
from sayback.errors import CaptureError
from sayback.history.store import Store

MOST_LOST_S = 1.0


def recorded(folder: Path, sound: Pcm) -> list[Step]:
    """What a whole rehearsal does to its files."""
    answer, record = folder / "answer.wav", folder / "calls"
    soundfile.write(answer, sound, RATE_HZ)
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    tried = subprocess.run([*strace(record), "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("strace may not watch a process here")
    workspace = make_workspace(folder / "workspace")
    with Rehearsal(workspace, "--answer", answer, under=strace(record)) as rehearsal:
        assert rehearsal.finish() == 0, "".join(rehearsal.lines)
    return steps(record, workspace / "recordings")


def kept_s(recordings: Path, sound: Pcm) -> float:
    """Seconds of the answer from its beginning on that are read back as they were heard."""
    path = next(recordings.glob("*.wav"), None)
    if path is None or path.stat().st_size <= HEADER_BYTES:
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
        if (recordings / audio).is_file() and (recordings / audio).stat().st_size > HEADER_BYTES:
            assert known == [(audio,)]
        if is_kept:
            assert store.attempt(1).scorecard is not None


def written_s(done: list[Step], audio: str) -> float:
    size = sum(len(step.data) for step in done if step.name == audio and step.position)
    return size / 2 / RATE_HZ


def lost_at(done: list[Step], folder: Path, sound: Pcm, chance: random.Random) -> float:
    """Seconds of the answer that are gone where the power goes after these steps."""
    folder.mkdir(parents=True)
    disk = Disk()
    for step in done:
        disk.take(step)
    disk.leave(folder, chance)
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
