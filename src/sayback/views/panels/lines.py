"""The lines around the answer: header, clock, state, remarks. Each is drawn to a width."""

from __future__ import annotations

from math import ceil

from rich.text import Text

from sayback.capture.listen import Level
from sayback.views.card import ACCENT, ALARM
from sayback.views.charts import clock, sparkline
from sayback.views.panels.scene import LEVELS_SHOWN, Phase, Scene, transcribing

WIDEST_BAR = 44
NARROWEST_BAR = 6
COUNTDOWN_WIDTH = 12
NEAR = 0.8
"""From this share of the target on the clock is yellow."""
QUIET_DB = -60.0
LOUD_DB = -12.0
"""A voice close to a microphone; the meter is full there."""


def header(scene: Scene, width: int) -> Text:
    """Where the session stands, the topic, and at the right why this question was chosen."""
    turn = scene.turn
    where = " · ".join(filter(None, (turn.place, " › ".join(turn.question.topic))))
    left = Text.assemble(("sayback", f"bold {ACCENT}"), f"   {where}" if where else "")
    right = Text(turn.reason, "dim")
    right.truncate(width * 2 // 3, overflow="ellipsis")
    left.truncate(width - right.cell_len - (2 if right else 0), overflow="ellipsis")
    return _apart(left, right, width)


def rule(_: Scene, width: int) -> Text:
    return Text("─" * width, "dim")


def clock_line(scene: Scene, width: int) -> Text:
    """The time since the first word against the target, in bar and words, and the voice's level."""
    if scene.phase is Phase.CARD:
        return Text()
    at_s = scene.level.at_s - scene.waited_s if scene.level else 0.0
    target_s = scene.turn.question.target_s
    left = Text.assemble(_dot(scene), " ", (clock(at_s), "bold"))
    level = Text.assemble(("level ", "dim"), (meter(scene.levels_db), ACCENT))
    if target_s:
        left.append(f" / {clock(target_s)}", "dim")
        words = _against(at_s, target_s)
        room = width - left.cell_len - words.cell_len - level.cell_len - 9
        if room >= NARROWEST_BAR:
            left.append("   ").append_text(_target_bar(at_s, target_s, min(room, WIDEST_BAR)))
        left.append("   ").append_text(words)
    return _apart(left, level, width)


def meter(levels_db: tuple[float, ...]) -> str:
    """The newest levels as columns of a height that does not depend on the others."""
    shares = [(level_db - QUIET_DB) / (LOUD_DB - QUIET_DB) for level_db in levels_db]
    full = [min(1.0, max(0.0, share)) for share in shares]
    return sparkline([*full, 1.0])[:-1].rjust(LEVELS_SHOWN, "▁")


def state(scene: Scene, width: int) -> Text:
    """What is going on, and what the person can do about it."""
    if scene.is_leaving:
        return _state("stopping …", "your words are kept")
    if scene.is_asking_again:
        is_paused = scene.phase is Phase.PAUSED
        how = "still paused; space goes on" if is_paused else "enter goes on with your answer"
        return _state("asking again …", how)
    match scene.phase:
        case Phase.READING:
            return _state("asking …", "enter skips the reading")
        case Phase.LISTENING:
            return _listening(scene, width)
        case Phase.PAUSED:
            return _state("paused", "nothing is recorded; space goes on")
        case Phase.AWAY:
            return _away(scene, width)
        case Phase.SCORING:
            return _scoring(scene)
        case Phase.CARD:
            return _after(scene, width)


def remarks(scene: Scene, _: int) -> Text:
    """What went wrong without stopping the rehearsal."""
    on_card = scene.scored.scorecard.warnings if scene.scored else ()
    lines = [Text(f"! {each}", ALARM) for each in scene.warnings if each not in on_card]
    if scene.remark and scene.phase is not Phase.CARD:
        lines.append(Text(scene.remark, "dim"))
    return Text("\n").join(lines)


def _dot(scene: Scene) -> Text:
    if scene.phase in (Phase.PAUSED, Phase.AWAY):
        return Text("‖", "bold")
    if scene.phase is Phase.LISTENING and scene.level and scene.level.speaking:
        return Text("●", ALARM)
    return Text("○", "dim")


def _target_bar(at_s: float, target_s: float, width: int) -> Text:
    """Full at the target; beyond it the target is a mark in it."""
    if at_s <= target_s:
        return _bar(at_s / target_s, width, "green" if at_s < NEAR * target_s else "yellow")
    before = min(width - 1, round(target_s / at_s * width))
    after = "━" * (width - before - 1)
    return Text.assemble(("━" * before, "red"), ("┿", "bold"), (after, "red"))


def _bar(share: float, width: int, style: str) -> Text:
    """Thick up to `share` (0 to 1), thin beyond."""
    filled = round(max(0.0, min(1.0, share)) * width)
    return Text.assemble(("━" * filled, style), ("─" * (width - filled), "dim"))


def _against(at_s: float, target_s: float) -> Text:
    left_s = ceil(target_s - at_s)
    if at_s > target_s:
        return Text(f"{clock(at_s - target_s)} over", f"bold {ALARM}")
    words = (f"{left_s} s" if left_s < 60 else clock(left_s)) + " left"
    return Text(words.ljust(len("0:00 left")))  # so that the bar keeps its length


def _scoring(scene: Scene) -> Text:
    if scene.transcribing is None:
        return _state("scoring …", "")
    return _state(f"{transcribing(scene.transcribing)} …", "esc leaves it for later")


def _listening(scene: Scene, width: int) -> Text:
    level = scene.level
    if level and level.ends_in_s is not None and scene.countdown_s:
        return _countdown(level, scene.countdown_s, width)
    if not scene.settled and not scene.draft and not (level and level.speaking):
        return _state("listening", "speak when you are ready, take your time")
    return _state("listening", "enter when you are done")


def _countdown(level: Level, from_s: float, width: int) -> Text:
    ends_in_s = level.ends_in_s or 0.0
    line = Text(f"still there? the answer ends in {max(1, ceil(ends_in_s))} s", "bold")
    line.append("   ").append_text(_bar(ends_in_s / from_s, COUNTDOWN_WIDTH, ACCENT))
    return _apart(line, Text("speak to go on", "dim"), width)


def _away(scene: Scene, width: int) -> Text:
    kept = clock(scene.level.at_s if scene.level else 0.0)
    left_s = ceil((scene.level and scene.level.ends_in_s) or 0.0)
    line = _state("microphone away", f"{kept} is kept; the answer goes on once it is back")
    return _apart(line, Text(f"waits {left_s} s", "dim"), width)


def _after(scene: Scene, width: int) -> Text:
    if scene.is_playing:
        line = _state("playing", "p stops")
    elif scene.scored and not scene.scored.final:
        line = _state("checking your last words …", "")
    else:
        line = Text(scene.remark, "dim")
    more = Text("↓ more", ACCENT) if scene.has_more else Text()
    return _apart(line, more, width)


def _state(what: str, how: str) -> Text:
    return Text.assemble((what, ACCENT), (f"   {how}", "dim") if how else "")


def _apart(left: Text, right: Text, width: int) -> Text:
    """Both on one line at its two ends; the right one is left out where there is no room."""
    gap = width - left.cell_len - right.cell_len
    if gap < 1:
        left.truncate(width, overflow="ellipsis")
        return left
    return Text.assemble(left, " " * gap, right)
