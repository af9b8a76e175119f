"""What set-up installs is what requirements/ names, file by file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parents[1]
REQUIREMENTS = CHECKOUT / "requirements"
NEEDED_FOR_ALL = ("build", "torch", "fast", "test")
NOT_FROM_THE_INDEX = {"sayback", "pip"}
"""The checkout itself, and what Python makes an environment with."""


def pinned(name: str) -> Iterator[tuple[Requirement, list[str]]]:
    """The requirements of a file, each with the hashes of the files that are let in."""
    text = (REQUIREMENTS / f"{name}.txt").read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            requirement, *hashes = line.split(" --hash=")
            yield Requirement(requirement), [each.strip() for each in hashes]


@pytest.mark.parametrize("name", [path.stem for path in sorted(REQUIREMENTS.glob("*.txt"))])
def test_each_line_names_one_version_and_the_hash_of_each_of_its_files(name: str) -> None:
    lines = list(pinned(name))
    assert lines
    for requirement, hashes in lines:
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in hashes), requirement


def test_no_package_stands_in_two_files() -> None:
    files = (*NEEDED_FOR_ALL, "cuda")
    names = [requirement.name for name in files for requirement, _ in pinned(name)]
    assert sorted(set(names)) == sorted(names)


def test_nothing_else_is_installed_and_nothing_is_missing() -> None:
    wanted = {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for name in (*NEEDED_FOR_ALL, *(["cuda"] if torch_needs_cuda() else []))
        for requirement, _ in pinned(name)
        if requirement.marker is None or requirement.marker.evaluate()
    }
    there = {
        canonicalize_name(distribution.name): distribution.version.partition("+")[0]
        for distribution in distributions(
            path=[path for path in sys.path if "site-packages" in path]
        )
    }
    assert {name: there[name] for name in there.keys() - NOT_FROM_THE_INDEX} == wanted


def torch_needs_cuda() -> bool:
    (torch,) = distributions(name="torch")
    return any(re.match("cuda-|nvidia-", line) for line in torch.requires or ())


def test_all_that_packages_ask_for_is_installed() -> None:
    command = [sys.executable, "-m", "pip", "check", "--disable-pip-version-check"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout


def test_axe_core_is_pinned_by_version_and_content() -> None:
    lock = json.loads((CHECKOUT / "scripts/axe/package-lock.json").read_text("utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert list(packages) == ["node_modules/axe-core"]
    assert packages["node_modules/axe-core"]["integrity"].startswith("sha512-")


def test_set_up_refuses_a_package_with_other_content(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "requirements", "scripts"):
        copy = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
        copy(CHECKOUT / name, tmp_path / name)
    (files := tmp_path / "files").mkdir()
    (first, _), *_ = pinned("build")
    swapped = f"{first.name}-{str(first.specifier)[2:]}"
    with zipfile.ZipFile(files / f"{swapped}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{first.name}.py", "raise SystemExit('not what was published')\n")
        metadata = f"Metadata-Version: 2.1\nName: {first.name}\nVersion: {swapped.split('-')[1]}\n"
        wheel.writestr(f"{swapped}.dist-info/METADATA", metadata)
        wheel.writestr(f"{swapped}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{swapped}.dist-info/RECORD", "")

    finished = subprocess.run(
        [tmp_path / "scripts/setup", "fast"],
        env=os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(files), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 1
    assert "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES" in finished.stderr
    assert not list(tmp_path.glob(f".venv/lib/*/site-packages/{first.name}*"))
