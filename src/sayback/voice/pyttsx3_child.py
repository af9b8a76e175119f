"""Speaks one text into a file, in a process of its own: pyttsx3 prints, hangs and keeps Ctrl-C.

Run as `python -m sayback.voice.pyttsx3_child OUTPUT RATE_WPM VOICE`, the text in UTF-8 on
standard input. Exit codes: 0 written, `EXIT_MISSING`, `EXIT_FAILED`; the reason is the last line
of standard error.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

EXIT_MISSING = 3
"""No speech synthesiser can be loaded."""
EXIT_FAILED = 4
"""The synthesiser is there and failed."""

SYSTEM_LIBRARY = "libespeak-ng.so.1"


def main(arguments: list[str]) -> int:
    """Render standard input to the file of the first argument; the result is an exit code."""
    output, rate_wpm, voice = arguments
    text = sys.stdin.buffer.read().decode("utf-8")
    # An exception inside espeak's callback, such as a full disk, only reaches this hook, and
    # pyttsx3 then waits for ever.
    sys.unraisablehook = give_up
    try:
        engine = start_engine()
    except (ImportError, OSError, RuntimeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return EXIT_MISSING
    if sys.platform == "linux":
        # With espeak-ng the first run ends before its sound does; an empty one takes that upon it.
        let_espeak_finish()
        engine.runAndWait()
    engine.setProperty("voice", english_voice(engine, espeak_voice=voice))
    engine.setProperty("rate", int(rate_wpm))
    if sys.platform == "linux":
        let_espeak_finish()
    engine.save_to_file(text, output)
    engine.runAndWait()
    return 0


def start_engine() -> Any:
    """The pyttsx3 engine of this platform, with espeak-ng from PyPI where the system has none.

    Raises ImportError, OSError or RuntimeError where no synthesiser can be loaded.
    """
    if sys.platform == "linux":
        load_espeak()
    import pyttsx3

    return pyttsx3.init()


def load_espeak() -> None:
    """Make `libespeak-ng.so.1` loadable by that name, which is all that pyttsx3 asks for."""
    try:
        ctypes.CDLL(SYSTEM_LIBRARY)
    except OSError:
        import espeakng_loader

        # Loaded under its own name first, it answers when pyttsx3 asks for SYSTEM_LIBRARY.
        ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)
        os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()


def let_espeak_finish() -> None:
    """Wait until espeak-ng has applied all settings.

    It queues the rate and the volume for a thread of its own, and a run of pyttsx3 that finds the
    queue busy cancels it: the text would be spoken at another rate, or not at all.
    """
    from pyttsx3.drivers import _espeak

    _espeak.Synchronize()


def english_voice(engine: Any, *, espeak_voice: str) -> str:
    """The voice to speak with: `espeak_voice` for espeak-ng, else the system's own if English."""
    if sys.platform == "linux":
        return espeak_voice
    current = str(engine.getProperty("voice"))
    english = [
        str(voice.id)
        for voice in engine.getProperty("voices")
        if any(str(language).lower().startswith("en") for language in voice.languages)
    ]
    return current if current in english or not english else english[0]


def give_up(problem: Any) -> None:
    """End the process at once with the reason on standard error."""
    print(f"{problem.exc_type.__name__}: {problem.exc_value}", file=sys.stderr, flush=True)
    os._exit(EXIT_FAILED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
