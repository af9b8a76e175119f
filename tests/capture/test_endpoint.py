"""Sequences of (seconds, probability) and when they end."""

from __future__ import annotations

import pytest

from sayback.capture.endpoint import Endpoint
from sayback.model import PATIENCE_S, SOFT_STOP_S, Ending

BLOCK_S = 0.032
TALK, HUSH, UNSURE = 0.9, 0.02, 0.4


def ending_of(
    sequence: list[tuple[float, float]], *, patience_s: float = 2.5, maximum_s: float = 300.0
) -> tuple[Ending | None, float]:
    """The ending, and when it came, of stretches given as (length in seconds, probability)."""
    endpoint = Endpoint(patience_s=patience_s, maximum_s=maximum_s)
    blocks = [p for length_s, p in sequence for _ in range(round(length_s / BLOCK_S))]
    for index, probability in enumerate(blocks, start=1):
        if ending := endpoint.update(index * BLOCK_S, probability):
            return ending, index * BLOCK_S
    return None, len(blocks) * BLOCK_S


@pytest.mark.parametrize(
    ("sequence", "ending", "at_s"),
    [
        pytest.param([(2, TALK), (9, HUSH)], Ending.SILENCE, 4.5, id="ends after the patience"),
        pytest.param([(2, TALK), (2.4, HUSH)], None, 4.4, id="not before it"),
        pytest.param([(20, HUSH)], None, 20, id="waits for the first word"),
        pytest.param([(20, HUSH), (1, TALK), (9, HUSH)], Ending.SILENCE, 23.5, id="however late"),
        pytest.param(
            [(2, TALK), (2.4, HUSH), (1, TALK), (9, HUSH)],
            Ending.SILENCE,
            7.9,
            id="a word begins the patience anew",
        ),
        pytest.param([(0.064, TALK), (20, HUSH)], None, 20.06, id="a click is no answer"),
        pytest.param(
            [(2, TALK), (1, HUSH), (0.064, TALK), (9, HUSH)],
            Ending.SILENCE,
            4.5,
            id="a click does not begin the patience anew",
        ),
        pytest.param(
            [(2, TALK), (2.45, HUSH), (0.5, TALK), (9, HUSH)],
            Ending.SILENCE,
            7.45,
            id="a word that is just beginning is not cut",
        ),
        pytest.param(
            [(2, TALK), (2, UNSURE), (9, HUSH)], Ending.SILENCE, 6.5, id="fading speech is speech"
        ),
        pytest.param([(9, UNSURE)], None, 9, id="faint noise does not begin an answer"),
    ],
)
def test_ends(sequence: list[tuple[float, float]], ending: Ending | None, at_s: float) -> None:
    found, found_s = ending_of(sequence)
    assert found is ending
    assert found_s == pytest.approx(at_s, abs=2 * BLOCK_S)


@pytest.mark.parametrize("probability", [TALK, HUSH])
def test_ends_at_the_maximum_whatever_is_heard(probability: float) -> None:
    ending, ended_s = ending_of([(20, probability)], maximum_s=10)
    assert ending is Ending.MAXIMUM_LENGTH
    assert ended_s == pytest.approx(10, abs=BLOCK_S)


def test_patience_is_as_long_as_asked() -> None:
    ending, ended_s = ending_of([(1, TALK), (9, HUSH)], patience_s=4)
    assert ending is Ending.SILENCE
    assert ended_s == pytest.approx(5, abs=BLOCK_S)


def test_no_patience_still_waits_for_the_first_word() -> None:
    ending, ended_s = ending_of([(3, HUSH), (1, TALK), (1, HUSH)], patience_s=0)
    assert ending is Ending.SILENCE
    assert ended_s == pytest.approx(4, abs=2 * BLOCK_S)


