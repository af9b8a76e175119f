"""The lines of a bank that count: without code blocks, comments and front matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

Report = Callable[[int, str], None]
"""Takes the number of a line, from 1, and "what is wrong; what to do"."""

_FENCE = re.compile(r"((?:[-*+]\s+|[0-9]{1,9}[.)]\s+|\s+)*+)(`{3,}+|~{3,}+)([^`]*+)$")
_COMMENT = re.compile(r"`[^`]*`|<!--(.*?)-->|<!--(.*)")


class Line(NamedTuple):
    """A line by its number from 1, and the comments that began in it, without their marks."""

    number: int
    text: str
    comments: tuple[str, ...]


class Source:
    """The lines of a bank without front matter, code blocks and comments.

    A comment or code block that is never closed is a problem and hides one line only.
    """

    def __init__(self, text: str, report: Report) -> None:
        # Not splitlines(): it also cuts at characters that no editor counts as a line's end.
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        self.text = text
        """With each line's end as a line feed."""
        self._lines = text.split("\n")
        self._report = report
        self._next = 0
        end = text.rfind("-->")
        self._last_comment_end = text.count("\n", 0, end) if end >= 0 else -1
        # Remembered, so that a file of unclosed fences is not searched once for each.
        self._unclosed_fences: dict[str, int] = {}

    @property
    def read(self) -> int:
        """The number of the last line read: that of the last line given, or hidden after it."""
        return self._next

    def skip(self, count: int) -> None:
        """Leave out so many of the next lines."""
        self._next += count

    def __iter__(self) -> Iterator[Line]:
        self._skip_front_matter()
        while self._next < len(self._lines):
            text = self._lines[self._next]
            self._next += 1
            number = self._next
            comments: list[str] = []
            if "<!--" in text:
                text = self._without_comments(text, comments)
            if ("```" in text or "~~~" in text) and (fence := _FENCE.match(text)):
                text = fence[1]
                self._skip_code(number, fence[2])
            yield Line(number, text, tuple(comments))

    def _skip_front_matter(self) -> None:
        if self._lines[0].rstrip() == "---":
            for index, line in enumerate(self._lines[1:], start=1):
                if line.rstrip() in ("---", "..."):
                    self._next = index + 1
                    return

    def _skip_code(self, number: int, fence: str) -> None:
        mark, length = fence[0], len(fence)
        if length < self._unclosed_fences.get(mark, length + 1):
            for index in range(self._next, len(self._lines)):
                line = self._lines[index].strip()
                if len(line) >= length and not line.strip(mark):
                    self._next = index + 1
                    return
            self._unclosed_fences[mark] = length
        self._report(number, f"code block is not closed; end it with a line {fence[:20]}")

    def _without_comments(self, text: str, comments: list[str]) -> str:
        kept = []
        rest: str | None = text
        while rest is not None:
            visible, opened = _cut_comments(rest, comments)
            kept.append(visible)
            rest = None if opened is None else self._end_of_comment(opened, comments)
        return "".join(kept)

    def _end_of_comment(self, opened: str, comments: list[str]) -> str | None:
        """Read on to the line where a comment ends; give what follows it there, if it ends."""
        if self._next > self._last_comment_end:
            self._report(self._next, "comment is not closed; end it with -->")
            return None
        parts = [opened]
        while "-->" not in self._lines[self._next]:
            parts.append(self._lines[self._next])
            self._next += 1
        end, _, rest = self._lines[self._next].partition("-->")
        self._next += 1
        comments.append("\n".join([*parts, end]))
        return rest


def _cut_comments(text: str, comments: list[str]) -> tuple[str, str | None]:
    """The text without its comments, and the comment that is still open at its end."""
    kept, position = [], 0
    for match in _COMMENT.finditer(text):
        if match[0].startswith("`"):
            continue
        kept.append(text[position : match.start()])
        position = match.end()
        if match[1] is None:
            return "".join(kept), match[2]
        comments.append(match[1])
    kept.append(text[position:])
    return "".join(kept), None
