"""Labelled pairs of an answer and a key point, from our own data and from the shared sets."""

from __future__ import annotations

import csv
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

from sayback.model import KeyPoint, Question
from sayback.scoring.passages import LONGEST_WINDOW

ROOT = Path(__file__).resolve().parents[1]
OWN = ROOT / "benchmarks" / "data"
SHARED = ROOT.parent / "shared"
_TAG = re.compile(r"(\d+)([a-z]?)([+~-])")
_POINT = re.compile(r"(\d+)([a-z]?): (.+)")


class Label(IntEnum):
    """What an answer does with a fact. `NOT_SAID` is either of NEITHER and CONTRADICTED."""

    SAID = 0
    NEITHER = 1
    CONTRADICTED = 2
    NOT_SAID = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """An answer, or a part of one, beside a fact or a key point."""

    question: str
    fact: str
    answer: str
    label: Label
    item: str = ""
    """Pairs of one item are one decision: the answer has to match one of several references."""


@dataclass(frozen=True, slots=True)
class AnnotatedAnswer:
    """An answer of a kind of speaker, with a sign for the facts that each sentence touches.

    The signs: `+` says the fact, `~` says part of it, `-` contradicts it. `whole` has the signs of
    the key points, as an examiner decides on all of the answer; only those in `notes` have them.
    """

    kind: str
    whole: dict[str, str]
    sentences: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(text for text, _ in self.sentences)


@dataclass(slots=True)
class Annotated:
    """A question with answers to it."""

    question: str
    points: dict[str, str] = field(default_factory=dict)
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    answers: list[AnnotatedAnswer] = field(default_factory=list)


def annotated(folder: str = "answers") -> Iterator[Annotated]:
    """The questions of a folder of `data`; its `README.md` tells their format."""
    for path in sorted((OWN / folder).glob("*.txt")):
        for block in path.read_text("utf-8").split("Q: ")[1:]:
            yield _parse(block.splitlines())


def _parse(lines: Sequence[str]) -> Annotated:
    parsed = Annotated(lines[0].strip())
    for line in filter(None, map(str.strip, lines[1:])):
        if line.startswith("A: "):
            kind, _, tags = line[3:].partition("|")
            parsed.answers.append(AnnotatedAnswer(kind.strip(), _signs(tags)))
        elif parsed.answers:
            text, _, tags = line.rpartition("|") if "|" in line else (line, "", "")
            parsed.answers[-1].sentences.append((text.strip(), _signs(tags)))
        elif found := _POINT.fullmatch(line):
            number, letter, text = found.groups()
            if letter:
                parsed.facts.setdefault(number, {})[number + letter] = text
            else:
                parsed.points[number] = text
    return parsed


def _signs(tags: str) -> dict[str, str]:
    """The sign of each fact or key point that is named."""
    return {number + letter: sign for number, letter, sign in _TAG.findall(tags)}


def is_held_out(question: str, one_in: int) -> bool:
    """Whether a question is kept from training, to fit the calibration on what nobody has seen."""
    return zlib.crc32(question.strip().lower().encode()) % one_in == 0


def windows(
    sentences: Sequence[tuple[str, dict[str, str]]],
) -> Iterator[tuple[str, dict[str, str]]]:
    """Each sentence, and neighbours read together, with the signs of both."""
    yield from sentences
    for (first, signs), (second, more) in pairwise(sentences):
        if len(f"{first} {second}".split()) <= LONGEST_WINDOW:
            yield f"{first} {second}", merged(signs, more)


