"""Speaks with pyttsx3: one child process for one text, kept in a cache."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unicodedata
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from platformdirs import user_cache_path

from sayback.errors import VoiceError, VoiceMissing
from sayback.voice.pyttsx3_child import EXIT_MISSING

VOICE = "en-us"
"""The espeak-ng voice. The voices of macOS are the user's choice in the system's settings."""

MAXIMUM_CHARACTERS = 10_000
"""Longest text that is read aloud, about 12 minutes: pyttsx3 takes 8 s for it."""

CHARACTERS_PER_EXTRA_SECOND = 200
"""So many characters add a second to the time limit, 6 times what the longest text takes."""

SILENCE_PEAK = 0.01
"""A file whose samples (full scale 1) all stay below this holds no speech."""

MISSING_REMEDIES = {
    "linux": "type `sudo apt-get install libespeak-ng1`",
    "darwin": f"type `{sys.executable} -m pip install --force-reinstall pyobjc`",
}


class Pyttsx3Speaker:
    """A `Speaker` that renders with the synthesiser of the machine, at `rate_wpm` words a minute.

    `time_limit_s` is for a short text and grows with its length.
    """

    def __init__(
        self,
        *,
        cache: Path | None = None,
        rate_wpm: int = 160,
        time_limit_s: float = 15,
        voice: str = VOICE,
    ) -> None:
        self._cache = cache or user_cache_path("sayback") / "voice"
        self._rate_wpm = rate_wpm
        self._time_limit_s = time_limit_s
        self._voice = voice
        self._begun: dict[str, Future[Path]] = {}

    def begin(self, text: str) -> None:
        """Render `text` in the background, so that `render` has it sooner."""
        rendering = self._begun[text] = Future[Path]()

        def work() -> None:
            try:
                rendering.set_result(self._rendered(text))
            except Exception as error:  # noqa: BLE001 - raised again by `render`
                rendering.set_exception(error)

        threading.Thread(target=work, name="rendering", daemon=True).start()

    def render(self, text: str) -> Path:
        """The path of an audio file (WAV, on macOS AIFF) that speaks `text`; see `Speaker`."""
        begun = self._begun.pop(text, None)
        return begun.result() if begun else self._rendered(text)

    def _rendered(self, text: str) -> Path:
        spoken = speakable(text)
        self._cache = writable_folder(self._cache)
        target = self._cache / self._file_name(spoken)
        if not is_sound(target):
            self._render_to(target, spoken)
        return target

    def _file_name(self, spoken: str) -> str:
        settings = f"{sys.platform}\n{self._voice}\n{self._rate_wpm}\n{spoken}"
        digest = hashlib.sha256(settings.encode()).hexdigest()
        return digest[:32] + (".aiff" if sys.platform == "darwin" else ".wav")

    def _render_to(self, target: Path, spoken: str) -> None:
        limit_s = self._time_limit_s + len(spoken) / CHARACTERS_PER_EXTRA_SECOND
        with tempfile.TemporaryDirectory(dir=target.parent, ignore_cleanup_errors=True) as folder:
            draft = Path(folder) / target.name
            arguments = [str(draft), str(self._rate_wpm), self._voice]
            run_child(arguments, text=spoken, time_limit_s=limit_s)
            if not is_sound(draft):
                raise VoiceError(
                    f"{shortened(spoken)}: gave no sound",
                    "reword the question, or check the voice with `sayback doctor`",
                )
            draft.replace(target)


def speakable(text: str) -> str:
    """`text` in one line without control characters.

    Raises VoiceError where nothing is left to say or it is longer than MAXIMUM_CHARACTERS.
    """
    kept = (
        " " if unicodedata.category(character) == "Cc" else character
        for character in text
        if unicodedata.category(character) not in {"Cf", "Cs"}
    )
    spoken = " ".join("".join(kept).split())
    if not spoken:
        raise VoiceError(
            f"{shortened(text)}: has nothing to read aloud",
            "write the question's text on its line in the bank",
        )
    if len(spoken) > MAXIMUM_CHARACTERS:
        raise VoiceError(
            f"{shortened(spoken)}: has {len(spoken)} characters, more than the "
            f"{MAXIMUM_CHARACTERS} that are read aloud",
            "shorten the question",
        )
    return spoken


def run_child(arguments: list[str], *, text: str, time_limit_s: float) -> None:
    """Speak `text` in a child process and kill its process group after `time_limit_s` seconds.

    Raises VoiceMissing without a synthesiser, VoiceError where it failed or was killed.
    """
    # -P: a file of the user's current folder must not be imported in place of a library.
    command = [sys.executable, "-P", "-m", "sayback.voice.pyttsx3_child", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    ) as child:
        stop = atexit.register(partial(kill, child))  # a thread of ours may be cut off before
        try:
            _, messages = child.communicate(text.encode("utf-8"), timeout=time_limit_s)
        except subprocess.TimeoutExpired:
            raise VoiceError(
                f"{shortened(text)}: the speech synthesiser did not finish it within "
                f"{time_limit_s:.0f} s and was stopped",
                "try again, or check the voice with `sayback doctor`",
            ) from None
        finally:
            # Also after Ctrl-C, which a child in a group of its own does not get.
            stop()
            atexit.unregister(stop)
    raise_for_exit(child.returncode, messages.decode("utf-8", errors="replace"))


def kill(child: subprocess.Popen[bytes]) -> None:
    """End the process group of a child that is still running."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


def raise_for_exit(code: int, messages: str) -> None:
    """Translate the child's exit code and standard error into one of our errors; 0 passes."""
    if code == 0:
        return
    last_line = (messages.strip().splitlines() or ["no reason given"])[-1].rstrip(".")
    if code == EXIT_MISSING:
        raise voice_missing(sys.platform, last_line)
    if code < 0:
        raise VoiceError(
            f"the speech synthesiser was ended by {signal.Signals(-code).name}",
            "try again, or check the voice with `sayback doctor`",
        )
    raise VoiceError(
        f"the speech synthesiser failed (exit {code}: {last_line})",
        "make room on the disk, or check the voice with `sayback doctor`",
    )


def voice_missing(platform: str, why: str) -> VoiceMissing:
    """The error for a user of `platform` (as in `sys.platform`) whose machine cannot speak."""
    remedy = MISSING_REMEDIES.get(platform, "install espeak-ng")
    return VoiceMissing(f"no speech synthesiser can be loaded ({why})", remedy)


def is_sound(path: Path) -> bool:
    """Whether `path` is an audio file that can be read and is not silent."""
    if not path.exists():
        return False
    import soundfile

    try:
        samples, _ = soundfile.read(path, dtype="float32")
    except soundfile.LibsndfileError:
        return False
    return bool(abs(samples).max(initial=0.0) >= SILENCE_PEAK)


def writable_folder(wanted: Path) -> Path:
    """`wanted`, created for the user alone, or a temporary folder where it cannot be written."""
    try:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return wanted
    except OSError:
        substitute = tempfile.mkdtemp(prefix="sayback-voice-")
        atexit.register(shutil.rmtree, substitute, ignore_errors=True)
        return Path(substitute)


def shortened(text: str) -> str:
    """`text` in quotes and on one line, cut to 40 characters, for a message."""
    return repr(text if len(text) <= 40 else text[:39] + "…")
