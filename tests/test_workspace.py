from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.torture.small_disk import small_disk

from sayback.errors import WorkspaceError
from sayback.history.salvage import asked_in, is_about
from sayback.workspace import SHIPPED_BANKS, Workspace, find_workspace, shipped_questions

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and no data folder of the user's."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_the_folder_given_comes_first(elsewhere: Path, tmp_path: Path) -> None:
    (elsewhere / "questions").mkdir()
    assert find_workspace(tmp_path).folder == tmp_path


def test_then_the_current_one_if_it_has_questions(elsewhere: Path) -> None:
    (elsewhere / "questions").mkdir()
    assert find_workspace(None).folder == elsewhere


def test_then_the_users_own_which_starts_with_our_banks(elsewhere: Path) -> None:
    workspace = find_workspace(None)
    assert workspace.folder != elsewhere
    assert sorted(path.name for path in workspace.questions.iterdir()) == sorted(SHIPPED_BANKS)
    for name in SHIPPED_BANKS:
        ours = shipped_questions() / name
        assert (workspace.questions / name).read_bytes() == ours.read_bytes()
    assert list(elsewhere.iterdir()) == []


def test_what_the_user_wrote_there_stays(elsewhere: Path) -> None:
    bank = find_workspace(None).questions / "interview_ml.md"
    bank.write_text("- Mine?\n")
    assert find_workspace(None).questions / "interview_ml.md" == bank
    assert bank.read_text() == "- Mine?\n"


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    path = tmp_path / "bank.md"
    path.touch()
    with pytest.raises(WorkspaceError, match=r"bank\.md: a file"):
        find_workspace(path)


def test_recordings_of_one_second_get_names_of_their_own(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    paths = [workspace.new_recording("what/../is\nit?", NOON) for _ in range(3)]
    assert len(set(paths)) == 3
    assert {path.parent for path in paths} == {workspace.recordings}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert stat.S_IMODE(workspace.recordings.stat().st_mode) == 0o700


def test_a_recording_in_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("in the way")
    with pytest.raises(WorkspaceError, match="recordings: cannot be written"):
        Workspace(tmp_path).new_recording("q", NOON)


def test_before_an_answer_that_may_not_fit_there_is_a_warning(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2048) as disk:
        workspace = Workspace(disk.folder / "w")
        assert workspace.shortage(30.0) is None
        warning = workspace.shortage(300.0)
        assert warning
        assert "room for only 1.0 minutes" in warning
        disk.fill()
        with pytest.raises(WorkspaceError, match="no room on its disk"):
            workspace.shortage(30.0)
        disk.make_room()
        disk.allow_writing(is_allowed=False)
        with pytest.raises(WorkspaceError, match="cannot be written; make it writable"):
            workspace.shortage(30.0)


@pytest.mark.parametrize("question_id", ["why", "what-is-u-net-and-when-would-you", "a-" * 60])
def test_the_name_of_a_recording_tells_who_mends_what_was_asked_and_when(
    tmp_path: Path, question_id: str
) -> None:
    for _ in range(2):
        told = asked_in(Workspace(tmp_path).new_recording(question_id, NOON).name)
        assert told
        assert told[0] == NOON.replace(microsecond=0)
        assert is_about(told[1], question_id)
        assert not is_about(told[1], "another")
