"""How long the pages of the review take to make, for a thousand answers and for ten thousand.

    python benchmarks/review.py [--json]

A page is made as the server makes it, the history opened anew, five times; the first time, when
nothing of the schedule is remembered yet, stands apart. The ratio says how it grows: 10 is linear.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from sayback.bank.parse import read
from sayback.history.store import Store
from sayback.model import (
    SAMPLE_RATE_HZ,
    Ending,
    Fillers,
    Interval,
    Pace,
    Pauses,
    Question,
    Recording,
    Transcript,
)
from sayback.scoring.scorecard import score
from sayback.views.web.pages import Site
from sayback.workspace import shipped_questions

SIZES = (1_000, 10_000)
RUNS = 5
ANSWERS_A_SESSION = 5
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PAGES: dict[str, Callable[[Site], str]] = {
    "overview": lambda site: site.overview(),
    "bank": lambda site: site.bank(),
    "trends": lambda site: site.trends(),
    "question": lambda site: site.question(site.questions[0].id),
    "search": lambda site: site.search("encoder decoder"),
}


def fill(recordings: Path, questions: tuple[Question, ...], count: int) -> None:
    """A history of so many answers, some key points said in each, a session every six hours."""
    random = Random(1)
    pace = Pace(40, 1, 30, 130, 160, 4, Pauses(6, 0.5, 2, 5), Fillers(2, {"um": 2}), None)
    with Store(recordings) as store:
        store.rows("PRAGMA synchronous = OFF")  # only the making is quicker
        for number in range(count):
            session, place = divmod(number, ANSWERS_A_SESSION)
            at = NOW - timedelta(
                hours=6 * (count // ANSWERS_A_SESSION - session), minutes=-3 * place
            )
            asked = questions[number % len(questions)]
            said = " ".join(point.text for point in asked.key_points if random.random() < 0.6)
            card = score(asked, Transcript(said or "I do not know that"), None)
            audio = recordings / f"{number}.wav"
            attempt = store.begin(asked, audio, at)
            speech = (Interval(1, 39),)
            store.heard(attempt, Recording(audio, SAMPLE_RATE_HZ, at, 42, speech, Ending.SILENCE))
            rate = random.uniform(0.9, 1.1)
            varied = replace(pace, speaking_s=30 * rate, speech_rate_wpm=130 * rate)
            store.scored(attempt, replace(card, pace=varied))


def milliseconds(
    recordings: Path, questions: tuple[Question, ...], page: Callable[[Site], str]
) -> float:
    """For one page, as the server makes it."""
    began = time.perf_counter()
    with Store(recordings) as store:
        page(Site(store, questions, NOW, "token"))
    return (time.perf_counter() - began) * 1000


def measured(count: int) -> dict[str, float]:
    """Medians in milliseconds of each page of a history of so many answers."""
    questions = read(shipped_questions()).questions
    with TemporaryDirectory() as folder:
        recordings = Path(folder) / "recordings"
        fill(recordings, questions, count)
        times = {"overview, first time": milliseconds(recordings, questions, PAGES["overview"])}
        for name, page in PAGES.items():
            times[name] = median(milliseconds(recordings, questions, page) for _ in range(RUNS))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    small, large = (measured(count) for count in SIZES)
    report = {
        name: {"1000_ms": small[name], "10000_ms": large[name], "ratio": large[name] / small[name]}
        for name in small
    }
    if arguments.json:
        json.dump(report, sys.stdout)
        return
    for name, row in report.items():
        figures = "   ".join(f"{key} {value:.1f}" for key, value in row.items())
        print(f"{name:<24}{figures}")


if __name__ == "__main__":
    main()
