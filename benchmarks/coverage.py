"""How well coverage agrees with people: single measures, the fitted model, parts taken away.

    python benchmarks/coverage.py [--fit] [--json]

Reads the labelled sets in ../shared/keypoints and our own in data/. `--fit` writes the package's
calibration: weights and thresholds are fitted on those parts of the training sets that the judge
has not seen, and on ours. Without it the package is measured as it is.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from corruption import Corruption
from fitting import Row, auc, balanced_accuracy, by_item, fit, log_odds
from labelled import (
    OWN,
    ROOT,
    Label,
    Marked,
    Pair,
    answer_pairs,
    key_point_pairs,
    marked_notes,
    probe_pairs,
    spoken_questions,
    whole_answers,
)
from sayback.bank.parse import read
from sayback.model import KeyPoint, Question, Status, Transcript
from sayback.scoring.calibration import Calibration, Logistic, calibration
from sayback.scoring.coverage import Look, cover, score_points, values
from sayback.scoring.facts import Fact
from sayback.scoring.features import FEATURES, observe, prepare
from sayback.scoring.judge import Judge, judge
from sayback.scoring.words import listen

T = TypeVar("T")

TESTS = {"ArgKP": "dev", "SciEntsBank": "test-uq", "Beetle": "test-ua"}
HELD_OUT = {"ArgKP": 1500, "SciEntsBank": 1000, "Beetle": 2500, "answers": 4000, "pairs": 2000}
"""Pairs of each source that the calibration is fitted on."""
BESIDE = "other questions"
"""The source of our answers and sentences beside facts of other questions."""
BESIDE_COUNTS = {"answers": 2000, "pairs": 1000}
"""How many of these two are read so."""
SHARES = {
    "ArgKP": 0.6, "SciEntsBank": 0.6, "Beetle": 0.6, "answers": 3.0, "pairs": 1.0, BESIDE: 1.0,
}  # fmt: skip
"""What a source counts in the fit: ours are as the users of the package speak."""
JUDGED = ("judge_said", "judge_contradicted")
ALL = (*FEATURES, *JUDGED)
MISHEARD_SHARE = 0.3
AS_GOOD = 0.001
"""Agreement so much under the best is as good: the standard error, by resampling, of what two near
thresholds differ in."""
MOST_FALSE_ALARMS = 0.02
"""Said facts that may be called contradicted, on what the calibration is fitted on."""
CALIBRATION = ROOT / "src" / "sayback" / "scoring" / "calibration.json"
ABLATIONS: dict[str, Callable[[str], bool]] = {
    "words and vectors only": lambda name: name not in JUDGED,
    "judge only": lambda name: name in JUDGED,
    "without word vectors": lambda name: name not in ("near", "cosine"),
    "without the question": lambda name: name not in ("echo", "telling", "restated"),
    "without what is said instead": lambda name: name not in ("opposed", "elsewhere"),
    "all": lambda name: True,
}
MEASURES: dict[str, Callable[[str, str], float]] = {
    measure.__name__: partial(measure, processor=str.lower)
    for measure in (fuzz.token_set_ratio, fuzz.partial_ratio, fuzz.WRatio)
}


def in_parallel(work: Callable[[Pair], T], pairs: Sequence[Pair]) -> list[T]:
    """The work on each pair, on both processors."""
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(work, pairs, chunksize=100))


def row(pair: Pair) -> Row:
    """What the package sees in a pair, hopeless windows too: they depend on the calibration."""
    seen = observe(pair.fact, listen(pair.question), prepare(pair.answer))
    found = Look(Fact(pair.fact, pair.fact), tuple(seen))
    asked = list(found.pairs)
    verdicts = dict(zip(asked, judge().read(asked), strict=True))
    return Row(pair.label, pair.item, tuple(values(each, found, verdicts) for each in seen))


def sample(pairs: Iterable[Pair], count: int) -> list[Pair]:
    """At most so many of the pairs, the same ones each time."""
    found = list(pairs)
    return Random(1).sample(found, min(count, len(found)))


def held_out() -> dict[str, list[Pair]]:
    """What the judge was not trained on, and the calibration is fitted on."""
    sources: dict[str, Iterable[Pair]] = {
        **{name: key_point_pairs(name, "train", held_out=True) for name in TESTS},
        "answers": answer_pairs(held_out=True),
        "pairs": chain.from_iterable(spoken_questions(held_out=True)),
    }
    found = {name: sample(pairs, HELD_OUT[name]) for name, pairs in sources.items()}
    ours = chain.from_iterable(found[name][:count] for name, count in BESIDE_COUNTS.items())
    return found | {BESIDE: of_other_questions([*ours])}


# Fitting


def calibrate(seen: Mapping[str, Sequence[Row]]) -> Calibration:
    """The models and thresholds for the package."""
    sources = [(found, SHARES[name]) for name, found in seen.items()]
    unsaid = [
        ([row for row in seen[name] if row.label is not Label.SAID], SHARES[name])
        for name in ("answers", "pairs")
    ]
    fitted = Calibration(
        said=fit(sources, ALL, Label.SAID),
        contradicted=fit(unsaid, ALL, Label.CONTRADICTED),
        words_said=fit(sources, FEATURES, Label.SAID),
        said_from=0.5,
        contradicted_from=0.5,
    )
    return msgspec.structs.replace(fitted, contradicted_from=_alarm(fitted, seen["answers"]))


def with_strict_threshold(fitted: Calibration) -> Calibration:
    """The calibration with the strictest threshold of said facts that agrees as well as the best.

    By what the package, with the calibration written so far, gives to held-out pairs. Of facts
    beside answers to other questions, which say none of them, the share that is not called said
    counts as much as the balanced accuracy of all other sources, which count alike. The strictest,
    because credit that was not earned costs more trust than a point missed.
    """
    percents = range(40, 91)
    agreed, sources = np.zeros(len(percents)), held_out()
    for name, pairs in sources.items():
        scores, _, said = decisions(pairs)
        for at, percent in enumerate(percents):
            called = scores >= percent / 100
            if name == BESIDE:
                agreed[at] += len(HELD_OUT) * float((~called).mean())
            else:
                agreed[at] += balanced_accuracy(called, said)
    agreed /= 2 * len(HELD_OUT)
    strictest = np.flatnonzero(agreed >= agreed.max() - AS_GOOD)[-1]
    return msgspec.structs.replace(fitted, said_from=percents[strictest] / 100)


def write(fitted: Calibration) -> None:
    """Put a calibration into the package."""
    CALIBRATION.write_bytes(msgspec.json.format(msgspec.json.encode(fitted), indent=2) + b"\n")
    calibration.cache_clear()


def _alarm(model: Calibration, seen: Sequence[Row]) -> float:
    """The least threshold at which few said facts are called contradicted."""
    alarms = []
    for row in seen:
        if row.label is Label.SAID and row.windows:
            said, denied = map(max, zip(*map(model.chances, row.windows), strict=True))
            alarms.append(denied if denied > said else 0.0)
    return round(max(0.3, float(np.quantile(alarms, 1 - MOST_FALSE_ALARMS))), 3)


# Figures


def ranking(
    tests: Mapping[str, Sequence[Pair]], seen: Mapping[str, Sequence[Row]]
) -> dict[str, Any]:
    """Area under the curve of single measures, and of the model without some of its parts."""
    table: dict[str, dict[str, float]] = {}
    test_rows = {name: in_parallel(row, pairs) for name, pairs in tests.items()}
    for measure, ratio in MEASURES.items():
        table[measure] = {
            name: auc(*by_item(*_scored(pairs, ratio))) for name, pairs in tests.items()
        }
    for feature in ("near", "cosine", "judge_said"):
        alone = Logistic(0.0, {feature: 1.0})
        table[feature] = {
            name: auc(*by_item(each, log_odds(alone))) for name, each in test_rows.items()
        }
    sources = [(found, SHARES[name]) for name, found in seen.items()]
    for ablation, keeps in ABLATIONS.items():
        model = fit(sources, [name for name in ALL if keeps(name)], Label.SAID)
        scores = {name: by_item(each, log_odds(model)) for name, each in test_rows.items()}
        table[ablation] = {name: auc(*each) for name, each in scores.items()}
        table[ablation]["balanced accuracy"] = float(
            np.mean([balanced_accuracy(values > 0, said) for values, said in scores.values()])
        )
    return table


def _scored(
    pairs: Sequence[Pair], ratio: Callable[[str, str], float]
) -> tuple[list[Row], Callable[[Row], float]]:
    wrapped = [
        Row(pair.label, pair.item, ({"ratio": ratio(pair.fact, pair.answer)},)) for pair in pairs
    ]
    return wrapped, lambda row: row.windows[0]["ratio"]


def judgement(pair: Pair) -> tuple[Status, float]:
    """Status and score that the package gives to a pair as a key point and an answer."""
    question = Question(pair.question, "q", key_points=(KeyPoint(pair.fact),))
    coverage = cover(question, Transcript(pair.answer))
    assert coverage is not None
    return coverage.points[0].status, coverage.points[0].score


def decisions(pairs: Sequence[Pair]) -> tuple[NDArray[Any], ...]:
    """Score, whether covered and whether said, of each item: of several references the best."""
    best: dict[str, tuple[float, bool, bool]] = {}
    for number, (pair, (status, score)) in enumerate(
        zip(pairs, in_parallel(judgement, pairs), strict=True)
    ):
        item = pair.item or str(number)
        before = best.get(item, (-1.0, False, False))
        is_covered = before[1] or status is Status.COVERED
        best[item] = (max(before[0], score), is_covered, pair.label is Label.SAID)
    return tuple(np.array(each) for each in zip(*best.values(), strict=True))


def agreement(pairs: Sequence[Pair]) -> dict[str, float]:
    """The package against the labels of one set."""
    scores, covered, said = decisions(pairs)
    return {
        "auc": auc(scores, said),
        "balanced_accuracy": balanced_accuracy(covered, said),
        "called_covered": float(covered.mean()),
    }


def called_covered(pairs: Sequence[Pair]) -> dict[str, float]:
    """The share of the pairs that the package calls covered."""
    found = in_parallel(judgement, pairs)
    return {"called_covered": float(np.mean([status is Status.COVERED for status, _ in found]))}


def of_other_questions(pairs: Sequence[Pair]) -> list[Pair]:
    """Each answer beside a key point of another question."""
    random = Random(2)
    others = random.sample(pairs, len(pairs))
    return [
        replace(other, answer=pair.answer, label=Label.NOT_SAID, item="")
        for pair, other in zip(pairs, others, strict=True)
        if pair.question != other.question
    ]


def misheard(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with 30% of the content words of the answers misheard, and with fillers."""
    random, corruption = Random(3), Corruption(pair.answer for pair in pairs)
    by_answer = {
        answer: corruption.misheard(answer, MISHEARD_SHARE, random)
        for answer in dict.fromkeys(pair.answer for pair in pairs)
    }
    return [replace(pair, answer=by_answer[pair.answer]) for pair in pairs]


