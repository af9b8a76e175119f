"""The commands that look back, as a user types them."""

from __future__ import annotations

import csv
import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.kept_answers import U_NET, keep_sample_answer

from sayback.bank.parse import read

Run = Callable[..., subprocess.CompletedProcess[str]]

OWN = "What do you like to build?"
SAID = """My last project was a labelling tool for nurses. It saved them two hours a week.
The hardest part was the import of old scans."""


@pytest.fixture
def own(workspace: Path) -> Path:
    """A bank of the user's own with a question without key points, and an answer to it."""
    bank = workspace / "questions" / "own.md"
    bank.write_bytes(f"# Own\r\n\r\n- {OWN}\r\n".encode())
    keep_sample_answer(workspace, question=OWN, said=SAID)
    return bank


def test_trends_say_what_is_too_early_to_tell(run: Run, workspace: Path) -> None:
    assert "practice" in run("trends").stdout
    keep_sample_answer(workspace)
    done = run("trends")
    assert done.returncode == 0, done.stderr
    assert "too early to tell" in done.stdout
    (coverage, *_) = json.loads(run("trends", "--json").stdout)["measures"]
    assert coverage["name"] == "coverage"
    assert run("trends", "--question", "U-Net and when").returncode == 0


def test_a_date_is_planned_and_cleared(run: Run) -> None:
    assert "No date" in run("plan").stdout
    day = date.today() + timedelta(days=9)
    assert "in 9 days" in run("plan", day).stdout
    assert "in 9 days" in run("plan").stdout
    assert "No date" in run("plan", "--clear").stdout


@pytest.mark.parametrize(("day", "said"), [("soon", "not a date"), ("2020-01-01", "is over")])
def test_a_date_that_cannot_be_is_said(run: Run, day: str, said: str) -> None:
    done = run("plan", day)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_draft_is_listed_where_nobody_can_be_asked(run: Run, own: Path) -> None:
    before = own.read_bytes()
    done = run("draft", 1)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("- ")
    drafted = json.loads(run("draft", "like to build", "--json").stdout)
    assert drafted["attempt"] == 1
    assert len(drafted["points"]) == done.stdout.count("- ")
    assert own.read_bytes() == before


def test_a_draft_needs_an_answer(run: Run, own: Path) -> None:
    for arguments, said in (
        (["draft", 9], "no attempt 9"),
        (["draft", U_NET], "not answered yet"),
        (["draft", "--undo"], "nothing to take back"),
    ):
        done = run(*arguments)
        assert done.returncode == 1
        assert said in done.stderr
    assert "no attempt" in run("draft", "9" * 5000).stderr
    assert run("draft").returncode == 2
    assert run("draft", 1, "--undo").returncode == 2
    assert "give the number of an attempt" in run("show", "U-Net").stderr


