"""The one table of engines, and how one of them is chosen and loaded."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from sayback.errors import TranscriptionError
from sayback.transcript.transcriber import Transcriber


@dataclass(frozen=True, slots=True)
class Engine:
    """Where an engine is: `class_name` in our `module`, if `library` can be imported.

    `requirement` is what to install to have it.
    """

    module: str
    class_name: str
    library: str
    requirement: str


ENGINES = {
    "faster-whisper": Engine(
        "sayback.transcript.faster_whisper", "FasterWhisper", "faster_whisper", "sayback[fast]"
    ),
    "openai-whisper": Engine(
        "sayback.transcript.openai_whisper", "OpenAIWhisper", "whisper", "openai-whisper"
    ),
}
"""Best first: `auto` takes the first one that is installed."""


def load(engine: str, model: str, compute: str) -> Transcriber:
    """The engine of that name, or with `auto` the best installed, with its model loaded.

    `model` is a name or a path, `compute` auto, cpu or cuda. Raises TranscriptionError.
    """
    row = ENGINES[chosen(engine)]
    # Late, so that only the engine in use costs its import.
    made = getattr(import_module(row.module), row.class_name)(model, compute=compute)
    transcriber: Transcriber = made
    return transcriber


def chosen(engine: str) -> str:
    """The name of the engine that `load` would take. Raises TranscriptionError."""
    return _best_installed() if engine == "auto" else _checked(engine)


def _is_installed(engine: str) -> bool:
    return find_spec(ENGINES[engine].library) is not None


def _best_installed() -> str:
    for engine in ENGINES:
        if _is_installed(engine):
            return engine
    raise TranscriptionError("auto: no engine is installed", "type `pip install 'sayback[fast]'`")


def _checked(engine: str) -> str:
    if engine not in ENGINES:
        names = ", ".join(["auto", *ENGINES])
        raise TranscriptionError(
            f"{engine}: no such engine", f"choose with --engine one of {names}"
        )
    if not _is_installed(engine):
        requirement = ENGINES[engine].requirement
        raise TranscriptionError(f"{engine}: not installed", f"type `pip install '{requirement}'`")
    return engine
