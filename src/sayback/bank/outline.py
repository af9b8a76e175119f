"""The headings and list items of a bank: which item is a question, a key point or a fact."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from sayback.bank.lines import Line, Report
from sayback.bank.markup import plain, quoted

LONGEST_TEXT = 40_000
"""Characters of a heading, question, key point or fact: ten minutes of speech."""
_HEADING = re.compile(r"(#{1,99})(?:\s+|$)")
_ITEM = re.compile(r"(?:[-*+]|[0-9]{1,9}[.)])(?:\s+|$)")
_BOX = re.compile(r"\[[ xX]\](?:\s+|$)")
_TARGET = re.compile(r"\s*target\s*:\s*", re.IGNORECASE)
_LENGTH = re.compile(r"(?:(?P<m>[0-9]{1,3})m)?(?:(?P<s>[0-9]{1,4})s)?|[0-9]{1,3}:[0-5][0-9]")
_OUTERMOST_INDENT = 3
_PLAIN = r"(?=[0-9A-Za-z])(?:[^\s\\`\[\]<&*_~]++ )*+[^\s\\`\[\]<&*_~]++"
"""Words without markup, one space apart."""
_OUTERMOST = r"(?:[-*+]|[0-9]{1,9}[.)]) "
_PLAIN_POINTS = re.compile(
    rf"\n{_OUTERMOST}[^\n]*+(?:\n ++<!--[^\n]*+)?+"
    rf"(?P<points>(?P<mark>\n ++[-*+] ){_PLAIN}(?:(?P=mark){_PLAIN})*+)"
    rf"(?=\n+(?:{_OUTERMOST}|#{{1,6}} )|\n*\Z)"
)


@dataclass(slots=True)
class Item:
    """A list item as written; `below` are a question's points or a point's facts.

    `end` is where the last of the lines of a question begins, with all that stands below it.
    `plain` are the key points of a question that were taken at once; it has nothing `below` then.
    """

    line: int
    indent: int
    lines: list[str]
    topic: tuple[str, ...] = ()
    target_s: float | None = None
    below: list[Item] = field(default_factory=list)
    end: int = 0
    plain: tuple[str, ...] = ()

    @property
    def markup(self) -> str:
        text = " ".join(self.lines).strip()
        return _BOX.sub("", text, count=1) if text.startswith("[") else text


class PlainPoints(NamedTuple):
    """Key points of which nothing is to be said but their text: a line each, no two alike."""

    indent: int
    texts: tuple[str, ...]


def plain_points(text: str) -> dict[int, PlainPoints]:
    """Where all key points of a question seem to be plain, by the number of their first line.

    Most points of most banks are, and need not be taken line by line then.
    """
    found = {}
    text = f"\n{text}"  # so that the first line begins like all others
    number = position = 0
    for match in _PLAIN_POINTS.finditer(text):
        points, mark = match["points"], match["mark"]
        number += text.count("\n", position, match.start("points") + 1)
        position = match.start("points") + 1
        texts = tuple(points.split(mark)[1:])
        if len({*points.casefold().split(mark)}) > len(texts) and len(points) < LONGEST_TEXT:
            found[number] = PlainPoints(mark.count(" ") - 1, texts)
    return found


class Outline:
    """The questions of a bank as list items; lines are taken one by one, but for plain points."""

    def __init__(self, report: Report) -> None:
        self.questions: list[Item] = []
        self._report = report
        self._headings: list[tuple[int, str]] = []
        self._topic: tuple[str, ...] = ()
        self._open: list[Item] = []  # from the question to the item taken last
        self._joins = False  # is the line above part of the innermost open item?
        self._paragraph: list[str] = []

    def take(self, line: Line) -> None:
        if line.text.strip() or not line.comments:
            self._take_text(line.number, line.text)
        for comment in line.comments:
            self._take_comment(line.number, comment)
        hidden = "" if line.text.strip() else line.text.expandtabs(4)
        if self._open and len(hidden) > self._open[0].indent:  # a comment or code block below it
            self._open[0].end = line.number

    def take_at_once(self, points: PlainPoints) -> bool:
        """Take all key points of the question above; False, with none taken, where none is."""
        if not self._open or self._open[0].below or points.indent <= self._open[0].indent:
            return False
        self._open[0].plain = points.texts  # next is another question, a heading or the end
        return True

    def _take_text(self, number: int, text: str) -> None:
        body = text.strip()
        if not body:
            self._joins = False
            self._paragraph.clear()
            return
        if "\t" in text:
            text = text.expandtabs(4)
        indent = len(text) - len(text.lstrip())
        if indent <= _OUTERMOST_INDENT and self._is_heading_or_break(number, body):
            return
        if marker := _ITEM.match(body):
            self._take_item(Item(number, indent, [body[marker.end() :]]))
        else:
            self._take_continuation(number, indent, body)

    def _is_heading_or_break(self, number: int, body: str) -> bool:
        if body[0] == "#" and (mark := _HEADING.match(body)):
            title = body[mark.end() :].rstrip()
            bare = title.rstrip("#")  # a closing run of # only counts after a space
            title = title if bare and not bare[-1].isspace() else bare
            self._take_heading(number, len(mark[1]), title)
        elif self._paragraph and not body.strip(body[0]) and body[0] in "=-":
            level = 1 if body[0] == "=" else 2
            self._take_heading(number, level, " ".join(self._paragraph))
        elif body[0] in "-*_" and body.count(body[0]) >= 3 and not body.strip(f"{body[0]} \t"):
            self._close()
        else:
            return False
        return True

    def _take_heading(self, number: int, level: int, title: str) -> None:
        self._close()
        if len(title) > LONGEST_TEXT:
            self._report(number, f"heading of more than {LONGEST_TEXT} characters; shorten it")
            title = ""
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        self._headings.append((level, plain(title).text))
        self._topic = tuple(title for _, title in self._headings if title)

    def _close(self) -> None:
        self._open.clear()
        self._paragraph.clear()
        self._joins = False

    def _take_item(self, item: Item) -> None:
        self._paragraph.clear()
        while self._open and self._open[-1].indent >= item.indent:
            self._open.pop()
        if self._open:
            # Facts lie flat below their point however deep they are written.
            self._open[min(len(self._open), 2) - 1].below.append(item)
        elif item.indent <= _OUTERMOST_INDENT:
            item.topic = self._topic
            self.questions.append(item)
        else:
            problem = "list item has no question above it; indent it less to make it a question"
            self._report(item.line, problem)
            return
        self._open.append(item)
        self._open[0].end = item.line
        self._joins = True

    def _take_continuation(self, number: int, indent: int, body: str) -> None:
        inside = bool(self._open) and indent > self._open[0].indent
        if inside and not self._joins:
            while self._open[-1].indent >= indent:
                self._open.pop()
        if inside or (self._joins and body[0] not in "<>|"):
            self._open[-1].lines.append(body)
            self._open[0].end = number
            self._joins = True
        elif body[0] != "<":  # a tag such as </details> between items ends nothing
            if not self._paragraph:
                self._close()
            self._paragraph.append(body)

    def _take_comment(self, number: int, comment: str) -> None:
        mark = _TARGET.match(comment)
        if not mark:
            return
        written = comment[mark.end() :].strip()
        target_s = _seconds(written)
        if target_s is None:
            what = f"target {quoted(written)} is not a length of time"
            self._report(number, f"{what}; write it like 90s, 2m, 1m30s or 1:30")
        elif not self._open:
            self._report(number, "target has no question above it; put it right after its question")
        else:
            self._open[0].target_s = target_s


def _seconds(written: str) -> float | None:
    """A length of time such as 90s, 2m, 1m30s or 1:30 in seconds, None if it is none."""
    match = _LENGTH.fullmatch("".join(written.lower().split()))
    if not match:
        return None
    minutes, seconds = match["m"], match["s"]
    if ":" in written:
        minutes, seconds = written.split(":")
    return 60.0 * int(minutes or 0) + int(seconds or 0) or None
