"""A scorecard in a few sentences to be read aloud, for somebody whose eyes are elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sayback.model import Coverage, KeyPoint, Pace, PointScore, Scorecard, Status
from sayback.views.labels import label

MOST_NAMED = 3
MOST_WORDS_OF_A_WARNING = 16

_UP_TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)
_FROM_TWENTY = "twenty thirty forty fifty sixty seventy eighty ninety"


def spoken_result(scorecard: Scorecard) -> str:
    """What was covered, what was not said and for how long one spoke: at most about 15 s aloud."""
    return " ".join((*_judged(scorecard), *_spoken_time(scorecard)))


def number(value: int) -> str:
    """In words up to 99, in digits beyond: 52 is "fifty two"."""
    small, tens = _UP_TO_NINETEEN.split(), _FROM_TWENTY.split()
    if value < len(small):
        return small[value]
    if value > 99:
        return str(value)
    ten, one = divmod(value, 10)
    return tens[ten - 2] + (f" {small[one]}" if one else "")


def duration(seconds: float) -> str:
    """Whole seconds in words: 65.2 is "one minute and five seconds"."""
    minutes, rest = divmod(round(seconds), 60)
    parts = [_counted(minutes, "minute")] if minutes else []
    if rest or not minutes:
        parts.append(_counted(rest, "second"))
    return " and ".join(parts)


def _judged(scorecard: Scorecard) -> Iterator[str]:
    if scorecard.coverage is not None:
        yield from _covered(scorecard.coverage, scorecard.question.key_points)
    elif scorecard.warnings:
        yield f"This answer could not be judged: {_first_words(scorecard.warnings[0])}."


def _covered(coverage: Coverage, key_points: Sequence[KeyPoint]) -> Iterator[str]:
    counts = Counter(point.status for point in coverage.points)
    yield f"You {_share(counts, len(coverage.points))}."
    labels = {point.text: label(point) for point in key_points}
    if missed := _named(coverage.points, Status.MISSED, labels):
        yield f"Not said: {missed}."
    if opposite := _named(coverage.points, Status.CONTRADICTED, labels):
        yield f"Check what you said about {opposite}."


def _share(counts: Counter[Status], total: int) -> str:
    covered, partial = counts[Status.COVERED], counts[Status.PARTIAL]
    if total == 1:
        does = "covered" if covered else "partly covered" if partial else "did not cover"
        return f"{does} the one key point"
    if covered == total:
        return f"covered {'both' if total == 2 else f'all {number(total)}'} key points"
    partly = f", {number(partial)} partly" if partial else ""
    return f"covered {number(covered) if covered else 'none'} of {number(total)} key points{partly}"


def _named(points: Sequence[PointScore], status: Status, labels: dict[str, str]) -> str:
    """The points of that status, the first few by name."""
    texts = [point.text for point in points if point.status is status]
    names = [labels.get(text) or label(KeyPoint(text)) for text in texts]
    if len(names) > MOST_NAMED:
        names[MOST_NAMED:] = [f"and {number(len(names) - MOST_NAMED)} more"]
    return "; ".join(names)


def _spoken_time(scorecard: Scorecard) -> Iterator[str]:
    pace = scorecard.pace
    if pace is not None and pace.speaking_s >= 1:
        aim = _against(pace, scorecard.question.target_s)
        yield f"You spoke for {duration(pace.speaking_s)}{aim}."


def _against(pace: Pace, target_s: float | None) -> str:
    if target_s is None or pace.on_target is not False:
        return ""
    answer_s = pace.total_s - pace.response_latency_s
    return ", longer than your aim" if answer_s > target_s else ", shorter than your aim"


def _first_words(text: str) -> str:
    return " ".join(text.split()[:MOST_WORDS_OF_A_WARNING]).rstrip(".,;:")


def _counted(count: int, noun: str) -> str:
    return f"{number(count)} {noun}" + ("" if count == 1 else "s")
