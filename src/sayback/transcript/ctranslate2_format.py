"""Reads Whisper weights in CTranslate2's format and writes them as an openai-whisper checkpoint.

Layout of `model.bin`, little-endian: version (u32), name (string), revision (u32), count (u32),
then per variable its name, rank (u8), lengths (u32 each), element type (u8), size in bytes (u32)
and the bytes. A string is its length (u16) with a final zero byte, then the bytes.
Source: `model_spec.py` of CTranslate2, format version 6.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sayback.errors import TranscriptionError, reason

Variables = dict[str, npt.NDArray[Any]]

FORMAT_VERSION = 6
_ELEMENT_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)


class _Reader:
    """Takes values from a byte buffer in order; struct.error or ValueError beyond its end."""

    def __init__(self, buffer: mmap.mmap) -> None:
        self._buffer = buffer
        self._offset = 0

    def number(self, code: str) -> int:
        (value,) = struct.unpack_from(f"<{code}", self._buffer, self._offset)
        self._offset += struct.calcsize(code)
        return int(value)

    def string(self) -> str:
        length = self.number("H")
        start, self._offset = self._offset, self._offset + length
        return self._buffer[start : self._offset].rstrip(b"\0").decode()

    def array(self) -> npt.NDArray[Any]:
        shape = [self.number("I") for _ in range(self.number("B"))]
        type_code = self.number("B")
        if type_code >= len(_ELEMENT_TYPES):
            raise ValueError(f"element type {type_code}")
        element = np.dtype(_ELEMENT_TYPES[type_code])
        size = self.number("I")
        flat = np.frombuffer(self._buffer, element, size // element.itemsize, self._offset)
        self._offset += size
        return flat.reshape(shape)


def read_variables(file: Path) -> Variables:
    """The named arrays of a `model.bin`; they read from the file as they are used.

    Raises TranscriptionError for a file that is cut short or is something else.
    """
    try:
        with file.open("rb") as opened:
            reader = _Reader(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
        if (version := reader.number("I")) != FORMAT_VERSION:
            raise ValueError(f"format version {version}, not {FORMAT_VERSION}")
        reader.string()
        reader.number("I")
        count = reader.number("I")
        return {reader.string(): reader.array() for _ in range(count)}
    except (OSError, ValueError, struct.error) as error:
        raise TranscriptionError(
            f"{file}: not a whole CTranslate2 model ({reason(error)})",
            "fetch it again, or convert it again with `ct2-transformers-converter`",
        ) from error


def write_openai_checkpoint(model_file: Path, target: Path) -> None:
    """Write what `whisper.load_model` reads, number for number the weights of `model_file`.

    Raises TranscriptionError for weights that are not those of an unquantised Whisper model, and
    OSError where `target` cannot be written.
    """
    import torch

    variables = read_variables(model_file)
    try:
        arrays = dict(_openai_arrays(variables))
        dimensions = _dimensions(variables)
    except (KeyError, IndexError, ValueError) as error:
        raise TranscriptionError(
            f"{model_file}: not an unquantised Whisper model ({reason(error)})",
            "give --model one in float16 or float32, or use --engine faster-whisper",
        ) from error
    state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    try:
        torch.save({"dims": dimensions, "model_state_dict": state}, target)
    except RuntimeError as error:  # how torch says that the disk is full
        raise OSError(f"torch could not write {target.name}") from error


Named = Iterator[tuple[str, npt.NDArray[Any]]]


def _openai_arrays(variables: Variables) -> Named:
    """Every array under the name that openai-whisper gives it."""
    yield from _pair(variables, "encoder/conv1", "encoder.conv1")
    yield from _pair(variables, "encoder/conv2", "encoder.conv2")
    yield from _norm(variables, "encoder/layer_norm", "encoder.ln_post")
    yield from _norm(variables, "decoder/layer_norm", "decoder.ln")
    yield "decoder.token_embedding.weight", _floats(variables, "decoder/embeddings/weight")
    for side in ("encoder", "decoder"):
        positions = _floats(variables, f"{side}/position_encodings/encodings")
        yield f"{side}.positional_embedding", positions
        for layer in range(_layers(variables, side)):
            source, target = f"{side}/layer_{layer}", f"{side}.blocks.{layer}"
            yield from _block(variables, source, target)
            if side == "decoder":
                yield from _cross_attention(variables, source, target)


def _block(variables: Variables, source: str, target: str) -> Named:
    attention = f"{source}/self_attention"
    parts = ("query", "key", "value")
    yield from _projections(variables, f"{attention}/linear_0", f"{target}.attn", parts)
    yield from _pair(variables, f"{attention}/linear_1", f"{target}.attn.out")
    yield from _norm(variables, f"{attention}/layer_norm", f"{target}.attn_ln")
    yield from _pair(variables, f"{source}/ffn/linear_0", f"{target}.mlp.0")
    yield from _pair(variables, f"{source}/ffn/linear_1", f"{target}.mlp.2")
    yield from _norm(variables, f"{source}/ffn/layer_norm", f"{target}.mlp_ln")


def _cross_attention(variables: Variables, source: str, target: str) -> Named:
    attention = f"{source}/attention"
    yield from _pair(variables, f"{attention}/linear_0", f"{target}.cross_attn.query")
    parts = ("key", "value")
    yield from _projections(variables, f"{attention}/linear_1", f"{target}.cross_attn", parts)
    yield from _pair(variables, f"{attention}/linear_2", f"{target}.cross_attn.out")
    yield from _norm(variables, f"{attention}/layer_norm", f"{target}.cross_attn_ln")


def _pair(variables: Variables, source: str, target: str) -> Named:
    yield f"{target}.weight", _floats(variables, f"{source}/weight")
    yield f"{target}.bias", _floats(variables, f"{source}/bias")


def _norm(variables: Variables, source: str, target: str) -> Named:
    yield f"{target}.weight", _floats(variables, f"{source}/gamma")
    yield f"{target}.bias", _floats(variables, f"{source}/beta")


def _projections(variables: Variables, source: str, target: str, parts: tuple[str, ...]) -> Named:
    """Matrices that CTranslate2 stacks into one; Whisper's key projection has no bias."""
    weights = np.split(_floats(variables, f"{source}/weight"), len(parts))
    biases = np.split(_floats(variables, f"{source}/bias"), len(parts))
    for part, weight, bias in zip(parts, weights, biases, strict=True):
        yield f"{target}.{part}.weight", weight
        if part != "key":
            yield f"{target}.{part}.bias", bias


def _floats(variables: Variables, name: str) -> npt.NDArray[Any]:
    array = variables[name]
    if array.dtype.kind != "f":
        raise ValueError(f"{name} is {array.dtype}")
    return array


def _layers(variables: Variables, side: str) -> int:
    layers = 0
    while f"{side}/layer_{layers}/self_attention/linear_0/weight" in variables:
        layers += 1
    return layers


def _dimensions(variables: Variables) -> dict[str, int]:
    width = variables["encoder/layer_norm/beta"].shape[0]
    return {
        "n_mels": variables["encoder/conv1/weight"].shape[1],
        "n_audio_ctx": variables["encoder/position_encodings/encodings"].shape[0],
        "n_audio_state": width,
        "n_audio_head": int(variables["encoder/num_heads"]),
        "n_audio_layer": _layers(variables, "encoder"),
        "n_vocab": variables["decoder/embeddings/weight"].shape[0],
        "n_text_ctx": variables["decoder/position_encodings/encodings"].shape[0],
        "n_text_state": width,
        "n_text_head": int(variables["decoder/num_heads"]),
        "n_text_layer": _layers(variables, "decoder"),
    }
