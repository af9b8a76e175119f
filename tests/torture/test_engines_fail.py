"""An engine that fails, hangs, is killed or runs out of memory: what becomes of the answer."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
from tests.rehearsed import QUESTION, loaded
from tests.torture.campaign import Campaign
from tests.torture.commands import Finished, as_process, one_line
from tests.torture.freezing import frozen
from tests.torture.rehearsal import Rehearsal, make_workspace
from tests.transcript.test_live import Reads, numbered
from tests.whole_recording import heard_whole

import sayback
from sayback.capture.wave_file import WaveFile, to_pcm16
from sayback.errors import TranscriptionError
from sayback.live import LiveAnswer, Words
from sayback.model import SAMPLE_RATE_HZ, Ending, Interval, Recording, Transcript
from sayback.transcript import models
from sayback.transcript.transcriber import Samples

pytestmark = [
    pytest.mark.timeout(1500),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLE_ANSWER = Path(sayback.__file__).parent / "data" / "sample_answer.flac"


# The engine, as the seam allows it


class Unreliable(Reads):
    """Fails by chance, each time with another kind of error."""

    def __init__(self, chance: Random, share: float, lanes: int) -> None:
        super().__init__(lanes)
        self._chance = chance
        self._share = share
        self.failed: Counter[tuple[bool, bytes]] = Counter()

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        if self._chance.random() < self._share:
            self.failed[quick, samples.tobytes()] += 1
            raise self._chance.choice(
                [TranscriptionError("crashed", "try"), MemoryError(), RuntimeError("bad alloc")]
            )
        return super().transcribe(samples, quick=quick)


def test_an_engine_that_fails_now_and_then_loses_no_word(
    campaign: Campaign, tmp_path: Path
) -> None:
    speech = tuple(Interval(at_s, at_s + 24) for at_s in np.arange(0.5, 140, 30.0).tolist())
    duration_s = speech[-1].end_s + 5
    samples = numbered(speech, duration_s) / 1000
    with WaveFile(tmp_path / "answer.wav") as file:
        file.append(to_pcm16(samples.astype(np.float32)))
    heard = from_file(tmp_path / "answer.wav")
    expected = heard_whole(Reads(), heard, speech)
    chance, whole, refused = campaign.chance(), 0, 0
    for _ in range(campaign.rounds(10, 100)):
        engine = Unreliable(chance, chance.uniform(0, 0.7), chance.choice([1, 2]))
        outcome = heard_live(tmp_path / "answer.wav", engine, speech, duration_s)
        if isinstance(outcome, Transcript):
            assert outcome == expected
            whole += 1
        else:
            assert max(n for (quick, _), n in engine.failed.items() if not quick) == 2
            refused += 1
    assert whole
    assert refused
    campaign.report(
        "engine fails by chance", f"{whole} answers whole, {refused} left for later; no word lost"
    )


def from_file(path: Path) -> Samples:
    samples, _ = soundfile.read(path, dtype="float32")
    return np.asarray(samples, np.float32)


def heard_live(
    path: Path, engine: Unreliable, speech: tuple[Interval, ...], duration_s: float
) -> Transcript | Exception:
    """The final transcript of an answer that was heard second by second, or what went wrong."""
    recording = Recording(path, SAMPLE_RATE_HZ, NOW, duration_s, speech, Ending.KEY)
    with LiveAnswer(QUESTION, path, loaded(engine), covers=False) as live:
        for now_s in np.arange(0, duration_s, 2.0).tolist():
            begun = (Interval(each.start_s, min(each.end_s, now_s)) for each in speech)
            list(live.hear(tuple(each for each in begun if each.duration_s > 0.1), now_s))
            time.sleep(0.0005)
        try:
            *_, last = live.transcripts(recording)
        except (TranscriptionError, MemoryError, RuntimeError) as error:
            return error
    assert isinstance(last, Words)
    return last.transcript


# The engine, for real


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    """Nine seconds of the sample answer, and a silence in which it ends."""
    sound, rate_hz = soundfile.read(SAMPLE_ANSWER, dtype="float32")
    soundfile.write(tmp_path / "nine.wav", sound[: 9 * rate_hz], rate_hz)
    return tmp_path / "nine.wav"


def recorded_s(workspace: Path) -> float:
    (path,) = (workspace / "recordings").glob("*.wav")
    return len(from_file(path)) / SAMPLE_RATE_HZ


def words_of(workspace: Path, *, rescored: bool = True) -> list[str]:
    """What the only attempt says, scored again first."""
    common = ("--workspace", workspace)
    commands: list[tuple[object, ...]] = [("show", "1", "--json")]
    if rescored:
        commands.insert(0, ("rescore", "1", "--model", "tiny.en"))
    for command in commands:
        said = as_process(*command, *common).done()
    words: list[str] = json.loads(said)["transcript"]["text"].split()
    return words


def check_told(finished: Finished) -> None:
    """What to do later is said in the one line of the error."""
    assert "Traceback" not in finished.text, finished
    errors = [line for line in finished.text.splitlines() if line.startswith("sayback: ")]
    one_line("\n".join(errors), "`sayback rescore 1`")


def test_an_engine_that_hangs_is_given_up_and_one_may_leave_sooner(
    campaign: Campaign, tmp_path: Path, answer: Path
) -> None:
    if not campaign.is_long:
        pytest.skip("takes minutes: make torture")
    patient, other = make_workspace(tmp_path / "patient"), make_workspace(tmp_path / "other")
    options = ("--exam", "--answer", answer)
    with Rehearsal(patient, *options) as waiting, Rehearsal(other, *options) as leaving:
        for each in (waiting, leaving):
            each.wait_for("listening")
        time.sleep(5)  # until the model is loaded
        with frozen(waiting.pid), frozen(leaving.pid):
            leaving.wait_for_line("still transcribing")
            leaving.send(signal.SIGINT)
            begun_s = time.monotonic()
            left = leaving.finish()
            left_s = time.monotonic() - begun_s
            given_up = waiting.finish()
            given_up_s = time.monotonic() - waiting.began_s["transcribing"]
            assert (left.code, given_up.code) == (130, 1)
            check_told(left)
            check_told(given_up)
    for workspace in (patient, other):
        assert recorded_s(workspace) == pytest.approx(9, abs=0.1)
        assert len(words_of(workspace)) > 15
    campaign.report(
        "engine hangs",
        f"said after 3 s, given up after {given_up_s:.0f} s, left by Ctrl-C in {left_s:.1f} s; "
        "0 s lost, transcribed later",
    )


def test_an_engine_short_of_memory_or_killed_leaves_the_answer(
    campaign: Campaign, tmp_path: Path, answer: Path
) -> None:
    if not campaign.is_long:
        pytest.skip("takes minutes: make torture")
    chance, outcomes, lost_s = campaign.chance(), Counter[str](), 0.0
    for number in range(campaign.rounds(0, 3)):
        workspace = make_workspace(tmp_path / str(number))
        with Rehearsal(workspace, "--exam", "--answer", answer) as rehearsal:
            rehearsal.wait_for("listening")
            time.sleep(chance.uniform(3, 8))
            hit_s = time.monotonic() - rehearsal.began_s["listening"]
            limit_memory(rehearsal.pid, extra_mb=chance.choice([5, 60, 120]))
            finished = rehearsal.finish()
        code = finished.code
        assert code in (0, 1) or code < 0, finished
        if code == 1:
            check_told(finished)
        outcomes["scored" if code == 0 else "one line" if code == 1 else "killed"] += 1
        heard_s = min(9.0, hit_s) if code < 0 else 9.0
        lost_s = max(lost_s, heard_s - recorded_s(workspace))
        assert lost_s < 1
        assert len(words_of(workspace, rescored=code != 0)) > 3
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    campaign.report("engine without memory", f"{counts}; {lost_s:.2f} s lost, transcribed later")


def limit_memory(process: int, *, extra_mb: float) -> None:
    """Let a process have so much more than it has now."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + int(extra_mb * 1e6)
    resource.prlimit(process, resource.RLIMIT_AS, (limit, limit))


