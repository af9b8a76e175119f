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
from sayback.live import Behind, Captions, Covering, Impression, LiveAnswer
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
        ((transcript, is_final),) = live.transcripts(recording(path, *speech, duration_s=41))
    assert is_final
    assert transcript.text == f"{ANSWER} {ANSWER}"


def test_a_question_without_key_points_gets_captions_alone(path: Path) -> None:
    question = Question("Tell me about yourself.", "self")
    with LiveAnswer(question, path, loaded(Typist(lanes=2))) as live:
        seen = heard_until(live, lambda all: Captions in kinds(all), Interval(1, 3))
        first, *_ = live.transcripts(recording(path, Interval(1, 3), duration_s=4))
        seen.extend(live.hear((Interval(1, 3),), 4))
    assert kinds(seen) == {Captions}
    assert first[0].text == ANSWER


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
        *_, (transcript, is_final) = live.transcripts(
            recording(path, Interval(0.5, 3), duration_s=4)
        )
        loader.join()
    assert is_final
    assert transcript.text == ANSWER


def test_a_model_that_fails_to_load_is_said_when_the_words_are_wanted(path: Path) -> None:
    loading: Future[Transcriber] = Future()
    with LiveAnswer(QUESTION, path, loading) as live:
        loading.set_exception(TranscriptionError("no model", "install one"))
        assert list(live.hear((Interval(0.5, 3),), 4)) == []
        with pytest.raises(TranscriptionError, match="no model"):
            list(live.transcripts(recording(path, Interval(0.5, 3), duration_s=4)))


def test_an_engine_that_fails_is_said_when_the_words_are_wanted(path: Path) -> None:
    failing = failing_typist()
    with LiveAnswer(QUESTION, path, loaded(failing)) as live:
        for at_s in range(4, 9):
            assert list(live.hear((Interval(0.5, 3),), at_s)) == []
        with pytest.raises(TranscriptionError, match="engine crashed"):
            list(live.transcripts(recording(path, Interval(0.5, 3), duration_s=9)))


def test_a_quick_transcript_comes_before_the_one_that_stays(path: Path) -> None:
    typist = Typist(lanes=2)
    typist.may.clear()
    with LiveAnswer(QUESTION, path, loaded(typist)) as live:
        transcripts = live.transcripts(recording(path, Interval(0.5, 3), duration_s=3.1))
        transcript, is_final = next(transcripts)
        assert (transcript.text, is_final) == (ANSWER, False)
        typist.may.set()
        ((transcript, is_final),) = transcripts
        assert (transcript.text, is_final) == (ANSWER, True)


def test_a_machine_that_is_too_slow_is_said_to_be_so_once(path: Path) -> None:
    typist = Typist(lanes=2)
    typist.may.clear()
    speech = tuple(Interval(at_s, at_s + 24.7) for at_s in range(0, 150, 25))
    with LiveAnswer(QUESTION, path, loaded(typist)) as live:
        seen = heard_until(live, lambda all: Behind in kinds(all), *speech)
        for _ in range(20):
            seen.extend(live.hear(speech, 160))
        typist.may.set()
        ((transcript, is_final),) = live.transcripts(recording(path, *speech, duration_s=160))
        seen.extend(live.hear(speech, 160))
    assert seen.count(Behind()) == 1
    assert is_final
    assert transcript.text == " ".join([ANSWER] * len(speech))


def test_nothing_is_covered_any_more_once_it_is_closed(path: Path) -> None:
    with LiveAnswer(QUESTION, path, loaded(Typist(lanes=2))) as live:
        heard_until(live, lambda all: Captions in kinds(all), Interval(1, 3))
        assert "coverage" in [thread.name for thread in threading.enumerate()]
    assert "coverage" not in [thread.name for thread in threading.enumerate()]


def test_nothing_said_is_an_empty_transcript(path: Path) -> None:
    with LiveAnswer(QUESTION, path, loaded(Typist(lanes=2))) as live:
        assert list(live.hear((), 4)) == []
        assert list(live.transcripts(recording(path, duration_s=4))) == [(Transcript("", ()), True)]
