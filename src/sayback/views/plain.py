"""A rehearsal as lines, for a terminal or a pipe."""

from __future__ import annotations

import io
import math
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TextIO, cast

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

from sayback.capture.listen import Level
from sayback.events import Asking, Event, Heard, Listening, Saved, Scored, SetAside, Warned
from sayback.live import Behind, Captions, Covering, Failing, Transcribing
from sayback.model import Attempt, Ending, Recording, Scorecard, Status
from sayback.views.card import ACCENT, ALARM, card
from sayback.views.charts import bar, clock
from sayback.views.panels.harmless import harmless_lines
from sayback.views.panels.points import points
from sayback.views.panels.scene import BACK, Phase, Scene, Turn, after, failing, transcribing

PIPE_WIDTH = 100
METER_WIDTH = 20
MARGINS = 2
METER_FLOOR_DB = -60.0

ENDINGS = {
    Ending.KEY: "you pressed Enter",
    Ending.SILENCE: "silence",
    Ending.MAXIMUM_LENGTH: "maximum length",
    Ending.END_OF_FILE: "end of the file",
    Ending.MICROPHONE_LOST: "the microphone stopped",
    Ending.INTERRUPTED: "interrupted",
    Ending.SET_ASIDE: "set aside",
}


class _Trimmed(io.TextIOBase):
    """A stream without the blanks that a layout leaves at the ends of lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(re.sub(r" +$", "", text, flags=re.MULTILINE))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


class _Console(Console):
    """Shows, and does not send, what a terminal would obey in text of other people's making."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else harmless_lines(segment.text)
            yield segment._replace(text=text)


