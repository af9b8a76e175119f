"""`match --jsonl`: one scorecard a line for one request a line."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from typing import BinaryIO, TextIO

import msgspec

from sayback.bank.parse import key_point
from sayback.errors import SaybackError
from sayback.model import Question, Scorecard, Transcript
from sayback.scoring.scorecard import score, to_json
from sayback.views.output import json_line

LONGEST_LINE = 16_000_000
"""Bytes; a longer line is no request, and one without end would fill the memory."""


class Request(msgspec.Struct):
    """A question, its key points as a bank writes them, and what was said."""

    question: str
    key_points: list[str]
    transcript: str


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream. Raises SaybackError where one is longer than LONGEST_LINE."""
    while line := stream.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise SaybackError(
                f"a line of more than {LONGEST_LINE // 1_000_000} MB", "write one request a line"
            )
        yield line


def match_lines(requests: Iterable[bytes], out: TextIO) -> None:
    """Answer each line in turn; a bad line is answered with its error and the rest goes on.

    Raises SaybackError at the end where a line was bad.
    """
    decoder = msgspec.json.Decoder(Request)
    bad = number = 0
    for number, line in enumerate(requests, start=1):
        if not line.strip():
            continue
        try:
            answer = to_json(_scored(decoder.decode(line.removeprefix(BOM_UTF8))))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            bad += 1
            answer = {"error": f"line {number}: {error}"}
        out.write(json_line(answer) + "\n")
        out.flush()  # whoever asks line by line waits for the answer
    if bad:
        raise SaybackError(
            f"{bad} of {number} lines are not requests",
            'give each question, key_points and transcript; their answers say "error"',
        )


def _scored(request: Request) -> Scorecard:
    points = tuple(key_point(text) for text in request.key_points)
    question = Question(text=request.question, id="request", key_points=points)
    return score(question, Transcript(request.transcript), None)
