"""A WAV file that is whole after every block, whatever happens to the process."""

from __future__ import annotations

import os
import re
import struct
import tempfile
from contextlib import suppress
from io import FileIO
from itertools import count
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from sayback.capture.claim import lock
from sayback.capture.recorder import Samples
from sayback.errors import WorkspaceError, reason
from sayback.model import SAMPLE_BYTES, SAMPLE_RATE_HZ, WAVE_HEADER_BYTES

PCM_SCALE = 32768
_COPIED_BYTES = 1_000_000
"""Of a removed file at a time."""
_NUMBER = re.compile(r"_\d+$")
"""Of the second recording of a question in the same second, and further ones."""
_SYNC_BYTES = SAMPLE_RATE_HZ * SAMPLE_BYTES // 2
"""Half a second of sound, at most, is lost when the power goes; nothing when the process dies."""


def to_pcm16(samples: Samples) -> npt.NDArray[np.int16]:
    """Samples in [-1, 1] as 16-bit numbers; louder ones are clipped, NaN is silence."""
    scaled = np.nan_to_num(samples * PCM_SCALE, nan=0.0)
    return np.clip(np.rint(scaled), -PCM_SCALE, PCM_SCALE - 1).astype(np.int16)


def from_pcm16(pcm: npt.NDArray[np.int16]) -> Samples:
    """The samples that a reader of the file gets: float32 in [-1, 1)."""
    return pcm.astype(np.float32) / np.float32(PCM_SCALE)


class WaveFile:
    """A new or still empty WAV file, 16 kHz mono 16-bit, with a right header after every `append`.

    The header is written by hand because `wave` and `soundfile` both try to finish the file
    again, and raise again, when they are closed on a full disk.
    Only the user can read it, and no other process scores or deletes it while it is open: see
    `claim`. Raises WorkspaceError where the file has content already or cannot be written. One that
    is removed or moved away while it is open is written again, whole, to where it was: that `moves`
    counts. Where that cannot be it goes on at another `path`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.moves = 0
        self._data_bytes = 0
        self._unsynced_bytes = 0
        try:
            self._file = FileIO(path, "r+b", opener=_create_private)
        except OSError as error:
            raise self._cannot_write(error) from error
        if os.fstat(self._file.fileno()).st_size:
            self._file.close()
            raise WorkspaceError(f"{path}: holds a recording already", "move it away first")
        try:
            lock(self._file.fileno())
            _write_all(self._file, _header(0))
            _sync_folder(path.parent)
        except OSError as error:
            self._file.close()
            path.unlink()
            raise self._cannot_write(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, pcm: npt.NDArray[np.int16]) -> None:
        """Write samples and the header that counts them; what was written before stays whole.

        Raises WorkspaceError where the disk is full or gone.
        """
        data = pcm.astype("<i2").tobytes()
        end = WAVE_HEADER_BYTES + self._data_bytes
        self.stay_in_place()
        try:
            self._write_at(end, data)
            self._write_at(0, _header(self._data_bytes + len(data)))
            self._data_bytes += len(data)
            self._sync(len(data))
        except OSError as error:
            raise self._cannot_write(error, "what was recorded until then is kept; ") from error

    def stay_in_place(self) -> None:
        """Write the file again, whole, where it is not in its place any more.

        Raises WorkspaceError where that cannot be, which says at what other `path` it is now. Where
        it cannot be anywhere another call may succeed, before it is closed.
        """
        if self._is_in_place():
            return
        place = self.path
        try:
            self._rescue()
        except OSError as error:
            kept = self._is_in_place() or self._takes_refuge()
            raise WorkspaceError(
                f"{place}: cannot be written ({reason(error)})",
                f"what was recorded until then is in {self.path}"
                if kept
                else "make room: nothing of what was recorded is on a disk",
            ) from error

    def _is_in_place(self) -> bool:
        with suppress(OSError):
            return os.path.samestat(os.fstat(self._file.fileno()), self.path.stat())
        return False

    def _rescue(self) -> None:
        """Put a copy of the removed file in its place, where it appears whole: others read it.

        What stands there by now is set aside.
        """
        place = self.path
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = self._copy_into(place.parent)
        with suppress(FileNotFoundError):
            place.rename(_free(place, f"{place.stem}_replaced"))
        self.path = self.path.rename(place)
        self.moves += 1
        _sync_folder(place.parent)

    def _takes_refuge(self) -> bool:
        """Go on in the folder above, or that for temporary files; False where neither can be."""
        for folder in (lambda: self.path.parent.parent, tempfile.gettempdir):
            with suppress(OSError):
                self.path = self._copy_into(Path(folder()))
                return True
        return False

    def _copy_into(self, folder: Path) -> Path:
        """Go on in a new file there that holds all of this one, which lives as long as it is open.

        After a kill meanwhile it is a recording that no attempt names.
        """
        new = _free(folder / self.path.name, _NUMBER.sub("", self.path.stem), first=2)
        copy = FileIO(new, "r+b", opener=_create_new)
        try:
            lock(copy.fileno())
            self._file.seek(0)
            while data := self._file.read(_COPIED_BYTES):
                _write_all(copy, data)
            os.fsync(copy.fileno())
        except OSError:
            copy.close()
            new.unlink(missing_ok=True)
            raise
        self._file.close()
        self._file = copy
        return new

    def _write_at(self, position: int, data: bytes) -> None:
        self._file.seek(position)
        _write_all(self._file, data)

    def _sync(self, count: int) -> None:
        self._unsynced_bytes += count
        if self._unsynced_bytes >= _SYNC_BYTES:
            os.fsync(self._file.fileno())
            self._unsynced_bytes = 0

    def _cannot_write(self, error: OSError, kept: str = "") -> WorkspaceError:
        return WorkspaceError(
            f"{self.path}: cannot be written ({reason(error)})",
            f"{kept}make room, or choose another folder with --workspace",
        )


def _write_all(file: FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        # On a nearly full disk a write may take part of the bytes; the next one fails.
        left = left[file.write(left) :]


def _create_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


def _create_new(path: str, flags: int) -> int:
    return _create_private(path, flags | os.O_EXCL)


def _free(path: Path, stem: str, *, first: int = 1) -> Path:
    """The path with another stem, numbered as recordings are, that nothing has."""
    stems = (stem if number == 1 else f"{stem}_{number}" for number in count(first))
    others = (each for each in map(path.with_stem, stems) if each != path)
    return next(each for each in others if not os.path.lexists(each))


def _sync_folder(folder: Path) -> None:
    """Bring the name of a new file to the disk: without it the power takes the whole file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _header(data_bytes: int) -> bytes:
    """RIFF header of PCM (format 1) in one channel; sizes count what follows them."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", WAVE_HEADER_BYTES - 8 + data_bytes, b"WAVE"),
        *(b"fmt ", 16, 1, 1, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * SAMPLE_BYTES),
        *(SAMPLE_BYTES, 8 * SAMPLE_BYTES, b"data", data_bytes),
    )
