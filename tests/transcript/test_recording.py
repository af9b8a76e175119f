from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.history.histories import processor_time_s
from tests.transcript.conftest import SENTENCE
from tests.whole_recording import heard_whole, reads
from whisper.normalizers import EnglishTextNormalizer

from sayback.capture.speech_detector import detect_speech
from sayback.errors import TranscriptionError
from sayback.model import SAMPLE_RATE_HZ, Interval, Transcript, Word
from sayback.transcript.engines import ENGINES
from sayback.transcript.live import certain_s, closed_for_good
from sayback.transcript.recording import (
    LONGEST_WINDOW_S,
    joined,
    plan_windows,
    quietest_moment,
)
from sayback.transcript.transcriber import Samples, Transcriber


class HearsNumbers:
    """Hears each sample that is not zero as a word of 1.3 s, which starts there."""

    overtaking = 0

    def __init__(self, lanes: int = 1) -> None:
        self.lanes = lanes
        self.windows: list[Samples] = []

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        self.windows.append(samples)
        words = tuple(
            Word(f"{samples[at]:.0f}", at / SAMPLE_RATE_HZ, at / SAMPLE_RATE_HZ + 1.3, 1.0)
            for at in np.flatnonzero(samples)
        )
        return Transcript(" ".join(w.text for w in words), words, engine="fake", model="none")


class Hangs(HearsNumbers):
    """An engine that returns when its block ends."""

    def __init__(self) -> None:
        super().__init__()
        self._end = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        self._end.wait(30)
        return super().transcribe(samples, quick=quick)


class HearsLaterWindowsFirst(HearsNumbers):
    """Two lanes that must be in use at once: a window is heard after the one that follows it."""

    def __init__(self, windows: int) -> None:
        super().__init__(lanes=2)
        self._begun = threading.Barrier(2)
        self._heard = [threading.Event() for _ in range(windows)]

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        number = int(samples.max()) // 10  # a window for each ten seconds, see the test
        self._begun.wait(timeout=10)
        if number % 2 == 0:
            assert self._heard[number + 1].wait(timeout=10)
        transcript = super().transcribe(samples)
        self._heard[number].set()
        return transcript


class CannotHear(HearsNumbers):
    """Fails for every window after 0.1 s, saying its last number."""

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        super().transcribe(samples)
        time.sleep(0.1)
        raise TranscriptionError(f"{samples.max():.0f}", "try again")


