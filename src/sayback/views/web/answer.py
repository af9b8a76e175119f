"""One answer as the pages show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sayback.model import (
    Attempt,
    Coverage,
    Interval,
    PointScore,
    Question,
    Recording,
    Scorecard,
    Status,
)
from sayback.views.web.links import audio_name, beginning
from sayback.views.web.spoken import LONG_PAUSE_S, Run, Said, evidence, pauses, runs
from sayback.views.web.wave import PACE_STEP_S, Sound, Stretch, pace, peaks, wave
from sayback.views.web.wording import STATUSES, count


@dataclass(frozen=True, slots=True)
class Point:
    """A key point with its number, and what a person may say about its judgement."""

    number: int
    score: PointScore

    @property
    def named_by(self) -> str:
        """What a form sends to say which point it means."""
        return beginning(self.score.text)

    @property
    def evidence(self) -> Interval | None:
        return evidence(self.score)

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that were not said, where only some of them were."""
        if self.score.status is not Status.PARTIAL:
            return ()
        return tuple(fact for fact in self.score.missing if fact != self.score.text)

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """What can be answered to the judgement, as value and label of a button."""
        if self.score.judged is not None:
            return (("scorer", f"Undo: the scorer says {STATUSES[self.score.judged]}"),)
        said, not_said = ("yes", "I did say that"), ("no", "I did not say that")
        match self.score.status:
            case Status.COVERED:
                return (not_said,)
            case Status.MISSED:
                return (said,)
            case _:
                return (said, not_said)


@dataclass(frozen=True, slots=True)
class View:
    """An attempt with all that its page shows; what is not known is empty or None.

    `question` is the question as the bank has it now, None where it has left.
    """

    attempt: Attempt
    question: Question | None
    earlier: tuple[float, ...]
    audio: str | None
    wave: Markup
    points: tuple[Point, ...]
    runs: tuple[Run, ...]
    words: tuple[Said, ...]
    pauses: tuple[Interval, ...]
    pace: tuple[tuple[float, int], ...]

    @property
    def card(self) -> Scorecard | None:
        return self.attempt.scorecard

    @property
    def is_outdated(self) -> bool:
        """Whether the key points in the bank are others than those that it was scored against."""
        return self.question is not None and is_outdated(self.attempt, self.question)

    @property
    def summary(self) -> str:
        """How many points were said: "2 of 5 key points said, 1 partly"."""
        return "" if not self.card or not self.card.coverage else _summary(self.card.coverage)

    @property
    def corrected(self) -> tuple[Said, ...]:
        return tuple(word for word in self.words if word.is_corrected)

    @property
    def fillers(self) -> tuple[Said, ...]:
        return tuple(word for word in self.words if word.is_filler)

    @property
    def target(self) -> str:
        """Whether the answer had the length that was aimed at; empty without a target."""
        card = self.card
        if not card or not card.pace or card.question.target_s is None:
            return ""
        if card.pace.on_target:
            return "on target"
        span_s = card.pace.total_s - card.pace.response_latency_s
        return "too long" if span_s > card.question.target_s else "too short"


def is_outdated(attempt: Attempt, question: Question) -> bool:
    """Whether an answer was scored against other key points than its question has now."""
    card = attempt.scorecard
    return card is not None and card.question.key_points != question.key_points


def view(attempt: Attempt, earlier: tuple[float, ...], question: Question | None = None) -> View:
    """The attempt, `earlier` being the coverages of those before it, oldest first."""
    card, recording = attempt.scorecard, attempt.recording
    scores = card.coverage.points if card and card.coverage else ()
    silences = pauses(recording.speech) if recording else ()
    found = runs((card.transcript.words if card else None) or (), scores, silences)
    words = tuple(item for run in found for item in run.items if isinstance(item, Said))
    heard = peaks(attempt.audio)
    sound = _sound(recording, heard, scores, words, silences) if heard and recording else None
    return View(
        attempt=attempt,
        question=question,
        earlier=earlier,
        audio=audio_name(attempt.id, attempt.audio) if heard else None,
        wave=wave(sound) if sound else Markup(""),
        points=tuple(Point(number, score) for number, score in enumerate(scores, start=1)),
        runs=found,
        words=words,
        pauses=silences,
        pace=tuple(_pace(sound)) if sound else (),
    )


def _pace(sound: Sound) -> Iterator[tuple[float, int]]:
    for step, words in enumerate(pace(sound.words, sound.duration_s)):
        yield step * PACE_STEP_S, words


def _sound(
    recording: Recording,
    heard: tuple[float, ...],
    scores: Sequence[PointScore],
    words: Sequence[Said],
    silences: Sequence[Interval],
) -> Sound:
    return Sound(
        duration_s=recording.duration_s,
        peaks=heard,
        speech=recording.speech,
        pauses=tuple(each for each in silences if each.duration_s >= LONG_PAUSE_S),
        fillers=tuple((word.start_s, word.text.strip(",. ")) for word in words if word.is_filler),
        evidence=tuple(_stretches(scores)),
        words=tuple(word.start_s for word in words if word.text),
    )


def _stretches(scores: Sequence[PointScore]) -> Iterator[Stretch]:
    for number, score in enumerate(scores, start=1):
        if found := evidence(score):
            yield Stretch(number, score.status, found.start_s, found.end_s)


def _summary(coverage: Coverage) -> str:
    counts = Counter(point.status for point in coverage.points)
    said = f"{counts[Status.COVERED]} of {count(len(coverage.points), 'key point')} said"
    more = [
        f"{counts[status]} {name}"
        for status, name in ((Status.PARTIAL, "partly"), (Status.CONTRADICTED, "contradicted"))
        if counts[status]
    ]
    return ", ".join((said, *more))


@dataclass(frozen=True, slots=True)
class Column:
    """An attempt beside others at the same question."""

    attempt: Attempt

    @property
    def coverage(self) -> float | None:
        card = self.attempt.scorecard
        return card.coverage.score if card and card.coverage else None

    def status(self, point: str) -> Status | None:
        """How far a key point was said; None where it was not judged in this attempt."""
        card = self.attempt.scorecard
        points = card.coverage.points if card and card.coverage else ()
        return next((each.status for each in points if each.text == point), None)
