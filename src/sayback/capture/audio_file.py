"""Audio files in, as mono 16 kHz samples."""

from __future__ import annotations

import wave
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soxr

from sayback.capture.recorder import Samples
from sayback.capture.speech_detector import detect_speech
from sayback.capture.wave_file import from_pcm16
from sayback.errors import CaptureError, reason
from sayback.model import SAMPLE_RATE_HZ, Ending, Interval, Recording

if TYPE_CHECKING:
    import soundfile

_BLOCK_S = 1.0
_OURS = (1, 2, SAMPLE_RATE_HZ)
"""Channels, bytes a sample and rate of the files that `WaveFile` writes."""


def read_audio(path: Path) -> Samples:
    """The whole file as mono float32 in [-1, 1] at 16 kHz, from any format libsndfile reads.

    Raises CaptureError where there is no audio in it.
    """
    with open_audio(path) as file:
        blocks = list(read_blocks(file, path=path))
    if not blocks:
        raise _no_sound(path)
    return np.concatenate(blocks)


def read_part(path: Path, interval: Interval) -> Samples:
    """A stretch of a 16-bit mono WAV file at 16 kHz, which may still be growing.

    The same samples as `read_audio` finds there; fewer where the file is not that long yet.
    Raises CaptureError where it cannot be read or is another kind of file.
    """
    first, end = (max(0, round(at * SAMPLE_RATE_HZ)) for at in (interval.start_s, interval.end_s))
    # libsndfile would go on reading behind the end that the header names, where sound that is
    # just being written lies; `wave` does not.
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != _OURS:
                raise wave.Error("not 16-bit mono at 16 kHz")
            file.setpos(min(first, file.getnframes()))
            pcm = np.frombuffer(file.readframes(max(0, end - first)), "<i2")
    except (OSError, EOFError, wave.Error) as error:
        raise CaptureError(
            f"{path}: the recording cannot be read ({reason(error)})",
            "check the file with `ls -l`",
        ) from error
    return from_pcm16(pcm.astype(np.int16))


def read_recording(path: Path, *, ending: Ending = Ending.END_OF_FILE) -> Recording:
    """An audio file as a Recording, dated by the file's last change.

    Raises CaptureError as `read_audio` does.
    """
    samples = read_audio(path)
    return Recording(
        path=path,
        rate_hz=SAMPLE_RATE_HZ,
        started_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        duration_s=len(samples) / SAMPLE_RATE_HZ,
        speech=detect_speech(samples),
        ending=ending,
    )


@contextmanager
def open_audio(path: Path) -> Iterator[soundfile.SoundFile]:
    """The opened file; raises CaptureError where it is missing, a folder or not audio."""
    import soundfile

    _refuse_what_is_no_file(path)
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, TypeError, OSError) as error:
        # TypeError: soundfile asks for rate and format of names that end in .raw.
        raise CaptureError(
            f"{path}: not audio that libsndfile reads ({reason(error)})",
            "convert it to WAV or FLAC first, for example with `ffmpeg -i FILE answer.wav`",
        ) from error
    with file:
        if not file.frames:
            raise _no_sound(path)
        yield file


def read_blocks(
    file: soundfile.SoundFile, *, path: Path, block_s: float = _BLOCK_S
) -> Iterator[Samples]:
    """The sound from the file's position on, in blocks of about `block_s`, mono at 16 kHz.

    Raises CaptureError where the file is damaged or its samples are no numbers.
    """
    return resampled(_mono(file, path, round(block_s * file.samplerate)), rate_hz=file.samplerate)


def resampled(blocks: Iterable[Samples], *, rate_hz: float) -> Iterator[Samples]:
    """Mono blocks of `rate_hz` as blocks of 16 kHz, clipped to [-1, 1]; empty ones are left out."""
    if rate_hz == SAMPLE_RATE_HZ:
        yield from (np.clip(block, -1, 1) for block in blocks if len(block))
        return
    stream = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
    for block in blocks:
        if len(out := stream.resample_chunk(block)):
            yield np.clip(out, -1, 1)
    if len(out := stream.resample_chunk(np.zeros(0, np.float32), last=True)):
        yield np.clip(out, -1, 1)


def _mono(file: soundfile.SoundFile, path: Path, frames: int) -> Iterator[Samples]:
    """The file's frames with the channels averaged, at the file's own rate."""
    import soundfile

    while True:
        try:
            block = file.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise CaptureError(
                f"{path}: damaged after {file.tell() / file.samplerate:.1f} s ({reason(error)})",
                "convert what is left of it, for example with `ffmpeg -i FILE answer.wav`",
            ) from error
        if not len(block):
            return
        if not np.isfinite(block).all():
            raise CaptureError(
                f"{path}: holds samples that are no numbers", "export it again, as 16-bit WAV"
            )
        yield block.mean(axis=1)


def _refuse_what_is_no_file(path: Path) -> None:
    if path.is_dir():
        raise CaptureError(f"{path}: a folder", "name an audio file in it")
    if not path.exists():
        raise CaptureError(f"{path}: no such audio file", "check the path with `ls`")
    if not path.is_file():  # a pipe would be waited for without end
        raise CaptureError(f"{path}: not a file", "save the sound in a file first")


def _no_sound(path: Path) -> CaptureError:
    return CaptureError(f"{path}: holds no sound", "record it again, or name another file")