def counting(duration_s: int) -> Samples:
    """Silence with a number in the middle of each second: 1 in the first, and so on."""
    samples = np.zeros(duration_s * SAMPLE_RATE_HZ, np.float32)
    samples[SAMPLE_RATE_HZ // 2 :: SAMPLE_RATE_HZ] = np.arange(1, duration_s + 1)
    return samples


def intervals(*times_s: tuple[float, float]) -> tuple[Interval, ...]:
    return tuple(Interval(*pair) for pair in times_s)


@pytest.mark.parametrize(
    ("speech", "duration_s", "windows"),
    [
        pytest.param([], 60, [], id="no speech"),
        pytest.param([(1, 2)], 60, [(0.8, 2.2)], id="padded"),
        pytest.param([(0.1, 2)], 2.1, [(0, 2.1)], id="padding stays inside"),
        pytest.param([(-3, 2), (9, 20)], 10, [(0, 2.2), (8.8, 10)], id="speech stays inside"),
        pytest.param([(5, 6), (1, 2), (1.5, 3)], 60, [(0.8, 6.2)], id="unsorted, overlapping"),
        pytest.param([(1, 2), (2.1, 3)], 60, [(0.8, 3.2)], id="pauses stay inside a window"),
        pytest.param([(1, 2), (12, 13)], 60, [(0.8, 2.2), (11.8, 13.2)], id="long silence"),
        pytest.param(
            [(0, 10), (11, 24.5), (26.5, 27), (27.2, 40)],
            60,
            [(0, 24.7), (26.3, 40.2)],
            id="cut at the longest late pause, not at the last",
        ),
        pytest.param(
            [(0, 5), (8, 26), (26.2, 40)],
            60,
            [(0, 26.1), (26.1, 40.2)],
            id="an early pause, though longer, is no place to cut; short pauses are halved",
        ),
        pytest.param([(0, 2), (4, 30)], 60, [(0, 2.2), (3.8, 30.2)], id="only an early pause fits"),
        pytest.param([(0, 40)], 40, [(0, 26), (26, 40)], id="too long: cut in its last 4 s"),
        pytest.param([(3, 3), (5, 4)], 60, [], id="empty stretches"),
        pytest.param([(1, 2)], 0, [], id="empty recording"),
    ],
)
def test_windows(
    speech: list[tuple[float, float]], duration_s: float, windows: list[tuple[float, float]]
) -> None:
    planned = plan_windows(intervals(*speech), duration_s)
    assert [(w.start_s, w.end_s) for w in planned] == [pytest.approx(pair) for pair in windows]


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 70)), max_size=20), st.floats(0, 320))
def test_windows_hold_all_speech_without_overlap(
    starts_and_lengths: list[tuple[float, float]], duration_s: float
) -> None:
    speech = [Interval(start_s, start_s + length_s) for start_s, length_s in starts_and_lengths]
    windows = plan_windows(speech, duration_s)
    times = [time for window in windows for time in (window.start_s, window.end_s)]
    assert times == sorted(times)
    assert all(0 <= time <= duration_s for time in times)
    assert all(window.duration_s <= LONGEST_WINDOW_S + 1e-9 for window in windows)
    for stretch in speech:
        for moment in np.linspace(stretch.start_s, min(stretch.end_s, duration_s), 9):
            if stretch.duration_s > 0 and moment < duration_s:
                assert any(w.start_s <= moment <= w.end_s for w in windows)


@given(st.lists(st.tuples(st.floats(0.2, 8), st.floats(0.1, 70)), max_size=20))
def test_a_plan_that_goes_on_is_the_plan_of_the_whole(
    pauses_and_lengths: list[tuple[float, float]],
) -> None:
    speech: list[Interval] = []
    end_s = 0.0
    closed: tuple[Interval, ...] = ()
    for pause_s, length_s in pauses_and_lengths:
        speech.append(Interval(end_s + pause_s, end_s + pause_s + length_s))
        end_s = speech[-1].end_s
        for duration_s in (certain_s(tuple(speech), end_s), end_s + 1):
            windows = plan_windows(speech, duration_s, done=closed)
            assert windows == plan_windows(speech, duration_s)
        closed = closed_for_good(plan_windows(speech, certain_s(tuple(speech), end_s)))


def test_the_time_to_plan_grows_with_the_windows() -> None:
    def planning_s(count: int) -> float:
        speech = [Interval(4.0 * number, 4.0 * number + 3.5) for number in range(count)]
        return processor_time_s(lambda: plan_windows(speech, 4.0 * count))

    assert planning_s(20_000) < 20 * planning_s(2_000)


def test_no_speech_leaves_the_engine_alone() -> None:
    engine = HearsNumbers()
    assert heard_whole(engine, counting(9), ()) == Transcript(text="", words=())
    assert engine.windows == []


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_words_get_times_of_the_recording_and_none_is_lost_or_doubled(lanes: int) -> None:
    speech = intervals((0, 15), (17, 27), (28, 50), (60, 70))
    transcript = heard_whole(HearsNumbers(lanes), counting(70), speech)
    words = transcript.words or ()
    # The pause from 15 to 17 s is inside the first window; the one at 27 s is a seam.
    said = [*range(1, 28), *range(29, 51), *range(61, 71)]
    assert [int(word.text) for word in words] == said
    assert [word.start_s for word in words] == pytest.approx([number - 0.5 for number in said])
    assert all(word.end_s <= 70 for word in words)
    assert transcript.text == " ".join(map(str, said))
    assert (transcript.engine, transcript.model) == ("fake", "none")


