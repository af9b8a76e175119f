"""Inline Markdown → plain text and the terms that stand in bold; linear in the text's length."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

_DESTINATION = r"\]\(\s*+(?:<[^<>]*>|(?:[^()\s]|\([^()\s]*\))*+)(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
_MARKUP = re.compile(
    r"(?=[\\`!\[\]<&*_~])(?:"  # most characters fail here: three times quicker
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|``(?P<code2>.+?)``|`(?P<code>[^`]+)`"
    rf"|(?P<link>(?<![0-9A-Za-z_\])])!?\[(?=[^\[\]]*+{_DESTINATION}))|(?P<destination>{_DESTINATION})"
    r"|(?P<tag></?(?:br|b|i|u|em|strong|sub|sup|kbd|code|mark)\s?/?>)"
    r"|(?P<entity>&#?[0-9A-Za-z]{1,31};)"
    r"|(?P<run>\*+|_+|~~+))"
)
_ANY_MARK = re.compile(r"[\\`\[\]<&*_~]")
_BOLD = frozenset(("**", "__", "***", "___"))
_EMPHASIS = _BOLD | {"*", "_", "~~"}


class Inline(NamedTuple):
    text: str
    terms: tuple[str, ...]
    is_unclosed: bool


def plain(markup: str) -> Inline:
    """The plain text of one line or item, its bold terms, and whether a `**` has no partner."""
    markup = " ".join(markup.split())
    if not _ANY_MARK.search(markup):
        return Inline(markup, (), False)
    emphasis = _Emphasis()
    end, in_link = 0, False
    for match in _MARKUP.finditer(markup):
        emphasis.pieces.append(markup[end : match.start()])
        end = match.end()
        if match.lastgroup == "run":
            emphasis.add_run(
                match[0], markup[match.start() - 1 : match.start()], markup[end : end + 1]
            )
        elif match.lastgroup == "link":
            in_link = True
        elif match.lastgroup == "destination":
            emphasis.pieces.append("" if in_link else match[0])
            in_link = False
        else:
            emphasis.pieces.append(_literal(match))
    emphasis.pieces.append(markup[end:])
    return emphasis.result()


def _literal(match: re.Match[str]) -> str:
    """What is read where a token of markup that stands for itself is written."""
    kind = match.lastgroup or ""
    if kind == "tag":
        return " " if match[0].startswith("<br") else ""
    return html.unescape(match[0]) if kind == "entity" else match[kind]


class _Emphasis:
    """Pairs runs of `*`, `_` and `~`; a run without a partner stays as it is, but for bold."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._opened: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)
        self._bold: list[tuple[int, int]] = []  # first and last piece of the outermost ones
        self._halves: list[int] = []

    def add_run(self, run: str, before: str, after: str) -> None:
        """Add a run between two characters ("" at an end): open, close, or neither.

        As in CommonMark, but signs inside a word (`k*n`, `2**n`, `snake_case`) are left alone.
        """
        at = len(self.pieces)
        self.pieces.append(run)
        if run not in _EMPHASIS:
            return
        left, right = _rank(before), _rank(after)
        if run == "**" and left != right:
            self._halves.append(at)
        whole = run[0] == "_" or run == "*"
        opened = self._opened[run]
        closes = left > 0 and not (whole and right == 2)
        if closes and opened and (opened[-1][1] or right < 2 or run == "~~"):
            self._close(run, opened[-1][0], at)
        elif right > 0 and not (whole and left == 2):
            opened.append((at, left < 2))

    def _close(self, run: str, first: int, last: int) -> None:
        self.pieces[first] = self.pieces[last] = ""
        for opened in self._opened.values():
            while opened and opened[-1][0] >= first:
                opened.pop()
        if run in _BOLD:
            while self._bold and self._bold[-1][0] > first:
                self._bold.pop()
            self._bold.append((first, last))

    def result(self) -> Inline:
        unclosed = [at for at in self._halves if self.pieces[at]]
        for at in unclosed:
            self.pieces[at] = ""
        spans = ("".join(self.pieces[first:last]) for first, last in self._bold)
        terms = (" ".join(span.split()).rstrip(".,:;!?") for span in spans)
        text = " ".join("".join(self.pieces).split())
        return Inline(text, unique(filter(has_word, terms)), bool(unclosed))


def _rank(character: str) -> int:
    """0 for a space or the end, 1 for a sign, 2 for a letter or digit of a script with spaces."""
    if not character or character.isspace():
        return 0
    return 2 if character.isdigit() or character.lower() != character.upper() else 1


def has_word(text: str) -> bool:
    """Is there a letter or a digit in it?"""
    return any(map(str.isalnum, text))


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, in the order of their first places."""
    return tuple(dict.fromkeys(texts))


def quoted(text: str) -> str:
    """The text in quotes on one line of at most 40 characters, for messages."""
    short = " ".join(text.split())
    return repr(short if len(short) <= 40 else f"{short[:39]}…")
