"""Answers to replay: recordings of people joined to any length, or a file, with silence behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import soundfile

from sayback.capture.audio_file import read_audio
from sayback.capture.recorder import Samples
from sayback.capture.speech_detector import detect_speech
from sayback.errors import CaptureError
from sayback.model import SAMPLE_RATE_HZ

SETS = ("reference", "accented_answers")
PAUSES_S = (0.3, 1.2)
"""Shortest and longest pause between two recordings."""

LONGEST_PAUSE_S = 2.0
"""Longer pauses inside a recording are shortened to this: people think for so long."""

ROOM = 1e-3
"""Loudness of an empty room, RMS of full scale: -60 dB. A microphone never gives exact zeros."""

SILENCE_S = 30.0
"""Longer than the patience with any answer: it has to end by itself before the file does."""

SEED = 2
"""One with which the words end within a second of 15, 60, 120 and 300."""

MARGIN_S = 5.0
"""Sound behind the length wished for, among which the end of a word is looked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in two WAV files: as it was said, and with silence behind it.

    `last_word_s` is where the speech detector hears the end of the last word.
    """

    said: Path
    replayed: Path
    last_word_s: float


def read_answer(file: Path, folder: Path) -> Answer:
    """The answer in a file, written to `folder`. Raises CaptureError."""
    samples = read_audio(file)
    if not (speech := detect_speech(samples)):
        raise CaptureError(f"{file}: no speech was heard", "name another file with --audio")
    return _written(samples, speech[-1].end_s, folder / file.stem)


def built_answer(speech: Path, length_s: float, folder: Path) -> Answer:
    """An answer of about `length_s` out of the sets in `speech`, always the same."""
    samples = _joined(speech, length_s + MARGIN_S)
    ends_s = [stretch.end_s for stretch in detect_speech(samples)[:-1]]  # the last may be cut off
    nearest_s = min(ends_s, key=lambda end_s: abs(end_s - length_s))
    return _written(samples, nearest_s, folder / f"{length_s:.0f}s")


def _joined(speech: Path, length_s: float) -> Samples:
    random = Random(round(length_s) + SEED)
    pieces: list[Samples] = []
    length = left = round(length_s * SAMPLE_RATE_HZ)
    for clip in _clips(speech, random):
        pause = np.zeros(round(random.uniform(*PAUSES_S) * SAMPLE_RATE_HZ), np.float32)
        pieces += [clip, pause]
        left -= len(clip) + len(pause)
        if left <= 0:
            break
    return np.concatenate(pieces)[:length]


def _clips(speech: Path, random: Random) -> Iterator[Samples]:
    """One recording after the other, in a new order each time round."""
    files = sorted(file for name in SETS for file in (speech / name).glob("*.flac"))
    while True:
        random.shuffle(files)
        yield from (_without_long_silences(read_audio(file)) for file in files)


def _without_long_silences(clip: Samples) -> Samples:
    """From the first to the last word; a long silence in it would end the answer."""
    stretches = [
        (round(stretch.start_s * SAMPLE_RATE_HZ), round(stretch.end_s * SAMPLE_RATE_HZ))
        for stretch in detect_speech(clip)
    ]
    margin = round(LONGEST_PAUSE_S / 2 * SAMPLE_RATE_HZ)
    is_kept = np.zeros(len(clip), bool)
    for start, end in stretches:
        is_kept[max(0, start - margin) : end + margin] = True
    is_kept[: stretches[0][0]] = is_kept[stretches[-1][1] :] = False
    return clip[is_kept]


def _written(samples: Samples, last_word_s: float, stem: Path) -> Answer:
    """`samples` up to the end of the last word, in both files."""
    end = round(last_word_s * SAMPLE_RATE_HZ)
    silence = np.zeros(round(SILENCE_S * SAMPLE_RATE_HZ), np.float32)
    sound = np.concatenate([samples[:end], silence])
    sound += np.random.default_rng(0).normal(0, ROOM, len(sound)).astype(np.float32)
    answer = Answer(stem.with_suffix(".wav"), stem.with_suffix(".replayed.wav"), last_word_s)
    soundfile.write(answer.said, sound[:end], SAMPLE_RATE_HZ, subtype="PCM_16")
    soundfile.write(answer.replayed, sound, SAMPLE_RATE_HZ, subtype="PCM_16")
    return answer
