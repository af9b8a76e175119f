"""The lines around the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.views.panels.scenes import QUESTION, TURN, level, scene, scored

from sayback.model import Question, Status
from sayback.views.panels.lines import clock_line, header, meter, remarks, rule, state
from sayback.views.panels.scene import Phase, Turn

PHASES = tuple(Phase)


def test_the_header_says_where_one_is_and_why() -> None:
    line = header(scene(), 78).plain
    assert line.startswith("sayback   3 of 5 · Deep Learning › Architectures")
    assert line.endswith("due: missed twice")
    assert len(line) == 78
    assert header(scene(turn=Turn(Question("Q", "q"))), 78).plain == "sayback".ljust(78)


@pytest.mark.parametrize("width", [1, 5, 20, 40, 60, 78, 200])
@pytest.mark.parametrize("phase", PHASES)
def test_neither_header_nor_clock_is_wider_than_the_terminal(phase: Phase, width: int) -> None:
    now = scene(
        phase,
        level=level(47, ends_in_s=2.0),
        countdown_s=2.5,
        turn=replace(TURN, reason="r" * 300, place="p" * 300),
    )
    for draw in (header, rule, clock_line):
        assert draw(now, width).cell_len <= width


@pytest.mark.parametrize(
    ("at_s", "words", "colour"),
    [
        (9.0, "1:21 left", "green"),
        (47.2, "43 s left", "green"),
        (71.9, "19 s left", "green"),
        (72.0, "18 s left", "yellow"),
        (89.5, "1 s left", "yellow"),
        (90.0, "0 s left", "yellow"),
        (110.0, "0:20 over", "red"),
    ],
)
def test_the_clock_says_in_words_and_colour_how_near_the_target_is(
    at_s: float, words: str, colour: str
) -> None:
    line = clock_line(scene(level=level(at_s)), 78)
    assert words in line.plain
    at_bar = line.plain.index("━")
    assert colour in {str(span.style) for span in line.spans if span.start <= at_bar < span.end}
    assert ("┿" in line.plain) == (at_s > 90)


def test_half_of_the_time_is_half_of_the_bar() -> None:
    line = clock_line(scene(level=level(45.0)), 78).plain
    assert abs(line.count("━") - line.count("─")) <= 1
    assert "0:45 / 1:30" in line


def test_without_a_target_there_is_only_the_time() -> None:
    line = clock_line(scene(turn=Turn(Question("Q", "q")), level=level(47)), 78).plain
    assert line.startswith("● 0:47  ")
    assert "━" not in line
    assert "left" not in line


@pytest.mark.parametrize(
    ("now", "mark"),
    [
        (scene(level=level(1)), "●"),
        (scene(level=level(1, speaking=False)), "○"),
        (scene(Phase.PAUSED, level=level(1, paused=True)), "‖"),
        (scene(Phase.AWAY, level=level(1, away=True)), "‖"),
        (scene(Phase.READING), "○"),
    ],
)
def test_the_mark_before_the_clock(now: object, mark: str) -> None:
    assert clock_line(now, 78).plain.startswith(f"{mark} 0:0")  # type: ignore[arg-type]


def test_the_meter_does_not_stretch_a_quiet_room() -> None:
    assert meter((-96.0, -60.0, -12.0, 0.0)) == "▁▁▁▁▁▁██"
    assert meter(()) == "▁" * 8


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (scene(Phase.READING), "asking …   enter skips the reading"),
        (scene(), "listening   speak when you are ready, take your time"),
        (scene(draft="So"), "listening   enter when you are done"),
        (scene(Phase.PAUSED), "paused   nothing is recorded; space goes on"),
        (
            scene(Phase.AWAY, level=level(42, away=True, ends_in_s=58.2)),
            "microphone away   0:42 is kept; the answer goes on once it is back  waits 59 s",
        ),
        (scene(Phase.SCORING), "scoring …"),
        (scene(Phase.CARD, is_playing=True), "playing   p stops"),
        (scene(Phase.CARD, remark="kept as attempt 3", has_more=True), "kept as attempt 3"),
        (scene(is_asking_again=True), "asking again …"),
        (scene(is_leaving=True), "stopping …   your words are kept"),
    ],
)
def test_the_state_is_in_words(now: object, text: str) -> None:
    assert state(now, 78).plain.startswith(text)  # type: ignore[arg-type]


def test_the_soft_stop_counts_down() -> None:
    soft = scene(settled="So", level=level(9, ends_in_s=1.6, speaking=False), countdown_s=2.5)
    line = state(soft, 78).plain
    assert line.startswith("still there? the answer ends in 2 s")
    assert line.endswith("speak to go on")


def test_a_first_card_says_that_it_is_looked_at_again() -> None:
    first = scene(Phase.CARD, scored=scored(*[Status.COVERED] * 4, final=False))
    assert state(first, 78).plain.startswith("checking your last words …")
    assert state(scene(Phase.CARD, has_more=True), 78).plain.endswith("↓ more")


def test_warnings_are_marked_without_colour_and_not_said_twice() -> None:
    now = scene(warnings=("only zeros", "no voice"), remark="kept as attempt 3")
    assert remarks(now, 78).plain == "! only zeros\n! no voice\nkept as attempt 3"
    card = scored(*[Status.COVERED] * 4)
    card = replace(card, scorecard=replace(card.scorecard, warnings=("only zeros",)))
    assert remarks(replace(now, phase=Phase.CARD, scored=card), 78).plain == "! no voice"


def test_markup_is_text() -> None:
    now = scene(turn=Turn(replace(QUESTION, topic=("[red]x[/red]",))))
    assert "[red]x[/red]" in header(now, 78).plain
