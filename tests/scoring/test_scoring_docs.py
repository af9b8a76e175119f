"""The example in docs/scoring.md is what the scorer really says."""

from __future__ import annotations

from pathlib import Path

from sayback.model import KeyPoint, Question, Transcript
from sayback.scoring.coverage import cover

LINES = (Path(__file__).resolve().parents[2] / "docs" / "scoring.md").read_text("utf-8").split("\n")


def after(opening: str) -> str:
    return next(line for line in LINES if line.startswith(opening)).removeprefix(opening)


def rows_below(header: str) -> list[list[str]]:
    start = LINES.index(header) + 2
    end = LINES.index("", start)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES[start:end]]


def test_the_example_is_true() -> None:
    rows = rows_below("| key point | status | evidence | missing |")
    points = tuple(KeyPoint(row[0]) for row in rows)
    coverage = cover(Question(after("Question: "), "q", (), points), Transcript(after("Answer: ")))
    assert coverage is not None
    scored = [
        [
            point.text,
            point.status.value,
            point.evidence.text if point.evidence else "",
            "; ".join(point.missing),
        ]
        for point in coverage.points
    ]
    assert scored == rows
    assert {row[1] for row in rows} == {"covered", "partial", "missed", "contradicted"}
