"""What a person says was said, put over what was recognised and judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sayback.model import (
    Correction,
    Coverage,
    PointCorrection,
    PointScore,
    Status,
    Transcript,
    Word,
    WordCorrection,
)

SAME_MOMENT_S = 1.0
"""Another engine may begin the same word so much earlier or later."""


def correct_words(transcript: Transcript, corrections: Iterable[Correction]) -> Transcript:
    """The transcript with the newest correction of each word; the others as they were heard.

    A correction of a word that is not in this transcript (another engine heard otherwise) is
    left out.
    """
    if transcript.words is None:
        return transcript
    heard = [_as_heard(word) for word in transcript.words]
    words = list(heard)
    for each in corrections:
        if isinstance(each, WordCorrection):
            near = [at for at, word in enumerate(heard) if _is_of(each, word)]
            if near:
                at = min(near, key=lambda at: abs(heard[at].start_s - each.start_s))
                words[at] = _corrected(heard[at], each.text)
    text = " ".join(word.text for word in words if word.text)
    unchanged = all(word == old for word, old in zip(words, transcript.words, strict=True))
    return transcript if unchanged else replace(transcript, text=text, words=tuple(words))


def is_heard(correction: WordCorrection, transcript: Transcript) -> bool:
    """Whether the transcript has the word that a correction is of."""
    return any(_is_of(correction, _as_heard(word)) for word in transcript.words or ())


def _as_heard(word: Word) -> Word:
    return word if word.heard is None else replace(word, text=word.heard, heard=None)


def _is_of(correction: WordCorrection, word: Word) -> bool:
    return word.text == correction.heard and abs(word.start_s - correction.start_s) <= SAME_MOMENT_S


def _corrected(word: Word, text: str) -> Word:
    said = " ".join(text.split())
    return word if said == word.text else replace(word, text=said, heard=word.text)


def mark_points(coverage: Coverage, corrections: Iterable[Correction]) -> Coverage:
    """The coverage with each point as the person last decided; `judged` keeps the scorer's view."""
    said = {each.point: each.said for each in corrections if isinstance(each, PointCorrection)}
    points = tuple(_marked(point, said.get(point.text)) for point in coverage.points)
    return Coverage.of(points)


def _marked(point: PointScore, said: bool | None) -> PointScore:
    status = Status.COVERED if said else Status.MISSED
    if said is None or point.status is status:
        return point
    return replace(
        point,
        status=status,
        score=float(said),
        missing=() if said else point.missing,
        judged=point.status,
    )
