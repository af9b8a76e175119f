"""How the cost grows with the length of an answer, the history and the bank.

    python benchmarks/scale.py [--part history|bank|recording] [--quick] [--json]

Each thing is done for three sizes, each ten times the one before. Growth is the processor time at
the largest size over that at the middle one: 10 is linear. Takes ten minutes; `--quick` takes small
sizes, which show that it works and nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from math import log10
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event

import large
from measured_command import peak_mb
from review import PAGES
from sayback.bank.find import find
from sayback.bank.parse import read
from sayback.capture.audio_file import open_audio, read_blocks, read_recording, sound_of
from sayback.capture.listen import ListenSettings, Take
from sayback.history.memory import memories
from sayback.history.schedule import Today, choose
from sayback.history.store import Store
from sayback.model import Question, Recording, Scorecard, Transcript
from sayback.revision import assess
from sayback.scoring.scorecard import score
from sayback.transcript.engines import load
from sayback.transcript.recording import plan_windows, quietest_moment
from sayback.views.web.pages import Site
from sayback.workspace import shipped_questions
from starting import sound_card, started

COMMAND = Path(__file__).with_name("measured_command.py")
SAMPLE = Path(str(files("sayback").joinpath("data/sample_answer.flac")))
QUESTION = "What is U-Net and when would you use it?"
MODEL = "tiny.en"
"""It hears as well as any for what is measured here."""
RUNS = 3


@dataclass(frozen=True)
class Sizes:
    attempts: tuple[int, ...]
    questions: tuple[int, ...]
    seconds: tuple[int, ...]
    """Of a recording that is read, scored and shown."""
    transcribed_s: tuple[int, ...]
    """Of one that is transcribed: its windows do not know of each other."""


FULL = Sizes((1_000, 10_000, 100_000), (500, 5_000, 50_000), (144, 1_440, 14_400), (300, 1_800))
QUICK = Sizes((20, 40, 80), (50, 100, 200), (50, 100, 200), (50, 100))
EXPORTED = 100
"""One in so many of the attempts is exported: a page takes some hundredths of a second."""


@dataclass(frozen=True)
class Cost:
    """What something took; `peak_mb` is the most memory of a process that did nothing else."""

    s: float
    cpu_s: float
    peak_mb: float | None = None


Costs = dict[str, dict[int, Cost]]
"""By what was done, and the size."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, help="only this one")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    sizes = QUICK if arguments.quick else FULL
    report: dict[str, object] = {}
    for part in [arguments.part] if arguments.part else PARTS:
        with TemporaryDirectory() as folder:
            costs = PARTS[part](Path(folder), sizes)
        report[part] = {name: _reported(by_size) for name, by_size in costs.items()}
        if not arguments.json:
            _print(part, costs)
    if arguments.json:
        json.dump(report, sys.stdout)


def growth(by_size: dict[int, Cost]) -> float:
    """Of the processor time with ten times the size, from the last two sizes."""
    *_, (before, less), (after, more) = by_size.items()
    return float((more.cpu_s / max(less.cpu_s, 1e-4)) ** (1 / log10(after / before)))


def _reported(by_size: dict[int, Cost]) -> dict[str, object]:
    return {str(size): asdict(cost) for size, cost in by_size.items()} | (
        {"growth": growth(by_size)} if len(by_size) > 1 else {}
    )


def _print(part: str, costs: Costs) -> None:
    print(f"\n{part}")
    for name, by_size in costs.items():
        figures = "".join(
            f"{size:>9,}: {cost.s:8.3f} s"
            + (f" {cost.peak_mb:5.0f} MB" if cost.peak_mb is not None else "")
            for size, cost in by_size.items()
        )
        grows = f"   growth {growth(by_size):.1f}" if len(by_size) > 1 else ""
        print(f"{name:<30}{figures}{grows}", flush=True)


# What is measured


def here(work: Callable[[], object], runs: int = RUNS) -> Cost:
    """In this process, the median of some runs."""
    wall_s, cpu_s = [], []
    for _ in range(runs):
        began = time.perf_counter(), time.process_time()
        work()
        wall_s.append(time.perf_counter() - began[0])
        cpu_s.append(time.process_time() - began[1])
    return Cost(median(wall_s), median(cpu_s))


