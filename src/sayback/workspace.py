"""The one folder where a person's questions and recordings live."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path

import platformdirs

from sayback.errors import WorkspaceError, reason
from sayback.model import SAMPLE_BYTES, SAMPLE_RATE_HZ

HISTORY_BYTES = 128 * 1024
"""What the history needs to take in one more answer."""
BYTES_A_SECOND = SAMPLE_BYTES * SAMPLE_RATE_HZ
SHIPPED_BANKS = ("interview_ml.md", "starter_behavioural.md")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with `questions/` (Markdown) and `recordings/` (audio and the history)."""

    folder: Path

    @property
    def questions(self) -> Path:
        return self.folder / "questions"

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"

    def shortage(self, longest_s: float) -> str | None:
        """What to warn of before an answer of up to `longest_s`: that it may not fit on the disk.

        Raises WorkspaceError where next to nothing can be kept.
        """
        there = next(each for each in (self.recordings, *self.recordings.parents) if each.exists())
        if not os.access(there, os.W_OK):
            raise WorkspaceError(
                f"{there}: cannot be written",
                "make it writable, or choose another folder with --workspace",
            )
        room = shutil.disk_usage(there).free - HISTORY_BYTES
        if room < 0:
            raise WorkspaceError(
                f"{there}: no room on its disk", "make room, or choose another with --workspace"
            )
        room_s = room / BYTES_A_SECOND
        if room_s >= longest_s:
            return None
        return f"{there}: room for only {room_s / 60:.1f} minutes of an answer; make room"

    def new_recording(
        self, question_id: str, started_at: datetime, *, suffix: str = ".wav"
    ) -> Path:
        """The path of a new, empty audio file that only the user can read.

        Raises WorkspaceError where it cannot be made.
        """
        stem = f"{started_at.astimezone():%Y-%m-%d_%H-%M-%S}_{_file_name(question_id)}"
        try:
            self.recordings.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _create(self.recordings, stem, suffix)
        except OSError as error:
            raise WorkspaceError(
                f"{self.recordings}: cannot be written ({reason(error)})",
                "make room, or choose another folder with --workspace",
            ) from error


def find_workspace(given: Path | None) -> Workspace:
    """The folder given, else the current one if it has `questions/`, else the user's own.

    The user's own folder starts with the banks that sayback ships. Raises WorkspaceError.
    """
    if given is not None:
        if _exists(given) and not given.is_dir():
            raise WorkspaceError(f"{given}: a file", "give the folder that holds questions/")
        return Workspace(given)
    if Path("questions").is_dir():
        return Workspace(Path.cwd())
    workspace = Workspace(platformdirs.user_data_path("sayback"))
    if not workspace.questions.is_dir():
        _start(workspace)
    return workspace


def existing_workspace(given: Path | None) -> Workspace:
    """The same for those who look back: a folder that is given has to be there.

    Raises WorkspaceError.
    """
    if given is not None and not _exists(given):
        raise WorkspaceError(f"{given}: no such folder", "give the one that you practised in")
    return find_workspace(given)


def _exists(folder: Path) -> bool:
    """Raises WorkspaceError where that is not to be seen."""
    try:
        return folder.exists()
    except OSError as error:
        raise WorkspaceError(
            f"{folder}: {reason(error)}", "choose another folder with --workspace"
        ) from error


def _start(workspace: Workspace) -> None:
    """Copy the shipped banks, under a temporary name first so that a kill leaves no half."""
    unfinished = workspace.folder / f"questions.unfinished-{os.getpid()}"
    try:
        workspace.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        with as_file(shipped_questions()) as shipped:
            for name in SHIPPED_BANKS:  # beside them in a clone may lie the user's own
                shutil.copyfile(shipped / name, unfinished / name)
        unfinished.rename(workspace.questions)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if workspace.questions.is_dir():  # another process was quicker
            return
        raise WorkspaceError(
            f"{workspace.folder}: cannot be made ({reason(error)})",
            "choose another folder with --workspace",
        ) from error


def shipped_questions() -> Path:
    """The banks inside an installed package, or those of the checkout it runs from."""
    installed = Path(str(files("sayback"))) / "questions"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "questions"


def _create(folder: Path, stem: str, suffix: str) -> Path:
    for number in range(1, 1000):
        path = folder / f"{stem}{'' if number == 1 else f'_{number}'}{suffix}"
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            continue
        return path
    raise WorkspaceError(f"{folder}: 999 recordings are named {stem}", "move some away")


def _file_name(question_id: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", question_id.lower())[:60].strip("-") or "question"
