"""Recordings that are removed or replaced while somebody answers: nothing of the answer is lost."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.torture.campaign import Campaign
from tests.torture.rehearsal import RATE_HZ, Rehearsal, make_workspace, samples, spoken

from sayback.history.store import Store

pytestmark = pytest.mark.timeout(1500)

MOST_UNTOLD_S = 2.0


def remove_all(recordings: Path) -> None:
    shutil.rmtree(recordings)


def move_away(recordings: Path) -> None:
    recordings.rename(recordings.with_name("moved"))


def replace_by_copy(recordings: Path) -> None:
    moved = recordings.with_name("moved")
    recordings.rename(moved)
    shutil.copytree(moved, recordings)


def remove_sounds(recordings: Path) -> None:
    for sound in recordings.glob("*.wav"):
        sound.unlink()


def remove_history(recordings: Path) -> None:
    for file in recordings.glob("history.db*"):
        file.unlink()


REMOVALS = (remove_all, replace_by_copy, move_away, remove_sounds, remove_history)


def remove_while_listening(
    workspace: Path, answer: Path, after_s: float, remove: Callable[[Path], None]
) -> float | None:
    """Remove what is written while somebody answers; when that was told, None where it was not."""
    recordings = workspace / "recordings"
    with Rehearsal(workspace, "--answer", answer, as_json=False) as rehearsal:
        rehearsal.wait_for("listening")
        time.sleep(after_s)
        remove(recordings)
        removed_s = time.monotonic()
        said = rehearsal.finish().done()
    told_s = rehearsal.said_s("was removed while you answer")
    with Store(recordings) as store:
        newest = store.summaries()[-1]
        kept = store.attempt(newest.id)
    assert f"attempt {newest.id} is kept" in said
    assert kept.scorecard is not None
    assert kept.recording is not None
    assert samples(kept.audio).tolist() == samples(answer).tolist(), "some of the answer is gone"
    return None if told_s is None else told_s - removed_s


def test_recordings_removed_while_listening(tmp_path: Path, campaign: Campaign) -> None:
    answer = tmp_path / "answer.wav"
    pcm = np.concatenate([spoken()] * campaign.rounds(1, 2))
    soundfile.write(answer, pcm, RATE_HZ)
    chance, told_s = campaign.chance(), list[float]()
    rounds = campaign.rounds(1, len(REMOVALS))
    for number in range(rounds):
        remove = REMOVALS[number % len(REMOVALS)]
        workspace = make_workspace(tmp_path / str(number))
        after_s = chance.uniform(0.2, len(pcm) / RATE_HZ - 0.8)
        at_s = remove_while_listening(workspace, answer, after_s, remove)
        assert (at_s is None) == (remove is remove_history)
        told_s += [at_s] if at_s is not None else []
    assert max(told_s) < MOST_UNTOLD_S
    campaign.report(
        "recordings removed while listening",
        f"{rounds} rounds: 0 s lost, told after at most {max(told_s):.1f} s",
    )
