"""The screen, driven by key presses without a terminal, with scripted and with real rehearsals."""

from __future__ import annotations

import asyncio
import html
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.rehearsed import ANSWER, Typist, loaded, write_answer
from tests.views.panels.scenes import QUESTION, RECORDING, attempt, coverage, level, scored
from textual.pilot import Pilot

from sayback.capture.file_recorder import FileRecorder
from sayback.capture.listen import ListenSettings
from sayback.errors import HistoryError, VoiceError
from sayback.events import Asking, Event, Heard, Listening, Saved, Scored, SetAside, Warned
from sayback.history.store import Store
from sayback.live import Captions, Covering, Failing, Transcribing
from sayback.model import Attempt, Ending, KeyPoint, Question, Status
from sayback.remote import Remote, Wish
from sayback.session import Stations, rehearse
from sayback.transcript.engines import load
from sayback.transcript.transcriber import Transcriber
from sayback.views import screen
from sayback.views.panels.scene import Phase, Turn
from sayback.views.screen import Screen, ScreenSession
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker
from sayback.workspace import Workspace

SAID, PARTLY, NOT_SAID = Status.COVERED, Status.PARTIAL, Status.MISSED
SOME = (SAID, NOT_SAID, PARTLY, NOT_SAID)
LONG_WAIT_S = 30.0
Script = Callable[[Remote], Iterator[Event]]
Scenario = Callable[[Screen, Pilot[None]], Awaitable[None]]


def drive(session: ScreenSession, scenario: Scenario, size: tuple[int, int] = (80, 24)) -> Screen:
    """Run the screen without a terminal while `scenario` presses keys."""

    async def run() -> Screen:
        app = Screen(session)
        async with app.run_test(size=size) as pilot:
            await scenario(app, pilot)
        app.let_go()
        return app

    return asyncio.run(run())