class Followed:
    """An Endpoint, and what it said block by block."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self.endpoint = Endpoint(patience_s=patience_s)
        self.blocks = 0

    def hear(self, *stretches: tuple[float, float]) -> list[float | None]:
        """What `ends_in_s` is after each block of the stretches."""
        countdown = []
        for length_s, probability in stretches:
            for _ in range(round(length_s / BLOCK_S)):
                self.blocks += 1
                self.ending = self.endpoint.update(self.blocks * BLOCK_S, probability)
                countdown.append(self.endpoint.ends_in_s)
        return countdown


@pytest.mark.parametrize(
    ("patience_s", "soft_stop_s"), [(PATIENCE_S, 1.5), (2.5, 1.5), (2.0, 1.2), (0.5, 0.3), (9, 1.5)]
)
def test_stops_softly_before_the_end(patience_s: float, soft_stop_s: float) -> None:
    countdown = Followed(patience_s=patience_s).hear((2, TALK), (patience_s, HUSH))
    first = next(index for index, ends_in_s in enumerate(countdown) if ends_in_s is not None)
    assert (first + 1) * BLOCK_S == pytest.approx(2 + soft_stop_s, abs=2 * BLOCK_S)
    counted = [ends_in_s for ends_in_s in countdown[first:] if ends_in_s is not None]
    assert len(counted) == len(countdown) - first
    assert counted[0] == pytest.approx(patience_s - soft_stop_s, abs=2 * BLOCK_S)
    assert counted == sorted(counted, reverse=True)
    assert counted[-1] == pytest.approx(0, abs=2 * BLOCK_S)


@pytest.mark.parametrize(
    "sequence",
    [
        pytest.param([(20, HUSH)], id="nothing said yet"),
        pytest.param([(20, TALK)], id="speech"),
        pytest.param([(2, TALK), (1.4, HUSH)] * 5, id="short pauses"),
        pytest.param([(0.064, TALK), (20, HUSH)], id="after a click"),
    ],
)
def test_counts_nothing_down_without_a_long_pause(sequence: list[tuple[float, float]]) -> None:
    assert set(Followed().hear(*sequence)) == {None}


def test_speech_calls_the_soft_stop_off() -> None:
    answer = Followed()
    assert answer.hear((2, TALK), (PATIENCE_S - 0.1, HUSH))[-1] == pytest.approx(0.1, abs=BLOCK_S)
    assert set(answer.hear((1, TALK), (SOFT_STOP_S - 0.1, HUSH))) == {None}
    assert answer.hear((0.2, HUSH))[-1] == pytest.approx(PATIENCE_S - 1.6, abs=3 * BLOCK_S)


def test_is_patient_again_after_a_break() -> None:
    answer = Followed()
    answer.hear((2, TALK), (PATIENCE_S - 0.1, HUSH))
    answer.endpoint.be_patient_again()
    assert set(answer.hear((SOFT_STOP_S - 0.1, HUSH))) == {None}
    answer.hear((PATIENCE_S - SOFT_STOP_S, HUSH))
    assert answer.ending is None
    answer.hear((0.2, HUSH))
    assert answer.ending is Ending.SILENCE


def test_may_wait_for_a_word_again() -> None:
    answer = Followed()
    answer.hear((2, TALK), (PATIENCE_S - 0.1, HUSH))
    answer.endpoint.wait_for_a_word()
    assert answer.endpoint.spoken
    assert set(answer.hear((20, HUSH))) == {None}
    answer.hear((1, TALK), (PATIENCE_S + 0.2, HUSH))
    assert answer.ending is Ending.SILENCE


def test_a_word_in_which_the_sound_broke_off_is_over() -> None:
    answer = Followed()
    answer.hear((2, TALK))
    answer.endpoint.wait_for_a_word()
    assert set(answer.hear((0.1, UNSURE), (20, HUSH))) == {None}


def test_a_break_before_the_first_word_begins_no_answer() -> None:
    answer = Followed()
    answer.hear((1, HUSH))
    answer.endpoint.be_patient_again()
    assert not answer.endpoint.spoken
    assert set(answer.hear((20, HUSH))) == {None}


def test_says_whether_a_word_was_heard() -> None:
    endpoint = Endpoint()
    assert not endpoint.spoken
    for index in range(1, 6):
        endpoint.update(index * BLOCK_S, TALK)
    assert endpoint.spoken
    assert endpoint.speaking
