"""Sequences of (seconds, probability) and when they end."""

from __future__ import annotations

import pytest

from sayback.capture.endpoint import Endpoint
from sayback.model import Ending

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


def test_says_whether_a_word_was_heard() -> None:
    endpoint = Endpoint()
    assert not endpoint.spoken
    for index in range(1, 6):
        endpoint.update(index * BLOCK_S, TALK)
    assert endpoint.spoken
    assert endpoint.speaking
