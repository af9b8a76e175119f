"""What the doctor finds of what is kept, and mends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.torture.damaging import record
from tests.torture.rehearsal import make_workspace

from sayback.capture.audio_file import read_audio
from sayback.history.store import FILE_NAME, Store
from sayback.views.cli import commands
from sayback.views.doctor import mended
from sayback.views.upkeep import Check, upkeep
from sayback.workspace import Workspace

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One with an answer that was interrupted."""
    workspace = Workspace(make_workspace(tmp_path / "workspace"))
    with Store(workspace.recordings) as store:
        attempt(workspace, store)
    return workspace


def attempt(workspace: Workspace, store: Store) -> Path:
    from sayback.bank.parse import read

    (question,) = read(workspace.questions).questions
    recording = record(workspace, question.id, AT)
    store.heard(store.begin(question, recording.path, AT), recording)
    return recording.path


def wrong(workspace: Workspace) -> list[Check]:
    return [check for check in upkeep(workspace) if not check.ok]


def after_mending(workspace: Workspace) -> list[Check]:
    found = [mended(check) for check in upkeep(workspace)]
    assert all(check.ok for check in found), found
    assert wrong(workspace) == []
    return found


def test_nothing_is_wrong_with_what_we_keep(workspace: Workspace, tmp_path: Path) -> None:
    history, recordings = upkeep(workspace)
    assert (history.ok, recordings.ok) == (True, True)
    assert "1 not scored: `sayback rescore`" in history.detail
    (nothing,) = upkeep(Workspace(tmp_path / "new"))
    assert nothing.ok
    assert not (tmp_path / "new").exists()


def test_what_others_may_read(workspace: Workspace) -> None:
    workspace.recordings.chmod(0o755)
    (audio,) = workspace.recordings.glob("*.wav")
    audio.chmod(0o644)
    (found,) = wrong(workspace)
    assert (found.name, audio.name in found.detail) == ("permissions", True)
    after_mending(workspace)
    assert workspace.recordings.stat().st_mode & 0o777 == 0o700
    assert audio.stat().st_mode & 0o777 == 0o600


def test_a_damaged_history(workspace: Workspace) -> None:
    history = workspace.recordings / FILE_NAME
    history.write_bytes(bytes(100) + history.read_bytes()[100:])
    (found,) = wrong(workspace)
    assert "is damaged" in found.detail
    assert found.fix
    assert "doctor --mend" in found.fix
    assert any("1 attempts saved" in check.detail for check in after_mending(workspace))


def test_a_recording_that_is_missing_cannot_be_mended(workspace: Workspace) -> None:
    (audio,) = workspace.recordings.glob("*.wav")
    audio.unlink()
    (found,) = wrong(workspace)
    assert f"1 ({audio.name})" in found.detail
    assert mended(found) == found


def test_sound_that_the_header_does_not_count(workspace: Workspace) -> None:
    (audio,) = workspace.recordings.glob("*.wav")
    before = read_audio(audio)
    with audio.open("ab") as file:
        file.write(bytes(32_000))
    (found,) = wrong(workspace)
    assert "1.0 s of sound not counted" in found.detail
    after_mending(workspace)
    assert len(read_audio(audio)) == len(before) + 16_000


def test_recordings_that_no_attempt_names(workspace: Workspace) -> None:
    record(workspace, "why", AT)
    strange = record(workspace, "where-from", AT).path
    known, unknown = wrong(workspace)
    assert strange.name in unknown.detail
    assert "score FILE --question Q --save" in (unknown.fix or "")
    assert not mended(unknown).ok
    assert "attempt 2 added" in mended(known).detail
    with Store(workspace.recordings) as store:
        assert store.attempt(2).asked_at == AT
    assert len(wrong(workspace)) == 1


def test_a_damaged_attempt_is_named_after_all_others_and_can_be_deleted(
    workspace: Workspace,
) -> None:
    with Store(workspace.recordings) as store:
        attempt(workspace, store)
        with store.transaction() as database:
            database.execute("UPDATE attempt SET question = '{' WHERE id = 2")
    at = ["--workspace", str(workspace.folder)]
    listed = CliRunner().invoke(commands, ["history", *at])
    assert "Why?" in listed.output
    assert "attempt 2: damaged in the history; " in str(listed.exception)
    for command in (["rescore", "2"], ["export", str(workspace.folder / "out")]):
        told = CliRunner().invoke(commands, [*command, *at])
        assert "attempt 2: damaged in the history; " in str(told.exception), command
    deleted = CliRunner().invoke(commands, ["delete", "2", *at], input="y\n")
    assert "Delete attempt 2, which is damaged, for good?" in deleted.output
    assert "Deleted 1 answer" in deleted.output
    assert CliRunner().invoke(commands, ["history", *at]).exit_code == 0


def test_recordings_without_a_history_are_not_passed_over(workspace: Workspace) -> None:
    at = ["--workspace", str(workspace.folder)]
    (workspace.recordings / FILE_NAME).unlink()
    listed = CliRunner().invoke(commands, ["history", *at])
    assert "1 recording of no attempt" in str(listed.exception)
    after_mending(workspace)
    assert "Why?" in CliRunner().invoke(commands, ["history", *at]).output
