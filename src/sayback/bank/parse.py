"""Markdown question banks → questions, in one pass and in time linear in the length of the text.

Source (lines without code blocks and comments) → Outline (headings and list items) → Bank.
What is wrong in a bank becomes a problem, never an exception: the other questions still load.
"""

from __future__ import annotations

import gc
import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from stat import S_ISREG

from sayback.bank.lines import Report, Source
from sayback.bank.markup import Inline, has_word, plain, quoted, unique
from sayback.bank.outline import LONGEST_TEXT, Item, Outline, plain_points
from sayback.errors import BankError, NoSuchQuestion, reason
from sayback.model import KeyPoint, Question

SLUG_WORDS = 8
SLUG_CHARACTERS = 60
LARGEST_FILE = 64_000_000
"""Bytes; a bank of 50,000 questions has a quarter of that."""
MOST_LINES = 600_000
MOST_PROBLEMS = 1_000
"""Problems of one file that are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Bank:
    """The questions of a bank in its order; a problem is one line "file:line: what; what to do"."""

    questions: tuple[Question, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A question, the list item that it was read from, and the last line of all below it."""

    question: Question
    item: Item
    last_line: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands: the file, what it holds, and the number of its entry from 0."""

    file: Path
    text: str
    entries: tuple[Entry, ...]
    number: int


def read(path: Path) -> Bank:
    """Read one file, or every *.md of a folder but its README in sorted order.

    Ids are unique over all files. In a folder a file without a question is a problem. Raises
    BankError where a file cannot be read as UTF-8 text, and where there is no question at all.
    """
    seen = _Seen()
    banks, errors = [], []
    with _without_collections():
        for file in _bank_files(path):
            try:
                banks.append(_parse(_text_of(file), str(file), seen))
            except BankError as error:  # the other files still load
                errors.append(error)
                banks.append(Bank((), (str(error),)))
    questions = tuple(question for bank in banks for question in bank.questions)
    if errors and not questions:
        raise errors[0]
    if not questions:
        raise BankError(f"{path}: no question in it", "write one on a line that starts with '- '")
    return Bank(questions, tuple(problem for bank in banks for problem in bank.problems))


@contextmanager
def _without_collections() -> Iterator[None]:
    """No search for garbage meanwhile: parsing makes a million objects and leaves none behind."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def locate(path: Path, question_id: str) -> Place:
    """Find the question to which `read` gives an id. Raises BankError, NoSuchQuestion for none."""
    seen = _Seen()
    for file in _bank_files(path):
        try:
            text = _text_of(file)
        except BankError:  # the other files still load
            if file == path:
                raise
            continue
        entries = _entries(text, str(file), seen, _ignore)
        for number, entry in enumerate(entries):
            if entry.question.id == question_id:
                return Place(file, text, entries, number)
    raise NoSuchQuestion(
        f"{quoted(question_id)}: no such question in {path}", "see all with `sayback bank list`"
    )


def parse(text: str, *, name: str = "bank") -> Bank:
    """Parse the text of one bank; `name` stands for the file in its problems.

    A question's id is made of its text: the first 8 words in lower-case ASCII, joined by "-" and
    cut at 60 characters. Where more than half of the letters are not Latin, eight hexadecimal
    digits of the text's BLAKE2 hash end it. The second with the same id gets "-2", and so on.
    """
    return _parse(text, name, _Seen(), needs_question=False)


def key_point(text: str) -> KeyPoint:
    """Parse the inline markup of one key point: bold gives its terms, the rest is dropped."""
    inline = plain(text)
    return KeyPoint(inline.text, terms=inline.terms)


# Files


def _bank_files(path: Path) -> list[Path]:
    """The files to read; hidden ones are left out because editors and systems make them."""
    try:
        if not path.is_dir():
            return [path]
        files = sorted(file for file in path.iterdir() if _is_bank(file))
    except OSError as error:
        raise _unreadable(path, error) from error
    if not files:
        raise BankError(f"{path}: no question bank in it", "put a Markdown file (*.md) into it")
    return files


def _is_bank(file: Path) -> bool:
    name = file.name.lower()
    return name.endswith(".md") and name != "readme.md" and not name.startswith(".")


def _text_of(file: Path) -> str:
    try:
        found = file.stat()
        if not S_ISREG(found.st_mode):  # a pipe or device would be read without end
            raise BankError(f"{file}: not a file", "name a Markdown file or a folder of them")
        if found.st_size > LARGEST_FILE:
            most = f"more than {LARGEST_FILE // 1_000_000} MB"
            raise BankError(f"{file}: {most}", "divide it into files of a folder")
        content = file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BankError(f"{file}:{line}: not text in UTF-8", "save the file as UTF-8") from error
    if max(map(text.count, "\n\r")) > MOST_LINES:
        raise BankError(f"{file}: more than {MOST_LINES} lines", "divide it into files of a folder")
    if "\0" in text:
        raise BankError(f"{file}: a binary file", "name a Markdown file or a folder of them")
    return text


