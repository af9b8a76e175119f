"""How soon the scorecard is there, against openai-whisper's own command in the same run.

    python benchmarks/latency.py [--audio FILE]... [--question Q] [--bank PATH] [--engine NAME]...
                                 [--length SECONDS]... [--runs N] [--json]

Answers are replayed in real time through a whole rehearsal, each in a process of its own: once to
their end by silence, once with the key pressed after the last word. Without --audio they are built
from ../shared/speech. One JSON object for each engine; p95 is over all runs and answers.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory

from long_answers import SETS, Answer, built_answer, read_answer
from replay import Replayed
from sayback.bank.find import find
from sayback.bank.parse import read
from sayback.errors import SaybackError
from sayback.model import Question
from sayback.transcript.engines import ENGINES, chosen
from sayback.transcript.models import openai_checkpoint
from sayback.workspace import shipped_questions
from starting import Started, sound_card, started

SCHEMA = "sayback.benchmark.latency/1"
FOLDER = Path(__file__).resolve().parent
SHARED = FOLDER.parents[1] / "shared"
LENGTHS_S = (15.0, 60.0, 120.0, 300.0)
RUNS = 3
LONGEST_PEER_S = 125.0
"""The longest answer that the peer transcribes: two minutes, and the end of the word."""
BUSY = 0.5
"""Average number of other processes that want a processor, from which on times mean little."""
DECODER = """#!{python}
import sys, wave
with wave.open(sys.argv[sys.argv.index("-i") + 1]) as file:
    sys.stdout.buffer.write(file.readframes(file.getnframes()))
"""
"""What stands in for ffmpeg, which whisper starts, where it is missing: our files need no more."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What every rehearsal of a run has in common."""

    model: str
    bank: Path
    question: Question
    runs: int


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one answer; see `Replayed`."""

    duration_s: float
    auto_stop_p95_s: float
    auto_stop_final_p95_s: float
    enter_p95_s: float
    enter_final_p95_s: float
    last_word_p95_s: float
    peak_rss_mb: float
    cpu_share_listening: float
    words: int


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one engine. None where a machine lacks what it takes to tell."""

    schema: str
    engine: str
    model: str
    question: str
    runs: int
    auto_stop_p95_s: float
    enter_p95_s: float
    last_word_p95_s: float
    peer_s: float | None
    ratio_auto_stop: float | None
    ratio_enter: float | None
    first_sound_s: float | None
    model_ready_s: float | None
    peak_rss_mb: float
    cpu_share_listening: float
    answers: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Runs:
    """The rehearsals with one answer: those that ended by silence, and those by key."""

    answer: Answer
    by_silence: tuple[Replayed, ...]
    by_key: tuple[Replayed, ...]


def replay(engine: str, answer: Answer, setting: Setting, *, press: bool) -> Replayed:
    """Rehearse once in a process of its own."""
    command = [sys.executable, "-P", str(FOLDER / "replay.py"), str(answer.replayed)]
    command += ["--last-word", str(answer.last_word_s), *(["--press"] if press else [])]
    command += ["--bank", str(setting.bank), "--question", setting.question.id]
    command += ["--engine", engine, "--model", setting.model]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{engine}, {answer.said.name}: the rehearsal failed, see above")
    replayed = Replayed(**json.loads(done.stdout))
    if replayed.last_word_s < 0:
        raise SystemExit(f"{answer.said.name}: the answer ended in a pause, give another --audio")
    how = f"{'Enter' if press else 'auto stop'} {replayed.wait_s:.3f} s"
    remarks = "; ".join(replayed.warnings)
    print(f"{engine}, {answer.last_word_s:.0f} s: {how} {remarks}", file=sys.stderr)
    return replayed


def replay_all(engine: str, answers: Sequence[Answer], setting: Setting) -> list[Runs]:
    return [
        Runs(
            answer,
            *(
                tuple(replay(engine, answer, setting, press=press) for _ in range(setting.runs))
                for press in (False, True)
            ),
        )
        for answer in answers
    ]


