"""The answers in which a person finds some words again, by SQLite's full-text index."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from sayback.errors import HistoryError
from sayback.history.store import Store
from sayback.history.stored import moment, readable

MOST_TERMS = 16
"""Words and phrases that are looked for; more than that narrow a search no further."""
SNIPPET_WORDS = 24

Snippet = tuple[tuple[str, bool], ...]
"""Pieces of a text in order, each with whether it is what was looked for."""

_TERM = re.compile(r'["“”„«»]([^"“”„«»]*)["“”„«»]|([^\s"“”„«»]+)')
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_OPENING, _CLOSING = "\x02", "\x03"
_PIECE = re.compile(f"{_OPENING}([^{_CLOSING}]*){_CLOSING}|([^{_OPENING}]+)")
_SNIPPET = f"snippet({{}}, 0, '{_OPENING}', '{_CLOSING}', '…', {SNIPPET_WORDS})"


@dataclass(frozen=True, slots=True)
class Found:
    """An attempt that was found, and where its answer matches; else where its question does."""

    attempt_id: int
    asked_at: datetime
    question: str
    snippet: Snippet


def find(store: Store, text: str, limit: int = 50) -> tuple[Found, ...]:
    """The attempts with all the words in their answer or question, best answers first.

    Words in quotes must stand side by side; every other word may be the beginning of one. No text
    is an error, and one without a word finds nothing. Raises HistoryError for a damaged history.
    """
    terms = _terms(text)
    if not terms:
        return ()
    rows = store.rows(
        "SELECT id, asked_at, iif(json_valid(question), question ->> '$.text', NULL) FROM attempt"
        " ORDER BY asked_at DESC, id DESC"
    )
    attempts = {
        attempt_id: (asked_at, question)
        for attempt_id, asked_at, question in readable(rows, _attempt)
    }
    asked, shown = _search_questions({question for _, question in attempts.values()}, terms)
    said = [_said(store, term) for term in terms]
    fitting = dict.fromkeys(
        attempt_id
        for attempt_id, (_, question) in attempts.items()
        if all(
            attempt_id in ids or question in texts for ids, texts in zip(said, asked, strict=True)
        )
    )
    best = dict.fromkeys(each for each in _ranked(store, terms) if each in fitting)
    ids = [*best, *(each for each in fitting if each not in best)][: max(limit, 0)]
    snippets = _snippets(store, terms, ids)
    return tuple(
        Found(each, asked_at, question, snippets.get(each, shown[question]))
        for each in ids
        for asked_at, question in [attempts[each]]
    )


def _attempt(attempt_id: int, asked_at: str, question: str) -> tuple[int, datetime, str]:
    if not isinstance(question, str):
        raise TypeError(question)
    return attempt_id, moment(asked_at), question


def _terms(text: str) -> tuple[str, ...]:
    """What is typed as terms of FTS5: quoted strings, in which no sign has a meaning of its own."""
    found = (
        f'"{phrase}"' if phrase else f'"{word}"*'
        for phrase, word in _TERM.findall(_NO_TEXT.sub(" ", text))
        if any(map(str.isalnum, phrase or word))
    )
    return tuple(dict.fromkeys(found))[:MOST_TERMS]


def _any(terms: Sequence[str]) -> str:
    return " OR ".join(terms)


def _said(store: Store, term: str) -> set[int]:
    """The numbers of the attempts in whose answer a term stands."""
    return {
        each for (each,) in store.rows("SELECT rowid FROM spoken WHERE spoken MATCH ?", (term,))
    }


def _ranked(store: Store, terms: Sequence[str]) -> list[int]:
    """The numbers of the attempts in whose answer a term stands, best match (BM25) first."""
    rows = store.rows(
        "SELECT rowid FROM spoken WHERE spoken MATCH ? ORDER BY rank, rowid DESC", (_any(terms),)
    )
    return [each for (each,) in rows]


def _snippets(store: Store, terms: Sequence[str], ids: Sequence[int]) -> dict[int, Snippet]:
    """What matches in some answers, with some words around it."""
    marks = ", ".join("?" * len(ids))
    rows = store.rows(
        f"SELECT rowid, {_SNIPPET.format('spoken')} FROM spoken"
        f" WHERE spoken MATCH ? AND +rowid IN ({marks})",
        (_any(terms), *ids),
    )
    return {each: _pieces(marked) for each, marked in rows}


def _search_questions(
    texts: Collection[str], terms: Sequence[str]
) -> tuple[list[set[str]], dict[str, Snippet]]:
    """The questions in which each term stands, and every question with what matches in it.

    They are few, so they are indexed, like the answers, each time.
    """
    with _index(texts) as index:
        query = f"SELECT text, {_SNIPPET.format('asked')} FROM asked WHERE asked MATCH ?"
        found = [{text for text, _ in index.execute(query, (term,))} for term in terms]
        shown: dict[str, Snippet] = {text: ((text, False),) for text in texts}
        shown |= {text: _pieces(marked) for text, marked in index.execute(query, (_any(terms),))}
    return found, shown


@contextmanager
def _index(texts: Collection[str]) -> Iterator[sqlite3.Connection]:
    """Table `asked` of these texts, for as long as it is needed. Raises HistoryError."""
    try:
        with closing(sqlite3.connect(":memory:")) as index:
            index.execute(
                "CREATE VIRTUAL TABLE asked USING fts5 (text, tokenize = 'porter unicode61')"
            )
            index.executemany("INSERT INTO asked (text) VALUES (?)", [(text,) for text in texts])
            yield index
    except sqlite3.Error as error:
        raise HistoryError(
            f"the questions cannot be searched ({error})", "search for fewer or other words"
        ) from error


def _pieces(marked: str) -> Snippet:
    return tuple((match or rest, bool(match)) for match, rest in _PIECE.findall(marked))