def test_a_model_that_is_damaged_is_said_and_the_answer_kept(
    campaign: Campaign, tmp_path: Path, answer: Path
) -> None:
    if not campaign.is_long:
        pytest.skip("takes minutes: make torture")
    chance, outcomes = campaign.chance(), Counter[str]()
    for number in range(campaign.rounds(0, 3)):
        workspace = make_workspace(tmp_path / str(number))
        folder = damaged_model(tmp_path / f"model {number}", chance)
        with Rehearsal(workspace, "--exam", "--answer", answer, "--model", folder) as rehearsal:
            finished = rehearsal.finish()
        code = finished.code
        assert "Traceback" not in finished.text
        outcomes["scored" if code == 0 else "one line" if code == 1 else "killed"] += 1
        if code and list((workspace / "recordings").glob("*.wav")):
            if code > 0:
                check_told(finished)
            assert recorded_s(workspace) == pytest.approx(9, abs=0.1)
            assert len(words_of(workspace)) > 15
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    campaign.report("model damaged", f"{counts}; every answer transcribed later")


def damaged_model(folder: Path, chance: Random) -> Path:
    """A copy of a model, cut short or with a stretch of noise in it."""
    folder.mkdir()
    for file in models.ctranslate2_folder("tiny.en").iterdir():
        if not file.name.endswith(".verified"):
            (folder / file.name).write_bytes(file.read_bytes())
    weights = folder / "model.bin"
    content = bytearray(weights.read_bytes())
    at = chance.randrange(len(content))
    if chance.random() < 0.5:
        content = content[:at]
    else:
        content[at : at + 4096] = chance.randbytes(4096)
    weights.write_bytes(content)
    return folder
