"""Large files in the user's cache: written whole or not at all, and known to be right."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from sayback.errors import TranscriptionError, reason

_ABANDONED_AFTER_S = 3600.0


def models_folder() -> Path:
    """Where models are kept unless a caller names another folder."""
    return user_cache_path("sayback") / "models"


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file in hexadecimal; 0.1 s for the 145 MB of `base`."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of `target` when all went well.

    Whoever reads `target` meanwhile, or after a kill, finds the old file or the new one, whole.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target.parent)
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=".part", dir=target.parent
        )
        os.close(handle)
        part = Path(name)
        try:
            yield part
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise TranscriptionError(
            f"{target}: cannot be written ({reason(error)})",
            "make room, or make its folder writable with `chmod u+w`",
        ) from error


def is_intact(file: Path, sha256: str | None = None) -> bool:
    """Whether `file` holds what it should: bytes of this SHA-256, or those last stamped.

    A file with the size and time of its stamp is trusted, any other is hashed. One that turns
    out right is stamped, so that the next look costs nothing.
    """
    stamp = _read_stamp(file)
    expected = sha256 or stamp.get("sha256")
    if expected is None or not file.is_file():
        return False
    if stamp == _fresh_stamp(file, str(expected)):
        return True
    if sha256_of(file) != expected:
        return False
    write_stamp(file, str(expected))
    return True


def write_stamp(file: Path, sha256: str) -> None:
    """Remember that `file`, as it is now, has this SHA-256.

    A stamp that cannot be written only means that the file is hashed again next time.
    """
    stamp = json.dumps(_fresh_stamp(file, sha256))
    try:
        with replacing(_stamp_of(file)) as part:
            part.write_text(stamp)
    except TranscriptionError:
        return


def _stamp_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.verified")


def _fresh_stamp(file: Path, sha256: str) -> dict[str, str | int]:
    status = file.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256}


def _read_stamp(file: Path) -> dict[str, str | int]:
    try:
        stamp = json.loads(_stamp_of(file).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _remove_abandoned(folder: Path) -> None:
    """Delete what killed processes left; an hour is longer than any of these writes takes."""
    for part in folder.glob(".*.part"):
        try:
            if time.time() - part.stat().st_mtime > _ABANDONED_AFTER_S:
                part.unlink()
        except FileNotFoundError:
            continue