def start_all(engine: str, setting: Setting, answer: Answer) -> Started:
    """Medians over the runs, after one that warms the disk; without a microphone with `answer`."""
    with sound_card() as card, TemporaryDirectory() as folder:
        practice = ["--plain", "--workspace", folder, "--engine", engine, "--model", setting.model]
        practice += ["--bank", str(setting.bank), "--question", setting.question.id]
        if card is None:
            practice += ["--answer", str(answer.said)]
        runs = [started(card, practice) for _ in range(1 + setting.runs)][1:]
    sounds_s = [run.first_sound_s for run in runs if run.first_sound_s is not None]
    ready_s = [run.model_ready_s for run in runs if run.model_ready_s is not None]
    return Started(median(sounds_s) if sounds_s else None, median(ready_s) if ready_s else None)


def peer_times(file: Path, model: str, runs: int) -> float | None:
    """Seconds that openai-whisper's own command takes for a file; None where it is missing."""
    whisper = Path(sys.executable).with_name("whisper")
    if not whisper.exists():
        print(f"no peer: {whisper} is not there", file=sys.stderr)
        return None
    with TemporaryDirectory() as folder:
        command = [str(whisper), str(file), "--model", str(openai_checkpoint(model))]
        command += ["--language", "en", "--threads", "2", "--output_dir", folder]
        environment = _with_decoder(Path(folder))
        times_s = []
        for _ in range(runs):
            began_s = time.monotonic()
            subprocess.run(command, env=environment, capture_output=True, check=True)
            times_s.append(time.monotonic() - began_s)
    return median(times_s)


def _with_decoder(folder: Path) -> dict[str, str]:
    """An environment in which whisper finds what it reads files with."""
    if shutil.which("ffmpeg"):
        return dict(os.environ)
    stand_in = folder / "ffmpeg"
    stand_in.write_text(DECODER.format(python=sys.executable))
    stand_in.chmod(0o700)
    return os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def for_the_peer(answers: Sequence[Answer]) -> Answer:
    """The longest answer of up to two minutes, else the shortest."""
    fitting = [answer for answer in answers if answer.last_word_s <= LONGEST_PEER_S]
    if fitting:
        return max(fitting, key=lambda answer: answer.last_word_s)
    return min(answers, key=lambda answer: answer.last_word_s)


def p95(values: Iterable[float]) -> float:
    """The value that 95% do not exceed: with fewer than 20 values the largest."""
    ordered = sorted(values)
    return ordered[math.ceil(0.95 * len(ordered)) - 1]


def row(runs: Runs) -> Row:
    both = runs.by_silence + runs.by_key
    return Row(
        duration_s=runs.answer.last_word_s,
        auto_stop_p95_s=p95(run.wait_s for run in runs.by_silence),
        auto_stop_final_p95_s=p95(run.final_s for run in runs.by_silence),
        enter_p95_s=p95(run.wait_s for run in runs.by_key),
        enter_final_p95_s=p95(run.final_s for run in runs.by_key),
        last_word_p95_s=p95(run.last_word_s for run in runs.by_silence),
        peak_rss_mb=max(run.peak_rss_mb for run in both),
        cpu_share_listening=mean(run.cpu_share for run in both),
        words=both[0].words,
    )


