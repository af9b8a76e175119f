"""Word error rate and time of the engines on recorded speech, against openai-whisper's own run.

    python benchmarks/transcription.py [--json] [--engine NAME] [--set NAME] [--shared FOLDER]

The baseline is what the command `whisper FILE` does: whole file, beam of 5, English given.
Times are for a loaded model and include speech detection; loading is reported by itself.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

# This folder: numba, which whisper imports, would take coverage.py here for the library.
sys.path.pop(0)

import jiwer
import numpy as np
import soundfile
from whisper.normalizers import EnglishTextNormalizer

from sayback.capture.speech_detector import detect_speech
from sayback.model import SAMPLE_RATE_HZ, Interval
from sayback.transcript.engines import ENGINES, load
from sayback.transcript.models import openai_checkpoint
from sayback.transcript.recording import transcribe_recording
from sayback.transcript.transcriber import Samples

BASELINE = "whisper FILE"
SETS = ("reference", "accented_answers")
SHARED = Path(__file__).resolve().parents[2] / "shared"

Listen = Callable[[Samples], str]


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording and the words that were said in it."""

    samples: Samples
    said: str

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Result:
    """One engine on one set; `ratio` is how many times faster than the baseline it was."""

    engine: str
    set: str
    audio_s: float
    load_s: float
    time_s: float
    word_error_rate: float
    real_time_factor: float
    ratio: float


def read_clips(folder: Path) -> list[Clip]:
    """The clips that the folder's manifest.tsv lists; all are mono at 16 kHz."""
    with (folder / "manifest.tsv").open(newline="") as opened:
        rows = list(csv.DictReader(opened, delimiter="\t"))
    return [
        Clip(np.asarray(soundfile.read(folder / row["file"], dtype="float32")[0]), row["reference"])
        for row in rows
    ]


def baseline(model: str) -> Listen:
    """What `whisper FILE --language en` does with the same weights."""
    import whisper

    loaded = whisper.load_model(str(openai_checkpoint(model)), device="cpu")
    options: dict[str, Any] = {"language": "en", "beam_size": 5, "best_of": 5, "fp16": False}
    return lambda samples: str(loaded.transcribe(samples, **options)["text"])


def ours(engine: str, model: str) -> Listen:
    """What sayback does with a finished recording."""
    transcriber = load(engine, model, "cpu")

    def listen(samples: Samples) -> str:
        def part(stretch: Interval) -> Samples:
            at = slice(
                round(stretch.start_s * SAMPLE_RATE_HZ), round(stretch.end_s * SAMPLE_RATE_HZ)
            )
            return samples[at]

        duration_s = len(samples) / SAMPLE_RATE_HZ
        return transcribe_recording(transcriber, part, duration_s, detect_speech(samples)).text

    return listen


def measure(
    engine: str, make: Callable[[], Listen], sets: dict[str, list[Clip]], base_s: dict[str, float]
) -> list[Result]:
    """The results of one engine; `base_s` gets the times of whichever engine comes first."""
    start_s = time.perf_counter()
    listen = make()
    load_s = time.perf_counter() - start_s
    listen(np.zeros(SAMPLE_RATE_HZ, np.float32))
    results = []
    for name, clips in sets.items():
        start_s = time.perf_counter()
        heard = [listen(clip.samples) for clip in clips]
        time_s = time.perf_counter() - start_s
        audio_s = sum(clip.duration_s for clip in clips)
        results.append(
            Result(
                engine=engine,
                set=name,
                audio_s=audio_s,
                load_s=load_s,
                time_s=time_s,
                word_error_rate=word_error_rate(clips, heard),
                real_time_factor=time_s / audio_s,
                ratio=base_s.setdefault(name, time_s) / time_s,
            )
        )
    return results


def word_error_rate(clips: Sequence[Clip], heard: Sequence[str]) -> float:
    """Over all words of a set, both sides normalised as OpenAI does for its own figures."""
    normalise = EnglishTextNormalizer()
    said = [normalise(clip.said) for clip in clips]
    return float(jiwer.wer(said, [normalise(text) for text in heard]))


def show(results: Sequence[Result], *, as_json: bool) -> None:
    if as_json:
        rows = [asdict(r) for r in results]
        print(
            json.dumps({"schema": "sayback.benchmark.transcription/1", "results": rows}, indent=2)
        )
        return
    print(f"{'engine':16}{'set':18}{'WER':>8}{'load':>8}{'time':>9}{'RTF':>8}{'ratio':>8}")
    for r in results:
        print(
            f"{r.engine:16}{r.set:18}{r.word_error_rate:8.1%}{r.load_s:7.1f}s"
            f"{r.time_s:8.1f}s{r.real_time_factor:8.3f}{r.ratio:7.1f}x"
        )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--set", choices=SETS, action="append")
    parser.add_argument("--model", default="base")
    parser.add_argument("--clips", type=int, help="only the first N clips of each set")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder that holds speech/")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    speech = given.shared / "speech"
    missing = [name for name in given.set or SETS if not (speech / name).is_dir()]
    if missing:
        print(f"skipped: no {' and no '.join(missing)} in {speech}; see --shared", file=sys.stderr)
        return 0
    sets = {name: read_clips(speech / name)[: given.clips] for name in given.set or SETS}
    base_s: dict[str, float] = {}
    results = measure(BASELINE, partial(baseline, given.model), sets, base_s)
    for engine in given.engine or ENGINES:
        results += measure(engine, partial(ours, engine, given.model), sets, base_s)
    show(results, as_json=given.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
