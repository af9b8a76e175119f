"""The checks of `sayback doctor`: what works, what does not, and how to mend it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sayback.errors import SaybackError
from sayback.workspace import Workspace

ROOM_NEEDED_MB = 200


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `fix` says what to do where `ok` is false."""

    name: str
    ok: bool
    detail: str
    fix: str | None = None


def checks(workspace: Workspace, engine: str, model: str, compute: str) -> Iterator[Check]:
    """Every check in turn, each as soon as it is known."""
    yield _checked("microphone", _microphone)
    yield _checked("loudspeaker", _loudspeaker)
    yield _checked("voice", _voice)
    yield _checked("model", lambda: _model(engine, model, compute))
    yield _checked("disk", lambda: _disk(workspace))
    yield _checked("questions", lambda: _questions(workspace))
    yield _checked("history", lambda: _history(workspace))


def _checked(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except SaybackError as error:
        detail, _, fix = str(error).partition(": ")
        return Check(name, False, detail, fix or None)


def _microphone() -> str:
    from sayback.capture.microphone import Microphone, input_names

    with Microphone(None):
        return ", ".join(input_names())


def _loudspeaker() -> str:
    from sayback.errors import NoLoudspeaker
    from sayback.voice.playback import output_names

    names = output_names()
    if not names:
        raise NoLoudspeaker("no loudspeaker found: connect one; questions are shown as text")
    return ", ".join(names)


def _voice() -> str:
    from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

    path = Pyttsx3Speaker().render("Can you hear me?")
    return f"pyttsx3 reads questions aloud ({path.stat().st_size // 1024} kB for a short one)"


def _model(engine: str, model: str, compute: str) -> str:
    from sayback.transcript.engines import load

    return f"{model} loads with {type(load(engine, model, compute)).__name__}"


def _disk(workspace: Workspace) -> str:
    from sayback.errors import WorkspaceError

    folder = next(f for f in (workspace.folder, *workspace.folder.parents) if f.exists())
    free_mb = shutil.disk_usage(folder).free // 2**20
    if free_mb < ROOM_NEEDED_MB:
        raise WorkspaceError(
            f"{free_mb} MB free in {folder}: a rehearsal of an hour needs about {ROOM_NEEDED_MB} MB"
        )
    return f"{free_mb / 1024:.0f} GB free in {folder}"


def _questions(workspace: Workspace) -> str:
    from sayback.bank.parse import read

    bank = read(workspace.questions)
    return f"{len(bank.questions)} in {workspace.questions}, {len(bank.problems)} problems"


def _history(workspace: Workspace) -> str:
    from sayback.history.store import Store

    with Store(workspace.recordings) as store:
        return f"{len(store.summaries())} attempts in {store.path}"