def report(
    engine: str, measured: Sequence[Runs], start: Started, peer: tuple[Answer, float | None],
    setting: Setting,
) -> Report:  # fmt: skip
    """`peer` is the answer that the peer transcribed, and how long it took."""
    compared, peer_s = peer
    rows = tuple(map(row, measured))
    by_silence = [run for runs in measured for run in runs.by_silence]
    by_key = [run for runs in measured for run in runs.by_key]
    same = next(row(runs) for runs in measured if runs.answer == compared)
    return Report(
        schema=SCHEMA,
        engine=engine,
        model=setting.model,
        question=setting.question.id,
        runs=setting.runs,
        auto_stop_p95_s=p95(run.wait_s for run in by_silence),
        enter_p95_s=p95(run.wait_s for run in by_key),
        last_word_p95_s=p95(run.last_word_s for run in by_silence),
        peer_s=peer_s,
        ratio_auto_stop=peer_s and peer_s / same.auto_stop_p95_s,
        ratio_enter=peer_s and peer_s / same.enter_p95_s,
        first_sound_s=start.first_sound_s,
        model_ready_s=start.model_ready_s,
        peak_rss_mb=max(each.peak_rss_mb for each in rows),
        cpu_share_listening=mean(run.cpu_share for run in by_silence + by_key),
        answers=rows,
    )


def show(found: Report) -> None:
    print(f"{found.engine}, {found.model}, {found.runs} runs each way, question {found.question}")
    print("  answer  auto stop    stays    Enter    stays  last word  memory   CPU  words")
    for each in found.answers:
        print(
            f"{each.duration_s:6.0f} s{each.auto_stop_p95_s:9.3f} s"
            f"{each.auto_stop_final_p95_s:7.2f} s{each.enter_p95_s:7.2f} s"
            f"{each.enter_final_p95_s:7.2f} s{each.last_word_p95_s:9.2f} s"
            f"{each.peak_rss_mb:5.0f} MB{each.cpu_share_listening:6.2f}{each.words:7d}"
        )
    for name, value in asdict(found).items():
        if name.endswith(("_s", "_mb")) or name.startswith(("ratio", "cpu")):
            print(f"  {name:21}{'unknown' if value is None else f'{value:.3f}'}")
    print()


def asked(bank: Path, wanted: str | None) -> Question:
    """The question with that text, else the one of the bank with the most key points."""
    questions = read(bank).questions
    if wanted is not None:
        return find(questions, wanted)
    return max(questions, key=lambda question: len(question.key_points))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--audio", type=Path, action="append", metavar="FILE")
    parser.add_argument("--question", metavar="Q", help="default: the one with most key points")
    parser.add_argument("--bank", type=Path, default=shipped_questions())
    parser.add_argument("--engine", choices=ENGINES, action="append", help="default: the best")
    parser.add_argument("--model", default="base")
    parser.add_argument("--length", type=float, action="append", metavar="SECONDS")
    parser.add_argument("--runs", type=int, default=RUNS, help="rehearsals of an answer each way")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder that holds speech/")
    return parser.parse_args()


def measure(given: argparse.Namespace, folder: Path) -> None:
    setting = Setting(given.model, given.bank, asked(given.bank, given.question), given.runs)
    if given.audio:
        answers = [read_answer(file, folder) for file in given.audio]
    else:
        lengths = given.length or LENGTHS_S
        answers = [built_answer(given.shared / "speech", length, folder) for length in lengths]
    compared = for_the_peer(answers)
    peer = compared, peer_times(compared.said, setting.model, setting.runs)
    for engine in given.engine or [chosen("auto")]:
        start = start_all(engine, setting, compared)
        found = report(engine, replay_all(engine, answers, setting), start, peer, setting)
        if given.json:
            print(json.dumps(asdict(found)), flush=True)
        else:
            show(found)


def main() -> int:
    given = arguments()
    missing = [name for name in SETS if not (given.shared / "speech" / name).is_dir()]
    if missing and not given.audio:
        where = given.shared / "speech"
        print(f"skipped: no {' and no '.join(missing)} in {where}; see --shared", file=sys.stderr)
        return 0
    if (load := os.getloadavg()[0]) > BUSY:
        print(f"this machine is busy (load {load:.1f}): times will be too long", file=sys.stderr)
    try:
        with TemporaryDirectory() as folder:
            measure(given, Path(folder))
    except SaybackError as error:
        raise SystemExit(f"latency.py: {error}") from error
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
