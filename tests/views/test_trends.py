from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from rich.console import Console

from sayback.history.trends import MEASURES, Change, Session
from sayback.views.trends import SCHEMA, figure, to_json, trends, verdict

BY_NAME = {measure.name: measure for measure in MEASURES}
START = datetime(2026, 3, 2, 12).astimezone()
CHANGE = Change(before=0.2, now=0.6, sessions_before=3, sessions_now=3, floor=0.1)


def course(count: int, **last: float) -> tuple[Session, ...]:
    """Sessions with the same values each, but for the newest three."""
    values = {
        "coverage": 0.31, "speaking_s": 62.0, "speech_rate_wpm": 134.0,
        "articulation_rate_wpm": 165.0, "pauses_per_min": 9.2, "pauses.median_s": 0.6,
        "fillers_per_min": 3.0,
    }  # fmt: skip
    return tuple(
        Session(
            START + number * timedelta(days=1),
            (2 * number, 2 * number + 1),
            values | last if number >= count - 3 else values,
        )
        for number in range(count)
    )


def drawn(sessions: Sequence[Session], width: int = 80) -> str:
    out = Console(file=io.StringIO(), width=width, highlight=False)
    out.print(trends(sessions))
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def lines(text: str) -> dict[str, str]:
    """What stands behind the label of each measure."""
    return {
        measure.name: line.split(measure.label)[1]
        for measure in MEASURES
        for line in text.splitlines()
        if line.strip().startswith(measure.label)
    }


def test_without_a_session_it_says_what_to_do() -> None:
    assert drawn(()).strip() == "No trends yet: `sayback practice` makes the first session."


def test_a_line_a_measure_says_from_where_to_where_and_what_of_it() -> None:
    text = drawn(course(8, coverage=0.62, speech_rate_wpm=150, fillers_per_min=5.0, speaking_s=40))
    found = {name: line.split() for name, line in lines(text).items()}
    assert found["coverage"] == ["▅▅▅▅▅███", "31", "→", "62%", "better"]
    assert found["speech_rate_wpm"][1:] == ["134", "→", "150", "words/min", "higher"]
    assert found["speaking_s"][1:] == ["62", "→", "40", "s", "lower"]
    assert found["fillers_per_min"][1:] == ["3.0", "→", "5.0/min", "worse"]
    assert found["pauses.median_s"][1:] == ["0.6", "→", "0.6", "s", "no", "noticeable", "change"]
    assert "8 sessions, 16 answers   02 Mar 2026 to 09 Mar 2026" in text


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_sessions_are_too_early_to_tell(count: int) -> None:
    text = drawn(course(count))
    assert text.count("too early to tell") == len(MEASURES)
    assert "From 4 sessions on" in text
    assert f"{count} session" in text


def test_a_measure_that_nobody_has_is_left_out() -> None:
    bare = tuple(replace(each, values={"speaking_s": 9.0}) for each in course(5))
    assert lines(drawn(bare)).keys() == {"speaking_s"}


@pytest.mark.parametrize("count", [0, 1, 5, 500])
def test_it_fits_into_80_columns_unwrapped(count: int) -> None:
    text = drawn(course(count, speech_rate_wpm=1134.0, articulation_rate_wpm=1155.0))
    wide = drawn(course(count, speech_rate_wpm=1134.0, articulation_rate_wpm=1155.0), width=200)
    assert [line.rstrip() for line in text.splitlines()] == [
        line.rstrip() for line in wide.splitlines()
    ]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("coverage", 0.474, "47%"),
        ("speech_rate_wpm", 134.4, "134 words/min"),
        ("pauses.median_s", 0.64, "0.6 s"),
        ("speaking_s", 62.3, "62 s"),
        ("fillers_per_min", 3.06, "3.1/min"),
    ],
)
def test_figures_are_as_precise_as_they_are_meant(name: str, value: float, text: str) -> None:
    assert figure(BY_NAME[name], value) == text


@pytest.mark.parametrize(
    ("name", "found", "said"),
    [
        ("coverage", CHANGE, "better"),
        ("fillers_per_min", CHANGE, "worse"),
        ("fillers_per_min", replace(CHANGE, now=0.0), "better"),
        ("speaking_s", CHANGE, "higher"),
        ("speaking_s", replace(CHANGE, now=0.0), "lower"),
        ("coverage", replace(CHANGE, floor=0.5), "no noticeable change"),
        ("coverage", replace(CHANGE, sessions_now=1), "too early to tell"),
        ("coverage", None, "too early to tell"),
    ],
)
def test_verdicts(name: str, found: Change | None, said: str) -> None:
    assert verdict(BY_NAME[name], found) == said


def test_json_has_definitions_changes_and_sessions() -> None:
    plain = json.loads(json.dumps(to_json(course(4, coverage=0.62))))
    assert plain["schema"] == SCHEMA
    coverage = plain["measures"][0]
    assert coverage["name"] == "coverage"
    assert coverage["definition"]
    assert coverage["noticeable"]["is_share"] is False
    assert coverage["change"]["now"] == pytest.approx(0.62)
    assert coverage["change"]["is_noticeable"] is True
    assert plain["sessions"][0]["attempts"] == [0, 1]
    assert plain["sessions"][0]["started_at"] == START.isoformat()
    assert plain["sessions"][0]["values"]["coverage"] == 0.31
    assert to_json(())["measures"][0]["change"] is None


def test_those_of_one_question_are_called_answers() -> None:
    out = Console(file=io.StringIO(), width=80, highlight=False)
    out.print(trends(tuple(replace(each, attempts=(7,)) for each in course(3)), of_question=True))
    assert isinstance(out.file, io.StringIO)
    text = out.file.getvalue()
    assert "3 answers" in text
    assert "From 4 answers on" in text
    assert "session" not in text
