"""Which key points of a question an answer said: facts, their probability, a status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from sayback.model import Coverage, Evidence, KeyPoint, PointScore, Question, Status, Transcript
from sayback.scoring.calibration import calibration
from sayback.scoring.crossing import SideBySide, side_by_side
from sayback.scoring.evidence import Placed, narrowest, place, quote
from sayback.scoring.facts import Fact, facts_of
from sayback.scoring.features import KEPT_WINDOWS, Answer, Seen, observe, prepare
from sayback.scoring.judge import Judge, Pair, Verdict, judge
from sayback.scoring.passages import Window
from sayback.scoring.words import Heard, find, listen, units

COVERED_SHARE = 0.8 - 1e-9
"""Share of a point's facts, by weight, that must be said for it to be covered: four of five."""
LEFT_OUT = 0.6
"""A fact with less than so much of the threshold counts as left out."""
MOST_LEFT_OUT = 1 / 3
"""Share of the facts, by weight, that may be left out of a point that is likely as a whole."""
ASIDE_SHARE = 0.7
"""What has the opposite of a fact and under so much of the words that say it is about another."""
MOST_CHARACTERS = 100_000
"""Of a question and its key points; those of the banks that ship have under 1,000."""
MOST_FACTS = 500
"""Of a question; those of the banks that ship have under 20."""
LONGEST_ANSWER = 500_000
"""Characters of an answer: ten hours of speech."""
MOST_COMPARISONS = 2_000_000
"""Facts times windows of an answer: 200 facts beside five hours of speech."""
MOST_PAIRS = 120
"""What the judge reads for one answer in 0.4 s: for over 15 texts fewer windows of each."""
HOPELESS = 0.03
"""Probability by words alone under which a window is not worth reading, unless it may deny."""
CLOSE_CALL = 0.2
"""Of windows whose probability differs by no more the narrowest is quoted."""
TERM_SHARE = 0.85
"""Leaves room for near spellings, not for a word left out."""
TERM_WIDTH = 12
"""Tokens among which the words of a term must stand; three for each word of a long one."""
QUOTED_SHARE = 0.75
"""Share of a fact's words that must have been said for its quotation to begin and end with them."""
LONGEST_QUOTE = 40
"""Tokens of evidence that are read at a glance; beyond it only the best fact is quoted."""


@dataclass(frozen=True, slots=True)
class Look:
    """A fact of a key point with the windows of an answer that are worth reading for it."""

    fact: Fact
    seen: tuple[Seen, ...]

    @property
    def pairs(self) -> Iterator[Pair]:
        """What the judge reads: each window with the claim."""
        return ((seen.text, self.fact.claim) for seen in self.seen)


@dataclass(frozen=True, slots=True)
class Reading:
    """A window with the probability that it says the fact, and that it says the opposite."""

    window: Window
    said: float
    contradicted: float


@dataclass(frozen=True, slots=True)
class FactScore:
    """The judgement on one fact; `reading` is the window that decided, None if nothing is near."""

    fact: Fact
    weight: float
    probability: float
    is_said: bool
    is_contradicted: bool
    reading: Reading | None = None


def why_not_compared(question: Question, transcript: Transcript) -> str | None:
    """What there is too much of to be compared in a few seconds, and what to do; None if all goes.

    A question that a person would ask, and an answer of some hours, are far below these limits.
    """
    points = question.key_points
    texts = [question.text, *chain.from_iterable((each.text, *each.facts) for each in points)]
    if sum(map(len, texts)) > MOST_CHARACTERS:
        return f"over {MOST_CHARACTERS:,} characters in the question; divide it"
    count = len(texts) if len(texts) > MOST_FACTS else sum(map(len, map(facts_of, points)))
    if count > MOST_FACTS:
        return f"over {MOST_FACTS} facts in the question; divide it"
    if len(transcript.text) > LONGEST_ANSWER:
        return f"over {LONGEST_ANSWER:,} characters in the answer; divide it"
    if points and count * len(prepare(transcript.text).windows) > MOST_COMPARISONS:
        return "the answer is too long for so many facts; divide it"
    return None


def cover(question: Question, transcript: Transcript) -> Coverage | None:
    """How far each key point was said; None without key points, or where there is too much."""
    if not question.key_points or why_not_compared(question, transcript):
        return None
    answer, placed = prepare(transcript.text), place(transcript)
    points = tuple(
        _judged(point, facts, answer, placed)
        for point, facts in zip(
            question.key_points, score_points(question, answer, judge()), strict=True
        )
    )
    return Coverage.of(points)


