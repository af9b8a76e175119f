"""Audio files in, as mono 16 kHz samples."""

from __future__ import annotations

import wave
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soxr

from sayback.capture.quiet import quiet_libraries
from sayback.capture.recorder import Samples
from sayback.capture.speech_detector import SpeechTrack
from sayback.capture.wave_file import from_pcm16
from sayback.errors import CaptureError, reason
from sayback.model import SAMPLE_RATE_HZ, Ending, Interval, Recording

if TYPE_CHECKING:
    import soundfile

LONGEST_S = 8 * 3600
"""Of a file that is read as a whole: its samples take 1.8 GB."""
LEAST_RATE_HZ = 1000
"""At a lower rate there is no speech, and a small file would last for days."""
_BLOCK_S = 1.0
_BLOCK_VALUES = 4_000_000
"""Samples of all channels in a block, at most: a header may claim 1,000 channels at 10 MHz."""
_UNKNOWN = 2**63 - 1
"""Frames of a file whose header does not tell, such as a FLAC that was written to a pipe."""
_SEEKABLE = frozenset({"WAV", "FLAC"})
_MOST_CHANNELS = 8
"""Of a file whose parts are read one by one: 28 s of them are still few samples."""
_OURS = (1, 2, SAMPLE_RATE_HZ)
"""Channels, bytes a sample and rate of the files that `WaveFile` writes."""


def read_audio(path: Path) -> Samples:
    """The whole file as mono float32 in [-1, 1] at 16 kHz, from any format libsndfile reads.

    Raises CaptureError where there is no audio in it, or more than LONGEST_S of it.
    """
    return np.concatenate(list(_whole(path)))


def _whole(path: Path) -> Iterator[Samples]:
    """The blocks of a file, one at least. Raises CaptureError as `read_audio` does."""
    with open_audio(path) as file:
        if LONGEST_S * file.samplerate < file.frames < _UNKNOWN:
            raise _too_long(path)
        blocks = _of_bearable_length(read_blocks(file, path=path), path)
        if (first := next(blocks, None)) is None:
            raise _no_sound(path)
        yield first
        yield from blocks


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording of which any part can be asked for, in seconds from its start."""

    duration_s: float
    part: Callable[[Interval], Samples]


def sound_of(path: Path) -> Sound:
    """The same samples as `read_audio` gives, without all of them in memory where that can be.

    Files at another rate, and those in which no sample can be found by its number, are read as a
    whole. Raises CaptureError as `read_audio` does, `part` too.
    """
    with open_audio(path) as file:
        ours = file.samplerate == SAMPLE_RATE_HZ and file.channels <= _MOST_CHANNELS
        if ours and file.format in _SEEKABLE and file.frames < _UNKNOWN:
            return Sound(file.frames / SAMPLE_RATE_HZ, partial(_part_of, path))
    samples = read_audio(path)

    def part(stretch: Interval) -> Samples:
        first, end = _numbers(stretch)
        return samples[first:end]

    return Sound(len(samples) / SAMPLE_RATE_HZ, part)


def _part_of(path: Path, stretch: Interval) -> Samples:
    first, end = _numbers(stretch)
    with open_audio(path) as file:
        file.seek(min(first, file.frames))
        blocks = resampled(_mono(file, path, max(0, end - first)), rate_hz=SAMPLE_RATE_HZ)
        return next(blocks, np.zeros(0, np.float32))


def _numbers(stretch: Interval) -> tuple[int, int]:
    """The number of the first sample of a stretch, and that after its last one."""
    first, end = (max(0, round(at * SAMPLE_RATE_HZ)) for at in (stretch.start_s, stretch.end_s))
    return first, end


def _of_bearable_length(blocks: Iterable[Samples], path: Path) -> Iterator[Samples]:
    """The blocks; raises CaptureError where they get too long. What a header says may be a lie."""
    count = 0
    for block in blocks:
        count += len(block)
        if count > LONGEST_S * SAMPLE_RATE_HZ:
            raise _too_long(path)
        yield block


def read_part(path: Path, interval: Interval) -> Samples:
    """A stretch of a 16-bit mono WAV file at 16 kHz, which may still be growing.

    The same samples as `read_audio` finds there; fewer where the file is not that long yet.
    Raises CaptureError where it cannot be read or is another kind of file.
    """
    first, end = _numbers(interval)
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
    track = SpeechTrack()
    for block in _whole(path):
        deque(track.hear(block), maxlen=0)
    speech = track.finish()
    return Recording(
        path=path,
        rate_hz=SAMPLE_RATE_HZ,
        started_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        duration_s=track.duration_s,
        speech=speech,
        ending=ending,
    )


@contextmanager
def open_audio(path: Path) -> Iterator[soundfile.SoundFile]:
    """The opened file; raises CaptureError where it is missing, a folder or not audio."""
    import soundfile

    _refuse_what_is_no_file(path)
    try:
        path.open("rb").close()
    except OSError as error:
        raise CaptureError(f"{path}: {reason(error)}", "make it readable") from error
    try:
        with quiet_libraries():
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
        if file.samplerate < LEAST_RATE_HZ:
            raise CaptureError(
                f"{path}: {file.samplerate} samples a second are too few for speech",
                "export it again, at 16 kHz",
            )
        yield file


def read_blocks(
    file: soundfile.SoundFile, *, path: Path, block_s: float = _BLOCK_S
) -> Iterator[Samples]:
    """The sound from the file's position on, in blocks of about `block_s`, mono at 16 kHz.

    Raises CaptureError where the file is damaged or its samples are no numbers.
    """
    frames = min(round(block_s * file.samplerate), _BLOCK_VALUES // file.channels)
    return resampled(_mono(file, path, frames), rate_hz=file.samplerate)


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
            with quiet_libraries():
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


def _too_long(path: Path) -> CaptureError:
    return CaptureError(
        f"{path}: longer than {LONGEST_S // 3600} hours", "cut it into answers first"
    )


def _no_sound(path: Path) -> CaptureError:
    return CaptureError(f"{path}: holds no sound", "record it again, or name another file")
