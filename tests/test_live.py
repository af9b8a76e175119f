"""What comes of an answer while it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.rehearsed import ANSWER, LIMIT_S, QUESTION, Typist, failing_typist, loaded

from sayback.capture.wave_file import WaveFile, to_pcm16
from sayback.errors import TranscriptionError
from sayback.live import (
    Behind,
    Captions,
    Covering,
    Failing,
    Impression,
    LiveAnswer,
    Transcribing,
    Words,
)
from sayback.model import (
    SAMPLE_RATE_HZ,
    Ending,
    Interval,
    Question,
    Recording,
    Status,
    Transcript,
)
from sayback.transcript.transcriber import Transcriber


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A recording of three minutes, in which somebody is said to speak."""
    with WaveFile(tmp_path / "answer.wav") as file:
        file.append(to_pcm16(np.zeros(180 * SAMPLE_RATE_HZ, np.float32)))
    yield tmp_path / "answer.wav"
    for thread in threading.enumerate():
        if thread.name.startswith(("lane", "coverage")):
            thread.join(LIMIT_S)
            assert not thread.is_alive()


def recording(path: Path, *speech: Interval, duration_s: float) -> Recording:
    started = datetime.now(UTC)
    return Recording(path, SAMPLE_RATE_HZ, started, duration_s, speech, Ending.KEY)


def heard_until(
    live: LiveAnswer, is_enough: Callable[[list[Impression]], bool], *speech: Interval
) -> list[Impression]:
    """What comes while a pause goes on, until that is enough."""
    impressions: list[Impression] = []
    deadline_s = time.monotonic() + LIMIT_S
    while not is_enough(impressions):
        assert time.monotonic() < deadline_s, impressions
        impressions.extend(live.hear(speech, speech[-1].end_s + 1))
        time.sleep(0.01)
    return impressions


def words(live: LiveAnswer, recording: Recording) -> Iterator[Words]:
    """The transcripts of an answer that is over, without what is said while they are made."""
    return (each for each in live.transcripts(recording) if isinstance(each, Words))


def kinds(impressions: list[Impression]) -> set[type[Impression]]:
    return {type(each) for each in impressions}


def test_captions_and_coverage_come_while_the_answer_goes_on(path: Path) -> None:
    with LiveAnswer(QUESTION, path, loaded(Typist(lanes=2))) as live:
        assert list(live.hear((), 0.5)) == []
        seen = heard_until(live, lambda all: Covering in kinds(all), Interval(1, 3))
    (caption,) = (each for each in seen if isinstance(each, Captions))
    assert caption == Captions(settled="", draft=ANSWER)
    coverage = next(each.coverage for each in seen if isinstance(each, Covering))
    assert [point.status for point in coverage.points] == [Status.COVERED]


def test_captions_settle_when_their_window_is_closed(path: Path) -> None:
    with LiveAnswer(QUESTION, path, loaded(Typist(lanes=2))) as live:
        speech = Interval(0, 25), Interval(30.5, 40)

        def is_settled(seen: list[Impression]) -> bool:
            last = [each for each in seen if isinstance(each, Captions)][-1:]
            return last == [Captions(settled=ANSWER, draft=ANSWER)]

        heard_until(live, is_settled, *speech)
        (said,) = words(live, recording(path, *speech, duration_s=41))
    assert said.final
    assert said.transcript.text == f"{ANSWER} {ANSWER}"


def test_a_question_without_key_points_gets_captions_alone(path: Path) -> None:
    question = Question("Tell me about yourself.", "self")
    with LiveAnswer(question, path, loaded(Typist(lanes=2))) as live:
        seen = heard_until(live, lambda all: Captions in kinds(all), Interval(1, 3))
        first, *_ = words(live, recording(path, Interval(1, 3), duration_s=4))
        seen.extend(live.hear((Interval(1, 3),), 4))
    assert kinds(seen) == {Captions}
    assert first.transcript.text == ANSWER


