"""How events change what the screen shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.views.panels.scenes import (
    QUESTION,
    RECORDING,
    attempt,
    coverage,
    level,
    scene,
    scored,
)

from sayback.events import Asking, Event, Heard, Listening, Saved, SetAside, Warned
from sayback.live import Behind, Captions, Covering
from sayback.model import Ending, Status
from sayback.views.panels.scene import BACK, CUT, LEVELS_SHOWN, WARNINGS_SHOWN, Phase, Scene, after

SAID, PARTLY, NOT_SAID = Status.COVERED, Status.PARTIAL, Status.MISSED


def played(*events: Event, start: Scene | None = None) -> Scene:
    now = start or scene(Phase.READING)
    for event in events:
        now = after(now, event)
    return now


def test_the_phases_follow_the_rehearsal() -> None:
    listening = played(Asking(QUESTION), Listening(Path("a.wav")), level(0.1))
    assert listening.phase is Phase.LISTENING
    assert played(level(0.2, paused=True), start=listening).phase is Phase.PAUSED
    assert played(level(0.2, paused=True), level(0.3), start=listening).phase is Phase.LISTENING
    scoring = played(Heard(RECORDING), level(0.4), start=listening)
    assert (scoring.phase, scoring.recording) == (Phase.SCORING, RECORDING)
    card = played(scored(SAID, SAID, SAID, SAID), Saved(attempt()), start=scoring)
    assert (card.phase, card.attempt, card.remark) == (Phase.CARD, attempt(), "kept as attempt 12")


def test_a_microphone_that_is_back_takes_its_warning_along() -> None:
    away = played(level(1.0, ends_in_s=60.0, warning="it stopped", away=True), start=scene())
    assert (away.phase, away.warnings, away.countdown_s) == (Phase.AWAY, ("it stopped",), None)
    back = played(level(1.1), start=away)
    assert (back.phase, back.warnings, back.remark) == (Phase.LISTENING, (), BACK)
    assert played(Heard(RECORDING), start=back).remark == ""


def test_a_microphone_that_sounds_again_takes_its_warning_along() -> None:
    silent = played(
        Warned("little room"), level(2.0, -96.0, speaking=False, warning="only zeros"),
        level(3.0, -96.0, speaking=False), start=scene(),
    )  # fmt: skip
    assert silent.warnings == ("little room", "only zeros")
    assert played(level(3.1), start=silent).warnings == ("little room",)


def test_the_clock_starts_with_the_first_word() -> None:
    thinking = played(level(0.1, speaking=False), level(4.0, speaking=False), start=scene())
    assert thinking.waited_s == 4.0
    said = played(level(4.1), level(6.0, speaking=False), level(7.0), start=thinking)
    assert said.waited_s == 4.0
    assert played(Listening(Path("b.wav")), start=said).waited_s == 0.0


def test_asking_again_is_over_with_the_answer() -> None:
    assert not played(Heard(RECORDING), start=scene(is_asking_again=True)).is_asking_again


def test_an_answer_that_was_cut_says_so() -> None:
    cut = replace(RECORDING, ending=Ending.MAXIMUM_LENGTH)
    assert played(Heard(cut), start=scene()).warnings == (CUT,)


def test_key_points_stay_in_the_order_in_which_they_were_said() -> None:
    first = played(Covering(coverage(NOT_SAID, NOT_SAID, PARTLY, NOT_SAID)))
    assert first.lit == (2,)
    then = played(Covering(coverage(SAID, NOT_SAID, SAID, NOT_SAID)), start=first)
    assert then.lit == (2, 0)
    assert played(Covering(coverage(SAID, SAID, NOT_SAID, NOT_SAID)), start=then).lit == (0, 1)


def test_a_new_take_begins_with_nothing_but_says_where_the_old_one_is() -> None:
    old = played(Captions("so far", "so good"), level(3.0), Warned("no sound"))
    new = played(SetAside(7), Listening(Path("b.wav")), start=old)
    assert (new.settled, new.draft, new.level, new.lit) == ("", "", None, ())
    assert new.warnings == ("no sound",)
    assert new.remark == "the answer before is kept as attempt 7"
    assert played(SetAside(None)).remark == ""


def test_the_countdown_knows_where_it_began() -> None:
    begun = played(level(5.0, ends_in_s=2.5), level(5.1, ends_in_s=2.4))
    assert begun.countdown_s == 2.5
    assert played(level(5.2), start=begun).countdown_s is None
    again = played(level(5.2), level(9.0, ends_in_s=2.0), start=begun)
    assert again.countdown_s == 2.0


def test_the_newest_levels_and_warnings_are_kept() -> None:
    many = played(*(level(n / 10, -n) for n in range(30)))
    assert many.levels_db == tuple(-n for n in range(30))[-LEVELS_SHOWN:]
    warnings = [Warned(f"warning {number}") for number in (1, 2, 3, 2, 4)]
    assert played(*warnings).warnings == ("warning 3", "warning 2", "warning 4")
    assert len(played(*warnings).warnings) == WARNINGS_SHOWN


def test_a_level_warns_and_a_slow_machine_says_so() -> None:
    assert played(level(1.0, warning="only zeros")).warnings == ("only zeros",)
    (warning,) = played(Behind()).warnings
    assert "no captions now" in warning
