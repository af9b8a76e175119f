"""The live transcript: what it does when, and that its end is that of the whole file."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.whole_recording import heard_whole, reads

from sayback.capture.audio_file import read_audio, read_part
from sayback.capture.speech_detector import SpeechTrack, detect_speech
from sayback.capture.wave_file import WaveFile, from_pcm16, to_pcm16
from sayback.errors import CaptureError, TranscriptionError
from sayback.model import SAMPLE_RATE_HZ, SOFT_STOP_S, Interval, Transcript, Word
from sayback.transcript.lanes import start_lanes
from sayback.transcript.live import (
    CAPTION_EVERY_S,
    CAPTION_PAUSE_S,
    OPEN_PAUSE_S,
    Draft,
    LiveTranscript,
)
from sayback.transcript.recording import LONGEST_WINDOW_S
from sayback.transcript.transcriber import Samples, Transcriber
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

PATIENCE_S = 120
"""For threads, on a machine that may be busy."""

PROSE = (
    "A convolutional network learns small filters that slide over the picture while pooling "
    "makes it smaller and the last layers decide what is in it so that a hospital can find a "
    "tumour early or a farmer may count his sheep from a drone without walking through rain and "
    "mud all morning which saves money though someone must label thousands of photographs first "
    "because every model repeats whatever mistakes its teachers made and nobody notices until "
    "customers complain about strange results during winter when snow covers half of the road "
    "signs and even careful drivers rely on their memory of the way home"
)
NOUNS = (
    *("river", "castle", "monday", "yellow", "garden", "window", "doctor", "paper"),
    *("silver", "engine", "winter", "bridge", "candle", "forest", "hammer", "island"),
    *("jacket", "kitchen", "ladder", "mountain", "needle", "orange", "pencil", "rabbit"),
)


class Reads:
    """Reads each sample that is not zero as a word of 20 ms, which starts there.

    A word of full quality also names the length of its window: no two windows sound the same.
    """

    overtaking = 0

    def __init__(self, lanes: int = 1) -> None:
        self.lanes = lanes
        self.asked: list[bool] = []

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        self.asked.append(quick)
        window = "" if quick else f"@{len(samples)}"
        words = tuple(
            Word(f"{samples[at]:.0f}{window}", at / SAMPLE_RATE_HZ, at / SAMPLE_RATE_HZ + 0.02, 1.0)
            for at in np.flatnonzero(samples).tolist()
        )
        return Transcript(" ".join(word.text for word in words), words, "reads", "none")


class SlowInFull(Reads):
    """Ends no transcription of full quality before it may."""

    def __init__(self, lanes: int) -> None:
        super().__init__(lanes)
        self.begun = threading.Semaphore(0)
        self.may = threading.Semaphore(0)

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        if not quick:
            self.begun.release()
            assert self.may.acquire(timeout=PATIENCE_S)
        return super().transcribe(samples, quick=quick)


class Fails(Reads):
    """Fails at transcriptions of one kind."""

    def __init__(self, *, quick: bool, lanes: int = 1) -> None:
        super().__init__(lanes)
        self._quick = quick

    def transcribe(self, samples: Samples, *, quick: bool = False) -> Transcript:
        if quick is self._quick:
            raise TranscriptionError("engine crashed", "try another")
        return super().transcribe(samples, quick=quick)


def intervals(*times_s: tuple[float, float]) -> tuple[Interval, ...]:
    return tuple(Interval(*pair) for pair in times_s)


def numbered(speech: tuple[Interval, ...], duration_s: float) -> Samples:
    """Silence in which every 0.3 s of speech carries a number: 1, 2, and so on."""
    samples = np.zeros(round(duration_s * SAMPLE_RATE_HZ), np.float32)
    moments = [
        at for each in speech for at in np.arange(each.start_s + 0.02, each.end_s - 0.06, 0.3)
    ]
    samples[[int(at_s * SAMPLE_RATE_HZ) for at_s in moments]] = np.arange(1, len(moments) + 1)
    return samples


def numbers(words: tuple[Word, ...]) -> list[int]:
    return [int(word.text.split("@")[0]) for word in words]


def so_far(speech: tuple[Interval, ...], now_s: float) -> tuple[Interval, ...]:
    """What a detector has noticed by now: no stretch before it has lasted for 0.1 s."""
    begun = (Interval(each.start_s, min(each.end_s, now_s)) for each in speech)
    return tuple(each for each in begun if each.duration_s >= 0.1)


class Answer:
    """An answer that goes on step by step, with no thread but that of the test."""

    def __init__(
        self, speech: tuple[Interval, ...], duration_s: float, transcriber: Reads | None = None
    ) -> None:
        self.speech, self.duration_s, self.now_s = speech, duration_s, 0.0
        self.transcriber = transcriber or Reads()
        self.samples = numbered(speech, duration_s)
        self.live = LiveTranscript(self.transcriber, self._read)

    def _read(self, stretch: Interval) -> Samples:
        assert stretch.end_s <= self.now_s + 1e-6, "reads what is not yet recorded"
        return reads(self.samples)(stretch)

    def hear_until(self, at_s: float, *, working: bool = True) -> list[tuple[float, bool]]:
        """Let time pass in steps of 0.1 s; when something was transcribed, and whether quickly."""
        done = []
        while self.now_s < at_s - 1e-9:
            self.now_s = min(self.now_s + 0.1, at_s)
            self.live.hear(so_far(self.speech, self.now_s), self.now_s)
            while working and (job := self.live.next_job()):
                done.append((round(self.now_s, 1), job.quick))
                self.live.work()
        return done

    def end(self) -> None:
        self.now_s = self.duration_s
        self.live.hear(self.speech, self.duration_s, is_over=True)

    def finish(self) -> Transcript:
        self.end()
        while self.live.next_job():
            self.live.work()
        return self.live.final()


@contextmanager
def lanes(live: LiveTranscript, count: int) -> Iterator[list[threading.Thread]]:
    """Threads at work, which have ended when this is left."""
    before = set(threading.enumerate())
    start_lanes(live.work, count)
    threads = [thread for thread in threading.enumerate() if thread not in before]
    try:
        yield threads
    finally:
        live.close()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in threads)


# What is done when


@pytest.mark.parametrize(("count", "pause_s"), [(1, SOFT_STOP_S), (2, OPEN_PAUSE_S)])
def test_a_pause_gets_a_caption_and_a_longer_one_the_full_window(
    count: int, pause_s: float
) -> None:
    answer = Answer(intervals((1, 3)), 10, Reads(count))
    assert answer.hear_until(3) == []
    done = answer.hear_until(7)
    assert [quick for _, quick in done] == [True, False]
    due_s = [3 + CAPTION_PAUSE_S, 3 + pause_s]
    assert [at_s for at_s, _ in done] == pytest.approx(due_s, abs=0.11)


def test_nobody_who_pauses_gets_captions_too() -> None:
    answer = Answer(intervals((1, 40)), 45)
    done = answer.hear_until(24)
    assert [at_s for at_s, _ in done] == pytest.approx([7, 13, 19], abs=0.31)
    assert all(quick for _, quick in done)
    answer.hear_until(40)
    heard = numbers(answer.live.draft().words)
    assert heard == list(range(1, len(heard) + 1))
    assert answer.samples.max() - heard[-1] <= CAPTION_EVERY_S / 0.3 + 1


def test_captions_come_on_where_a_first_window_is_done_late() -> None:
    answer = Answer(intervals((0, 40)), 45, Reads(lanes=2))
    answer.hear_until(33, working=False)  # until a model was there
    answer.hear_until(39)
    heard = numbers(answer.live.draft().words)
    assert heard == list(range(1, len(heard) + 1))
    assert heard[-1] > 33 / 0.3


def test_nothing_is_transcribed_twice_while_nobody_speaks() -> None:
    answer = Answer(intervals((1, 3)), 300)
    answer.hear_until(5)
    assert answer.hear_until(290) == []
    answer.end()
    assert answer.live.is_done
    assert answer.live.next_job() is None


def test_a_closed_window_is_transcribed_at_once_and_only_once() -> None:
    answer = Answer(intervals((0, 10), (10.3, 20), (20.3, 26), (26.3, 50)), 55)
    answer.finish()
    assert answer.transcriber.asked.count(False) == 2
    assert not answer.live.is_behind


def test_a_window_that_is_done_in_a_pause_is_done_when_the_answer_is_over() -> None:
    answer = Answer(intervals((1, 3)), 7)
    answer.hear_until(6.9)
    answer.end()
    assert answer.live.is_done
    assert answer.live.first() == answer.live.final()


def test_the_end_of_the_answer_is_heard_quickly_first() -> None:
    answer = Answer(intervals((0, 3), (4, 8)), 8.05)
    answer.hear_until(8)
    answer.end()
    job = answer.live.next_job()
    assert job is not None
    assert job.quick
    answer.live.work()
    first = answer.live.first()
    assert numbers(first.words or ()) == list(range(1, int(answer.samples.max()) + 1))
    assert first.text == " ".join(word.text for word in first.words or ())
    assert (first.engine, first.model) == ("reads", "none")
    assert not answer.live.is_done


def test_no_speech_is_an_empty_transcript_and_no_work() -> None:
    answer = Answer((), 5)
    answer.hear_until(5)
    assert answer.live.draft() == Draft()
    assert answer.finish() == answer.live.first() == Transcript("", ())
    assert answer.transcriber.asked == []


@pytest.mark.parametrize("count", [1, 2])
def test_an_engine_that_is_too_slow_is_noticed_and_drops_captions(count: int) -> None:
    engine = SlowInFull(count)
    speech = tuple(Interval(at_s, at_s + 24.7) for at_s in range(0, 125, 25))
    answer = Answer(speech, 125, engine)
    with lanes(answer.live, count):
        answer.hear_until(30, working=False)  # one window is closed
        assert engine.begun.acquire(timeout=PATIENCE_S)
        answer.hear_until(55, working=False)  # another one waits
        assert not answer.live.is_behind
        answer.hear_until(80, working=False)  # and one more
        assert answer.live.is_behind
        quick = engine.asked.count(True)
        answer.hear_until(125, working=False)
        answer.end()
        engine.may.release(len(speech))
        assert answer.live.first() == answer.live.final()
    assert answer.live.final() == heard_whole(Reads(), answer.samples, speech)
    assert engine.asked.count(False) == len(speech)
    assert engine.asked.count(True) <= quick + 1  # one was under way


def test_two_lanes_hear_the_end_quickly_and_in_full_at_once() -> None:
    engine = SlowInFull(2)
    answer = Answer(intervals((0, 3), (4, 8)), 8.05, engine)
    with lanes(answer.live, 2):
        answer.end()
        assert engine.begun.acquire(timeout=PATIENCE_S)
        first = answer.live.first()
        assert not answer.live.is_done
        engine.may.release()
        assert numbers(answer.live.final().words or ()) == numbers(first.words or ())
    assert engine.asked == [True, False]


# What goes wrong


@pytest.mark.parametrize("count", [1, 2])
def test_an_engine_that_fails_is_said_where_the_words_are_wanted(count: int) -> None:
    answer = Answer(intervals((0, 3), (4, 8)), 12, Fails(quick=False, lanes=count))
    with lanes(answer.live, count):
        answer.hear_until(9, working=False)
        answer.end()
        with pytest.raises(TranscriptionError, match="engine crashed"):
            answer.live.final()
        with pytest.raises(TranscriptionError, match="engine crashed"):
            answer.live.first()


@pytest.mark.parametrize("count", [1, 2])
def test_an_engine_that_fails_at_captions_alone_has_its_say_all_the_same(count: int) -> None:
    answer = Answer(intervals((0, 3), (4, 8)), 8.1, Fails(quick=True, lanes=count))
    with lanes(answer.live, count):
        answer.hear_until(8, working=False)
        answer.end()
        first = answer.live.first()
    assert first == answer.live.final()
    assert first == heard_whole(Reads(), answer.samples, answer.speech)


def test_a_recording_that_is_gone_is_said_where_the_words_are_wanted(tmp_path: Path) -> None:
    def read(stretch: Interval) -> Samples:
        return read_part(tmp_path / "gone.wav", stretch)

    live = LiveTranscript(Reads(2), read)
    with lanes(live, 2):
        live.hear(intervals((0, 40)), 41)  # which has to be cut in speech, by its sound
        live.hear(intervals((0, 40)), 42, is_over=True)
        with pytest.raises(CaptureError, match=r"gone\.wav"):
            live.first()
        with pytest.raises(CaptureError, match=r"gone\.wav"):
            live.final()


def test_a_recording_that_was_cut_short_is_said_where_the_words_are_wanted() -> None:
    live = LiveTranscript(Reads(), reads(np.zeros(0, np.float32)))
    live.hear(intervals((0, 40)), 41)
    live.hear(intervals((0, 40)), 41, is_over=True)
    with pytest.raises(ValueError, match="empty"):
        live.final()


@pytest.mark.parametrize("count", [1, 2])
def test_closing_ends_threads_that_wait_and_threads_that_work(count: int) -> None:
    waiting = LiveTranscript(Reads(count), reads(np.zeros(0, np.float32)))
    with lanes(waiting, count) as threads:
        assert len(threads) == count
    engine = SlowInFull(count)
    answer = Answer(intervals((0, 3)), 10, engine)
    with lanes(answer.live, count):
        answer.hear_until(10, working=False)
        assert engine.begun.acquire(timeout=PATIENCE_S)
        answer.live.close()
        engine.may.release()
    assert engine.asked.count(False) == 1


# Whatever somebody says

LENGTHS_S = st.one_of(st.floats(0.12, 1.5), st.floats(1, 8), st.floats(24, 33))
PAUSES_S = st.one_of(st.floats(0.24, 0.6), st.floats(0.3, 2), st.floats(4.5, 6))


@st.composite
def speeches(draw: st.DrawFn) -> tuple[Interval, ...]:
    """Stretches and pauses as a detector finds them, with long speech that has to be cut."""
    at_s = draw(st.floats(0, 2))
    found = []
    for length_s, pause_s in draw(st.lists(st.tuples(LENGTHS_S, PAUSES_S), min_size=1, max_size=9)):
        found.append(Interval(at_s, at_s + length_s))
        at_s += length_s + pause_s
    return tuple(found)


@settings(max_examples=60, deadline=None)
@given(speech=speeches(), tail_s=st.floats(0, 4), chance=st.randoms(use_true_random=False))
def test_settled_words_stay_and_none_is_lost_doubled_or_out_of_order(
    speech: tuple[Interval, ...], tail_s: float, chance: Random
) -> None:
    """With an engine that is done with something now and then."""
    answer = Answer(speech, speech[-1].end_s + tail_s)
    settled: tuple[Word, ...] = ()
    while answer.now_s < answer.duration_s:
        step_s = chance.choice([0.1, 0.3, 2.0])
        answer.hear_until(min(answer.now_s + step_s, answer.duration_s), working=False)
        for _ in range(chance.choice([0, 0, 0, 0, 1, 2])):
            if answer.live.next_job():
                answer.live.work()
        draft = answer.live.draft()
        assert draft.settled[: len(settled)] == settled
        settled = draft.settled
        heard, starts_s = numbers(draft.words), [word.start_s for word in draft.words]
        assert starts_s == sorted(starts_s)
        assert len(set(heard)) == len(heard)
    said = list(range(1, int(answer.samples.max()) + 1))
    answer.end()
    with lanes(answer.live, 1):
        assert numbers(answer.live.first().words or ()) == said
        final = answer.live.final()
    assert final == heard_whole(Reads(), answer.samples, speech)
    assert numbers(final.words or ()) == said
    assert (final.words or ())[: len(settled)] == settled
    assert answer.live.draft() == Draft(settled=final.words or ())


# With real sound and a real engine


@pytest.fixture(scope="module")
def say(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Samples]:
    """The synthetic voice, without the silence around it."""
    speaker = Pyttsx3Speaker(cache=tmp_path_factory.mktemp("voice"))

    def spoken(text: str) -> Samples:
        samples, rate_hz = soundfile.read(speaker.render(text), dtype="float32")
        sound = np.asarray(soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ), np.float32)
        loud = np.flatnonzero(np.abs(sound) > 0.005)
        return sound[loud[0] : loud[-1] + 1]

    return spoken


def room(duration_s: float) -> Samples:
    """What is heard in a quiet room while nobody speaks."""
    noise = np.random.default_rng(1).normal(0, 5e-4, round(duration_s * SAMPLE_RATE_HZ))
    return noise.astype(np.float32)


def with_pauses(
    say: Callable[[str], Samples], words: list[str], pauses_s: tuple[float, ...]
) -> Samples:
    """As many words before each of the pauses; where words repeat, engines resort to chance."""
    count = -(-len(words) // len(pauses_s))
    texts = (" ".join(words[at : at + count]) for at in range(0, len(words), count))
    spoken = zip(map(say, texts), map(room, pauses_s), strict=True)
    return np.concatenate([sound for pair in spoken for sound in pair])


def lived(
    samples: Samples, transcriber: Transcriber, path: Path, *, threads: bool = False
) -> tuple[Transcript, Transcript]:
    """The first and the final transcript of an answer, spoken into a file 0.1 s after 0.1 s.

    It ends with its last sample. Without `threads` nobody speaks while something is transcribed.
    """
    live, track = LiveTranscript(transcriber, partial(read_part, path)), SpeechTrack()
    count = transcriber.lanes + transcriber.overtaking
    step = SAMPLE_RATE_HZ // 10
    with WaveFile(path) as file, lanes(live, count if threads else 0):
        for start in range(0, len(samples), step):
            pcm = to_pcm16(samples[start : start + step])
            file.append(pcm)
            list(track.hear(from_pcm16(pcm)))
            live.hear(track.speech, track.duration_s)
            while not threads and live.next_job():
                live.work()
        live.hear(track.finish(), track.duration_s, is_over=True)
        with lanes(live, 0 if threads else 1):
            return live.first(), live.final()


def of_the_file(path: Path, transcriber: Transcriber) -> Transcript:
    samples = read_audio(path)
    return heard_whole(transcriber, samples, detect_speech(samples))


def test_speech_with_pauses_ends_as_the_whole_file(
    say: Callable[[str], Samples], loaded: Callable[[str, str], Transcriber], tmp_path: Path
) -> None:
    samples = with_pauses(say, PROSE.split(), pauses_s=(0.4, 1.2, 0.7, 5.5, 0.3, 0.1))
    engine, path = loaded("faster-whisper", "tiny.en"), tmp_path / "answer.wav"
    first, final = lived(samples, engine, path)
    assert final == of_the_file(path, engine)
    assert abs(len(normal(first)) - len(normal(final))) <= 2


def test_speech_without_pauses_ends_as_the_whole_file(
    say: Callable[[str], Samples], loaded: Callable[[str, str], Transcriber], tmp_path: Path
) -> None:
    samples = say(PROSE)
    engine, path = loaded("faster-whisper", "tiny.en"), tmp_path / "answer.wav"
    assert max(each.duration_s for each in detect_speech(samples)) > LONGEST_WINDOW_S
    first, final = lived(samples, engine, path, threads=True)
    assert final == of_the_file(path, engine)
    assert abs(len(normal(first)) - len(normal(final))) <= 4


def test_the_other_engine_ends_as_the_whole_file_too(
    say: Callable[[str], Samples], loaded: Callable[[str, str], Transcriber], tmp_path: Path
) -> None:
    samples = with_pauses(say, PROSE.split()[:30], pauses_s=(1.0, 0.1))
    engine, path = loaded("openai-whisper", "tiny.en"), tmp_path / "answer.wav"
    first, final = lived(samples, engine, path, threads=True)
    assert final == of_the_file(path, engine)
    assert abs(len(normal(first)) - len(normal(final))) <= 2


@pytest.mark.parametrize("sentences", [8, 12])
def test_known_words_are_neither_lost_nor_doubled(
    sentences: int,
    say: Callable[[str], Samples],
    loaded: Callable[[str, str], Transcriber],
    tmp_path: Path,
) -> None:
    """Ends right after a last word, with its window just begun or longer under way."""
    texts = [
        f"Number {at + 1}: the {NOUNS[at]}, the {NOUNS[-1 - at]} and the {NOUNS[at + 9]}."
        for at in range(sentences)
    ]
    parts = [part for at, text in enumerate(texts) for part in (room(0.3 + at % 3), say(text))]
    engine, path = loaded("faster-whisper", "tiny.en"), tmp_path / "answer.wav"
    first, final = lived(np.concatenate([*parts, room(0.1)]), engine, path)
    whole = of_the_file(path, engine)
    assert final == whole
    assert normal(first).count("number") == normal(whole).count("number") == sentences
    # A quick transcription hears some words as others, here in one or two of 15.
    assert abs(len(normal(first)) - len(normal(whole))) <= 2


def normal(transcript: Transcript) -> list[str]:
    return re.findall(r"[a-z0-9']+", transcript.text.lower())
