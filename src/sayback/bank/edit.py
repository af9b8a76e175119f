"""Key points written into a bank and taken out again; every other byte stays as it was."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from sayback.bank.markup import has_word, plain, quoted, unique
from sayback.bank.outline import Item
from sayback.bank.parse import Entry, Place, key_point, locate, parse
from sayback.errors import BankError, EditGone, reason
from sayback.model import KeyPoint

_LINE_END = re.compile(r"\r\n|\r|\n")
_LINE_END_BYTES = re.compile(rb"\r\n|\r|\n")
_MARKER = re.compile(r"([ \t]*)([-*+]|[0-9]{1,9}[.)])([ \t]*)")
_NUMBER = re.compile(r"([0-9]+)([.)])")
_MARKS = re.compile(r"[\\`*_\[\]<>&~!#]")
_HIDING = re.compile(r"<!--|-->|```|~~~|<[A-Za-z/!?]")
"""What begins or ends a comment, a code block or, for other readers of Markdown, a tag."""
_BLOCK = re.compile(r"(?=[-+#>|=:])|[0-9]{1,9}(?=[.)](?:\s|$))")
"""What another reader of Markdown takes for a block of its own at the beginning of an item."""
_BOLD = re.compile(r"(?<![\w*\\])\*\*(?=[^\s*])((?:(?!\*\*).)+)(?<=[^\s*\\])\*\*(?![\w*])")
"""A term that a person marked: two stars on both sides, not inside a word as in 2**n."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What was written into a bank; `position` counts bytes from the beginning of the file.

    The path of the file is absolute, since an edit may be taken back from another folder.
    """

    file: Path
    position: int
    inserted: bytes

    @property
    def points(self) -> int:
        """How many key points were written: each is one line."""
        return sum(bool(line.strip()) for line in _LINE_END_BYTES.split(self.inserted))


def insert_key_points(bank: Path, question_id: str, points: Sequence[str]) -> Edit:
    """Write key points after all that stands below a question, as plain text with **bold** terms.

    `bank` is a file or a folder, and the id the one that `read` gives to the question there. The
    points are written like the others of the question or file. Nothing is written unless the file
    then reads as before, with the new points. Raises BankError.
    """
    found = locate(bank, question_id)
    place = replace(found, file=found.file.absolute())  # not resolved: a link stays the person's
    new = _all_checked(points, place)
    content = place.text.encode()
    for edit in _possible_edits(place, content, points):
        changed = content[: edit.position] + edit.inserted + content[edit.position :]
        if _adds_only(new, place, changed):
            _write(edit.file, content, changed)
            return edit
    raise BankError(
        f"{place.file}: nothing can be written below {quoted(_entry(place).question.text)}",
        "look for problems with `sayback bank check`, or write the key points by hand",
    )


def undo(edit: Edit) -> None:
    """Take out again what was written: where it stood or, in a changed file, where alone it stands.

    Raises EditGone where it stands nowhere any more, so that there is nothing to take out; any
    other BankError where it stands in several places, or other lines depend on it.
    """
    content = _content(edit.file)
    position = _position(edit, content)
    if position is not None:
        changed = content[:position] + content[position + len(edit.inserted) :]
        if _removes_only(edit.points, content, changed):
            _write(edit.file, content, changed)
            return
    raise BankError(
        f"{edit.file}: the lines around the key points were changed since they were written",
        "take them out by hand",
    )


def escaped(text: str) -> str:
    """The Markdown of an item that reads as exactly this text."""
    text = " ".join(text.split())
    if _HIDING.search(text) or plain(text) != (text, (), False) or text.startswith("["):
        text = _MARKS.sub(r"\\\g<0>", text)
    block = _BLOCK.match(text)
    return f"{block[0]}\\{text[block.end() :]}" if block else text


def marked(text: str) -> str:
    """The Markdown of a key point in which balanced ** make terms; all the rest reads as it is."""
    text = " ".join(text.split())
    parts = _BOLD.split(text)  # every second one was bold
    if len(parts) == 1:
        return escaped(text)
    terms = unique(term.rstrip(".,:;!?") for term in parts[1::2] if has_word(term))
    wanted = KeyPoint("".join(parts), terms)
    signs = [_MARKS.sub(r"\\\g<0>", part) for part in parts]
    for written in (text, "**".join(signs)):
        block = _BLOCK.match(written)
        markup = f"{block[0]}\\{written[block.end() :]}" if block else written
        hides = _HIDING.search(markup) or markup.startswith("[")
        if not hides and key_point(markup) == wanted:
            return markup
    return escaped(text)


def checked(text: str) -> KeyPoint:
    """A key point as a person typed it. Raises BankError for one that cannot be written."""
    text = " ".join(text.split())
    if not has_word(text):
        raise BankError(f"key point {quoted(text)}: without a word", "write what is to be said")
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in text):
        raise BankError(f"key point {quoted(text)}: not text", "leave out control characters")
    return key_point(marked(text))


# Where and how to write


def _possible_edits(place: Place, content: bytes, texts: Sequence[str]) -> Iterator[Edit]:
    """The ways to write the points, the best first.

    Text that follows at once would be taken for a part of the last point; then a blank line helps.
    """
    ends = [found.end() for found in _LINE_END_BYTES.finditer(content)]
    last_line = _last_line(place)
    written = [prefix + marked(text) for prefix, text in zip(_prefixes(place), texts, strict=False)]
    if last_line > len(ends):
        newline = _newline(content, ends)
        yield Edit(place.file, len(content), b"".join(newline + each.encode() for each in written))
        return
    position = ends[last_line - 1]
    newline = _newline(content, ends[last_line - 1 :])
    lines = b"".join(each.encode() + newline for each in written)
    yield Edit(place.file, position, lines)
    yield Edit(place.file, position, lines + newline)


def _newline(content: bytes, ends: Sequence[int]) -> bytes:
    """The characters that end the first of some lines."""
    if not ends:
        return b"\n"
    end = content[max(ends[0] - 2, 0) : ends[0]]
    return end if end == b"\r\n" else end[-1:]


def _last_line(place: Place) -> int:
    """The number of the last line, not blank, that belongs to the question."""
    lines, last = _lines(place), _entry(place).last_line
    while not lines[last - 1].strip():
        last -= 1
    return last


def _prefixes(place: Place) -> Iterator[str]:
    """What to write before the text of each new point, numbers going on from those there are."""
    indent, marker, space = _style(place)
    number = _NUMBER.fullmatch(marker)
    for step in count():
        yield indent + (f"{int(number[1]) + step}{number[2]}" if number else marker) + space


def _style(place: Place) -> tuple[str, str, str]:
    """White space before a new point, its marker, and the white space after that.

    As the question's last point has it, else as most points of the file have it, else "  - ".
    """
    lines, own = _lines(place), _entry(place).item
    if own.below:
        indent, marker, space = _marker(lines, own.below[-1])
        number = _NUMBER.fullmatch(marker)
        if number and [_marker(lines, item)[1] for item in own.below[-2:]] != [marker, marker]:
            marker = f"{int(number[1]) + 1}{number[2]}"
        return indent, marker, space
    above, bullet, _ = _marker(lines, own)
    elsewhere = Counter(_relative_markers(place)).most_common(1)
    if elsewhere:
        (indent, marker, space), _ = elsewhere[0]
        return above + indent, marker, space
    return above + " " * (len(bullet) + 1), "-", " "


def _relative_markers(place: Place) -> Iterator[tuple[str, str, str]]:
    """How each point of the file is written, its white space counted from its question's."""
    lines = _lines(place)
    for entry in place.entries:
        above, _, _ = _marker(lines, entry.item)
        for item in entry.item.below:
            indent, marker, space = _marker(lines, item)
            if indent.startswith(above):
                yield indent.removeprefix(above), _NUMBER.sub(r"1\2", marker), space


