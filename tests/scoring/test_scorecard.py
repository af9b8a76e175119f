from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayback.model import (
    Ending,
    Interval,
    KeyPoint,
    PointCorrection,
    Question,
    Recording,
    Transcript,
    Word,
    WordCorrection,
)
from sayback.scoring.scorecard import SCORER_VERSION, score, to_json

QUESTION = Question(
    "How do you make it fast?", "fast", ("Systems",), (KeyPoint("caching lowers latency"),), 60.0
)
TEXT = "caching lowers the latency"
WORDS = tuple(Word(text, n / 3, n / 3 + 0.25, 0.98765) for n, text in enumerate(TEXT.split()))
HEARD = Transcript(TEXT, WORDS, "openai-whisper", "base")


def recording(*speech: Interval, warnings: tuple[str, ...] = ()) -> Recording:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    return Recording(Path("a.wav"), 16_000, began, 9.0, speech, Ending.SILENCE, warnings)


def keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: keys(item) for key, item in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value else None


def test_the_keys_of_the_json_are_the_contract() -> None:
    card = to_json(score(QUESTION, HEARD, recording(Interval(0.5, 2.0))))
    names = keys(card)
    assert names == {
        "schema": None,
        "question": {"id": None, "text": None, "topic": [None], "target_s": None},
        "transcript": {
            "text": None,
            "words": [{"text": None, "start_s": None, "end_s": None, "probability": None}],
            "engine": None,
            "model": None,
            "language": None,
        },
        "coverage": {
            "score": None,
            "points": [
                {
                    "text": None,
                    "status": None,
                    "score": None,
                    "evidence": {"text": None, "start_s": None, "end_s": None},
                    "missing": None,
                }
            ],
        },
        "pace": {
            "total_s": None,
            "response_latency_s": None,
            "speaking_s": None,
            "speech_rate_wpm": None,
            "articulation_rate_wpm": None,
            "articulation_rate_syllables_s": None,
            "pauses": {"count": None, "median_s": None, "longest_s": None, "total_s": None},
            "fillers": {"at_least": None, "by_word": {}},
            "on_target": None,
        },
        "scorer": {"version": None},
        "warnings": None,
    }
    assert card["schema"] == "sayback.scorecard/1"
    assert card["scorer"] == {"version": SCORER_VERSION}
    assert card["coverage"]["points"][0]["status"] == "covered"
    assert json.loads(json.dumps(card)) == card


def test_what_a_person_corrected_stands_in_the_json() -> None:
    word = WordCorrection(start_s=WORDS[0].start_s, heard="caching", text="Caching")
    point = PointCorrection(point=QUESTION.key_points[0].text, said=False)
    card = to_json(score(QUESTION, HEARD, recording(Interval(0.5, 2.0)), (word, point)))
    assert card["transcript"]["words"][0]["heard"] == "caching"
    assert card["coverage"]["points"][0]["status"] == "missed"
    assert card["coverage"]["points"][0]["judged"] == "covered"


def test_numbers_are_rounded() -> None:
    card = to_json(score(QUESTION, HEARD, recording(Interval(1 / 3, 2.0))))
    assert card["pace"]["response_latency_s"] == 0.333
    assert card["transcript"]["words"][1]["start_s"] == 0.333
    assert card["transcript"]["words"][1]["probability"] == 0.988


def test_text_has_neither_pace_nor_words() -> None:
    card = to_json(score(QUESTION, Transcript(TEXT), None))
    assert card["pace"] is None
    assert card["transcript"]["words"] is None
    assert card["transcript"]["engine"] is None
    assert card["coverage"]["points"][0]["evidence"] == {
        "text": TEXT, "start_s": None, "end_s": None,
    }  # fmt: skip
    assert card["warnings"] == []


def test_a_question_without_key_points_has_pace_only() -> None:
    card = score(Question("Why?", "why"), HEARD, recording(Interval(0, 1)))
    assert card.coverage is None
    assert card.pace is not None
    assert card.warnings == ()


def test_silence_is_not_judged_whatever_the_engine_wrote() -> None:
    card = score(QUESTION, HEARD, recording(warnings=("'desk': delivers only zeros",)))
    assert (card.coverage, card.pace) == (None, None)
    assert card.warnings[0] == "'desk': delivers only zeros"
    assert "no speech was found" in card.warnings[1]
    assert "sayback doctor" in card.warnings[1]
    silent_file = replace(recording(), ending=Ending.END_OF_FILE)
    (warning,) = score(QUESTION, HEARD, silent_file).warnings
    assert warning.endswith("no speech was found in the recording; listen to the file")


@pytest.mark.parametrize(
    ("text", "count"), [("", "0 words"), ("caching", "1 word"), ("Caching. Latency…", "2 words")]
)
def test_fewer_than_three_words_are_not_judged(text: str, count: str) -> None:
    card = score(QUESTION, Transcript(text), None)
    assert card.coverage is None
    assert f"{count} in the answer" in card.warnings[0]


def test_speech_without_words_keeps_its_pauses() -> None:
    card = score(QUESTION, Transcript(""), recording(Interval(0, 1), Interval(2, 3)))
    assert card.coverage is None
    assert card.pace is not None
    assert card.pace.pauses.count == 1


def test_the_warnings_of_the_recording_are_kept() -> None:
    card = score(QUESTION, HEARD, recording(Interval(0, 1), warnings=("clipped",)))
    assert card.warnings == ("clipped",)


@given(answer=st.text(max_size=200), point=st.text(max_size=100), term=st.text(max_size=10))
def test_any_text_gives_a_valid_scorecard(answer: str, point: str, term: str) -> None:
    question = Question("What?", "q", key_points=(KeyPoint(point, (term,), (answer[:20],)),))
    card = score(question, Transcript(answer), None)
    json.dumps(to_json(card), allow_nan=False)
    for judged in card.coverage.points if card.coverage else ():
        assert 0.0 <= judged.score <= 1.0
        assert judged.evidence is None or judged.evidence.text in answer


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, sayback.scoring.scorecard; "
        "print({'numpy', 'torch', 'whisper', 'rapidfuzz', 'snowballstemmer'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