def typed(keys: list[str], *arguments: str, environment: dict[str, str]) -> None:
    """Type these lines at the prompts of a command at a terminal, one after another."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "sayback", *arguments],
        stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(slave)
        for line in keys:
            wait_for_prompt(master)
            os.write(master, line.encode() + b"\n")
        with suppress(OSError):  # how Linux says that the other end is closed
            while os.read(master, 4096):
                pass
        assert process.wait(30) == 0


def wait_for_prompt(terminal: int) -> None:
    """Read until the command has said something and is silent for a moment."""
    limit_s = 60.0
    while select.select([terminal], [], [], limit_s)[0]:
        os.read(terminal, 4096)
        limit_s = 1.0
    assert limit_s < 60, "no prompt"


def test_a_draft_is_accepted_edited_and_dropped_one_by_one(
    run: Run, own: Path, environment: dict[str, str]
) -> None:
    before = own.read_bytes()
    drafted = json.loads(run("draft", 1, "--json").stdout)["points"]
    assert len(drafted) == 3
    typed(["", "d", "e", " for years"], "draft", "1", environment=environment)
    (question,) = read(own).questions
    points = [point.text for point in question.key_points]
    assert points == [drafted[0], f"{drafted[2]} for years"]
    assert own.read_bytes().startswith(before)
    assert own.read_bytes().endswith(b"\r\n")
    done = run("draft", "--undo")
    assert done.returncode == 0, done.stderr
    assert own.read_bytes() == before


def test_deletion_asks_and_leaves_nothing(run: Run, workspace: Path) -> None:
    attempt = keep_sample_answer(workspace)
    keep_sample_answer(workspace, said="another answer that stays here")
    unanswered = run("delete", attempt.id)
    assert unanswered.returncode == 130
    assert "nobody answers here; give --yes" in unanswered.stderr
    declined = run("delete", attempt.id, stdin="n\n")
    assert (declined.returncode, declined.stdout) == (0, "Nothing deleted.\n")
    assert attempt.audio.is_file()
    assert run("delete").returncode == 2
    assert run("delete", attempt.id, "--all").returncode == 2
    assert run("delete", 7, "--yes").returncode == 1
    assert "no attempt 99" in run("delete", 99).stderr  # before anything is asked
    assert "Delete 2 of" not in run("delete", attempt.id, attempt.id).stderr
    done = run("delete", attempt.id, "--yes")
    assert done.returncode == 0, done.stderr
    assert not attempt.audio.exists()
    held = b"".join(path.read_bytes() for path in (workspace / "recordings").glob("history.db*"))
    assert b"every single pixel" not in held
    assert b"answer that stays" in held
    assert run("delete", "--all", "--yes").returncode == 0
    assert json.loads(run("history", "--json").stdout) == []


def test_rescoring_says_what_changed_and_why(run: Run, workspace: Path) -> None:
    keep_sample_answer(workspace)
    keep_sample_answer(workspace, question="SGD and Adam", said="adam keeps a mean of gradients")
    same = ["--engine", "faster-whisper", "--model", "base"]
    assert "2 were up to date" in run("rescore", *same).stdout
    bank = workspace / "questions" / "interview_ml.md"
    point = "It works well with few training images"
    bank.write_text(bank.read_text("utf-8").replace(point, "It finds where something is"), "utf-8")
    done = run("rescore", *same)
    assert done.returncode == 0, done.stderr
    assert "key points changed" in done.stdout
    assert "1 scored again" in done.stdout
    assert "It finds where something is" in done.stdout
    assert "2 were up to date" in run("rescore", *same).stdout
    assert "1 scored again" in run("rescore", 2, *same).stdout


def test_what_another_model_heard_is_heard_again_only_when_asked_for(
    run: Run, workspace: Path
) -> None:
    keep_sample_answer(workspace)
    assert "1 was up to date" in run("rescore").stdout
    again = run("rescore", "--model", "tiny.en")
    assert "faster-whisper base → faster-whisper tiny.en" in " ".join(again.stdout.split())
    assert "1 was up to date" in run("rescore").stdout


def test_an_export_holds_everything(run: Run, workspace: Path, tmp_path: Path) -> None:
    keep_sample_answer(workspace)
    keep_sample_answer(workspace, said="=1+1 is what a spreadsheet would run as a formula")
    target = tmp_path / "export"
    done = run("export", target)
    assert done.returncode == 0, done.stderr
    answers = json.loads((target / "attempts.json").read_text("utf-8"))
    assert [each["id"] for each in answers] == [1, 2]
    assert (target / answers[0]["audio"]).is_file()
    with (target / "attempts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[1]["transcript"].startswith("'=1+1")
    assert (target / "attempts.json").stat().st_mode & 0o077 == 0
    assert run("export", target).returncode == 0  # again into the same folder
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    refused = run("export", other)
    assert refused.returncode == 1
    assert "holds other files" in refused.stderr


def test_what_is_due_is_asked(run: Run, workspace: Path, sample_answer: Path) -> None:
    bank = workspace / "questions"
    for path in bank.glob("*.md"):
        path.unlink()
    (bank / "own.md").write_text("- What is U-Net and when would you use it?\n  - upsampling\n")
    keep_sample_answer(workspace, said="the decoder does the upsampling to the full size")
    done = run("practice", "--due", "--answer", sample_answer, "--plain")
    assert done.returncode == 0, done.stderr
    assert "Nothing is due until" in done.stdout
