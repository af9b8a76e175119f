from __future__ import annotations

import pytest

from sayback.model import Word
from sayback.transcript.words import is_invented, tidy_words, window_transcript


def pieces(*texts_and_times: tuple[str, float, float]) -> list[Word]:
    return [Word(text, start_s, end_s, 0.9) for text, start_s, end_s in texts_and_times]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([" And", " so"], ["And", "so"]),
        ([" transformer", "-based", " models"], ["transformer-based", "models"]),
        ([" 3", ".5", " percent."], ["3.5", "percent."]),
        (["First", " word"], ["First", "word"]),
        ([" -", " Yes"], ["Yes"]),
        ([" ♪", " ..."], []),
        ([" $", "100"], ["$100"]),
        ([], []),
    ],
)
def test_pieces_become_words(texts: list[str], words: list[str]) -> None:
    raw = [Word(text, float(i), i + 1.0, 0.9) for i, text in enumerate(texts)]
    assert [word.text for word in tidy_words(raw, lead_s=0, duration_s=10)] == words


def test_a_joined_word_spans_its_pieces_and_takes_the_lowest_probability() -> None:
    raw = [Word(" R", 1.0, 1.2, 0.9), Word("-CNN", 1.2, 1.8, 0.4)]
    assert tidy_words(raw, lead_s=0, duration_s=10) == (Word("R-CNN", 1.0, 1.8, 0.4),)


@pytest.mark.parametrize(
    ("piece", "start_s", "end_s"),
    [
        pytest.param((" a", 0.5, 1.0), 0.3, 0.8, id="the silence in front is taken off"),
        pytest.param((" a", 0.1, 0.5), 0.0, 0.3, id="never before the start"),
        pytest.param((" a", 9.9, 10.6), 9.7, 10.0, id="never beyond the end"),
        pytest.param((" a", 11.0, 12.0), 10.0, 10.0, id="wholly beyond the end"),
        pytest.param((" a", 1.2, 5.2), 3.0, 5.0, id="a pause before the word is cut off"),
        pytest.param((" a.", 1.2, 5.2), 1.0, 3.0, id="a pause after the sentence is cut off"),
        pytest.param((" a", 2.2, 1.2), 2.0, 2.0, id="an end before its start"),
    ],
)
def test_times_fit_the_window(
    piece: tuple[str, float, float], start_s: float, end_s: float
) -> None:
    (word,) = tidy_words(pieces(piece), lead_s=0.2, duration_s=10)
    assert (word.start_s, word.end_s) == pytest.approx((start_s, end_s))


def test_words_do_not_overlap() -> None:
    raw = pieces((" a", 0.0, 2.0), (" b", 1.0, 3.0), (" c", 0.5, 0.6))
    times = [(word.start_s, word.end_s) for word in tidy_words(raw, lead_s=0, duration_s=10)]
    assert times == [(0.0, 2.0), (2.0, 3.0), (3.0, 3.0)]


@pytest.mark.parametrize(
    ("no_speech", "log_probability", "invented"),
    [(0.9, -1.2, True), (0.9, -0.3, False), (0.2, -1.2, False), (0.0, 0.0, False)],
)
def test_only_unlikely_text_where_nobody_spoke_is_invented(
    no_speech: float, log_probability: float, invented: bool
) -> None:
    verdict = is_invented(no_speech_probability=no_speech, average_log_probability=log_probability)
    assert verdict is invented


def test_the_text_is_its_words() -> None:
    words = tidy_words(pieces((" One", 0, 1), (" two.", 1, 2)), lead_s=0, duration_s=2)
    transcript = window_transcript(words, engine="e", model="m")
    assert (transcript.text, transcript.words) == ("One two.", words)