def test_a_model_that_is_still_loading_catches_up(path: Path) -> None:
    loading: Future[Transcriber] = Future()
    with LiveAnswer(QUESTION, path, loading) as live:
        for at_s in (1.0, 2.0, 4.0):
            assert list(live.hear((Interval(0.5, at_s),), at_s)) == []
        loading.set_result(Typist(lanes=2))
        seen = heard_until(live, lambda all: Captions in kinds(all), Interval(0.5, 4))
    assert Captions(settled="", draft=ANSWER) in seen


def test_a_model_that_is_loaded_after_the_answer_is_waited_for(path: Path) -> None:
    loading: Future[Transcriber] = Future()
    with LiveAnswer(QUESTION, path, loading) as live:
        assert list(live.hear((Interval(0.5, 3),), 4)) == []
        loader = threading.Timer(0.1, loading.set_result, [Typist(lanes=2)])
        loader.start()
        waited, *_, last = live.transcripts(recording(path, Interval(0.5, 3), duration_s=4))
        loader.join()
    assert waited == Transcribing(4, is_loading=True)
    assert isinstance(last, Words)
    assert last.final
    assert last.transcript.text == ANSWER


def test_a_model_that_fails_to_load_is_said_at_once_and_at_the_end(path: Path) -> None:
    loading: Future[Transcriber] = Future()
    with LiveAnswer(QUESTION, path, loading) as live:
        assert list(live.hear((Interval(0.5, 3),), 4)) == []
        loading.set_exception(TranscriptionError("no model", "install one"))
        assert list(live.hear((Interval(0.5, 3),), 5)) == [Failing("no model")]
        assert list(live.hear((Interval(0.5, 3),), 6)) == []
        with pytest.raises(TranscriptionError, match="no model"):
            list(live.transcripts(recording(path, Interval(0.5, 3), duration_s=6)))


@pytest.mark.parametrize("lanes", [1, 2])
def test_an_engine_that_fails_is_said_once_and_tried_again_at_the_end(
    path: Path, lanes: int
) -> None:
    failing = failing_typist()
    failing.lanes = lanes
    with LiveAnswer(QUESTION, path, loaded(failing)) as live:
        seen = heard_until(live, lambda all: Failing in kinds(all), Interval(0.5, 3))
        for _ in range(5):
            seen.extend(live.hear((Interval(0.5, 3),), 9))
        assert seen == [Failing("engine crashed")]
        failing.error = None
        (said,) = words(live, recording(path, Interval(0.5, 3), duration_s=9))
    assert said.final
    assert said.transcript.text == ANSWER


def test_an_engine_that_fails_again_is_said_where_the_words_are_wanted(path: Path) -> None:
    with LiveAnswer(QUESTION, path, loaded(failing_typist())) as live:
        heard_until(live, lambda all: Failing in kinds(all), Interval(0.5, 3))
        with pytest.raises(TranscriptionError, match="engine crashed"):
            list(live.transcripts(recording(path, Interval(0.5, 3), duration_s=9)))


def test_an_engine_that_is_at_work_says_how_much_is_left(path: Path) -> None:
    typist = Typist(lanes=2)
    typist.may.clear()
    speech = Interval(0, 25), Interval(30.5, 40)
    with LiveAnswer(QUESTION, path, loaded(typist)) as live:
        each = live.transcripts(recording(path, *speech, duration_s=41))
        waited = next(each)
        assert isinstance(waited, Transcribing)
        assert waited.left_s == pytest.approx(35, abs=1)
        typist.may.set()
        *_, last = each
    assert isinstance(last, Words)


def test_the_first_words_wait_for_no_window_that_they_can_overtake(path: Path) -> None:
    typist = Typist(lanes=1, overtaking=2)
    typist.may.clear()
    with LiveAnswer(QUESTION, path, loaded(typist)) as live:
        deadline_s = time.monotonic() + LIMIT_S
        while not typist.waiting and time.monotonic() < deadline_s:
            list(live.hear((Interval(0.5, 3),), 6))
            time.sleep(0.01)
        assert typist.waiting == 1
        said = recording(path, Interval(0.5, 3), Interval(6.5, 9), duration_s=9.1)
        each = (step for step in live.transcripts(said) if isinstance(step, Words))
        assert not next(each).final
        typist.may.set()
        assert next(each).final


