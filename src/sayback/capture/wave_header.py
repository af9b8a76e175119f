"""The header of a recording that was cut off: how much of the sound behind it it counts."""

from __future__ import annotations

import os
import stat
import struct
import wave
from io import BytesIO
from pathlib import Path

from sayback.capture.claim import claim
from sayback.model import SAMPLE_BYTES, SAMPLE_RATE_HZ, WAVE_HEADER_BYTES

_FORMAT = struct.Struct("<4sI8s20x4sI")
"""RIFF and the size of what follows it, the kind, what we leave alone, data and its size."""
_BEFORE_DATA = WAVE_HEADER_BYTES - 8
_RIFF_AT, _DATA_AT = 4, 40


def miscounted_bytes(recording: Path) -> int:
    """How much more sound there is than the header says, less where negative, 0 for other files.

    Raises OSError.
    """
    if not stat.S_ISREG(recording.stat().st_mode):  # a pipe would be waited for without end
        return 0
    with recording.open("rb") as file:
        header = file.read(WAVE_HEADER_BYTES)
        size = os.fstat(file.fileno()).st_size
    if len(header) < WAVE_HEADER_BYTES:
        return 0
    riff, whole, wave, data, counted = _FORMAT.unpack(header)
    is_ours = (riff, wave, data) == (b"RIFF", b"WAVEfmt ", b"data")
    if not is_ours or whole != _BEFORE_DATA + counted:
        return 0
    there = (size - WAVE_HEADER_BYTES) // SAMPLE_BYTES * SAMPLE_BYTES
    return int(there - counted)


def renew_header(recording: Path) -> None:
    """Write the header anew of a file of ours whose own is destroyed; the sound stays as it is.

    Raises OSError, and AnswerInUse where it is still being recorded.
    """
    header = BytesIO()
    with wave.open(header, "wb") as written:
        written.setparams((1, SAMPLE_BYTES, SAMPLE_RATE_HZ, 0, "NONE", ""))
        written.writeframes(b"")
    with claim(recording), recording.open("r+b") as file:
        file.write(header.getvalue())
    mend_header(recording)


def mend_header(recording: Path) -> None:
    """Let the header count all the sound there is; that stays as it is.

    Raises OSError, and AnswerInUse where it is still being recorded.
    """
    with claim(recording), recording.open("r+b") as file:
        there = (os.fstat(file.fileno()).st_size - WAVE_HEADER_BYTES) // SAMPLE_BYTES * SAMPLE_BYTES
        for at, value in ((_DATA_AT, there), (_RIFF_AT, _BEFORE_DATA + there)):
            file.seek(at)
            file.write(struct.pack("<I", value))
        file.flush()
        os.fsync(file.fileno())
