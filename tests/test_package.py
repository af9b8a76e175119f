"""What a user gets who installs the package instead of cloning the project."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_has_the_banks_and_the_sample_answer(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {"sayback/questions/interview_ml.md", "sayback/data/sample_answer.flac"} <= names


def test_the_wheel_has_no_tests_and_no_recordings(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist()} == {
        "sayback",
        "sayback-0.1.0.dist-info",
    }


def test_an_installed_package_starts_with_its_own_banks(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    wheel.extractall(tmp_path / "site")
    finished = subprocess.run(
        [sys.executable, "-c", "from sayback.views.cli import main; main()", "bank", "list"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "what-is-u-net" in finished.stdout
    assert list(tmp_path.rglob("sayback/questions/starter_behavioural.md"))