@pytest.mark.parametrize("lanes", [1, 2])
def test_an_engine_that_hangs_is_said_while_one_speaks_and_is_not_waited_for(
    path: Path, lanes: int
) -> None:
    typist = Typist(lanes=lanes)
    typist.may.clear()
    speech = Interval(0.5, 3)
    with LiveAnswer(QUESTION, path, loaded(typist)) as live:
        heard_until(live, lambda all: Captions in kinds(all), speech)
        deadline_s = time.monotonic() + LIMIT_S
        while not typist.waiting and time.monotonic() < deadline_s:
            list(live.hear((speech,), 6))
            time.sleep(0.01)
        said = [*live.hear((speech,), 7), *live.hear((speech,), 100)]
        begun_s = time.monotonic()
        with pytest.raises(TranscriptionError, match="engine hangs: no words of 3 s of speech"):
            list(live.transcripts(recording(path, speech, duration_s=101)))
        assert time.monotonic() - begun_s < 5
        typist.may.set()
    (failing,) = (each for each in said if isinstance(each, Failing))
    assert failing.reason == "the engine hangs: no words of 3 s of speech within 72 s"


@pytest.mark.parametrize("covers", [True, False])
def test_key_points_are_looked_for_only_where_they_are_shown(path: Path, covers: bool) -> None:
    with LiveAnswer(QUESTION, path, loaded(Typist(lanes=2)), covers=covers) as live:
        seen = heard_until(live, lambda all: Captions in kinds(all), Interval(1, 3))
        names = [thread.name for thread in threading.enumerate()]
        (said,) = words(live, recording(path, Interval(1, 3), duration_s=9))
    assert ("coverage" in names) is covers
    assert said.transcript.text == ANSWER
    assert covers or Covering not in kinds(seen)


def test_a_quick_transcript_comes_before_the_one_that_stays(path: Path) -> None:
    typist = Typist(lanes=2)
    typist.may.clear()
    with LiveAnswer(QUESTION, path, loaded(typist)) as live:
        each = words(live, recording(path, Interval(0.5, 3), duration_s=3.1))
        first = next(each)
        assert (first.transcript.text, first.final) == (ANSWER, False)
        typist.may.set()
        (last,) = each
        assert (last.transcript.text, last.final) == (ANSWER, True)


def test_a_machine_that_is_too_slow_is_said_to_be_so_once(path: Path) -> None:
    typist = Typist(lanes=2)
    typist.may.clear()
    speech = tuple(Interval(at_s, at_s + 24.7) for at_s in range(0, 150, 25))
    with LiveAnswer(QUESTION, path, loaded(typist)) as live:
        seen = heard_until(live, lambda all: Behind in kinds(all), *speech)
        for _ in range(20):
            seen.extend(live.hear(speech, 160))
        typist.may.set()
        (said,) = words(live, recording(path, *speech, duration_s=160))
        seen.extend(live.hear(speech, 160))
    assert seen.count(Behind()) == 1
    assert said.final
    assert said.transcript.text == " ".join([ANSWER] * len(speech))


def test_nothing_is_covered_any_more_once_it_is_closed(path: Path) -> None:
    with LiveAnswer(QUESTION, path, loaded(Typist(lanes=2))) as live:
        heard_until(live, lambda all: Captions in kinds(all), Interval(1, 3))
        assert "coverage" in [thread.name for thread in threading.enumerate()]
    assert "coverage" not in [thread.name for thread in threading.enumerate()]


def test_nothing_said_is_an_empty_transcript(path: Path) -> None:
    with LiveAnswer(QUESTION, path, loaded(Typist(lanes=2))) as live:
        assert list(live.hear((), 4)) == []
        (said,) = live.transcripts(recording(path, duration_s=4))
    assert said == Words(Transcript("", ()), final=True)