def score_points(
    question: Question, answer: Answer, reader: Judge | None
) -> list[tuple[FactScore, ...]]:
    """The facts of each key point with their probabilities; without a judge, by words alone."""
    points = question.key_points
    texts = sum(len(facts_of(each)) + _is_one_text(each) for each in points)
    see = partial(
        look,
        question=listen(question.text),
        answer=answer,
        most=min(max(MOST_PAIRS // max(texts, 1), 1), KEPT_WINDOWS),
    )
    beside = side_by_side(tuple(points))
    looks = [
        [see(fact, place) for fact in facts_of(each)]
        for each, place in zip(points, beside, strict=True)
    ]
    wholes = [
        see(Fact(each.text, each.text), place) if _is_one_text(each) else None
        for each, place in zip(points, beside, strict=True)
    ]
    read = [*(one for each in looks for one in each), *filter(None, wholes)]
    pairs = list(dict.fromkeys(pair for each in read for pair in each.pairs))
    verdicts = dict(zip(pairs, reader.read(pairs), strict=True)) if reader else None
    return [
        tuple(
            _with_whole(_decided(one, verdicts), _decided(whole, verdicts) if whole else None)
            for one in each
        )
        for each, whole in zip(looks, wholes, strict=True)
    ]


def _is_one_text(point: KeyPoint) -> bool:
    """Whether a point has several facts in one text, which can be read as a whole."""
    return not point.facts and len(facts_of(point)) > 1


def _with_whole(fact: FactScore, whole: FactScore | None) -> FactScore:
    """The judgement on a fact, seeing that a window that says the whole point says it too.

    Where neither is said, the fact gets the mean of both probabilities.
    """
    if not whole or fact.is_contradicted or whole.is_contradicted:
        return fact
    if whole.is_said and whole.probability > fact.probability:
        return replace(fact, probability=whole.probability, is_said=True, reading=whole.reading)
    if fact.is_said:
        return fact
    return replace(fact, probability=(fact.probability + whole.probability) / 2)


def _decided(look: Look, verdicts: Mapping[Pair, Verdict] | None) -> FactScore:
    return decide(look.fact, _readings(look, verdicts))


def look(
    fact: Fact, point: SideBySide, question: Heard, answer: Answer, most: int = KEPT_WINDOWS
) -> Look:
    """The `most` windows nearest to a fact, without those that have nothing to do with it."""
    by_words = calibration().words_said
    seen = observe(fact.text, question, answer, point)[:most]
    worth = (
        each
        for each in seen
        if _may_deny(each) or by_words.probability(each.features.named()) >= HOPELESS
    )
    return Look(fact, tuple(worth))


def values(seen: Seen, look: Look, verdicts: Mapping[Pair, Verdict]) -> dict[str, float]:
    """What the model weighs: features, and the judge's verdict."""
    verdict = verdicts[seen.text, look.fact.claim]
    return {
        **seen.features.named(),
        "judge_said": verdict.said,
        "judge_contradicted": verdict.contradicted,
    }


def _readings(look: Look, verdicts: Mapping[Pair, Verdict] | None) -> list[Reading]:
    model = calibration()
    if verdicts is None:
        return [
            Reading(each.window, model.words_said.probability(each.features.named()), 0.0)
            for each in look.seen
        ]
    readings = [
        Reading(each.window, *model.chances(values(each, look, verdicts))) for each in look.seen
    ]
    return _with_asides_excused(look.seen, readings)


def _with_asides_excused(seen: Sequence[Seen], readings: Sequence[Reading]) -> list[Reading]:
    """The readings, but what only seems to deny a fact that another window says denies nothing.

    "A high gain trusts the measurement" does not deny "a low gain trusts the prediction": it has
    fewer of its words. What is told of another thing may have as many.
    """
    least = calibration().said_from
    both = [*zip(seen, readings, strict=True)]
    said = (
        one.features.near for one, reading in both if reading.said >= least and not _may_deny(one)
    )
    nearest = max(said, default=-1.0)
    return [
        replace(reading, contradicted=0.0)
        if _may_deny(one)
        and one.features.near <= nearest * (1 if one.features.elsewhere else ASIDE_SHARE)
        else reading
        for one, reading in both
    ]


def _may_deny(seen: Seen) -> bool:
    """Whether a window has the opposite of a fact, or tells it of another thing."""
    return bool(seen.features.opposed or seen.features.elsewhere)


def decide(fact: Fact, readings: Sequence[Reading]) -> FactScore:
    """Said, contradicted or neither, by the window that says most and the one that denies most."""
    model = calibration()
    # The root keeps one long explanation from outweighing all the other facts of a point.
    weight = sum(unit.weight for unit in units(fact.text)) ** 0.5
    if not readings:
        return FactScore(fact, weight, 0.0, False, False)
    chance = max(each.said for each in readings)
    against = max(each.contradicted for each in readings)
    if against >= max(model.contradicted_from, chance):
        denying = (each for each in readings if each.contradicted >= against - CLOSE_CALL)
        return FactScore(fact, weight, chance, False, True, _narrowest(denying))
    telling = (each for each in readings if each.said >= chance - CLOSE_CALL)
    is_said = chance >= model.said_from
    return FactScore(fact, weight, chance, is_said, False, _narrowest(telling))


def _narrowest(readings: Iterable[Reading]) -> Reading:
    return min(readings, key=lambda each: len(each.window))


def _judged(
    point: KeyPoint, facts: Sequence[FactScore], answer: Answer, placed: Sequence[Placed]
) -> PointScore:
    unsaid = [fact.fact.text for fact in facts if fact.fact.text and not fact.is_said]
    terms = [term for term in point.terms if not is_term_said(term, answer.heard)]
    missing = (*unsaid, *(term for term in terms if not any(term in fact for fact in unsaid)))
    status = status_of(facts, all_terms=not terms)
    score = _mean(facts)
    return PointScore(point.text, status, score, _evidence(facts, status, answer, placed), missing)


def status_of(facts: Sequence[FactScore], *, all_terms: bool) -> Status:
    """What the facts of a point and its terms that must be said come to.

    A point is covered where most of its facts are said, or where it is likely as a whole.
    """
    if any(fact.is_contradicted for fact in facts):
        return Status.CONTRADICTED
    said = sum(fact.weight for fact in facts if fact.is_said)
    are_most = said >= COVERED_SHARE * sum(fact.weight for fact in facts)
    if said and all_terms and (are_most or _is_likely(facts)):
        return Status.COVERED
    return Status.PARTIAL if said else Status.MISSED


def _is_likely(facts: Sequence[FactScore]) -> bool:
    """Whether the mean is that of a said fact, and no large part was left out for sure."""
    least = calibration().said_from
    total = sum(fact.weight for fact in facts)
    left_out = sum(fact.weight for fact in facts if fact.probability < LEFT_OUT * least)
    return left_out <= MOST_LEFT_OUT * total and _mean(facts) >= least


def _mean(facts: Sequence[FactScore]) -> float:
    """The mean probability of facts, by weight; 0 without facts."""
    total = sum(fact.weight for fact in facts)
    return sum(fact.weight * fact.probability for fact in facts) / total if total else 0.0


def is_term_said(term: str, heard: Heard) -> bool:
    """Whether the content words of a term were said, close together and in any order."""
    words = units(term)
    found = [(unit, *find(unit, heard)) for unit in words]
    credit = sum(unit.weight * credit for unit, positions, credit in found if positions)
    if credit < TERM_SHARE * sum(unit.weight for unit in words):
        return False
    places = [positions for _, positions, _ in found if positions]
    if not places:
        return True
    first, last = narrowest(places)
    return last - first < max(TERM_WIDTH, 3 * len(words))


def _evidence(
    facts: Sequence[FactScore], status: Status, answer: Answer, placed: Sequence[Placed]
) -> Evidence | None:
    """From the first to the last word of what decided the status; None for a missed point."""
    telling = [
        (fact.reading.contradicted if fact.is_contradicted else fact.reading.said,
         *_span(fact, fact.reading.window, answer))
        for fact in facts
        if fact.reading
        and (fact.is_contradicted if status is Status.CONTRADICTED else fact.is_said)
    ]  # fmt: skip
    if not telling:
        return None
    first, last = min(first for _, first, _ in telling), max(last for _, _, last in telling)
    if last - first >= LONGEST_QUOTE:
        _, first, last = max(telling)
    tokens = answer.heard.tokens
    return quote(answer.text, placed, tokens[first], tokens[last])


def _span(scored: FactScore, window: Window, answer: Answer) -> tuple[int, int]:
    """First and last token of what says a fact: its words where they were said, else the window."""
    words = units(scored.fact.text)
    found = [
        (unit.weight, places)
        for unit in words
        if (places := [at for at in find(unit, answer.heard)[0] if at in window])
    ]
    share = sum(weight for weight, _ in found) / sum(unit.weight for unit in words)
    if scored.is_contradicted or share < QUOTED_SHARE:
        return window.first, window.last
    return narrowest([places for _, places in found])