def alone(work: Callable[[], object]) -> Cost:
    """In this process, once; `peak_mb` is what it adds to its memory, where that is told."""
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        return here(work, runs=1)
    reset.write_text("5")  # the peak is as high as what is used now
    before_mb = peak_mb()
    return replace(here(work, runs=1), peak_mb=peak_mb() - before_mb)


def command(*arguments: object, stdin: Path = Path(os.devnull)) -> Cost:
    """A command of its own process, once."""
    with TemporaryDirectory() as folder, stdin.open() as lines:
        report = Path(folder) / "report"
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-P", str(COMMAND), str(report), *map(str, arguments)],
            stdin=lines,
            capture_output=True,
            text=True,
            check=False,
        )
        wall_s = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(f"{arguments}: {done.stderr}")
        return Cost(wall_s, **json.loads(report.read_text()))


# A history


def histories(folder: Path, sizes: Sizes) -> Costs:
    costs: Costs = {}
    smallest = sizes.attempts[0]
    large.first(folder / "first", smallest)
    for size in sizes.attempts:
        space = folder / str(size)
        large.history(space / "recordings", folder / "first", size // smallest)
        shutil.copytree(shipped_questions(), space / "questions")
        for name, cost in _history(space, size):
            costs.setdefault(name, {})[size] = cost
        shutil.rmtree(space)
    for size in (each // EXPORTED or each for each in sizes.attempts):
        space = folder / f"export {size}"
        large.history(space / "recordings", folder / "first", 1)
        _keep_newest(space / "recordings", size)
        cost = command("export", space / "exported", "--workspace", space)
        costs.setdefault("export", {})[size] = cost
    return costs


def _history(space: Path, size: int) -> Iterator[tuple[str, Cost]]:
    """Everything that is done with one history."""
    recordings, in_space = space / "recordings", ("--workspace", space)
    large.first_version(recordings)
    yield "start after an update", here(lambda: Store(recordings).__exit__(), runs=1)
    questions = read(space / "questions").questions
    yield "schedule worked out anew", here(lambda: _chosen(recordings, questions), runs=1)
    yield "questions of a session", here(lambda: _chosen(recordings, questions))
    for name, page in (*PAGES.items(), ("attempt", lambda site: site.attempt(size))):
        yield f"page: {name}", here(partial(_page, recordings, questions, page))
    yield "history", command("history", *in_space)
    yield "history --json", command("history", "--json", *in_space)
    yield "show N", command("show", size, *in_space)
    yield "trends", command("trends", *in_space)
    yield "plan DATE", command("plan", "2036-12-24", *in_space)
    yield from _first_sound(in_space)
    saved = ("--question", QUESTION, "--save", "--model", MODEL)
    yield "score --save", command("score", SAMPLE, *saved, *in_space)
    with Store(recordings) as store:
        ((newest,),) = store.rows("SELECT attempt_id FROM score ORDER BY id DESC LIMIT 1")
    yield "rescore N", command("rescore", newest, "--model", MODEL, *in_space)
    yield "delete N", command("delete", newest, "--yes", *in_space)


def _first_sound(options: tuple[object, ...]) -> Iterator[tuple[str, Cost]]:
    """By the clock, on a warm disk; nothing where there can be no virtual sound card."""
    with sound_card() as card:
        for _ in range(2 if card else 0):
            sound_s = started(card, ["--plain", *map(str, options)]).first_sound_s
        if card and sound_s is not None:
            yield "first sound, by the clock", Cost(sound_s, sound_s)


def _chosen(recordings: Path, questions: tuple[Question, ...]) -> None:
    """What `practice` does before the first question is rendered."""
    now = datetime.now(UTC)
    with Store(recordings) as store:
        choose(questions, memories(store, now), Today(now), 5)
        store.unfinished()


def _page(recordings: Path, questions: tuple[Question, ...], page: Callable[[Site], str]) -> None:
    with Store(recordings) as store:
        page(Site(store, questions, datetime.now(UTC), "token"))


def _keep_newest(recordings: Path, count: int) -> None:
    with Store(recordings) as store:
        store.rows("DELETE FROM spoken WHERE rowid <= (SELECT max(id) - ? FROM attempt)", (count,))
        store.rows("DELETE FROM attempt WHERE id <= (SELECT max(id) - ? FROM attempt)", (count,))


# A bank


def banks(folder: Path, sizes: Sizes) -> Costs:
    costs: Costs = {}
    (folder / "t.txt").write_text("An encoder and a decoder with skip connections.")
    large.first(folder / "recordings", sizes.attempts[0])
    for size in sizes.questions:
        large.bank(folder / str(size), size)
        for name, cost in _bank(folder, folder / str(size), size):
            costs.setdefault(name, {})[size] = cost
    return costs


def _bank(folder: Path, bank: Path, size: int) -> Iterator[tuple[str, Cost]]:
    """Everything that is done with one bank."""
    last, of_bank = large.bank_of(bank), ("--bank", bank)
    yield "bank check", command("bank", "check", bank)
    yield "bank list --json", command("bank", "list", "--json", *of_bank)
    asked = ("--question", last.text, "--transcript", folder / "t.txt")
    yield "match --question", command("match", *asked, *of_bank)
    questions = read(bank).questions
    yield "questions of a session", here(lambda: _chosen(folder / "recordings", questions))
    yield "page: bank", here(partial(_page, folder / "recordings", questions, PAGES["bank"]))
    yield from _first_sound(("--workspace", folder, *of_bank))
    requests = folder / f"{size}.jsonl"
    requests.write_text("".join(_request(each) for each in questions[::50]))
    yield "match --jsonl, one in 50", command("match", "--jsonl", stdin=requests)


def _request(question: Question) -> str:
    points = [point.text for point in question.key_points]
    fields = {"question": question.text, "key_points": points, "transcript": question.text}
    return json.dumps(fields) + "\n"


# A recording


def recordings(folder: Path, sizes: Sizes) -> Costs:
    costs: Costs = {}
    question = find(read(shipped_questions()).questions, QUESTION)
    once = read_recording(SAMPLE)
    heard = assess(question, once, load("auto", MODEL, "auto")).transcript
    for size in sizes.seconds:
        path = folder / f"{size}.wav"
        large.recording(path, SAMPLE, size)
        words = large.said(heard, once.duration_s, size)
        for name, cost in _recording(folder / str(size), path, question, words):
            costs.setdefault(name, {})[size] = cost
        path.unlink()
    for size in sizes.transcribed_s:
        large.recording(path, SAMPLE, size)
        scored = command("score", path, "--question", QUESTION, "--model", MODEL)
        costs.setdefault("score FILE", {})[size] = scored
    return costs


def _recording(
    folder: Path, path: Path, question: Question, words: Transcript
) -> Iterator[tuple[str, Cost]]:
    """Everything that is done with one recording but to transcribe it."""
    found: list[Recording] = []
    yield "read, find the speech", alone(lambda: found.append(read_recording(path)))
    (recording,) = found
    yield "listen", alone(lambda: _listen(path, folder))
    sound = sound_of(path)
    cut_at = quietest_moment(sound.part)
    plan = partial(plan_windows, recording.speech, recording.duration_s, cut_at=cut_at)
    yield "plan the windows", here(plan)
    cards: list[Scorecard] = []
    yield "score the words", here(lambda: cards.append(score(question, words, recording)), runs=1)
    with Store(folder / "kept") as store:
        number = store.begin(question, folder / "kept" / path.name, recording.started_at)
        shutil.copyfile(path, folder / "kept" / path.name)
        store.heard(number, recording)
        store.scored(number, cards[0])
    yield (
        "page: attempt",
        here(partial(_page, folder / "kept", (question,), lambda site: site.attempt(number))),
    )
    shutil.rmtree(folder)


def _listen(path: Path, folder: Path) -> None:
    """An answer as it is recorded, as quickly as this machine can."""
    folder.mkdir()
    endless = ListenSettings(patience_s=1e6, maximum_s=1e6)
    with open_audio(path) as file, Take(folder / "answer.wav", endless, "file") as take:
        for _ in take.listen(read_blocks(file, path=path, block_s=0.1), Event()):
            pass


PARTS: dict[str, Callable[[Path, Sizes], Costs]] = {
    "history": histories,
    "bank": banks,
    "recording": recordings,
}


if __name__ == "__main__":
    main()