def probe() -> dict[str, dict[str, float]]:
    """Shares of the contradiction probe, by kind: said answers credited, opposites covered."""
    pairs = list(probe_pairs())
    found = [judgement(pair) for _, pair in pairs]
    counts: dict[str, Counter[str]] = {}
    for (kind, pair), (status, _) in zip(pairs, found, strict=True):
        for name in (kind, "all"):
            counter = counts.setdefault(name, Counter())
            counter[pair.label.name] += 1
            counter[f"{pair.label.name} {status.name}"] += 1
    return {
        kind: {
            "said_credited": (counter["SAID COVERED"] + counter["SAID PARTIAL"]) / counter["SAID"],
            "opposite_covered": counter["CONTRADICTED COVERED"] / counter["CONTRADICTED"],
            "opposite_seen": counter["CONTRADICTED CONTRADICTED"] / counter["CONTRADICTED"],
        }
        for kind, counter in counts.items()
    }


def whole(answers: Iterable[Marked]) -> dict[str, Any]:
    """The package against the labels of whole answers, one decision a key point."""
    table: Counter[tuple[str, str]] = Counter()
    scores: list[tuple[float, bool]] = []
    errors: list[dict[str, Any]] = []
    for each in answers:
        coverage = cover(each.question, Transcript(each.text))
        assert coverage is not None
        for point, label in zip(coverage.points, each.labels, strict=True):
            table[label, point.status.value] += 1
            scores.append((point.score, label == "said"))
            is_covered = point.status is Status.COVERED
            if label != "half" and is_covered is not (label == "said"):
                wrong = abs(point.score - (label == "said"))
                errors.append(
                    {"wrong": round(wrong, 3), "kind": each.kind, "label": label,
                     "status": point.status.value, "point": point.text, "missing": point.missing,
                     "answer": each.text}
                )  # fmt: skip
    covered = np.array([status == "covered" for _, status in table.elements()])
    said = np.array([label == "said" for label, _ in table.elements()])
    errors.sort(key=lambda error: -error["wrong"])
    return {
        "auc": auc(*(np.array(each) for each in zip(*scores, strict=True))),
        "balanced_accuracy": balanced_accuracy(covered, said),
        "table": {f"{label} {status}": count for (label, status), count in sorted(table.items())},
        "errors": errors,
    }


