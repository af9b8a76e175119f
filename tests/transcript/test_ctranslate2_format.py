from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from sayback.errors import TranscriptionError
from sayback.transcript.ctranslate2_format import read_variables, write_openai_checkpoint
from sayback.transcript.models import ctranslate2_folder


def string(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def variable(name: str, shape: tuple[int, ...], type_code: int, data: bytes) -> bytes:
    lengths = struct.pack(f"<{len(shape)}I", *shape)
    return (
        string(name)
        + struct.pack("<B", len(shape))
        + lengths
        + struct.pack("<BI", type_code, len(data))
        + data
    )


def model_file(*variables: bytes, version: int = 6) -> bytes:
    head = struct.pack("<I", version) + string("WhisperSpec") + struct.pack("<I", 3)
    return head + struct.pack("<I", len(variables)) + b"".join(variables)


MATRIX = np.arange(6, dtype=np.float16).reshape(2, 3)
WHOLE = model_file(
    variable("a/weight", (2, 3), 4, MATRIX.tobytes()),
    variable("heads", (), 2, struct.pack("<h", 8)),
)


def test_variables_are_read_with_name_shape_and_type(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(WHOLE)
    variables = read_variables(file)
    assert list(variables) == ["a/weight", "heads"]
    assert variables["a/weight"].dtype == np.float16
    assert np.array_equal(variables["a/weight"], MATRIX)
    assert int(variables["heads"]) == 8


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_file_cut_short_anywhere_is_refused(length: int, tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(WHOLE[:length])
    with pytest.raises(TranscriptionError, match=r"model\.bin: not a whole CTranslate2 model"):
        read_variables(file)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (model_file(version=5), "format version 5, not 6"),
        (model_file(variable("a", (2,), 9, b"1234")), "element type 9"),
        (model_file(variable("a", (7,), 0, b"1234")), "cannot reshape"),
        (b"PK\x03\x04" + bytes(100), "format version"),
        (model_file(string("a") + b"\xff" * 40), "not a whole"),
    ],
)
def test_something_else_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(content)
    with pytest.raises(TranscriptionError, match=reason):
        read_variables(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TranscriptionError, match="No such file"):
        read_variables(tmp_path / "model.bin")


@pytest.mark.parametrize(
    "content",
    [WHOLE, model_file(variable("encoder/conv1/weight", (2,), 1, b"12"))],
    ids=["no Whisper model", "quantised"],
)
def test_no_checkpoint_of_what_is_no_plain_whisper(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(content)
    with pytest.raises(TranscriptionError, match="not an unquantised Whisper model"):
        write_openai_checkpoint(file, tmp_path / "out.pt")
    assert not (tmp_path / "out.pt").exists()


def test_no_weight_is_changed_or_lost(tmp_path: Path) -> None:
    import torch

    source = ctranslate2_folder("tiny.en") / "model.bin"
    write_openai_checkpoint(source, tmp_path / "tiny.en.pt")
    state = torch.load(tmp_path / "tiny.en.pt", weights_only=True)["model_state_dict"]
    variables = read_variables(source)
    weights = {name: array for name, array in variables.items() if array.dtype.kind == "f"}
    # The zero biases that CTranslate2 puts in for the keys are all that goes.
    left_out = 384 * (4 + 4 + 4)
    assert sum(array.size for array in weights.values()) - left_out == sum(
        tensor.numel() for tensor in state.values()
    )
    projections = [f"decoder.blocks.3.attn.{part}.weight" for part in ("query", "key", "value")]
    stacked = np.concatenate([state[name].numpy() for name in projections])
    source_name = "decoder/layer_3/self_attention/linear_0/weight"
    assert np.array_equal(stacked, variables[source_name])
