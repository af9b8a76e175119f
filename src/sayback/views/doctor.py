"""The checks of `sayback doctor`: what works, what does not, and how to mend it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from sayback.bank.parse import read
from sayback.capture.listen import decibels
from sayback.capture.microphone import Microphone, input_names
from sayback.capture.quiet import quiet_libraries
from sayback.errors import MicrophoneLost, SaybackError, WorkspaceError
from sayback.model import SAMPLE_RATE_HZ
from sayback.transcript.engines import ENGINES
from sayback.upkeep import Check, upkeep
from sayback.voice.playback import play
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker
from sayback.workspace import Workspace

ROOM_NEEDED_MB = 200
LISTEN_S = 1.0


def checks(
    workspace: Workspace,
    *,
    microphone: str | None,
    speaker: str | None,
    load: Callable[[], object],
) -> Iterator[Check]:
    """Every check in turn, each as soon as it is known; `load` loads the model.

    Who mends does so at once: the checks that follow see it mended.
    """
    yield _checked("microphone", partial(_microphone, microphone))
    yield _checked("voice", _voice)
    yield _checked("loudspeaker", partial(_loudspeaker, speaker))
    yield _checked("model", partial(_model, load))
    yield _checked("disk", partial(_disk, workspace))
    yield _checked("questions", partial(_questions, workspace))
    yield from upkeep(workspace)


def mended(check: Check) -> Check:
    """The check once more, after what it found was mended if that can be done."""
    if check.ok or check.mend is None:
        return check
    try:
        return Check(check.name, True, check.mend())
    except SaybackError as error:
        return Check(check.name, False, error.problem, error.remedy)


def _checked(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except SaybackError as error:
        return Check(name, False, error.problem, error.remedy)


def _microphone(name: str | None) -> str:
    heard: list[np.ndarray] = []
    with Microphone(name) as microphone:
        for block in microphone.blocks():
            heard.append(block)
            if sum(map(len, heard)) >= LISTEN_S * SAMPLE_RATE_HZ:
                break
    sound = np.concatenate(heard)
    others = ", ".join(repr(each) for each in input_names() if each != microphone.name)
    if not sound.any():
        raise MicrophoneLost(
            f"{microphone.name!r}: delivers only zeros",
            "unmute it, check its cable and the system's microphone permission"
            + (f", or choose with --microphone one of {others}" if others else ""),
        )
    return f"{microphone.name}, room at {decibels(sound):.0f} dB" + (others and f"; also {others}")


def _voice() -> str:
    Pyttsx3Speaker().render("Can you hear me?")
    return "pyttsx3 reads questions aloud"


def _loudspeaker(name: str | None) -> str:
    with quiet_libraries():
        play(Pyttsx3Speaker().render("Can you hear me?"), device=name)
    return "said “Can you hear me?”; if you heard nothing, choose another one with --speaker"


def _model(load: Callable[[], object]) -> str:
    made = type(load()).__name__
    names = {row.class_name: name for name, row in ENGINES.items()}
    return f"loads with {names.get(made, made)}"


def _disk(workspace: Workspace) -> str:
    folder = next(f for f in (workspace.folder, *workspace.folder.parents) if f.exists())
    free_mb = shutil.disk_usage(folder).free // 2**20
    if free_mb < ROOM_NEEDED_MB:
        raise WorkspaceError(
            f"{folder}: only {free_mb} MB free",
            f"make room: an hour of answers needs about {ROOM_NEEDED_MB} MB",
        )
    return f"{free_mb / 1024:.0f} GB free in {folder}"


def _questions(workspace: Workspace) -> str:
    bank = read(workspace.questions)
    return f"{len(bank.questions)} in {workspace.questions}, {len(bank.problems)} problems"
