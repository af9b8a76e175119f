"""The one tree of errors that a user may see.

    SaybackError                what was wrong, and what to do next
    ├── WorkspaceError          a folder or file cannot be read or written, the disk is full
    ├── BankError               a question bank cannot be read or written
    │   ├── NoSuchQuestion      no question, or more than one, fits what was asked for
    │   └── EditGone            nothing is left in it of what is to be taken out
    ├── VoiceError              the question cannot be read aloud
    │   ├── VoiceMissing        no speech synthesiser is installed
    │   └── NoLoudspeaker       there is nothing to play it on
    ├── CaptureError            an answer cannot be recorded or an audio file not be read
    │   ├── NoMicrophone        no input device, or none of that name
    │   ├── MicrophoneLost      it stopped delivering sound in the middle
    │   └── AnswerInUse         another sayback records or scores it at this moment
    ├── TranscriptionError      the engine or its model cannot be loaded or failed
    ├── HistoryError            the history cannot be read or written
    │   ├── NoSuchAttempt       no attempt has that number
    │   ├── Damaged             what stands in it is not what was written
    │   └── CannotKeep          its disk is full or read-only
    └── Interrupted             the user stopped an answer half way

Both halves begin in lower case, end without a full stop and fit on one line together. The problem
starts with the value that was wrong where there is one: "questions/ml.md: not text in UTF-8".
"""

import errno


class SaybackError(Exception):
    """Anything that stops a command: `problem`, and the `remedy` that is in the user's hands."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = " ".join(problem.split())
        self.remedy = " ".join(remedy.split())

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


class WorkspaceError(SaybackError):
    """A folder or file cannot be read or written, or the disk is full."""


class BankError(SaybackError):
    """A question bank cannot be read or written."""


class NoSuchQuestion(BankError):
    """No question, or more than one, fits what was asked for."""


class EditGone(BankError):
    """What is to be taken out of a bank does not stand in it any more."""


class VoiceError(SaybackError):
    """The question cannot be read aloud."""


class VoiceMissing(VoiceError):
    """No speech synthesiser is installed."""


class NoLoudspeaker(VoiceError):
    """There is no output device to play on."""


class CaptureError(SaybackError):
    """An answer cannot be recorded, or an audio file cannot be read."""


class NoMicrophone(CaptureError):
    """There is no input device, or none of the name asked for."""


class MicrophoneLost(CaptureError):
    """The microphone stopped delivering sound in the middle of an answer."""


class AnswerInUse(CaptureError):
    """Another process records or scores an answer at this moment."""


class TranscriptionError(SaybackError):
    """The speech recogniser or its model cannot be loaded, or failed."""


class HistoryError(SaybackError):
    """The history cannot be read or written."""


class NoSuchAttempt(HistoryError):
    """No attempt has that number."""


class Damaged(HistoryError):
    """What stands in the history is not what was written; the file is left as it is."""


class CannotKeep(HistoryError):
    """The history can be read, but nothing be kept in it: its disk is full or read-only."""


class Interrupted(SaybackError):
    """The user stopped an answer half way, with Ctrl-C."""


def is_full(error: OSError) -> bool:
    """Whether making room is what helps."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def reason(error: BaseException) -> str:
    """The first line of what another library or the system says, for a `problem`."""
    # error_string is libsndfile's; its str() repeats the path.
    said = getattr(error, "strerror", None) or getattr(error, "error_string", None) or str(error)
    first_line = next(iter(said.strip().splitlines()), "")
    return first_line.strip().rstrip(".") or type(error).__name__
