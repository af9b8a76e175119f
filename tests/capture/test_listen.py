"""From blocks of sound to a Recording."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.capture.conftest import HeardBlocks, room

from sayback.capture.audio_file import read_audio
from sayback.capture.file_recorder import FileRecorder
from sayback.capture.listen import AWAY_S, Level, ListenSettings, Take, ZeroWatch, decibels
from sayback.capture.recorder import Recorder, Samples
from sayback.capture.speech_detector import detect_speech
from sayback.capture.wave_file import from_pcm16, to_pcm16
from sayback.errors import MicrophoneLost, WorkspaceError
from sayback.model import PATIENCE_S, Ending, Recording

SETTINGS = ListenSettings()
LOST = "'desk': stopped; plug it in"

FULL_DISK = """
import resource, signal, sys, threading
from pathlib import Path
import numpy as np
from sayback.capture.listen import ListenSettings, Take
from tests.capture.conftest import HeardBlocks, room

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (64_044, 64_044))
recorder = HeardBlocks(room(5))
with Take(Path(sys.argv[1]), ListenSettings(), "desk") as take:
    for _ in take.listen(recorder.blocks(), threading.Event()):
        pass
recording = take.recording()
print(recording.ending, recording.duration_s, *recording.warnings, sep="|")
"""


def heard(
    recorder: Recorder, path: Path, settings: ListenSettings = SETTINGS
) -> tuple[list[Level], Recording]:
    with Take(path, settings, recorder.name, can_be_lost=recorder.can_be_lost) as take:
        levels = list(take.listen(recorder.blocks(), threading.Event()))
    return levels, take.recording()


def losing(sound: Samples) -> HeardBlocks:
    """A microphone that stops after the sound, as `LOST` says."""
    return HeardBlocks(sound, error=MicrophoneLost(*LOST.split("; ")))


def zeros(seconds: float) -> Samples:
    return np.zeros(round(seconds * 16_000), np.float32)


def test_records_an_answer_until_the_silence(tmp_path: Path, spoken: Samples) -> None:
    path = tmp_path / "answer.wav"
    sound = np.concatenate([room(1), spoken, room(1), spoken, room(9)])
    before = datetime.now(UTC)
    levels, recording = heard(HeardBlocks(sound), path)
    assert recording.ending is Ending.SILENCE
    assert recording.warnings == ()
    assert before <= recording.started_at <= datetime.now(UTC)
    assert recording.duration_s == pytest.approx(recording.speech[-1].end_s + PATIENCE_S, abs=0.1)
    written = read_audio(path)
    assert len(written) == recording.duration_s * 16_000
    np.testing.assert_array_equal(written, from_pcm16(to_pcm16(sound[: len(written)])))
    assert recording.speech == detect_speech(written)
    assert levels[-1].at_s == pytest.approx(recording.duration_s, abs=0.1)


def test_the_level_moves_with_the_voice(tmp_path: Path, spoken: Samples) -> None:
    sound = np.concatenate([room(1), spoken, room(1)])
    levels, _ = heard(HeardBlocks(sound), tmp_path / "answer.wav")
    steps = np.diff([level.at_s for level in levels])
    assert steps.min() > 0.099
    assert steps.max() < 0.121
    quiet = [level for level in levels if level.at_s < 0.9]
    loud = max(levels, key=lambda level: level.level_db)
    assert {level.speaking for level in quiet} == {False}
    assert all(level.level_db == pytest.approx(-60, abs=2) for level in quiet)
    assert loud.speaking
    assert -35 < loud.level_db < 0


def test_ends_on_the_key(tmp_path: Path, spoken: Samples) -> None:
    until = threading.Event()
    recorder = HeardBlocks(np.concatenate([spoken, spoken]))
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        listening = take.listen(recorder.blocks(), until)
        next(listening)
        until.set()
        assert list(listening) == []
        assert take.ending is None
        take.end(Ending.KEY)
    recording = take.recording()
    assert recording.ending is Ending.KEY
    assert recording.duration_s == pytest.approx(0.12, abs=0.02)


@pytest.mark.parametrize("silence_s", [2.0, 3.5])
def test_a_soft_stop_loses_nothing(tmp_path: Path, spoken: Samples, silence_s: float) -> None:
    sound = np.concatenate([room(0.5), spoken, room(silence_s), spoken, room(9)])
    levels, recording = heard(HeardBlocks(sound), tmp_path / "answer.wav")
    assert recording.ending is Ending.SILENCE
    written = read_audio(recording.path)
    assert len(written) / 16_000 > 0.5 + 2 * len(spoken) / 16_000 + silence_s
    np.testing.assert_array_equal(written, from_pcm16(to_pcm16(sound[: len(written)])))
    again_s = 0.5 + len(spoken) / 16_000 + silence_s
    stops = [level for level in levels if level.ends_in_s is not None]
    first = [level for level in stops if level.at_s < again_s]
    second = [level for level in stops if level.at_s > again_s + 1]
    assert len(first) + len(second) == len(stops)
    assert first[0].ends_in_s == pytest.approx(PATIENCE_S - 1.5, abs=0.15)
    assert second[0].ends_in_s == pytest.approx(PATIENCE_S - 1.5, abs=0.15)
    assert second[-1].ends_in_s == pytest.approx(0, abs=0.15)
    assert not any(level.speaking for level in stops)


def test_goes_on_after_a_pause_as_one_answer(tmp_path: Path, spoken: Samples) -> None:
    sound = np.concatenate([room(0.51), spoken, room(3), spoken, room(9)])
    recorder = HeardBlocks(sound)
    until = threading.Event()
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        for level in take.listen(recorder.blocks(), until):
            if level.at_s > 0.5 + len(spoken) / 16_000 + 2.9:
                until.set()
        assert level.ends_in_s is not None
        until.clear()
        pausing = take.hold(recorder.idle(), until)
        held = [next(pausing) for _ in range(30)]
        levels = list(take.listen(recorder.blocks(), until))
    assert {(each.at_s, each.level_db) for each in held} == {(level.at_s, -96.0)}
    assert all(each.paused and not each.speaking for each in held)
    assert not any(each.paused for each in levels)
    assert levels[0].ends_in_s is None
    recording = take.recording()
    assert recording.ending is Ending.SILENCE
    assert recording.warnings == ()
    written = read_audio(recording.path)
    np.testing.assert_array_equal(written, from_pcm16(to_pcm16(sound[: len(written)])))
    assert recording.speech == detect_speech(written)


def test_a_pause_brings_back_all_of_the_patience(tmp_path: Path, spoken: Samples) -> None:
    recorder = HeardBlocks(np.concatenate([spoken, room(20)]))
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        for level in take.listen(recorder.blocks(), threading.Event()):
            if level.ends_in_s is not None and level.ends_in_s < 0.5:
                break
        paused_s = take.duration_s
        list(take.listen(recorder.blocks(), threading.Event()))
    assert take.ending is Ending.SILENCE
    assert take.duration_s - paused_s == pytest.approx(PATIENCE_S, abs=0.1)


def test_a_pause_ends_when_it_is_told_to(tmp_path: Path) -> None:
    until = threading.Event()
    until.set()
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        assert list(take.hold(HeardBlocks(room(9)).blocks(), until)) == []
    assert take.ending is None
    assert take.duration_s == 0


def test_a_microphone_lost_in_a_pause_does_not_end_the_answer(tmp_path: Path) -> None:
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        assert len(list(take.hold(losing(room(0.5)).blocks(), threading.Event()))) == 5
        assert str(take.lost) == LOST
        assert take.ending is None


def in_a_folder(tmp_path: Path) -> Path:
    (tmp_path / "recordings").mkdir()
    return tmp_path / "recordings" / "answer.wav"


def say_something(take: Take, spoken: Samples) -> None:
    list(take.listen(losing(spoken).blocks(), threading.Event()))
    shutil.rmtree(take.path.parent)


def is_whole(take: Take, spoken: Samples) -> bool:
    return np.array_equal(read_audio(take.path), from_pcm16(to_pcm16(spoken)))


@pytest.mark.parametrize("meanwhile", [Take.hold, Take.wait])
def test_is_written_again_while_nothing_is_recorded(
    tmp_path: Path, spoken: Samples, meanwhile: Callable[..., Iterator[Level]]
) -> None:
    with Take(in_a_folder(tmp_path), SETTINGS, "desk") as take:
        say_something(take, spoken)
        assert not take.was_removed()
        levels = meanwhile(take, HeardBlocks(zeros(1)).blocks(), threading.Event())
        assert len(list(islice(levels, 2))) == 2
        assert is_whole(take, spoken)
        assert take.was_removed()
        assert not take.was_removed()


@pytest.mark.parametrize("meanwhile", [Take.hold, Take.wait])
def test_a_file_that_cannot_be_written_again_ends_the_answer(
    tmp_path: Path, spoken: Samples, meanwhile: Callable[..., Iterator[Level]]
) -> None:
    with Take(in_a_folder(tmp_path), SETTINGS, "desk") as take:
        say_something(take, spoken)
        take.path.parent.write_text("no folder")
        list(meanwhile(take, HeardBlocks(zeros(1)).blocks(), threading.Event()))
    assert take.ending is Ending.INTERRUPTED
    assert "answer.wav: cannot be written (" in take.recording().warnings[-1]


def test_is_written_again_at_the_end(tmp_path: Path, spoken: Samples) -> None:
    with Take(in_a_folder(tmp_path), SETTINGS, "desk") as take:
        say_something(take, spoken)
        take.end(Ending.KEY)
    assert take.ending is Ending.KEY
    assert is_whole(take, spoken)


def test_says_where_somebody_spoke_so_far(tmp_path: Path, spoken: Samples) -> None:
    sound = np.concatenate([room(0.4), spoken, room(1), spoken])
    recorder = HeardBlocks(sound, block_samples=512)
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        for index, _ in enumerate(take.listen(recorder.blocks(), threading.Event())):
            if index % 8 == 0:
                written = from_pcm16(to_pcm16(sound[: recorder.delivered]))
                assert take.speech == detect_speech(written)
                assert take.duration_s == len(written) / 16_000
    assert take.speech == take.recording().speech


def test_what_is_said_of_the_ending_counts(tmp_path: Path) -> None:
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        assert take.recording().ending is Ending.INTERRUPTED
        take.end(Ending.SET_ASIDE)
    assert take.recording().ending is Ending.SET_ASIDE


def test_refuses_to_write_over_a_recording(tmp_path: Path) -> None:
    (tmp_path / "answer.wav").write_bytes(b"an answer")
    with (
        pytest.raises(WorkspaceError, match="holds a recording already"),
        Take(tmp_path / "answer.wav", SETTINGS, "desk"),
    ):
        pass


def test_ends_at_the_maximum_length(tmp_path: Path, spoken: Samples) -> None:
    settings = ListenSettings(maximum_s=2)
    _, recording = heard(HeardBlocks(spoken), tmp_path / "answer.wav", settings)
    assert recording.ending is Ending.MAXIMUM_LENGTH
    assert recording.duration_s == pytest.approx(2, abs=0.05)


def test_ends_at_the_end_of_a_file(tmp_path: Path, spoken_file: Path) -> None:
    with FileRecorder(spoken_file) as recorder:
        _, recording = heard(recorder, tmp_path / "answer.wav")
    assert recording.ending is Ending.END_OF_FILE
    assert recording.speech == detect_speech(from_pcm16(to_pcm16(read_audio(spoken_file))))


def test_keeps_what_a_lost_microphone_heard(tmp_path: Path, spoken: Samples) -> None:
    _, recording = heard(losing(spoken), tmp_path / "answer.wav")
    assert recording.warnings == (LOST,)
    assert len(read_audio(tmp_path / "answer.wav")) == len(spoken)
    assert recording.speech


def test_a_microphone_lost_at_once_leaves_an_empty_recording(tmp_path: Path) -> None:
    levels, recording = heard(losing(zeros(0)), tmp_path / "answer.wav")
    assert (levels, recording.duration_s, recording.speech) == ([], 0, ())


def waiting(take: Take, seconds: float) -> list[Level]:
    return list(take.wait(HeardBlocks(zeros(seconds)).blocks(), threading.Event()))


def test_goes_on_once_a_lost_microphone_is_back(tmp_path: Path, spoken: Samples) -> None:
    sound = np.concatenate([spoken, spoken, room(9)])
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        list(take.listen(losing(spoken).blocks(), threading.Event()))
        at_s = take.duration_s
        told, *levels = waiting(take, 3)
        list(take.listen(HeardBlocks(sound[len(spoken) :]).blocks(), threading.Event()))
    assert (told.warning, told.ends_in_s) == (LOST, AWAY_S)
    assert {(level.warning, level.at_s, level.away) for level in levels} == {(None, at_s, True)}
    assert [level.ends_in_s for level in levels][-1] == pytest.approx(AWAY_S - 3, abs=0.1)
    recording = take.recording()
    assert recording.ending is Ending.SILENCE
    assert recording.warnings == (
        f"'desk': stopped for 3 s, {at_s:.0f} s into the recording; "
        "what was said meanwhile is not in it",
    )
    written = read_audio(recording.path)
    np.testing.assert_array_equal(written, from_pcm16(to_pcm16(sound[: len(written)])))
    assert recording.speech == detect_speech(written)


def test_silence_after_a_loss_counts_from_the_next_word_on(tmp_path: Path, spoken: Samples) -> None:
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        list(take.listen(losing(spoken).blocks(), threading.Event()))
        waiting(take, 1)
        sound = np.concatenate([room(8), spoken, room(9)])
        list(take.listen(HeardBlocks(sound).blocks(), threading.Event()))
    assert take.ending is Ending.SILENCE
    assert take.duration_s > 2 * len(spoken) / 16_000 + 8


def test_waits_for_a_lost_microphone_no_longer_than_a_minute(tmp_path: Path) -> None:
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        list(take.listen(losing(room(1)).blocks(), threading.Event()))
        waiting(take, 99)
    assert take.ending is Ending.MICROPHONE_LOST
    assert take.recording().warnings == (LOST,)


def test_a_key_interrupts_the_wait_and_tells_the_loss_once(tmp_path: Path) -> None:
    pressed = threading.Event()
    pressed.set()
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        list(take.listen(losing(room(1)).blocks(), threading.Event()))
        silence = HeardBlocks(zeros(9))
        levels = [*take.wait(silence.blocks(), pressed), *take.wait(silence.blocks(), pressed)]
        assert [level.warning for level in levels] == [LOST]
        assert take.lost is not None
        assert take.ending is None


def test_keeps_what_fits_on_a_full_disk(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "answer.wav")]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    ending, duration_s, warning = done.stdout.strip().split("|")
    assert ending == Ending.INTERRUPTED
    assert float(duration_s) == pytest.approx(2, abs=0.021)
    assert "answer.wav: cannot be written (" in warning
    assert soundfile.info(tmp_path / "answer.wav").frames == float(duration_s) * 16_000


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, None])
def test_an_interruption_leaves_a_valid_file(
    tmp_path: Path, spoken: Samples, interruption: type[BaseException] | None
) -> None:
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        listening = take.listen(HeardBlocks(spoken).blocks(), threading.Event())
        for _ in range(5):
            next(listening)
        if interruption is None:
            del listening
        else:
            with pytest.raises(interruption):
                listening.throw(interruption)  # type: ignore[attr-defined]
    assert take.recording().ending is Ending.INTERRUPTED
    assert len(read_audio(tmp_path / "answer.wav")) == pytest.approx(9600, abs=1600)


def test_warns_of_a_microphone_that_is_muted_while_you_speak(
    tmp_path: Path, spoken: Samples
) -> None:
    sound = np.concatenate([spoken, zeros(2), spoken, room(9)])
    levels, recording = heard(HeardBlocks(sound), tmp_path / "answer.wav")
    (warned,) = [level for level in levels if level.warning]
    assert warned.warning is not None
    assert warned.warning.startswith("'desk': delivers only zeros for 1.5 s; check its cable")
    silent_from_s = (np.flatnonzero(to_pcm16(spoken))[-1] + 1) / 16_000
    assert warned.at_s == pytest.approx(silent_from_s + 1.5, abs=0.03)
    assert recording.ending is Ending.SILENCE
    assert recording.duration_s > 2 * len(spoken) / 16_000 + 2
    assert recording.warnings == ()


def test_a_noise_gate_is_no_fault(tmp_path: Path, spoken: Samples) -> None:
    _, recording = heard(
        HeardBlocks(np.concatenate([zeros(2), spoken, zeros(9)])), tmp_path / "answer.wav"
    )
    assert recording.ending is Ending.SILENCE
    assert recording.warnings == ()


def in_a_room(spoken: Samples) -> Samples:
    """The sentence without the exact zeros that a synthesiser puts into it."""
    return np.asarray(spoken + room(len(spoken) / 16_000)[: len(spoken)])


def test_zeros_in_mid_answer_are_told_and_are_no_silence_that_ends_it(
    tmp_path: Path, spoken: Samples
) -> None:
    settings = ListenSettings(patience_s=1)
    said = in_a_room(spoken)
    sound = np.concatenate([room(0.5), said, zeros(2.5), room(3), said, room(3)])
    levels, recording = heard(HeardBlocks(sound), tmp_path / "answer.wav", settings)
    (told,) = (level for level in levels if level.warning)
    assert told.at_s == pytest.approx(0.5 + len(said) / 16_000 + 1.5, abs=0.03)
    assert recording.ending is Ending.SILENCE
    assert recording.duration_s > 6 + 2 * len(said) / 16_000
    assert len(recording.warnings) == 1
    assert "delivers only zeros for 2.5 s" in recording.warnings[0]


def test_a_microphone_muted_twice_has_no_noise_gate(tmp_path: Path, spoken: Samples) -> None:
    said = in_a_room(spoken)
    sound = np.concatenate([room(0.5), said, zeros(2), said, zeros(9)])
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        list(take.listen(HeardBlocks(sound).blocks(), threading.Event()))
        assert take.ending is None
        assert str(take.lost).startswith("'desk': delivers only zeros; check its cable")
        assert take.duration_s == pytest.approx(2.5 + 2 * len(said) / 16_000 + 3, abs=0.05)


@pytest.mark.parametrize(("before_s", "lost_s"), [(0, 10), (1, 3)])
def test_gives_up_on_zeros(tmp_path: Path, before_s: float, lost_s: float) -> None:
    sound = HeardBlocks(np.concatenate([room(before_s), zeros(60)]))
    with Take(tmp_path / "answer.wav", SETTINGS, "desk") as take:
        levels = list(take.listen(sound.blocks(), threading.Event()))
        assert take.lost is not None
        assert take.duration_s == pytest.approx(before_s + lost_s, abs=0.1)
        levels += waiting(take, 7)
    assert sum(level.warning is not None for level in levels) == 1
    (warning,) = take.recording().warnings
    assert f"zeros for {lost_s + 7:.1f} s" in warning


@pytest.mark.parametrize("before_s", [0, 1])
def test_zeros_of_a_file_are_silence(tmp_path: Path, before_s: float) -> None:
    sound = np.concatenate([room(before_s), zeros(12)])
    levels, recording = heard(HeardBlocks(sound, can_be_lost=False), tmp_path / "answer.wav")
    assert not any(level.warning for level in levels)
    assert recording.warnings == ()
    assert recording.ending is Ending.END_OF_FILE
    assert recording.duration_s == before_s + 12


@pytest.mark.parametrize(
    ("stretches", "warnings_at"),
    [
        ([zeros(1.4), room(0.1), zeros(1.4)], []),
        ([zeros(1.6)], [1.5]),
        ([zeros(9)], [1.5]),
        ([room(1), zeros(2), room(1), zeros(2)], [2.5, 5.5]),
        ([room(1)], []),
    ],
    ids=["too short", "from the start", "once a run", "each run", "a quiet room"],
)
def test_zero_watch(stretches: list[Samples], warnings_at: list[float]) -> None:
    watch = ZeroWatch()
    sound = np.concatenate(stretches)
    found = [
        (start + 320) / 16_000
        for start in range(0, len(sound), 320)
        if watch.hear(sound[start : start + 320])
    ]
    assert found == pytest.approx(warnings_at, abs=0.02)


def test_zero_watch_does_not_count_over_a_break() -> None:
    watch = ZeroWatch()
    watch.hear(zeros(1.4))
    watch.break_off()
    assert not watch.hear(zeros(1.4))
    assert watch.hear(zeros(0.2))
    assert watch.longest_s == pytest.approx(1.6)


def test_zero_watch_counts_to_the_sample() -> None:
    watch = ZeroWatch()
    block = zeros(1)
    block[4_000] = 1e-6
    watch.hear(zeros(0.5))
    assert watch.only_zeros
    watch.hear(block)
    assert not watch.only_zeros
    assert watch.longest_s == pytest.approx(0.75)
    assert watch.run_s == pytest.approx(11_999 / 16_000)


@pytest.mark.parametrize(
    ("samples", "level_db"),
    [
        (np.ones(100, np.float32), 0.0),
        (np.full(100, 0.1, np.float32), -20.0),
        (zeros(0.1), -96.0),
        (zeros(0), -96.0),
        (np.full(100, 1e-9, np.float32), -96.0),
    ],
)
def test_decibels(samples: Samples, level_db: float) -> None:
    assert decibels(samples) == pytest.approx(level_db)


def test_keeps_up_with_a_long_answer(tmp_path: Path, spoken: Samples) -> None:
    sound = np.tile(spoken, 8)
    started_s = time.monotonic()
    heard(HeardBlocks(sound), tmp_path / "answer.wav")
    assert time.monotonic() - started_s < len(sound) / 16_000 / 4