def banks() -> dict[str, list[Marked]]:
    """Whole answers to the banks that we ship, to those for tests, and to rough notes held out."""
    tests = ROOT / "tests" / "data"
    shipped = read(ROOT / "questions").questions
    found = {"shipped banks": _marked(OWN / "answers.jsonl", {each.id: each for each in shipped})}
    for name in ("rough", "exchanged"):
        numbered = enumerate(read(tests / f"{name}_bank.md").questions, start=1)
        questions = {str(number): each for number, each in numbered}
        found[f"{name} bank"] = _marked(tests / f"{name}_bank_answers.jsonl", questions)
    return found | {"notes, held out": [*marked_notes(held_out=True)]}


def _marked(answers: Path, questions: Mapping[str, Question]) -> list[Marked]:
    return [
        Marked(questions[str(row["question"])], row["transcript"], row["labels"], row["kind"])
        for row in whole_answers(answers)
    ]


# Speed


def speed() -> dict[str, float]:
    """Milliseconds for an answer of 300 words and 10 key points, medians of several answers."""
    answers = banks()["rough bank"]
    words = " ".join(each.text for each in answers).split()
    asked = dict.fromkeys(each.question for each in answers)
    points = [point for question in asked for point in question.key_points][:10]
    question = Question(answers[0].question.text, "q", key_points=tuple(points))
    texts = [" ".join(words[at : at + 300]) for at in range(0, len(words) - 300, 300)]
    judge().read([("warm", "start")])
    timed: dict[str, list[float]] = {
        "with the judge": [],
        "one more sentence": [],
        "words only": [],
    }
    for text in texts:
        timed["words only"].append(_milliseconds(question, text, None))
        head, _, tail = text.rpartition(". ")
        timed["with the judge"].append(_milliseconds(question, head, judge()))
        timed["one more sentence"].append(_milliseconds(question, f"{head}. {tail}", judge()))
    return {name: float(np.median(values)) for name, values in timed.items()}