def _marker(lines: Sequence[str], item: Item) -> tuple[str, str, str]:
    """The marker of an item with the white space around it; "-" where it begins no line.

    That is so after a comment of several lines.
    """
    found = _MARKER.match(lines[item.line - 1])
    if not found or len(found[1].expandtabs(4)) != item.indent:
        return " " * item.indent, "-", " "
    return found[1], found[2], found[3] or " "


def _lines(place: Place) -> list[str]:
    return _LINE_END.split(place.text.removeprefix("\ufeff"))


def _entry(place: Place) -> Entry:
    return place.entries[place.number]


# What must hold


def _all_checked(points: Sequence[str], place: Place) -> tuple[KeyPoint, ...]:
    """The points as they are to be read. Raises BankError for one that cannot be written."""
    if not points:
        raise BankError(f"{place.file}: no key point to write", "give one or more")
    found = tuple(map(checked, points))
    seen = {point.text.casefold() for point in _entry(place).question.key_points}
    for point in found:
        if point.text.casefold() in seen:
            raise BankError(f"key point {quoted(point.text)}: already in the bank", "leave it out")
        seen.add(point.text.casefold())
    return found


def _adds_only(new: Sequence[KeyPoint], place: Place, changed: bytes) -> bool:
    """Whether a file reads as before, but for new points at the end of one question."""
    before, after = parse(place.text), parse(changed.decode())
    expected = list(before.questions)
    question = expected[place.number]
    points = (*question.key_points, *new)
    expected[place.number] = replace(question, key_points=points)
    return after.questions == tuple(expected) and len(after.problems) == len(before.problems)