def console(*, stderr: bool = False) -> Console:
    """A console that is coloured on a terminal and clean text in a pipe, COLUMNS or 100 wide."""
    # Closed streams are none at all to Python.
    stream = (sys.stderr if stderr else sys.stdout) or io.StringIO()
    made = _Console(file=stream, highlight=False, emoji=False)
    if made.is_terminal:
        return made
    trimmed = cast(IO[str], _Trimmed(stream))
    width = None if os.environ.get("COLUMNS") else PIPE_WIDTH
    return _Console(file=trimmed, highlight=False, emoji=False, width=width)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is shown: `place` says where in the session a question stands, as in "2 of 5".

    With `exam` no key points before the scorecard; without `cards` that is left to the caller.
    """

    place: str = ""
    exam: bool = False
    cards: bool = True


def show(events: Iterable[Event], out: Console, view: View = View()) -> Iterator[Scorecard]:
    """Print a rehearsal as it happens; yields the final scorecard once it is printed."""
    shown: Scorecard | None = None
    with _Meter(out, is_exam=view.exam) as meter:
        for event in events:
            meter.follow(event)
            match event:
                case Level() | Captions() | Covering():
                    pass
                case Scored(scorecard):
                    if view.cards:
                        _print_card(event, shown, out)
                    shown = scorecard
                    if event.final:
                        yield scorecard
                case _:
                    _print(event, out, view.place)


def _print(event: Event, out: Console, place: str) -> None:
    match event:
        case Asking(question):
            where = " · ".join(filter(None, (place, " › ".join(question.topic))))
            aim = f"   aim for {clock(question.target_s)}" if question.target_s else ""
            out.print(Text(f" {where}", style="dim"))
            out.print(Text.assemble((f" {question.text}", "bold"), (aim, "dim")))
            out.print()
            out.file.flush()  # to be read while the voice is not heard yet
        case Warned(message):
            warn(message, out)
        case Listening():
            out.print(_listening(out))
            out.file.flush()
        case Heard(recording):
            out.print(_heard(recording))
        case Behind():
            remark("this machine is slower than you speak: the score comes after the answer", out)
        case Failing(reason):
            warn(failing(reason), out)
        case Transcribing():
            remark(f"{transcribing(event)} …", out)
            out.file.flush()
        case SetAside(int(number)):
            remark(kept_for_later(number), out)
        case Saved(attempt):
            remark(f"attempt {attempt.id} is kept: `sayback show {attempt.id}` has every word", out)


def _print_card(event: Scored, shown: Scorecard | None, out: Console) -> None:
    """The scorecard, the final one only where it judges otherwise than the one that is shown."""
    if shown is None or _judged(shown) != _judged(event.scorecard):
        if shown is not None:
            remark("listened again to all of it:", out)
        out.print(card(event.scorecard, earlier=event.earlier, question=False))


def _judged(scorecard: Scorecard) -> list[Status]:
    return [point.status for point in scorecard.coverage.points] if scorecard.coverage else []


def _listening(out: Console) -> Text:
    """The bare word in a pipe: scripts wait for it."""
    if not out.is_terminal:
        return Text("Listening")
    return Text.assemble((" ● Listening", ACCENT), ("   speak; Enter when you are done", "dim"))


def _heard(recording: Recording) -> Text:
    length = clock(recording.duration_s)
    return Text(f" Heard {length} ({ENDINGS[recording.ending]}), scoring …", style="dim")


def kept(attempts: Sequence[Attempt]) -> str:
    """What came of a session: the numbers of its attempts, and how much each covered."""
    cards = [attempt.scorecard for attempt in attempts]
    shares = [f"{card.coverage.score:.0%}" if card and card.coverage else "" for card in cards]
    if len(attempts) == 1:
        return f"attempt {attempts[0].id} kept{shares[0] and f': {shares[0]}'}"
    each = (
        f"{one.id}{share and f' ({share})'}" for one, share in zip(attempts, shares, strict=True)
    )
    return f"attempts kept: {', '.join(each)}"


def kept_for_later(attempt_id: int) -> str:
    """What to do about an answer that was left in the middle."""
    return f"kept as attempt {attempt_id}: `sayback rescore {attempt_id}` scores it"


def warn(message: str, out: Console) -> None:
    """Print something that went wrong, at once."""
    out.print(Padding(Text(f"! {message}", style=ALARM), (0, 0, 0, 1)))
    out.file.flush()


def remark(message: str, out: Console) -> None:
    """Print something worth knowing that needs no action now."""
    out.print(Text(f" {message}", style="dim"))


class _Meter:
    """The level of the microphone, the time, the key points said so far and the last words.

    Redrawn in place on a terminal, and gone as soon as anything else happens.
    """

    def __init__(self, out: Console, *, is_exam: bool) -> None:
        self._out = out
        self._is_exam = is_exam
        self._scene: Scene | None = None
        self._live: Live | None = None

    def __enter__(self) -> _Meter:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def follow(self, event: Event) -> None:
        was_away = self._is_away
        if isinstance(event, Asking):
            self._scene = Scene(turn=Turn(event.question), is_exam=self._is_exam)
        if self._scene is not None:
            self._scene = after(self._scene, event)
        match event:
            case Level():
                self._update(event)
                if self._is_away is not was_away:
                    self._tell_of_microphone(event)
            case Captions() | Covering():
                pass
            case _:
                self.clear()

    @property
    def _is_away(self) -> bool:
        return self._scene is not None and self._scene.phase is Phase.AWAY

    def _tell_of_microphone(self, level: Level) -> None:
        away = f"your answer so far is kept ({clock(level.at_s)}); it goes on once the microphone"
        remark(f"{away} is back, Enter ends it here" if level.away else BACK, self._out)
        self._out.file.flush()

    def _update(self, level: Level) -> None:
        if level.warning:
            warn(level.warning, self._out)
        if self._scene is None or not self._out.is_terminal:
            return
        if self._live is None:
            self._live = Live(console=self._out, transient=True, auto_refresh=False)
            self._live.start()
        self._live.update(_meter_rows(self._scene, level, self._out.width), refresh=True)

    def clear(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def _meter_rows(scene: Scene, level: Level, width: int) -> Group:
    said = _last_words(f"{scene.settled} {scene.draft}".strip(), width - MARGINS)
    rows = [points(scene, width - MARGINS), Text(said, style="dim")]
    return Group(_meter_line(level), *(Padding(row, (0, 0, 0, 1)) for row in rows if row))


def _meter_line(level: Level) -> Text:
    share = 1 - max(level.level_db, METER_FLOOR_DB) / METER_FLOOR_DB
    style = ACCENT if level.speaking else "dim"
    return Text.assemble(
        (" ● " if level.speaking else " ○ ", style),
        f"{clock(level.at_s)}  ",
        (bar(share, METER_WIDTH), style),
        (f"  {_state(level)}", "dim"),
    )


def _state(level: Level) -> str:
    if level.away:
        return f"waiting for the microphone, {math.ceil(level.ends_in_s or 0)} s more"
    if level.ends_in_s is not None:
        return f"still there? the answer ends in {math.ceil(level.ends_in_s)} s, speak to go on"
    return "you are heard" if level.speaking else "take your time"


def _last_words(text: str, width: int) -> str:
    """The end of a text, cut at a word, that fits into so many columns."""
    if cell_len(text) <= width:
        return text
    words = text.split()
    kept: list[str] = []
    while words and cell_len(" ".join([words[-1], *kept])) <= width - 2:
        kept.insert(0, words.pop())
    return "… " + " ".join(kept)