def merged(first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    """Signs of two sentences read together; "?" where they leave open what both say."""
    result = {**first, **second}
    for fact in first.keys() & second.keys():
        both = {first[fact], second[fact]}
        result[fact] = "-" if both == {"-"} else "+" if both in ({"+"}, {"+", "~"}) else "?"
    return result


def labels(question: Annotated, signs: Mapping[str, str]) -> Iterator[tuple[str, Label]]:
    """Every fact of a question, and every point of several facts, with its label."""
    meaning = {"+": Label.SAID, "-": Label.CONTRADICTED, "~": Label.NOT_SAID, None: Label.NEITHER}
    for number, point in question.points.items():
        facts = question.facts.get(number, {})
        found = [signs.get(fact) for fact in facts or [number]]
        if "?" in found:
            continue
        for text, sign in zip(facts.values(), found, strict=False):
            yield text, meaning[sign]
        if len(set(found)) == 1:
            yield point, meaning[found[0]]
        else:
            yield point, Label.CONTRADICTED if "-" in found else Label.NOT_SAID


def sentence_pairs(*, held_out: bool) -> Iterator[Pair]:
    """Sentences of our annotated answers, alone and two together, beside each fact."""
    for each in annotated():
        if is_held_out(each.question, 8) is held_out:
            for answer in each.answers:
                for text, signs in windows(answer.sentences):
                    for fact, label in labels(each, signs):
                        yield Pair(each.question, fact, text, label)


def answer_pairs(*, held_out: bool) -> Iterator[Pair]:
    """Whole annotated answers beside each fact; what an answer both says and denies is left out."""
    for each in annotated():
        if is_held_out(each.question, 8) is held_out:
            for answer in each.answers:
                none: dict[str, str] = {}
                signs = reduce(merged, (signs for _, signs in answer.sentences), none)
                for fact, label in labels(each, signs):
                    yield Pair(each.question, fact, answer.text, label)


@dataclass(frozen=True, slots=True)
class Marked:
    """A whole answer of a kind, and what a person gives for each key point of its question."""

    question: Question
    text: str
    labels: Sequence[str]
    """Each is `said`, `half`, `not_said` or `contradicted`."""
    kind: str


_MARKS = {"+": "said", "~": "half", "-": "contradicted", None: "not_said"}


def marked_notes(*, held_out: bool) -> Iterator[Marked]:
    """The answers to rough notes as an examiner marked them."""
    for each in annotated("notes"):
        if is_held_out(each.question, 8) is held_out:
            points = tuple(map(KeyPoint, each.points.values()))
            question = Question(each.question, "notes", key_points=points)
            for answer in each.answers:
                given = [_MARKS[answer.whole.get(number)] for number in each.points]
                yield Marked(question, answer.text, given, answer.kind)


_KINDS = {
    "said": Label.SAID,
    "contradicted": Label.CONTRADICTED,
    "not_said": Label.NEITHER,
}


def spoken_questions(*, held_out: bool) -> Iterator[list[Pair]]:
    """For each question sentences that say a fact, contradict it, or are near it and neither."""
    for line in (OWN / "spoken_pairs.jsonl").read_text("utf-8").splitlines():
        each = json.loads(line)
        if is_held_out(each["question"], 8) is held_out:
            yield [
                Pair(each["question"], point["fact"], text, label)
                for point in each["points"]
                for kind, label in _KINDS.items()
                for text in point[kind]
            ]


# Shared sets


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a tab-separated file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


KEY_POINT_SETS = {
    "ArgKP": "argkp_train_dev.tsv",
    "SciEntsBank": "scientsbank_train_ua_uq.tsv",
    "Beetle": "beetle_train_ua.tsv",
}
_GRADES = {
    "correct": Label.SAID,
    "contradictory": Label.CONTRADICTED,
    "incorrect": Label.NOT_SAID,
    "1": Label.SAID,
    "0": Label.NOT_SAID,
}


def key_point_pairs(name: str, split: str, *, held_out: bool | None = None) -> Iterator[Pair]:
    """Pairs of a shared set; `held_out` picks the questions that training sees or does not see.

    A row with several references gives a pair for each, under one item.
    """
    for row in rows(SHARED / "keypoints" / KEY_POINT_SETS[name]):
        if row["split"] != split:
            continue
        if held_out is None or is_held_out(row["question"], 6) is held_out:
            label = _GRADES[row.get("label3") or row["label"]]
            for reference in row["key_point"].split(" || "):
                yield Pair(row["question"], reference, row["answer"], label, row["id"])


def probe_pairs() -> Iterator[tuple[str, Pair]]:
    """The kind (negation, antonym, ...) and pair of each answer of the contradiction probe."""
    for row in rows(SHARED / "keypoints" / "contradiction_probe.tsv"):
        yield row["type"], Pair("", row["key_point"], row["covered_answer"], Label.SAID)
        yield (
            row["type"],
            Pair("", row["key_point"], row["contradicting_answer"], Label.CONTRADICTED),
        )


def whole_answers(path: Path) -> list[dict[str, Any]]:
    """Whole answers with a label for each key point, as JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
