"""The live screen: a session of rehearsals in a terminal, with keys."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup, VerticalScroll
from textual.events import Key as KeyPress
from textual.events import Resize
from textual.message import Message
from textual.widgets import Static

from sayback.capture.listen import Level
from sayback.errors import SaybackError
from sayback.events import Event, Saved, Scored, SetAside
from sayback.model import Attempt, Question
from sayback.remote import Remote, Wish
from sayback.views.card import card
from sayback.views.panels.harmless import harmless, harmless_lines
from sayback.views.panels.keys import OnCard, keys, keys_line
from sayback.views.panels.lines import clock_line, header, remarks, rule, state
from sayback.views.panels.messages import Failed, Happened, Opened, Over, Sounded
from sayback.views.panels.points import missed, points
from sayback.views.panels.scene import Phase, Scene, Turn, after, warned
from sayback.views.panels.terminal import own_terminal
from sayback.views.panels.widgets import CaptionsView, Panel, asked, captions
from sayback.views.player import Player

ROWS_FOR_A_SUMMARY = 20
"""In a lower terminal the scorecard needs them more."""
GLANCE_S = 0.8
"""So long after a scorecard appears Enter is not taken for "next": it was meant for the answer."""
OBEYED_S = 0.4
"""So long a level may still come from before a key was pressed."""
LEAVING_S = 5.0
"""Time that a rehearsal has to keep its recording when the screen is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenSession:
    """The questions of a session, and what the screen needs to rehearse them.

    `play` sounds a file until its end or until the event is set; `review` opens an attempt in the
    review page and gives its address. With `exam` key points are not shown before the scorecard.
    `remark` is shown with the first question.
    """

    turns: Sequence[Turn]
    rehearse: Callable[[Question, Remote], Iterator[Event]]
    play: Callable[[Path, threading.Event], None]
    review: Callable[[int], str] | None = None
    exam: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The attempts of a session, and the number of one left in the middle or skipped at its end."""

    attempts: tuple[Attempt, ...]
    left: int | None


def run_screen(session: ScreenSession) -> Outcome:
    """Rehearse the turns on the whole terminal until the person has had enough.

    Raises what a rehearsal raises, and KeyboardInterrupt after Ctrl-C, once the terminal is as
    before.
    """
    with own_terminal():
        app = Screen(session)
        handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
        try:
            app.run()
        finally:
            for each, handler in handlers.items():  # asyncio leaves them at ending the process
                signal.signal(each, handler)
            app.let_go()
    if app.failure is not None:
        raise app.failure
    if app.return_code:  # an error of ours, which Textual has printed
        raise SystemExit(app.return_code)
    if app.is_interrupted:
        raise KeyboardInterrupt
    return Outcome(tuple(app.attempts), app.left)


class Screen(App[None]):
    """One rehearsal after another; `failure`, `attempts` and `left` are what came of them."""

    CSS_PATH = "screen.tcss"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = "#asked"
    BINDINGS: ClassVar = [Binding("ctrl+c,ctrl+q", "interrupt", show=False, priority=True)]

    def __init__(self, session: ScreenSession) -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.session = session
        self.attempts: list[Attempt] = []
        self.left: int | None = None
        self.failure: BaseException | None = None
        self.is_interrupted = False
        self._number = 0
        self.scene = self._opening()
        self._remote = Remote()
        self._thread: threading.Thread | None = None
        self._player = Player(lambda error: self._tell(Sounded(error)))
        self._chosen: OnCard | None = None
        self._aside: int | None = None
        self._card_since = self._asked_again_at = 0.0

    def compose(self) -> ComposeResult:
        yield Panel(header, id="header")
        yield Panel(rule, classes="rule")
        with VerticalScroll(id="asked"):
            yield Panel(asked)
        yield Panel(clock_line, id="clock")
        yield Panel(points, id="points")
        with CaptionsView(id="heard", can_focus=False):
            yield Panel(captions)
        with VerticalScroll(id="judged"):
            yield Static(id="card")
        with VerticalGroup(id="bottom"):
            yield Panel(missed, id="missed")
            yield Panel(remarks, id="remarks")
            yield Panel(state, id="state")
            yield Panel(rule, classes="rule")
            yield Panel(keys_line, id="keys")

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(ending, self.action_interrupt)
        judged = self.query_one("#judged", VerticalScroll)
        for name in ("scroll_y", "virtual_size", "size"):
            self.watch(judged, name, self._scrolled, init=False)
        self._begin(harmless_lines(self.session.remark))

    @on(Resize)
    def _fit(self) -> None:
        self.call_after_refresh(self._draw)

    def _scrolled(self) -> None:
        self.call_after_refresh(self._measure)  # sizes change one after another

    def _measure(self) -> None:
        judged = self.query_one("#judged", VerticalScroll)
        is_tall = judged.max_scroll_y > 0 and self.size.height >= ROWS_FOR_A_SUMMARY
        has_more = judged.scroll_y < judged.max_scroll_y
        if (is_tall, has_more) != (self.scene.is_tall, self.scene.has_more):
            self._change(replace(self.scene, is_tall=is_tall, has_more=has_more))

    # What happens

    @on(Happened)
    def _happened(self, message: Happened) -> None:
        event = message.event
        was = self.scene.phase
        self._change(after(self.scene, event))
        match event:
            case Scored():
                self._show_card(is_new=was is not Phase.CARD)
            case Saved(attempt):
                self.attempts.append(attempt)
                if self._chosen is not None or self.scene.is_playing:  # enough: no reading aloud
                    self._remote.press(Wish.DONE)
            case SetAside(attempt_id):
                self._aside = attempt_id
            case Level() if self.scene.is_asking_again:
                waits = time.monotonic() - self._asked_again_at < OBEYED_S
                self._change(replace(self.scene, is_asking_again=waits))

    @on(Over)
    def _over(self, message: Over) -> None:
        self._thread = None
        if message.error is not None:
            self.failure = message.error
            if self.scene.phase is Phase.CARD:  # which stays to be read
                self._change(warned(self.scene, harmless(str(message.error))))
            else:
                self.exit()
        elif self.scene.is_leaving:
            self.left = self._aside
            self.exit()
        elif self.scene.attempt is None:  # skipped
            if self.scene.is_last:
                self.left = self._aside
            self._next()
        elif self._chosen is not None:
            self._obey(self._chosen)

    @on(Sounded)
    def _sounded(self, message: Sounded) -> None:
        self._change(replace(self.scene, is_playing=False))
        if message.error is not None:
            self._failed(Failed(message.error))

    @on(Opened)
    def _opened(self, message: Opened) -> None:
        self._change(replace(self.scene, remark=f"its page: {message.address}"))

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self._change(warned(self.scene, harmless(str(message.error))))

    # What the person wants

    def on_key(self, press: KeyPress) -> None:
        name = press.key.removeprefix("upper_").lower()
        self.action_key({"ctrl+j": "enter"}.get(name, name))

    def action_key(self, name: str) -> None:
        """Do what the key does now, if anything."""
        act = next((key.act for key in keys(self.scene) if key.name == name), None)
        match act:
            case Wish.LEAVE:
                self._leave()
            case Wish():
                self._wish(act)
            case OnCard.NEXT if time.monotonic() - self._card_since < GLANCE_S:
                pass
            case OnCard():
                self._obey(act)

    def action_interrupt(self) -> None:
        self.is_interrupted = True
        if self._thread is None:
            self.exit()
        else:
            self._leave()

    def _wish(self, wish: Wish) -> None:
        if wish is Wish.QUESTION and self.scene.phase is not Phase.READING:
            self._asked_again_at = time.monotonic()
            self._change(replace(self.scene, is_asking_again=True))
        self._remote.press(wish)

    def _leave(self) -> None:
        if self.scene.is_leaving:  # for the second time: do not wait for what goes on
            self._thread = None
            self.exit()
        self._change(replace(self.scene, is_leaving=True))
        self._remote.press(Wish.LEAVE)

    def _obey(self, choice: OnCard) -> None:
        if self.scene.attempt is not None:  # what is still read aloud of the result is enough
            self._remote.press(Wish.DONE)
        match choice:
            case OnCard.HEAR:
                self._hear()
            case OnCard.WORDS:
                self._change(replace(self.scene, shows_words=not self.scene.shows_words))
                self._show_card(is_new=False)
            case OnCard.REVIEW:
                self._review()
            case OnCard.STOP if self._thread is not None:
                self._leave()
            case _ if self._thread is not None:  # it comes when the rehearsal is over
                self._chosen = choice
            case OnCard.AGAIN:
                self._begin()
            case OnCard.NEXT:
                self._next()
            case OnCard.STOP:
                self.exit()

    # What the screen does about it

    def _opening(self) -> Scene:
        return Scene(
            turn=harmless(self.session.turns[self._number]),
            is_exam=self.session.exam,
            is_last=self._number == len(self.session.turns) - 1,
            has_review=self.session.review is not None,
        )

    def _next(self) -> None:
        remark = self.scene.remark if self.scene.attempt is None else ""
        if self.scene.is_last:
            self.exit()
            return
        self._number += 1
        self._begin(remark)

    def _begin(self, remark: str = "") -> None:
        """Start the rehearsal of this turn."""
        self._player.stop()
        self._chosen = None
        self._aside = None
        self._remote = Remote()
        self._change(replace(self._opening(), remark=remark))
        self.query_one("#asked").focus()
        question = self.session.turns[self._number].question
        follow = partial(self._follow, question, self._remote)
        self._thread = threading.Thread(target=follow, name="rehearsal", daemon=True)
        self._thread.start()

    def _follow(self, question: Question, remote: Remote) -> None:
        """Pass the events of a rehearsal on to the screen; runs in a thread."""
        self._player.wait()  # so that no microphone hears what was played
        error: BaseException | None = None
        try:
            for event in self.session.rehearse(question, remote):
                self._tell(Happened(harmless(event)))
        except BaseException as failure:  # noqa: BLE001 - raised again by run_screen
            error = failure
        self._tell(Over(error))

    def _tell(self, message: Message) -> None:
        """From any thread; once the screen is closed nobody listens."""
        if self.is_running:
            self.post_message(message)

    def _change(self, scene: Scene) -> None:
        self.scene = scene
        self._draw()

    def _draw(self) -> None:
        for phase in Phase:
            self.screen.set_class(phase is self.scene.phase, phase.name.lower())
        for panel in self.query(Panel):
            panel.show(self.scene)

    def _show_card(self, *, is_new: bool) -> None:
        scored = self.scene.scored
        if scored is None:
            return
        self.query_one("#card", Static).update(
            card(
                scored.scorecard,
                earlier=scored.earlier,
                question=False,
                transcript=self.scene.shows_words,
            )
        )
        judged = self.query_one("#judged", VerticalScroll)
        if is_new:
            self._card_since = time.monotonic()
            judged.scroll_home(animate=False)
            judged.focus()
        elif self.scene.shows_words:  # they stand at its end
            self.call_after_refresh(judged.scroll_end, animate=False)

    def _hear(self) -> None:
        if self.scene.is_playing:
            self._player.stop()
            self._change(replace(self.scene, is_playing=False))
        elif self.scene.recording is not None:
            self._change(replace(self.scene, is_playing=True))
            self._player.start(partial(self.session.play, self.scene.recording.path))

    def _review(self) -> None:
        review, attempt = self.session.review, self.scene.attempt
        if review is not None and attempt is not None:
            threading.Thread(target=self._open, args=(review, attempt.id), daemon=True).start()

    def _open(self, review: Callable[[int], str], attempt_id: int) -> None:
        """Runs in a thread: a page may take its time to be served."""
        try:
            self._tell(Opened(review(attempt_id)))
        except SaybackError as error:
            self._tell(Failed(error))

    def let_go(self) -> None:
        """After the screen: end what still goes on, with the recording kept."""
        self._player.stop()
        self._player.wait()
        if self._thread is not None:
            self._remote.press(Wish.LEAVE)
            self._thread.join(LEAVING_S)
