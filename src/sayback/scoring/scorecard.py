"""The scorecard of one answer, and the JSON that scripts read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from sayback.model import Correction, Ending, Question, Recording, Scorecard, Transcript
from sayback.scoring.corrections import correct_words, mark_points
from sayback.scoring.pace import measure, words

SCORER_VERSION = "8"
"""Goes up with every change that may change a score, so that old answers can be scored again."""
SCHEMA = "sayback.scorecard/1"
WHERE_CORRECTED = ("heard", "judged")
"""Keys of words and key points that are there only where a person corrected them."""
FEWEST_WORDS = 3
"""An answer of fewer words is not judged."""


def score(
    question: Question,
    transcript: Transcript,
    recording: Recording | None,
    corrections: Sequence[Correction] = (),
) -> Scorecard:
    """Judge an answer as a person corrected it; without a recording (text) it has no pace.

    An answer without speech, with fewer than three words, or with far too much to compare has no
    coverage, and a warning that says why. Without detected speech there is no pace either.
    """
    # Late: numpy and the judge take time to load.
    from sayback.scoring.coverage import cover, why_not_compared

    transcript = correct_words(transcript, corrections)
    unjudged = why_not_judged(transcript, recording)
    if not unjudged and (too_much := why_not_compared(question, transcript)):
        unjudged = f"not judged: {too_much}"
    coverage = None if unjudged else cover(question, transcript)
    heard = recording is not None and recording.speech
    return Scorecard(
        question=question,
        transcript=transcript,
        coverage=mark_points(coverage, corrections) if coverage else None,
        pace=measure(recording, transcript, question.target_s) if recording and heard else None,
        scorer_version=SCORER_VERSION,
        warnings=(*(recording.warnings if recording else ()), *([unjudged] if unjudged else [])),
    )


def why_not_judged(transcript: Transcript, recording: Recording | None) -> str | None:
    """The reason for which an answer cannot be judged, as a warning; None where it can."""
    if recording is not None and not recording.speech:
        is_file = recording.ending is Ending.END_OF_FILE
        what = "listen to the file" if is_file else "check the microphone with `sayback doctor`"
        return f"not judged: no speech was found in the recording; {what}"
    count = len(words(transcript.text))
    if count >= FEWEST_WORDS:
        return None
    said = f"{count} {'word' if count == 1 else 'words'}"
    return f"not judged: {said} in the answer, at least {FEWEST_WORDS} are needed; answer again"


def to_json(scorecard: Scorecard) -> dict[str, Any]:
    """The scorecard as plain values under the keys of schema 1; times rounded to 1 ms."""
    question = scorecard.question
    return {
        "schema": SCHEMA,
        "question": {
            "id": question.id,
            "text": question.text,
            "topic": list(question.topic),
            "target_s": question.target_s,
        },
        "transcript": _plain(scorecard.transcript),
        "coverage": _plain(scorecard.coverage),
        "pace": _plain(scorecard.pace),
        "scorer": {"version": scorecard.scorer_version},
        "warnings": list(scorecard.warnings),
    }


def _plain(value: Any) -> Any:
    """Dataclasses as dicts by field name, tuples as lists, numbers to 3 decimals."""
    if is_dataclass(value):
        named = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {
            name: _plain(each)
            for name, each in named
            if each is not None or name not in WHERE_CORRECTED
        }
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return round(value, 3) if isinstance(value, float) else value
