"""The one tree of errors that a user may see.

    SaybackError                one line: what was wrong, with the value, and what to do next
    ├── WorkspaceError          a folder or file cannot be read or written, the disk is full
    ├── BankError               a question bank cannot be read
    │   └── NoSuchQuestion      no question, or more than one, fits what was asked for
    ├── VoiceError              the question cannot be read aloud
    │   ├── VoiceMissing        no speech synthesiser is installed
    │   └── NoLoudspeaker       there is nothing to play it on
    ├── CaptureError            an answer cannot be recorded or an audio file not be read
    │   ├── NoMicrophone        no input device, or none of that name
    │   └── MicrophoneLost      it stopped delivering sound in the middle
    ├── TranscriptionError      the engine or its model cannot be loaded or failed
    └── HistoryError            the history cannot be read or written

Each message is a single line: the value that was wrong first, then the next step.
"""


class SaybackError(Exception):
    """Anything that stops a command and that the user can do something about."""


class WorkspaceError(SaybackError):
    """A folder or file cannot be read or written, or the disk is full."""


class BankError(SaybackError):
    """A question bank cannot be read."""


class NoSuchQuestion(BankError):
    """No question, or more than one, fits what was asked for."""


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


class TranscriptionError(SaybackError):
    """The speech recogniser or its model cannot be loaded, or failed."""


class HistoryError(SaybackError):
    """The history cannot be read or written."""