def _removes_only(removed: int, content: bytes, changed: bytes) -> bool:
    """Whether a file reads as before, but for as many points less as were inserted."""
    try:
        before, after = parse(content.decode()).questions, parse(changed.decode()).questions
    except UnicodeDecodeError:
        return False
    differing = [pair for pair in zip(before, after, strict=False) if pair[0] != pair[1]]
    if len(before) != len(after) or len(differing) != 1:
        return False
    (old, new) = differing[0]
    shorter = (
        old.key_points[:at] + old.key_points[at + removed :] for at in range(len(old.key_points))
    )
    return len(new.key_points) == len(old.key_points) - removed and new in (
        replace(old, key_points=points) for points in shorter
    )


def _position(edit: Edit, content: bytes) -> int | None:
    """Where the inserted lines stand as whole lines; None where in several places, not that one.

    Raises EditGone where nowhere.
    """
    found = list(_places(edit.inserted, content))
    if not found:
        raise EditGone(
            f"{edit.file}: the key points do not stand there as they were written",
            "take out by hand what you do not want of them",
        )
    if edit.position in found:
        return edit.position
    return found[0] if len(found) == 1 else None


def _places(inserted: bytes, content: bytes) -> Iterator[int]:
    ends = (b"\n", b"\r")
    at = content.find(inserted) if inserted else -1
    while at >= 0:
        before, after = content[:at], content[at + len(inserted) :]
        begins = not before or before.endswith(ends) or inserted.startswith(ends)
        stops = not after or after.startswith(ends) or inserted.endswith(ends)
        if begins and stops:
            yield at
        at = content.find(inserted, at + 1)


# Files


def _content(file: Path) -> bytes:
    """Raises EditGone where the file is gone, but not its folder, which may be on a drive."""
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        if not file.resolve().parent.is_dir():
            raise _failed(file, "read", error) from error
        raise EditGone(
            f"{file}: does not exist any more", "look whether it has another name"
        ) from error
    except OSError as error:
        raise _failed(file, "read", error) from error


def _write(file: Path, before: bytes, after: bytes) -> None:
    """Replace a file's content at once, unless another program changed it in the meantime.

    A link stays one, and the file keeps its mode.
    """
    try:
        target = file.resolve(strict=True)
        if not os.access(target, os.W_OK):
            raise PermissionError(None, "permission denied")
        with tempfile.TemporaryDirectory(prefix=".sayback-", dir=target.parent) as folder:
            new = Path(folder) / "bank"
            with new.open("xb") as opened:
                opened.write(after)
                opened.flush()
                os.fsync(opened.fileno())
            shutil.copymode(target, new)
            if target.read_bytes() != before:
                raise BankError(f"{file}: changed by another program", "try again")
            new.replace(target)
    except OSError as error:
        raise _failed(file, "written", error) from error


def _failed(file: Path, done: str, error: OSError) -> BankError:
    return BankError(
        f"{file}: cannot be {done} ({reason(error)})", "check its permissions with `ls -l`"
    )