def shown(app: Screen) -> str:
    """The text on the screen, one blank between words."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", app.export_screenshot())
    return " ".join(html.unescape(" ".join(texts)).replace("\N{NO-BREAK SPACE}", " ").split())


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + LONG_WAIT_S
    while not condition():
        assert time.monotonic() < end_s, shown(pilot.app)  # type: ignore[arg-type]
        await pilot.pause(0.02)
    await pilot.pause()


async def shows(app: Screen, pilot: Pilot[None], *parts: str) -> None:
    """Wait until all of it is to be seen."""
    await until(pilot, lambda: all(part in shown(app) for part in parts))


async def reaches(app: Screen, pilot: Pilot[None], phase: Phase) -> None:
    await until(pilot, lambda: app.scene.phase is phase)


def scripted(*scripts: Script, **session: object) -> ScreenSession:
    """A session with a script for each rehearsal, and two questions."""
    left = list(scripts)
    whole: dict[str, object] = {
        "turns": (Turn(QUESTION, "1 of 2", "new"), Turn(Question("And then?", "then"), "2 of 2")),
        "rehearse": lambda _, remote: left.pop(0)(remote),
        "play": lambda path, stop: None,
    } | session
    return ScreenSession(**whole)  # type: ignore[arg-type]


def wishes(remote: Remote) -> Iterator[Wish]:
    """What is pressed, one after the other."""
    while True:
        assert remote.pressed.wait(LONG_WAIT_S)
        if wish := remote.take():
            yield wish


def begin(*events: Event) -> Iterator[Event]:
    yield Asking(QUESTION)
    yield Listening(Path("a.wav"))
    yield level(47.0)
    yield from events


def answered(
    remote: Remote, *, final: bool = True, statuses: Sequence[Status] = SOME
) -> Iterator[Event]:
    yield from begin()
    yield Heard(RECORDING)
    yield scored(*statuses, final=final)
    if not final:
        assert remote.pressed.wait(LONG_WAIT_S)
        yield scored(*[SAID] * len(statuses))
    yield Saved(attempt())


def waiting(remote: Remote) -> Iterator[Event]:
    yield from begin(Captions("These words stay", "these may change"), Covering(coverage(*SOME)))
    for wish in wishes(remote):
        if wish in (Wish.LEAVE, Wish.SKIP):
            yield SetAside(7)
            return


def test_all_of_the_answer_is_on_the_screen() -> None:
    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "these may change")
        text = shown(app)
        for part in (
            "sayback 1 of 2 · Deep Learning › Architectures", "new", QUESTION.text,
            "● 0:47 / 1:30", "43 s left", "✓ U-Net ◐ Mask R-CNN · ·",
            "These words stay", "listening enter when you are done", "enter done space pause",
        ):  # fmt: skip
            assert part in text
        assert "ViT" not in text

    drive(scripted(waiting), scenario)


def test_what_is_to_be_known_at_the_start_stands_with_the_first_question() -> None:
    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "these may change", "two problems attempt 2 was cut off")
        await pilot.press("s")
        await until(pilot, lambda: "And then?" in shown(app))
        assert "cut off" not in shown(app)

    drive(scripted(waiting, waiting, remark="two problems\nattempt 2 was cut off"), scenario)


def test_an_exam_shows_no_key_points() -> None:
    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "these may change")
        assert "key points" not in shown(app)

    drive(scripted(waiting, exam=True), scenario)


@pytest.mark.parametrize("size", [(80, 24), (110, 32), (40, 12), (20, 6)])
def test_it_fits_and_resizes(size: tuple[int, int]) -> None:
    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await reaches(app, pilot, Phase.LISTENING)
        await shows(app, pilot, "enter done")
        await pilot.resize_terminal(100, 30)
        await shows(app, pilot, "enter done space pause", "43 s left", "these may change")
        await pilot.resize_terminal(*size)
        await shows(app, pilot, "enter done")

    drive(scripted(waiting), scenario, size)


def test_a_question_of_any_length_leaves_room_for_the_answer() -> None:
    question = replace(QUESTION, text="Why? " * 2000)

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "Why? Why?", "0:47 / 1:30", "these may change", "enter done")

    drive(scripted(waiting, turns=(Turn(question),)), scenario)


def test_what_a_terminal_would_obey_is_shown_as_text() -> None:
    question = replace(QUESTION, text="Evil [red]red[/red] \x1b[2J", topic=("\x1b]0;title\x07",))

    def evil(remote: Remote) -> Iterator[Event]:
        yield from begin(Warned("\x1b[31mno"), Captions("[/bold] \x1b[2J", "\x9b1m"))
        remote.pressed.wait(LONG_WAIT_S)
        yield Heard(RECORDING)
        card = scored(*SOME).scorecard
        warned = replace(card, question=question, warnings=("\x1b[3m[blink]low[/blink]",))
        yield Scored(warned, ())
        yield Saved(attempt())

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "Evil [red]red[/red] ␛[2J", "␛]0;title␇", "␛[31mno", "[/bold] ␛[2J")
        await pilot.press("enter")
        await shows(app, pilot, "␛[3m[blink]low[/blink]")

    drive(scripted(evil, turns=(Turn(question),)), scenario, (100, 40))


def test_the_countdown_appears_and_goes() -> None:
    def soft(remote: Remote) -> Iterator[Event]:
        yield from begin(Captions("So", ""), level(48, speaking=False, ends_in_s=1.6))
        remote.pressed.wait(LONG_WAIT_S)
        yield level(49)
        yield from waiting(remote)

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "still there? the answer ends in 2 s", "speak to go on")
        await pilot.press("x", "space")
        await until(pilot, lambda: "still there" not in shown(app))

    drive(scripted(soft), scenario)


def test_keys_press_the_remote_and_others_do_nothing() -> None:
    pressed: list[Wish] = []

    def noting(remote: Remote) -> Iterator[Event]:
        yield from begin()
        for wish in wishes(remote):
            pressed.append(wish)
            if wish is Wish.LEAVE:
                yield SetAside(None)
                return

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await reaches(app, pilot, Phase.LISTENING)
        await pilot.press("x", "p", "o", "space", "R", "q", "enter", "ctrl+j", "escape")
        await until(pilot, lambda: not app.is_running)

    drive(scripted(noting), scenario)
    assert pressed == [
        Wish.PAUSE, Wish.START_OVER, Wish.QUESTION, Wish.DONE, Wish.DONE, Wish.LEAVE,
    ]  # fmt: skip


def test_a_click_does_what_the_key_does() -> None:
    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "s skip")
        await pilot.click("#keys", offset=(62, 0))
        await shows(app, pilot, "And then?", "the answer before is kept as attempt 7")

    drive(scripted(waiting, waiting), scenario)


def test_the_card_shows_how_it_was_and_what_to_work_on() -> None:
    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "38% covered", "✓ U-Net: an encoder", "kept as attempt 12")
        assert "level" not in shown(app)
        await pilot.resize_terminal(40, 20)
        await shows(app, pilot, "to work on ✗ ViT", "↓ more")
        await pilot.press("end")
        await until(pilot, lambda: "↓ more" not in shown(app))
        await pilot.press("w")
        await until(pilot, lambda: app.scene.shows_words)
        await pilot.press("end")
        await shows(app, pilot, "“words”")

    drive(scripted(answered), scenario)


def test_a_final_card_replaces_the_first_in_place() -> None:
    checked = threading.Event()

    def twice(_: Remote) -> Iterator[Event]:
        yield from begin(Heard(RECORDING), scored(*SOME, final=False))
        assert checked.wait(LONG_WAIT_S)
        yield scored(*[SAID] * 4)
        yield Saved(attempt())

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "38% covered", "checking your last words")
        checked.set()
        await shows(app, pilot, "100% covered", "kept as attempt 12")

    drive(scripted(twice), scenario)


def test_next_again_and_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "GLANCE_S", 0.0)

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "kept as attempt 12")
        await pilot.press("r")
        await shows(app, pilot, "1 of 2", "kept as attempt 12")
        await until(pilot, lambda: len(app.attempts) == 2)
        await pilot.press("enter")
        await shows(app, pilot, "2 of 2", "enter finish")
        await pilot.press("enter")
        await until(pilot, lambda: not app.is_running)

    assert len(drive(scripted(answered, answered, answered), scenario).attempts) == 3


def test_enter_meant_for_the_answer_does_not_take_the_card_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(screen, "GLANCE_S", LONG_WAIT_S)

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.scene.attempt is not None)
        await pilot.press("enter")
        assert "38% covered" in shown(app)
        monkeypatch.setattr(screen, "GLANCE_S", 0.0)
        await pilot.press("enter")
        await shows(app, pilot, "2 of 2")

    drive(scripted(answered, waiting), scenario)


def test_a_choice_made_before_the_attempt_is_kept_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(screen, "GLANCE_S", 0.0)
    go_on = threading.Event()

    def slow(remote: Remote) -> Iterator[Event]:
        yield from begin(Heard(RECORDING), scored(*SOME))
        assert go_on.wait(LONG_WAIT_S)
        yield Saved(attempt())
        assert remote.pressed.wait(LONG_WAIT_S)  # so nothing is read aloud for long

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await reaches(app, pilot, Phase.CARD)
        await pilot.press("enter")
        assert "1 of 2" in shown(app)
        go_on.set()
        await shows(app, pilot, "2 of 2")

    assert drive(scripted(slow, waiting), scenario).attempts == [attempt()]


def test_an_answer_is_heard_again_until_it_is_stopped() -> None:
    heard: list[Path] = []
    stopped = threading.Event()

    def play(path: Path, stop: threading.Event) -> None:
        heard.append(path)
        stop.wait(LONG_WAIT_S)
        stopped.set()

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "p hear it")
        await pilot.press("p")
        await shows(app, pilot, "playing p stops")
        await pilot.press("p")
        await shows(app, pilot, "p hear it")
        await until(pilot, stopped.is_set)
        stopped.clear()
        await pilot.press("p")
        await until(pilot, lambda: len(heard) == 2)
        await pilot.press("r")
        await reaches(app, pilot, Phase.LISTENING)
        assert stopped.is_set()  # no new answer begins while the old one sounds

    drive(scripted(answered, waiting, play=play), scenario)
    assert heard == [RECORDING.path] * 2


def test_errors_beside_the_rehearsal_are_shown() -> None:
    def mute(path: Path, stop: threading.Event) -> None:
        raise VoiceError("no loudspeaker", "plug one in")

    def broken(attempt_id: int) -> None:
        raise HistoryError(f"attempt {attempt_id} is locked", "close the other one")

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "kept as attempt 12", "o open in review")
        await pilot.press("p", "o")
        await shows(app, pilot, "! no loudspeaker; plug one in", "! attempt 12 is locked")
        assert not app.scene.is_playing

    drive(scripted(answered, play=mute, review=broken), scenario)


def test_leaving_twice_does_not_wait() -> None:
    never = threading.Event()

    def stuck(remote: Remote) -> Iterator[Event]:
        yield from begin(Heard(RECORDING))
        never.wait(LONG_WAIT_S)

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await reaches(app, pilot, Phase.SCORING)
        await pilot.press("escape")
        await shows(app, pilot, "stopping …", "esc stop at once")
        await pilot.press("escape")
        await until(pilot, lambda: not app.is_running)
        never.set()

    drive(scripted(stuck), scenario)


@pytest.mark.parametrize("has_card", [True, False])
def test_who_stops_while_it_is_still_transcribing_leaves_the_answer_for_later(
    has_card: bool,
) -> None:
    def slow(remote: Remote) -> Iterator[Event]:
        yield from begin(Failing("out of memory"), Heard(RECORDING))
        if has_card:
            yield scored(*SOME, final=False)
        yield Transcribing(42.0)
        assert remote.pressed.wait(LONG_WAIT_S)
        assert remote.take() is Wish.LEAVE
        yield SetAside(7)

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        waits = "checking your last words" if has_card else "42 s of your answer to go"
        await shows(app, pilot, waits)
        await pilot.press("escape")
        await until(pilot, lambda: not app.is_running)

    assert drive(scripted(slow), scenario).left == 7


def test_an_error_of_the_rehearsal_ends_the_screen() -> None:
    def failing(remote: Remote) -> Iterator[Event]:
        yield from begin()
        raise HistoryError("history.db: locked", "close the other one")

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: not app.is_running)

    assert isinstance(drive(scripted(failing), scenario).failure, HistoryError)


# The real rehearsal


DROPOUT = Question("What does dropout do?", "dropout", (), (KeyPoint(ANSWER),), 60)


@dataclass
class Real:
    """Real rehearsals of an answer in a file; the history is opened in the thread that uses it."""

    folder: Path
    answer: Path
    transcriber: Transcriber = field(default_factory=Typist)
    played: list[Path] = field(default_factory=list)
    settings: ListenSettings = field(default_factory=ListenSettings)

    def session(self, count: int = 1) -> ScreenSession:
        turns = [Turn(DROPOUT, f"{number} of {count}") for number in range(1, count + 1)]
        return ScreenSession(turns=turns, rehearse=self._rehearse, play=self._play)

    def _play(self, path: Path, stop: threading.Event) -> None:
        self.played.append(path)

    def _rehearse(self, question: Question, remote: Remote) -> Iterator[Event]:
        workspace = Workspace(self.folder)
        with Store(workspace.recordings) as store:
            stations = Stations(
                workspace=workspace,
                store=store,
                open_recorder=lambda: FileRecorder(self.answer),
                speaker=Pyttsx3Speaker(),
                play=self._play,
                transcriber=loaded(self.transcriber),
                settings=self.settings,
            )
            yield from rehearse(question, stations, remote)

    def attempt(self, number: int) -> Attempt:
        with Store(Workspace(self.folder).recordings) as store:
            return store.attempt(number)


@pytest.fixture
def real(tmp_path: Path) -> Real:
    write_answer(tmp_path / "answer.wav", 1.0, quiet_s=8)
    return Real(tmp_path / "workspace", tmp_path / "answer.wav")


def patient(real: Real, *starts_s: float) -> Real:
    """With an answer that does not end by itself, however slow the machine is."""
    write_answer(real.answer, *starts_s, quiet_s=LONG_WAIT_S)
    return replace(real, settings=ListenSettings(patience_s=LONG_WAIT_S))


def ending(attempt: Attempt) -> Ending | None:
    return attempt.recording.ending if attempt.recording else None


def test_a_whole_rehearsal_ends_by_itself(real: Real) -> None:
    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await shows(app, pilot, "still there? the answer ends in")
        await shows(app, pilot, "100% covered", "kept as attempt 1", "enter finish")
        await pilot.press("p")
        await until(pilot, lambda: len(real.played) == 2)
        await pilot.pause(screen.GLANCE_S)
        await pilot.press("enter")
        await until(pilot, lambda: not app.is_running)

    app = drive(real.session(), scenario)
    kept = real.attempt(1)
    assert app.attempts == [kept]
    assert ending(kept) is Ending.SILENCE
    assert real.played[1] == kept.audio


def test_pause_and_enter(real: Real) -> None:
    real = patient(real, 1.0)

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: bool(app.scene.level and app.scene.level.speaking))
        await pilot.press("space")
        await shows(app, pilot, "paused nothing is recorded", "space go on")
        at_s = app.scene.level.at_s if app.scene.level else 0
        await pilot.pause(1.0)
        assert app.scene.level is not None
        assert app.scene.level.at_s == at_s
        await pilot.press("space")
        await until(pilot, lambda: bool(app.scene.level and app.scene.level.at_s > at_s + 0.5))
        await pilot.press("enter")
        await shows(app, pilot, "kept as attempt 1")

    drive(real.session(), scenario)
    assert ending(real.attempt(1)) is Ending.KEY


def test_start_over_hear_the_question_and_skip(real: Real) -> None:
    real = patient(real, 1.0)

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: bool(app.scene.level and app.scene.level.speaking))
        await pilot.press("r")
        await shows(app, pilot, "the answer before is kept as attempt 1")
        await until(pilot, lambda: bool(app.scene.level and app.scene.level.speaking))
        await pilot.press("q")
        await until(pilot, lambda: len(real.played) == 2)
        await until(pilot, lambda: not app.scene.is_asking_again)
        await pilot.press("s")
        await shows(app, pilot, "2 of 2", "the answer before is kept as attempt 2")

    drive(real.session(2), scenario)
    assert [ending(real.attempt(number)) for number in (1, 2)] == [Ending.SET_ASIDE] * 2


@pytest.mark.parametrize(("key", "why"), [("escape", Ending.INTERRUPTED), ("s", Ending.SET_ASIDE)])
def test_leaving_or_skipping_the_last_question_names_what_was_said(
    real: Real, key: str, why: Ending
) -> None:
    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: bool(app.scene.level and app.scene.level.at_s > 2))
        await pilot.press(key)
        await until(pilot, lambda: not app.is_running)

    assert drive(real.session(), scenario).left == 1
    assert ending(real.attempt(1)) is why


# An overloaded machine has fallen behind before the first caption: then there are none.
@pytest.mark.flaky(reruns=2)
def test_with_a_real_model_the_words_appear_while_one_speaks(real: Real) -> None:
    real = patient(real, 0.5, 3.5, 6.5, 9.5)

    async def scenario(app: Screen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "random" in f"{app.scene.settled} {app.scene.draft}".lower())
        assert app.scene.phase is Phase.LISTENING
        await pilot.press("enter")
        await shows(app, pilot, "% covered", "kept as attempt 1")  # it may mishear the rest

    drive(replace(real, transcriber=load("auto", "tiny.en", "cpu")).session(), scenario)


# On a terminal

ON_A_TERMINAL = """
import sys
from sayback.errors import HistoryError
from sayback.views.panels.scene import Turn
from sayback.views.screen import ScreenSession, run_screen
from tests.views.test_screen import QUESTION, begin, waiting
def failing(question, remote):
    yield from begin()
    raise HistoryError("history.db: locked", "close the other one")
rehearse = failing if sys.argv[1] == "fail" else lambda question, remote: waiting(remote)
try:
    print(run_screen(ScreenSession(turns=[Turn(QUESTION)], rehearse=rehearse, play=print)))
except BaseException as error:
    print("raised", type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("what", "keys", "last_words"),
    [
        ("fail", b"", "raised HistoryError history.db: locked; close the other one"),
        ("wait", b"\x03", "raised KeyboardInterrupt"),
        ("wait", b"\x1b", "Outcome(attempts=(), left=7)"),
    ],
)
def test_the_terminal_is_as_before_when_the_end_is_said(
    what: str, keys: bytes, last_words: str
) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", ON_A_TERMINAL, what]
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=root
    ) as process:
        os.close(theirs)
        output = ""
        while chunk := _read(ours):
            output += chunk
            if keys and "may change" in output:
                os.write(ours, keys)
                keys = b""
    os.close(ours)
    assert process.returncode == 0
    drawn, _, after = output.rpartition("\x1b[?1049l")
    assert "may change" in drawn or what == "fail"
    assert last_words in after


def _read(descriptor: int) -> str:
    try:
        return os.read(descriptor, 65536).decode(errors="replace")
    except OSError:  # the other end is closed
        return ""
