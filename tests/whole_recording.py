"""A recording in memory, for tests that have no file of it."""

from __future__ import annotations

from sayback.model import SAMPLE_RATE_HZ, Interval, Transcript
from sayback.transcript.recording import ReadSound, transcribe_recording
from sayback.transcript.transcriber import Samples, Transcriber


def reads(samples: Samples) -> ReadSound:
    """Gives stretches of samples, mono float32 at 16 kHz."""

    def sound(stretch: Interval) -> Samples:
        start, end = (round(at_s * SAMPLE_RATE_HZ) for at_s in (stretch.start_s, stretch.end_s))
        return samples[start:end]

    return sound


def heard_whole(
    transcriber: Transcriber, samples: Samples, speech: tuple[Interval, ...]
) -> Transcript:
    """The transcript of samples in which speech was detected there."""
    duration_s = len(samples) / SAMPLE_RATE_HZ
    return transcribe_recording(transcriber, reads(samples), duration_s, speech)
