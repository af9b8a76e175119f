"""The scorecard as a person reads it in a pipe and on a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from sayback.model import (
    Coverage,
    Evidence,
    Fillers,
    KeyPoint,
    Pace,
    Pauses,
    PointScore,
    Question,
    Scorecard,
    Status,
    Transcript,
    Word,
)
from sayback.views.card import card, words_per_step

POINTS = (
    PointScore("An encoder", Status.COVERED, 1.0, Evidence("uses an encoder", 3.2, 4.0)),
    PointScore("ROIAlign, FPN", Status.PARTIAL, 0.5, Evidence("ROI align", 31.0, 32.0), ("FPN",)),
    PointScore("No convolution", Status.CONTRADICTED, 0.0, Evidence("a convolution", 40.0, 41.0)),
    PointScore("Compound scaling", Status.MISSED, 0.0, None, ("Compound scaling",)),
)
QUESTION = Question(
    "Explain [bold]U-Net[/bold] :rocket:", "u", ("CV",), (KeyPoint("An encoder"),), 90
)
PACE = Pace(64.0, 1.24, 52.0, 134.4, 165.2, 3.81, Pauses(7, 0.6, 2.1, 6.0),
            Fillers(4, {"um": 3, "you know": 1}), False)  # fmt: skip
WORDS = (Word("It", 0.5, 0.7, 0.9), Word("is", 0.8, 0.9, 0.9), Word("late", 11.0, 11.5, 0.9))
CARD = Scorecard(
    QUESTION, Transcript("It is late", WORDS), Coverage(0.375, POINTS), PACE, "v", ("very quiet",)
)


def shown(scorecard: Scorecard, *, width: int = 100, colour: bool = False, **how: object) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colour, emoji=False, highlight=False)
    console.print(card(scorecard, **how))  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize(
    "part",
    [
        "38% covered", "1 of 4 key points, 1 partly", "last time 20%, best 62%",
        "✓ An encoder", "0:03 “uses an encoder”", "not said: FPN", "you said the opposite",
        "✗ Compound scaling", "spoke 0:52 of 1:02", "started after 1.2 s", "134 words/min",
        "165 without", "3.8 syllables/s", "pauses 7, median 0.6 s, longest 2.1 s",
        "fillers at least 4 (um 3, you know 1)", "too short for 1:30", "! very quiet",
        "[bold]U-Net[/bold] :rocket:",
    ],
)  # fmt: skip
def test_what_is_shown(part: str) -> None:
    assert part in " ".join(shown(CARD, earlier=(0.62, 0.2)).split())


def test_a_pipe_gets_clean_text_that_fits() -> None:
    lines = shown(CARD, width=80).splitlines()
    assert "\x1b" not in "".join(lines)
    assert max(map(len, lines)) <= 80


def test_a_terminal_gets_colour() -> None:
    assert "\x1b[" in shown(CARD, colour=True)


def test_without_key_points_the_words_are_shown() -> None:
    text = shown(replace(CARD, coverage=None, question=Question("Q", "q")))
    assert "No key points to compare with: write some under the question" in text
    assert "`sayback draft` proposes some" in text
    assert "“It is late”" in text


def test_words_are_counted_from_the_start_with_the_empty_steps() -> None:
    assert words_per_step(WORDS) == [2, 0, 1]


def test_what_the_person_decided_and_corrected_is_marked() -> None:
    point = PointScore("An encoder", Status.COVERED, 1.0, None, (), Status.MISSED)
    words = (Word("U-Net", 0.5, 0.7, 0.9, "Unit"), Word("", 0.8, 0.9, 0.9, "um"), WORDS[2])
    mine = replace(
        CARD, coverage=Coverage(1.0, (point,)), transcript=Transcript("U-Net late", words)
    )
    text = shown(mine, transcript=True)
    assert "✓ An encoder" in text
    assert text.count("marked by you") == 1
    assert "you said “U-Net” where “Unit” was heard" in text
    assert "you said nothing where “um” was heard" in text
    assert "marked by you" not in shown(CARD, transcript=True)
    assert "was heard" not in shown(CARD, transcript=True)