def _unreadable(path: Path, error: OSError) -> BankError:
    if isinstance(error, FileNotFoundError):
        return BankError(f"{path}: does not exist", "name a Markdown file or a folder of them")
    return BankError(
        f"{path}: cannot be read ({reason(error)})",
        "check its name, and its permissions with `ls -l`",
    )


# Questions

_LATIN_WORD = re.compile(r"[a-z0-9]+")


@dataclass(slots=True)
class _Seen:
    """What the files read so far hold: ids, and where each question's text stands."""

    ids: set[str] = field(default_factory=set)
    count_by_slug: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    place_by_text: dict[str, str] = field(default_factory=dict)

    def new_id(self, text: str) -> str:
        slug = identifier = _slug(text)
        while identifier in self.ids:
            self.count_by_slug[slug] = count = max(self.count_by_slug[slug], 1) + 1
            identifier = f"{slug}-{count}"
        self.ids.add(identifier)
        return identifier


def _parse(text: str, name: str, seen: _Seen, *, needs_question: bool = True) -> Bank:
    problems: list[tuple[int, str]] = []
    unnamed: list[int] = []

    def report(line: int, problem: str) -> None:
        if len(problems) < MOST_PROBLEMS:
            problems.append((line, f"{name}:{line}: {problem}"))
        else:
            unnamed.append(line)

    questions = tuple(_questions(text, name, seen, report))
    if needs_question and not questions and not problems:
        report(1, "no question in this file; write one on a line that starts with '- '")
    named = [problem for _, problem in sorted(problems)]
    if unnamed:
        named.append(f"{name}:{unnamed[0]}: one of {len(unnamed)} more problems; mend these first")
    return Bank(questions, tuple(named))


def _questions(text: str, name: str, seen: _Seen, report: Report) -> Iterator[Question]:
    """What `_entries` gives, but for the places, in a third of the time."""
    outline, lines = Outline(report), Source(text, report)
    plain = plain_points(lines.text)
    for line in lines:
        points = plain.get(line.number)
        if points and outline.take_at_once(points):
            lines.skip(len(points.texts) - 1)
        else:
            outline.take(line)
    for item in outline.questions:
        if question := _question(item, name, seen, report):
            yield question


def _entries(text: str, name: str, seen: _Seen, report: Report) -> tuple[Entry, ...]:
    outline, lines = Outline(report), Source(text, report)
    last_lines: dict[int, int] = {}
    for line in lines:
        outline.take(line)
        last_lines[line.number] = lines.read
    drafts = ((_question(item, name, seen, report), item) for item in outline.questions)
    return tuple(Entry(draft, item, last_lines[item.end]) for draft, item in drafts if draft)


def _ignore(line: int, problem: str) -> None:
    """Report nothing."""


def _question(item: Item, name: str, seen: _Seen, report: Report) -> Question | None:
    points = tuple(map(KeyPoint, item.plain)) or tuple(_key_points(item, report))
    inline = _checked_inline(item, "question", report)
    if not inline:
        return None
    place = f"{name}:{item.line}"
    first = seen.place_by_text.setdefault(inline.text.casefold(), place)
    if first != place:
        report(item.line, f"the same question as at {first}; reword or delete one of them")
    identifier = seen.new_id(inline.text)
    return Question(inline.text, identifier, item.topic, points, item.target_s)


def _key_points(question: Item, report: Report) -> Iterator[KeyPoint]:
    seen: set[str] = set()
    for item in question.below:
        inline = _checked_inline(item, "key point", report)
        if not inline:
            continue
        folded = inline.text.casefold()
        if folded in seen:
            report(item.line, f"key point {quoted(inline.text)} is listed twice; delete one")
        seen.add(folded)
        facts = [fact for below in item.below if (fact := _checked_inline(below, "fact", report))]
        terms = chain(inline.terms, *(fact.terms for fact in facts))
        yield KeyPoint(inline.text, unique(terms), tuple(fact.text for fact in facts))


def _checked_inline(item: Item, kind: str, report: Report) -> Inline | None:
    if sum(map(len, item.lines)) > LONGEST_TEXT:
        report(item.line, f"{kind} of more than {LONGEST_TEXT} characters; divide it")
        return None
    inline = plain(item.markup)
    if not has_word(inline.text):
        report(item.line, f"{kind} without text; write it after the list marker or delete the line")
        return None
    if inline.is_unclosed:
        report(item.line, f"bold is not closed in this {kind}; put ** at both ends of the term")
    return inline


def _slug(text: str) -> str:
    latin = text
    if not text.isascii():
        latin = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = _cut("-".join(_LATIN_WORD.findall(latin.lower().replace("'", ""))[:SLUG_WORDS]))
    if text.isascii() or 2 * sum(map(str.isalnum, latin)) >= sum(map(str.isalnum, text)):
        return slug
    digest = hashlib.blake2s(text.casefold().encode(errors="replace"), digest_size=4).hexdigest()
    return f"{slug}-{digest}".lstrip("-")


def _cut(slug: str) -> str:
    """At most SLUG_CHARACTERS, cut between words unless the first word alone is longer."""
    if len(slug) <= SLUG_CHARACTERS:
        return slug
    return slug[: SLUG_CHARACTERS + 1].rpartition("-")[0] or slug[:SLUG_CHARACTERS]