def _milliseconds(question: Question, text: str, reader: Judge | None) -> float:
    prepare.cache_clear()
    listen.cache_clear()
    began = time.perf_counter()
    score_points(question, prepare(text), reader)
    return (time.perf_counter() - began) * 1000


# Report


def measured(seen: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """All figures, of the package as it is."""
    tests = {name: list(key_point_pairs(name, split)) for name, split in TESTS.items()}
    return {
        "ranking": ranking(tests, seen),
        "package": {name: agreement(pairs) for name, pairs in tests.items()},
        "misheard": {name: agreement(misheard(pairs)) for name, pairs in tests.items()},
        "other questions": {
            name: called_covered(of_other_questions(sample(pairs, 1000)))
            for name, pairs in tests.items()
        },
        "probe": probe(),
        "speed": {"ms": speed()},
        "whole answers": {name: whole(each) for name, each in banks().items()},
    }


def as_tables(report: Mapping[str, Any]) -> Iterator[str]:
    """The figures as Markdown, and the ten worst errors."""
    for title in ("ranking", "package", "misheard", "other questions", "probe", "speed"):
        table = report[title]
        columns = list(dict.fromkeys(name for row in table.values() for name in row))
        yield f"\n| {title} | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}"
        for name, row in table.items():
            cells = (f"{row[column]:.3f}" if column in row else "" for column in columns)
            yield f"| {name} | {' | '.join(cells)} |"
    for name, found in report["whole answers"].items():
        yield f"\n{name}: AUC {found['auc']:.3f}, balanced {found['balanced_accuracy']:.3f}"
        yield from (f"  {labels}: {count}" for labels, count in found["table"].items())
    for error in report["whole answers"]["rough bank"]["errors"][:10]:
        yield f"\n{error['kind']}: labelled {error['label']}, called {error['status']}"
        yield f"  point:  {error['point']}\n  answer: {error['answer']}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fit", action="store_true", help="write the package's calibration")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    seen = {name: in_parallel(row, pairs) for name, pairs in held_out().items()}
    if arguments.fit:
        fitted = calibrate(seen)
        write(fitted)
        write(with_strict_threshold(fitted))
    report = measured(seen)
    if arguments.json:
        json.dump(report, sys.stdout, indent=1, default=str)
    else:
        sys.stdout.writelines(line + "\n" for line in as_tables(report))


if __name__ == "__main__":
    main()
