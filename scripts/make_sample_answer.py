"""Make `src/sayback/data/sample_answer.flac` again: an answer spoken by our own speaker.

    .venv/bin/python scripts/make_sample_answer.py [OUTPUT.flac]

The same espeak-ng gives the same samples.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from sayback.model import SAMPLE_RATE_HZ
from sayback.voice.pyttsx3_speaker import Pyttsx3Speaker

Samples = npt.NDArray[np.float32]

OUTPUT = Path(__file__).parents[1] / "src" / "sayback" / "data" / "sample_answer.flac"

QUESTION = "What is U-Net and when would you use it?"

SENTENCES: tuple[tuple[str, float], ...] = (
    ("U-Net is a neural network that is mainly used for semantic segmentation.", 0.4),
    ("That means it gives a label to every single pixel of an image.", 0.6),
    ("It has two halves.", 0.3),
    ("First there is an encoder, which shrinks the image step by step and extracts features.", 1.4),
    ("After that, the second half brings the picture back up to its original size.", 0.5),
    ("Between the two halves there are skip connections.", 0.3),
    ("They carry fine detail from the encoder over to the decoder.", 1.1),
    ("I would use it when I need to know exactly where something is,", 0.2),
    ("for example to find a tumor in a medical scan.", 0.5),
    ("If one label for the whole image is enough, a simpler network will do.", 0.0),
)
"""What is said, and the pause in seconds behind it. The few training images are left out."""

VOICE = "en-us+klatt5"
RATE_WPM = 160
QUIET_S = 1.0
"""Room noise alone, in front of and behind the answer."""
NOISE_DBFS = -80.0
LOWEST_NOISE_HZ = 60
PEAK = 0.1
SEED = 20


def main() -> None:
    """Render, join, add room noise and write 16 kHz mono FLAC."""
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    answer = with_room(join(SENTENCES, Pyttsx3Speaker(rate_wpm=RATE_WPM, voice=VOICE)))
    output.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(output, answer, SAMPLE_RATE_HZ, subtype="PCM_16", compression_level=1.0)
    size_kb = output.stat().st_size / 1000
    print(f"{output.name}: {len(answer) / SAMPLE_RATE_HZ:.1f} s, {size_kb:.0f} kB")


def join(sentences: tuple[tuple[str, float], ...], speaker: Pyttsx3Speaker) -> Samples:
    """All sentences with exactly their pauses, as samples (frames,) with peak PEAK."""
    pieces: list[Samples] = []
    for text, pause_s in sentences:
        samples, rate_hz = soundfile.read(speaker.render(text), dtype="float32")
        pieces += [trimmed(soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ)), quiet(pause_s)]
    joined = np.concatenate([quiet(QUIET_S), *pieces, quiet(QUIET_S)])
    return np.asarray(joined * (PEAK / np.abs(joined).max()), dtype=np.float32)


def trimmed(samples: Samples) -> Samples:
    """`samples` without the near-silence that the synthesiser puts at both ends."""
    loud = np.flatnonzero(np.abs(samples) > 0.003)
    return samples[loud[0] : loud[-1] + 1]


def quiet(duration_s: float) -> Samples:
    """`duration_s` seconds of zeros."""
    return np.zeros(round(duration_s * SAMPLE_RATE_HZ), dtype=np.float32)


def with_room(samples: Samples) -> Samples:
    """`samples` over pink noise, which falls 3 dB an octave as the noise of a quiet room does."""
    white = np.random.default_rng(SEED).standard_normal(len(samples))
    spectrum = np.fft.rfft(white)
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    spectrum[: round(LOWEST_NOISE_HZ * len(samples) / SAMPLE_RATE_HZ)] = 0
    pink = np.fft.irfft(spectrum, len(samples))
    pink *= 10 ** (NOISE_DBFS / 20) / np.sqrt(np.mean(pink**2))
    return np.asarray(samples + pink, dtype=np.float32)


if __name__ == "__main__":
    main()
