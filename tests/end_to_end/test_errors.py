"""What a person sees when something is wrong: one line, an exit code, and nothing lost."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

BANK = """# Topic
- What is dropout?
  - It drops units at random
- What is weight decay?
  - It makes weights smaller
"""


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    path = tmp_path / "bank.md"
    path.write_text(BANK)
    return path


def is_one_clear_line(
    finished: subprocess.CompletedProcess[str], *parts: str, code: int = 1
) -> None:
    assert finished.returncode == code, finished.stderr
    lines = finished.stderr.strip().splitlines()
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith("sayback: ")
    for part in parts:
        assert part in lines[0]
    assert "Traceback" not in finished.stdout + finished.stderr


def match(run: Run, bank: Path, question: str) -> subprocess.CompletedProcess[str]:
    return run("match", "--question", question, "--bank", bank, "--transcript", "-", stdin="Units.")


def test_no_such_question_offers_the_nearest(run: Run, bank: Path) -> None:
    is_one_clear_line(match(run, bank, "What is droput"), "What is droput", "What is dropout?")


def test_several_matches_are_named(run: Run, bank: Path) -> None:
    is_one_clear_line(match(run, bank, "what is"), "What is dropout?", "What is weight decay?")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\xff\xfe", "bank.md"),
        (b"just prose, no list", "no question"),
        (None, "does not exist"),
    ],
    ids=["empty", "binary", "no list", "missing"],
)
def test_a_bank_that_is_none(run: Run, tmp_path: Path, content: bytes | None, part: str) -> None:
    path = tmp_path / "bank.md"
    if content is not None:
        path.write_bytes(content)
    is_one_clear_line(run("bank", "check", path), str(path))
    assert part in run("bank", "check", path).stderr.lower()


@pytest.mark.parametrize("content", [b"", b"RIFF\x00\x00", b"not audio at all" * 50, None], ids=str)
def test_audio_that_is_none(run: Run, bank: Path, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "answer.wav"
    if content is not None:
        path.write_bytes(content)
    is_one_clear_line(run("score", path, "--question", "dropout", "--bank", bank), str(path))
    assert content is None or path.read_bytes() == content


def test_a_transcript_that_is_missing(run: Run, bank: Path, tmp_path: Path) -> None:
    finished = run(
        "match", "--question", "dropout", "--bank", bank, "--transcript", tmp_path / "no"
    )
    is_one_clear_line(finished, str(tmp_path / "no"))


def test_no_such_model_without_a_network(run: Run, bank: Path, sample_answer: Path) -> None:
    finished = run(
        "score", sample_answer, "--question", "dropout", "--bank", bank, "--model", "large-v3"
    )
    is_one_clear_line(finished, "large-v3", "base")


def test_no_such_model_folder(run: Run, bank: Path, sample_answer: Path, tmp_path: Path) -> None:
    finished = run(
        "score", sample_answer, "--question", "dropout", "--bank", bank, "--model", tmp_path / "m"
    )
    is_one_clear_line(finished, str(tmp_path / "m"))


def test_no_such_attempt(run: Run) -> None:
    is_one_clear_line(run("show", "12"), "12", "sayback history")


def test_no_microphone(run: Run) -> None:
    finished = run("practice", "--question", "what is u-net", env={"PULSE_SERVER": "unix:/nowhere"})
    is_one_clear_line(finished, "microphone")


def test_no_microphone_of_that_name(run: Run) -> None:
    finished = run("practice", "--question", "what is u-net", "--microphone", "Nobody's Own 3000")
    is_one_clear_line(finished, "microphone")


@pytest.mark.parametrize(
    "arguments",
    [
        ("score",),
        ("match", "--question", "x"),
        ("nonsense",),
        ("practice", "--count", "0"),
        ("show", "one"),
        ("practice", "--engine", "parrot"),
        ("practice", "--patience", "nan"),
        ("practice", "--max-length", "inf"),
        ("show", "99999999999999999999"),
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: tuple[str, ...]) -> None:
    is_one_clear_line(run(*arguments), "--help`", code=2)


def test_a_mistyped_option_is_told_the_one_that_was_meant(run: Run) -> None:
    told = "'--modl': did you mean '--model'? see `sayback practice --help`"
    is_one_clear_line(run("practice", "--modl", "tiny"), told, code=2)


def test_a_wrong_value_from_the_environment_names_its_variable(run: Run) -> None:
    finished = run("practice", env={"SAYBACK_PATIENCE": "long"})
    assert finished.returncode == 2
    assert "SAYBACK_PATIENCE" in finished.stderr


@pytest.mark.parametrize(
    "command", [("history",), ("show", "1"), ("trends",), ("plan",), ("delete", "1", "--yes")]
)
def test_who_looks_back_into_a_mistyped_folder_is_told(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    typed = tmp_path / "practise"
    is_one_clear_line(run(*command, "--workspace", typed), str(typed))
    assert not typed.exists()


def test_a_folder_that_cannot_be_written(
    run: Run, small_disk: Callable[..., Path], workspace: Path
) -> None:
    folder = small_disk(read_only=True)
    finished = run(
        "--question", "what is u-net", "--workspace", folder, "--bank", workspace / "questions"
    )
    is_one_clear_line(finished, str(folder))
