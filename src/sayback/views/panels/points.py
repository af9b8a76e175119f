"""Key points in a few rows. What was not said yet stays hidden while one speaks."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from sayback.model import KeyPoint, Status
from sayback.views.card import MARKS
from sayback.views.labels import label
from sayback.views.panels.rows import packed
from sayback.views.panels.scene import Phase, Scene

MOST_ROWS = 3
MOST_ROWS_MISSED = 2
MOST_DOTS = 12
NAME_WIDTH = 15
NARROWEST = 12
GAP = "   "


def points(scene: Scene, width: int) -> Text:
    """A mark and two or three words for each that was said, a dot for each that was not."""
    if scene.phase is Phase.CARD:
        return Text()
    return _rows("key points", list(_said(scene)), width, MOST_ROWS)


def missed(scene: Scene, width: int) -> Text:
    """What a scorecard that has to be scrolled may hide: the points that were not covered."""
    if scene.phase is not Phase.CARD or not scene.is_tall:
        return Text()
    return _rows("to work on", list(_not_covered(scene)), width, MOST_ROWS_MISSED)


def _rows(name: str, chips: list[Text], width: int, most: int) -> Text:
    """In rows beside a name, the last one with an ellipsis where there were more of them."""
    rows = packed(chips, max(NARROWEST, width - NAME_WIDTH), GAP)
    drawn = Text()
    for number, row in enumerate(rows[:most]):
        drawn.append("\n" + " " * NAME_WIDTH if number else name.ljust(NAME_WIDTH), "dim")
        drawn.append_text(row)
    if len(rows) > most:
        drawn.append(" …", "dim")
    return drawn


def _said(scene: Scene) -> Iterator[Text]:
    key_points = scene.turn.question.key_points
    if scene.is_exam or not key_points:
        return
    if scene.coverage is not None:
        for number in scene.lit:
            yield _chip(key_points[number], scene.coverage.points[number].status)
    hidden = len(key_points) - len(scene.lit)
    if hidden:
        dots = " ".join("·" * min(hidden, MOST_DOTS))
        more = f" and {hidden - MOST_DOTS} more" if hidden > MOST_DOTS else ""
        yield Text(dots + more, "dim")


def _not_covered(scene: Scene) -> Iterator[Text]:
    """The worst first."""
    coverage = scene.scored.scorecard.coverage if scene.scored else None
    if coverage is not None:
        pairs = list(zip(scene.turn.question.key_points, coverage.points, strict=False))
        for status in (Status.MISSED, Status.CONTRADICTED, Status.PARTIAL):
            yield from (_chip(point, status) for point, scored in pairs if scored.status is status)


def _chip(point: KeyPoint, status: Status) -> Text:
    mark, style = MARKS[status]
    return Text.assemble((mark, style), f" {label(point)}")
