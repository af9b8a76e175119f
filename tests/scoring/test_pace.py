from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sayback.model import Ending, Fillers, Interval, Pace, Pauses, Recording, Transcript
from sayback.scoring.pace import measure, syllables, words


def pace(*speech: tuple[float, float], text: str = "", target_s: float | None = None) -> Pace:
    intervals = tuple(Interval(*each) for each in speech)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    recording = Recording(Path("a.wav"), 16_000, began, 60.0, intervals, Ending.SILENCE)
    return measure(recording, Transcript(text), target_s)


def test_every_measure_of_one_answer() -> None:
    # Speech 1-5, a gap of 0.1 s that is no pause, 5.1-7, a pause of 2 s, 9-11.
    measured = pace((1, 5), (5.1, 7), (9, 11), text="the encoder um it works " * 4, target_s=15)
    assert measured == Pace(
        total_s=11,
        response_latency_s=1,
        speaking_s=8,
        speech_rate_wpm=120,
        articulation_rate_wpm=150,
        articulation_rate_syllables_s=3.5,
        pauses=Pauses(1, 2, 2, 2),
        fillers=Fillers(4, {"um": 4}),
        on_target=True,
    )


def test_pauses_begin_at_250_ms() -> None:
    assert pace((0, 1), (1.25, 2), (2.249, 3)).pauses == Pauses(1, 0.25, 0.25, 0.25)


def test_the_median_pause_is_not_moved_by_a_long_one() -> None:
    pauses = pace((0, 1), (1.5, 2), (2.5, 3), (9, 10)).pauses
    assert pauses == Pauses(3, 0.5, 6, 7)


def test_overlapping_and_unordered_speech_is_joined() -> None:
    assert pace((4, 6), (0, 2), (1, 3)).speaking_s == 5


def test_without_speech_all_is_zero_and_no_target_is_met() -> None:
    measured = pace(text="a b c", target_s=10)
    assert (measured.total_s, measured.speech_rate_wpm, measured.on_target) == (0, 0, None)


@pytest.mark.parametrize(
    ("span_s", "on_target"), [(29.9, False), (30, True), (60, True), (66, True), (66.1, False)]
)
def test_on_target(span_s: float, on_target: bool) -> None:
    assert pace((0, span_s), target_s=60).on_target is on_target
    assert pace((0, span_s)).on_target is None


@pytest.mark.parametrize(
    ("text", "by_word"),
    [
        ("Um, uh, er, hmm, ummm.", {"um": 2, "uh": 1, "er": 1, "hmm": 1}),
        ("It is, like, fast. I like it like that.", {"like": 1}),
        ("You know, it works, you know. You know what I mean.", {"you know": 2}),
        ("I mean, it works. What I mean is that.", {"i mean": 1}),
        ("It is, sort of, a tree, a kind of tree.", {"sort of": 1}),
        ("The ER diagram, her error, uh-huh, the drum hummed.", {}),
        ("", {}),
    ],
)
def test_fillers(text: str, by_word: dict[str, int]) -> None:
    assert pace((0, 1), text=text).fillers == Fillers(sum(by_word.values()), by_word)


def test_words() -> None:
    assert words("It’s U-Net, 1.5 times: yes … 😀") == ["It’s", "U-Net", "1.5", "times", "yes"]


SYLLABLES = {
    1: "the a cat trained used makes don't it's we've I'm tier near queue whole noise size rates "
       "nodes called scaled smoothed learned does goes eye tree strength BERT 5 12 lies I",
    2: "answer question because training wanted image classes changes boxes table simple bias "
       "recall patient science language equal trying being going create didn't couldn't could've "
       "software layers handled dropout U-Net YOLO PyTorch F1 updates edges values "
       "batches features uses doing useful degree rhythm statement 0 13 20",
    3: "images variance median precision linear gradient efficient video medium actual "
       "various easier noisier created completely element measurement database dataset encoder "
       "upsampling momentum idea area API APIs GPU SQL CNN Node.js 100 1.5 1,000 reduces "
       "boundaries ensemble theory",
    4: "variables accuracy algorithm mechanism bilinear experience continuous classifier "
       "overfitting segmentation architecture LSTM R-CNN RabbitMQ EfficientNet basically 75 101",
    5: "microservices convolutional interpolation normalization ROIAlign probability 2019",
    6: "hyperparameter regularization 255",
    9: "WWW",
}  # fmt: skip


@pytest.mark.parametrize(
    ("word", "count"), [(word, n) for n, group in SYLLABLES.items() for word in group.split()]
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


@pytest.mark.parametrize("word", ["", "…", "²", "١٢", "x" * 10_000, "A" * 10_000, "9" * 10_000])
def test_syllables_of_no_word_are_still_counted(word: str) -> None:
    assert syllables(word) >= 1
