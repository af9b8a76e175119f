"""Recordings that are gone, and a bank that changes while it is in use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import soundfile
from tests.kept_answers import keep_sample_answer
from tests.torture.campaign import Campaign
from tests.torture.commands import AS_HEARD, Finished, in_process
from tests.torture.rehearsal import RATE_HZ, Rehearsal, make_workspace, spoken

from sayback.history.store import Store
from sayback.upkeep import upkeep
from sayback.views.web.app import Desk
from sayback.views.web.names import recording, render
from sayback.workspace import Workspace

BANK = """# Training
- What is dropout?
  - Units are dropped at random
- What is weight decay?
  - It makes weights smaller
"""
ASKED = ["What is dropout?", "What is weight decay?"]


def run(workspace: Path, *arguments: object) -> Finished:
    return in_process(*arguments, "--workspace", workspace)


def test_an_answer_whose_recording_is_missing_is_still_shown(
    campaign: Campaign, tmp_path: Path
) -> None:
    folder = make_workspace(tmp_path / "workspace")
    attempt = keep_sample_answer(folder, question="Why?")
    attempt.audio.unlink()
    name = attempt.audio.name
    for command in (("history",), ("show", "1"), ("trends",), ("draft", "1")):
        run(folder, *command).done()
    exported = run(folder, "export", tmp_path / "out")
    assert "1 attempt written" in exported.done()
    assert f"{name}: missing" in exported.text
    # Its words are there and can be judged without the sound.
    run(folder, "rescore", "1", *AS_HEARD).done()
    refused = run(folder, "rescore", "1", "--engine", "faster-whisper", "--model", "tiny.en")
    assert refused.told()
    assert name in refused.text
    with Desk(folder / "recordings", folder / "questions").site() as site:
        assert recording(site.store, "audio-1.flac") is None
        assert "recording" in (render(site, "attempt-1.html") or "")
    assert any(name in check.detail for check in upkeep(Workspace(folder)) if not check.ok)
    campaign.report("missing recordings", "shown, exported and judged without; named by `doctor`")


def rewrite(bank: Path) -> None:
    bank.write_text(BANK.replace("weight decay", "early stopping"))


def cut(bank: Path) -> None:
    bank.write_bytes(BANK[: len(BANK) // 3].encode() + b"\xff\xfe")


CHANGES: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "reworded": (rewrite, 0, "What is early stopping?"),
    "half written": (cut, 1, "bank.md"),
    "removed": (Path.unlink, 1, "questions"),
}
"""What happens to the bank, and the exit code and a part of what the next start says."""


@pytest.mark.timeout(600)
def test_a_bank_that_changes_in_use_is_read_anew_at_the_next_start(
    campaign: Campaign, tmp_path: Path
) -> None:
    if not campaign.is_long:
        pytest.skip("whole rehearsals, which `make torture` has the time for")
    answer = tmp_path / "answer.wav"
    soundfile.write(answer, spoken(), RATE_HZ)
    for name, (change, code, part) in CHANGES.items():
        folder = make_workspace(tmp_path / name)
        bank = folder / "questions" / "bank.md"
        bank.write_text(BANK)
        rehearse_and(partial(change, bank), folder, answer)
        with Store(folder / "recordings") as store:
            kept = [store.attempt(each.id) for each in store.summaries()]
        assert [attempt.question.text for attempt in kept] == ASKED
        assert all(attempt.scorecard for attempt in kept)
        listed = run(folder, "bank", "list")
        assert (listed.code, part in listed.text) == (code, True), listed
    campaign.report("bank edited in use", f"{len(CHANGES)} edits: 0 answers lost")


def rehearse_and(change: Callable[[], None], folder: Path, answer: Path) -> None:
    """Two questions, before the first of which is answered the bank is changed."""
    options = ("--answer", answer)
    with Rehearsal(folder, *options, asked=("--count", "2"), as_json=False) as rehearsal:
        rehearsal.wait_for("listening")
        change()
        rehearsal.finish().done()
