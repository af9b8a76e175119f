"""A scorecard as lines for a terminal or a pipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sayback.model import Coverage, Pace, PointScore, Scorecard, Status, Word
from sayback.views.charts import bar, clock, sparkline

ACCENT = "cyan"
ALARM = "red"
MARKS = {
    Status.COVERED: ("✓", ACCENT),
    Status.PARTIAL: ("◐", ACCENT),
    Status.CONTRADICTED: ("!", f"bold {ALARM}"),
    Status.MISSED: ("✗", "dim"),
}
BAR_WIDTH = 24
SPARK_STEP_S = 5.0
LONGEST_QUOTATION = 110
NO_POINTS = (
    "No key points to compare with: write some under the question,"
    " or `sayback draft` proposes some from an answer."
)


def card(
    scorecard: Scorecard,
    *,
    earlier: tuple[float, ...] = (),
    question: bool = True,
    transcript: bool = False,
) -> RenderableType:
    """What was said, what was missed and how it was spoken; the words too where asked for."""
    parts: list[RenderableType] = []
    if question:
        parts += [Text(scorecard.question.text, style="bold"), Text()]
    if scorecard.coverage is not None:
        parts += [
            _headline(scorecard.coverage, earlier),
            Text(),
            _points(scorecard.coverage),
            Text(),
        ]
    elif not scorecard.question.key_points:
        parts += [
            Text(NO_POINTS, "dim"),
            Text(),
        ]
    parts += [Text(f"! {warning}", style=ALARM) for warning in scorecard.warnings]
    if scorecard.pace is not None:
        parts.append(_pace(scorecard.pace, scorecard))
    if scorecard.transcript.text and (transcript or scorecard.coverage is None):
        parts += [Text(), Text(f"“{scorecard.transcript.text}”", style="italic")]
        parts += [Text(line, "dim") for line in _corrected(scorecard.transcript.words or ())]
    return Padding(Group(*parts), (1, 1))


def _headline(coverage: Coverage, earlier: tuple[float, ...]) -> Text:
    counts = Counter(point.status for point in coverage.points)
    said = f"{counts[Status.COVERED]} of {len(coverage.points)} key points"
    line = Text.assemble(
        (f"{coverage.score:.0%} covered", "bold"),
        "  ",
        (bar(coverage.score, BAR_WIDTH), ACCENT),
        "  ",
        said,
    )
    if counts[Status.PARTIAL]:
        line.append(f", {counts[Status.PARTIAL]} partly")
    if earlier:
        line.append(f"\nlast time {earlier[-1]:.0%}, best {max(earlier):.0%}", style="dim")
    return line


def _points(coverage: Coverage) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=1)
    table.add_column(ratio=4)
    table.add_column(width=4, justify="right", style="dim")
    table.add_column(ratio=5)
    for point in coverage.points:
        mark, style = MARKS[point.status]
        start_s = point.evidence.start_s if point.evidence else None
        table.add_row(
            Text(mark, style),
            Text(point.text, "dim" if point.status is Status.MISSED else ""),
            "" if start_s is None else clock(start_s),
            Text("\n").join(_remarks(point)),
        )
    return table


def _remarks(point: PointScore) -> Iterator[Text]:
    if point.status is Status.CONTRADICTED:
        yield Text("you said the opposite? check this", style=ALARM)
    if point.evidence is not None and point.evidence.text:
        yield Text(f"“{shorten(point.evidence.text)}”")
    if point.status is Status.PARTIAL:
        rest = [fact for fact in point.missing if fact != point.text]
        yield Text(f"not said: {'; '.join(rest)}" if rest else "only partly said", style="dim")
    if point.status is Status.MISSED:
        yield Text("not said", style="dim")
    if point.judged is not None:
        yield Text("marked by you", style="dim")


def _corrected(words: Iterable[Word]) -> Iterator[str]:
    """What the person corrected, a line a word."""
    for word in words:
        if word.heard is not None and word.heard != word.text:
            said = f"“{word.text}”" if word.text else "nothing"
            yield f"you said {said} where “{word.heard}” was heard"


def _pace(pace: Pace, scorecard: Scorecard) -> Text:
    pauses, fillers = pace.pauses, pace.fillers
    span_s = pace.total_s - pace.response_latency_s
    lines = Text.assemble(
        ("spoke ", "dim"), clock(pace.speaking_s), (" of ", "dim"), clock(span_s),
        ("   started after ", "dim"), f"{pace.response_latency_s:.1f} s",
        _target(pace, span_s, scorecard.question.target_s), "\n",
        f"{pace.speech_rate_wpm:.0f}", (" words/min with pauses   ", "dim"),
        f"{pace.articulation_rate_wpm:.0f}", (" without   ", "dim"),
        f"{pace.articulation_rate_syllables_s:.1f}", (" syllables/s\n", "dim"),
        ("pauses ", "dim"), f"{pauses.count}", (", median ", "dim"), f"{pauses.median_s:.1f} s",
        (", longest ", "dim"), f"{pauses.longest_s:.1f} s",
        ("   fillers at least ", "dim"), f"{fillers.at_least}", _by_word(fillers.by_word),
    )  # fmt: skip
    if scorecard.transcript.words:
        lines.append("\npace ", style="dim")
        lines.append(sparkline(words_per_step(scorecard.transcript.words)), style=ACCENT)
        lines.append(f"  words in each {SPARK_STEP_S:.0f} s", style="dim")
    return lines


def _target(pace: Pace, span_s: float, target_s: float | None) -> Text:
    if target_s is None:
        return Text()
    if pace.on_target:
        return Text(f"   on target ({clock(target_s)})")
    return Text(f"   too {'long' if span_s > target_s else 'short'} for {clock(target_s)}", ALARM)


def shorten(text: str) -> str:
    """A long quotation without its middle."""
    if len(text) <= LONGEST_QUOTATION:
        return text
    half = LONGEST_QUOTATION // 2
    first, last = text[:half].rpartition(" ")[0], text[-half:].partition(" ")[2]
    return f"{first or text[:half]} … {last or text[-half:]}"


def _by_word(by_word: dict[str, int]) -> str:
    named = ", ".join(f"{word} {count}" for word, count in by_word.items())
    return f" ({named})" if named else ""


def words_per_step(words: tuple[Word, ...]) -> list[int]:
    """How many words began in each step of SPARK_STEP_S seconds from the first word on."""
    counts = Counter(int((word.start_s - words[0].start_s) // SPARK_STEP_S) for word in words)
    return [counts[step] for step in range(max(counts) + 1)]