def test_windows_are_heard_at_once_and_come_together_in_order() -> None:
    speech = intervals((0, 2), (10, 12), (20, 22), (30, 32))  # each a window: pauses over 5 s
    engine = HearsLaterWindowsFirst(windows=4)
    transcript = heard_whole(engine, counting(40), speech)
    assert [int(word.text) for word in transcript.words or ()] == [1, 2, 11, 12, 21, 22, 31, 32]
    assert [int(window.max()) for window in engine.windows] == [12, 2, 32, 22]


@pytest.mark.parametrize("lanes", [1, 2])
def test_the_error_of_the_first_window_is_raised_and_the_last_ones_are_not_tried(
    lanes: int,
) -> None:
    speech = intervals(*((start_s, start_s + 2) for start_s in range(0, 100, 10)))
    engine = CannotHear(lanes)
    with pytest.raises(TranscriptionError, match=r"^2"):
        heard_whole(engine, counting(100), speech)
    assert len(engine.windows) < 10


def test_an_engine_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sayback.transcript.jobs.HANG_S", 0.2)
    monkeypatch.setattr("sayback.transcript.jobs.HANG_PER_S", 0.0)
    with Hangs() as engine, pytest.raises(TranscriptionError, match=r"engine hangs: .* 2 s of spe"):
        heard_whole(engine, counting(40), intervals((0, 1.8), (20, 30)))


def test_joined_places_words_in_time_and_keeps_them_inside_their_window() -> None:
    parts = [Transcript(name, (Word(name, 0.5, 2.5, 1.0),), "fake", "none") for name in "ab"]
    transcript = joined(intervals((1, 3), (7, 20)), parts)
    assert transcript == Transcript(
        "a b", (Word("a", 1.5, 3, 1.0), Word("b", 7.5, 9.5, 1.0)), engine="fake", model="none"
    )
    assert joined((), ()) == Transcript("", ())


def test_the_quietest_moment_is_inside_the_stretch() -> None:
    samples = np.ones(40 * SAMPLE_RATE_HZ, np.float32)
    for quiet_s, level in ((10, 0.0), (25, 0.01), (26, 0.1)):
        samples[quiet_s * SAMPLE_RATE_HZ :][: SAMPLE_RATE_HZ // 10] = level
    moment = quietest_moment(reads(samples))
    assert 25 <= moment(Interval(24, 28)) <= 25.1
    assert 26 <= moment(Interval(25.5, 28)) <= 26.1


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    samples = np.ones(40 * SAMPLE_RATE_HZ, np.float32)
    samples[25 * SAMPLE_RATE_HZ : 25 * SAMPLE_RATE_HZ + 1600] = 0.01
    engine = HearsNumbers()
    heard_whole(engine, samples, intervals((0, 40)))
    cut_s = len(engine.windows[0]) / SAMPLE_RATE_HZ
    assert 25 <= cut_s <= 25.1
    assert sum(map(len, engine.windows)) == len(samples)


@pytest.mark.parametrize("level", [0.0, 0.05])
def test_silence_and_noise_give_no_words(
    level: float, loaded: Callable[[str, str], Transcriber]
) -> None:
    noise = np.random.default_rng(1).normal(0, 1, 12 * SAMPLE_RATE_HZ).astype(np.float32) * level
    engine = loaded("auto", "tiny.en")
    assert heard_whole(engine, noise, detect_speech(noise)).words == ()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_minute_of_speech_comes_back_whole(
    engine: str, spoken: Samples, loaded: Callable[[str, str], Transcriber]
) -> None:
    pause = np.zeros(SAMPLE_RATE_HZ, np.float32)
    repeats = 5
    samples = np.concatenate([part for _ in range(repeats) for part in (spoken, pause)])
    transcriber = loaded(engine, "tiny.en")
    transcript = heard_whole(transcriber, samples, detect_speech(samples))
    normalise = EnglishTextNormalizer()
    said = normalise(" ".join([SENTENCE] * repeats))
    assert jiwer.wer(said, normalise(transcript.text)) < 0.35
    words = transcript.words or ()
    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= len(samples) / SAMPLE_RATE_HZ
