"""`kill -9` at any moment of a rehearsal: what is lost of an answer, and what becomes of it."""

from __future__ import annotations

import random
import time
import wave
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.torture.campaign import Campaign
from tests.torture.rehearsal import PHASES, RATE_HZ, Pcm, Rehearsal, Room, make_workspace, spoken
from tests.virtual_sound_card import SoundCard

from sayback.history.store import Store
from sayback.model import WAVE_HEADER_BYTES

AT_ONCE = 3
KILLS_A_WORKSPACE = 4
MICROPHONE_SHARE = 1 / 3
LONGEST_S = {
    "asking": 2.0,
    "listening": 2.1,
    "transcribing": 1.5,
    "saving": 0.015,
    "completing": 1.5,
}
"""Within this time after a phase has begun its process is killed; a longer one than it mostly
takes, so that its end is met too."""
MOST_LOST_S = 1.0


@dataclass(slots=True)
class Toll:
    """What a campaign measured. A kill counts in the phase in which it fell."""

    kills: Counter[str] = field(default_factory=Counter)
    lost_s: list[float] = field(default_factory=list)
    """Of what the microphone or the file had delivered when the process was dead, for each kill
    while listening; with the time it takes to see the word `Listening`, so rather too much."""
    recorded_s: float = 0.0
    cut_off: int = 0
    completed: int = 0


def kill_once(room: Room, phase: str, chance: random.Random, toll: Toll) -> None:
    """Start a rehearsal, kill it in `phase` or soon after, and look at what is on the disk."""
    before = room.audio()
    live = phase == "listening" and chance.random() < MICROPHONE_SHARE
    heard = () if live else ("--answer", room.answer)
    with Rehearsal(room.workspace, *heard) as rehearsal:
        rehearsal.wait_for(phase)
        time.sleep(chance.uniform(0, LONGEST_S[phase]))
        dead_s = rehearsal.kill()
    toll.kills[rehearsal.phase] += 1
    new = room.audio() - before
    assert len(new) <= 1
    if "listening" not in rehearsal.began_s:
        return
    kept = read(new.pop())
    delivered_s = dead_s - rehearsal.began_s["listening"]
    if not live:
        delivered_s = min(delivered_s, len(room.pcm) / RATE_HZ)
        assert kept.tolist() == room.pcm[: len(kept)].tolist()
    if rehearsal.phase == "listening":
        toll.lost_s.append(max(0.0, delivered_s - len(kept) / RATE_HZ))
    else:
        assert len(kept) == len(room.pcm), "some of an answer that was over is gone"
    toll.recorded_s += len(kept) / RATE_HZ


def read(path: Path) -> Pcm:
    """The samples of a recording, which any reader finds; nothing where none was recorded yet."""
    with wave.open(str(path)) as file:
        frames = file.getnframes()
    assert WAVE_HEADER_BYTES + 2 * frames <= path.stat().st_size
    if not frames:
        return np.zeros(0, np.int16)
    samples, rate_hz = soundfile.read(path, dtype="int16")
    assert rate_hz == RATE_HZ
    assert len(samples) == frames
    return np.asarray(samples)


def unscored(room: Room) -> dict[int, float]:
    """Seconds of the answers that are not scored, by attempt; the history is sound and complete."""
    with Store(room.recordings) as store:
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
        assert store.rows("PRAGMA foreign_key_check") == []
        known = {room.recordings / name for (name,) in store.rows("SELECT audio FROM attempt")}
        sounding = {path for path in room.audio() if path.stat().st_size > WAVE_HEADER_BYTES}
        assert sounding <= known, "a recording is in no attempt"
        assert known <= room.audio(), "an attempt has no recording"
        return {
            number: len(read(store.attempt(number).audio)) / RATE_HZ
            for number in store.unfinished()
        }


def start_again(room: Room, toll: Toll) -> None:
    """A rehearsal that nobody kills: what was cut off is scored, once, with all its sound."""
    left = unscored(room)
    with Rehearsal(room.workspace, "--answer", room.answer) as rehearsal:
        rehearsal.finish().done()
    assert any(
        "cut off: will be scored when you are done" in line for line in rehearsal.lines
    ) == bool(left)
    assert unscored(room) == {}
    with Store(room.recordings) as store:
        assert store.rows("SELECT 1 FROM score GROUP BY attempt_id HAVING count(*) > 1") == []
        there = {summary.id for summary in store.summaries()}
        for number, duration_s in left.items():
            assert (number in there) == bool(duration_s)
            if duration_s:
                recording = store.attempt(number).recording
                assert recording is not None
                assert recording.duration_s == pytest.approx(duration_s)
                toll.completed += 1
    toll.cut_off += sum(map(bool, left.values()))


def suffer(room: Room, kills: list[str], seed: float) -> Toll:
    """Kill one rehearsal after another in the same workspace, in these phases, then let one be."""
    toll, chance = Toll(), random.Random(seed)
    for phase in kills:
        kill_once(room, phase, chance, toll)
        unscored(room)
    start_again(room, toll)
    return toll


@contextmanager
def somebody_speaking(card: SoundCard, pcm: Pcm, *, for_s: float) -> Iterator[None]:
    """The answer in the microphone, again and again."""
    times = round(for_s * RATE_HZ / len(pcm))
    with card.playing_into_microphone(np.tile(pcm.astype(np.float32) / 32768, times)):
        yield


@pytest.mark.timeout(1500)
def test_a_rehearsal_that_is_killed_keeps_the_answer(
    tmp_path: Path, campaign: Campaign, sound_card: SoundCard
) -> None:
    answer, pcm, chance = tmp_path / "answer.wav", spoken(), campaign.chance()
    soundfile.write(answer, pcm, RATE_HZ)
    phases = campaign.rounds(1, 42) * list(LONGEST_S)
    chance.shuffle(phases)
    count = max(2, len(phases) // KILLS_A_WORKSPACE)
    groups = [phases[at::count] for at in range(count)]
    rooms = [Room(make_workspace(tmp_path / str(at)), answer, pcm) for at in range(count)]
    with (
        somebody_speaking(sound_card, pcm, for_s=campaign.rounds(60, 1200)),
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        tolls = list(pool.map(suffer, rooms, groups, [chance.random() for _ in groups]))
    lost_s = [each for toll in tolls for each in toll.lost_s]
    kills = sum((toll.kills for toll in tolls), Counter[str]())
    cut_off, completed = sum(toll.cut_off for toll in tolls), sum(toll.completed for toll in tolls)
    campaign.report(
        "kill -9 in a rehearsal",
        f"{kills.total()} kills ({', '.join(f'{kills[each]} {each}' for each in PHASES)}): "
        f"at most {max(lost_s, default=0):.2f} s lost (median {np.median(lost_s or [0]):.2f} s), "
        f"{completed} of {cut_off} cut off answers completed, history sound each time",
    )
    assert max(lost_s, default=0) < MOST_LOST_S
    assert completed == cut_off
