"""What the doctor finds of what is kept, and mends."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.torture.damaging import record
from tests.torture.rehearsal import make_workspace
from tests.torture.small_disk import small_disk

from sayback.capture.audio_file import read_audio
from sayback.capture.claim import claim
from sayback.history.store import FILE_NAME, Store
from sayback.history.write_ahead_log import PAGE_BYTES
from sayback.model import Scorecard, Transcript
from sayback.upkeep import Check, upkeep
from sayback.views.cli import commands
from sayback.views.doctor import mended
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
    found = next(upkeep(workspace))
    assert (found.name, found.ok) == ("permissions", False)
    assert mended(found).ok
    assert workspace.recordings.stat().st_mode & 0o777 == 0o700
    (audio,) = workspace.recordings.glob("*.wav")
    audio.chmod(0o644)
    assert wrong(workspace) == []


def test_a_folder_as_it_comes_with_a_clone_is_closed_when_it_is_used(workspace: Workspace) -> None:
    workspace.recordings.chmod(0o755)
    Store(workspace.recordings).__exit__()
    assert workspace.recordings.stat().st_mode & 0o777 == 0o700


def test_a_damaged_history(workspace: Workspace) -> None:
    history = workspace.recordings / FILE_NAME
    history.write_bytes(bytes(100) + history.read_bytes()[100:])
    (found,) = wrong(workspace)
    assert "is damaged" in found.detail
    assert found.fix
    assert "doctor --mend" in found.fix
    assert any("1 attempt saved" in check.detail for check in after_mending(workspace))


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


def test_a_recording_that_is_empty_is_named(workspace: Workspace) -> None:
    (audio,) = workspace.recordings.glob("*.wav")
    audio.write_bytes(b"")
    (found,) = wrong(workspace)
    assert f"empty or destroyed of attempt 1 ({audio.name})" in found.detail
    assert found.mend is None
    with claim(audio):
        assert wrong(workspace) == []


def test_a_header_that_is_destroyed_is_written_anew(workspace: Workspace) -> None:
    (audio,) = workspace.recordings.glob("*.wav")
    before = read_audio(audio)
    audio.write_bytes(bytes(range(100, 164)) + audio.read_bytes()[64:])
    (found,) = wrong(workspace)
    assert f"destroyed in the recording of attempt 1 ({audio.name})" in found.detail
    after_mending(workspace)
    assert (read_audio(audio)[10:] == before[10:]).all()


def test_an_attempt_that_is_just_beginning_is_not_called_destroyed(workspace: Workspace) -> None:
    with Store(workspace.recordings) as store:
        question = store.attempt(1).question
        audio = workspace.new_recording(question.id, AT)
        store.begin(question, audio, AT)
    assert wrong(workspace) == []


def test_what_is_lost_with_the_history_is_told(workspace: Workspace) -> None:
    with Store(workspace.recordings) as store:
        attempt(workspace, store)
        attempt(workspace, store)
        store.compact()
    history = workspace.recordings / FILE_NAME
    with closing(sqlite3.connect(history)) as database:
        ((page,),) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'attempt'")
    data = bytearray(history.read_bytes())
    data[(page - 1) * PAGE_BYTES : page * PAGE_BYTES] = bytes(PAGE_BYTES)
    history.write_bytes(data)
    found = [mended(check) for check in upkeep(workspace)]
    assert [check.ok for check in found] == [False, True]
    assert (
        "0 attempts saved of at most 3, all words, scores and corrections are lost"
        in found[0].detail
    )
    assert "attempts 4 to 6 added" in found[1].detail
    assert wrong(workspace) == []


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


def hold_alone(history: Path) -> sqlite3.Connection:
    """As a process does that found no room for the memory which it would share with others."""
    database = sqlite3.connect(history, isolation_level=None)
    for line in ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "COMMIT"):
        database.execute(line)
    return database


def test_a_history_that_another_keeps_to_itself(workspace: Workspace) -> None:
    with closing(hold_alone(workspace.recordings / FILE_NAME)):
        (found,) = wrong(workspace)
        assert "another sayback is writing" in found.detail
        assert found.mend is None
    assert wrong(workspace) == []


def test_a_history_of_a_newer_sayback_ends_the_checks_without_an_error(
    workspace: Workspace,
) -> None:
    with closing(sqlite3.connect(workspace.recordings / FILE_NAME)) as database:
        database.execute("PRAGMA user_version = 99")
    (found,) = upkeep(workspace)
    assert "written by a newer sayback" in found.detail
    assert (found.fix, found.mend) == ("update sayback", None)


def test_on_a_read_only_disk_a_sound_history_is_not_called_damaged(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2048) as disk:
        workspace = Workspace(make_workspace(disk.folder / "workspace"))
        with Store(workspace.recordings) as store:
            attempt(workspace, store)
            left = disk.folder / "left"
            shutil.copytree(workspace.folder, left, ignore=shutil.ignore_patterns("*-shm"))
        disk.allow_writing(is_allowed=False)
        assert wrong(workspace) == []
        (found,) = wrong(Workspace(left))
        assert "was not closed" in found.detail
        assert "copy the workspace to another disk" in (found.fix or "")
        assert found.mend is None


def say_something(workspace: Workspace) -> str:
    """Score attempt 1 with words of which pieces can be looked for; returns a sentence of them."""
    said = "An encoder halves the image, a decoder brings it back to its size. "
    with Store(workspace.recordings) as store:
        asked = store.attempt(1).question
        store.scored(1, Scorecard(asked, Transcript(3 * said), None, None, "1"))
    return said


@pytest.mark.parametrize("chosen", ["1", "--all"])
def test_who_deletes_is_told_of_the_damaged_file_that_holds_the_words(
    workspace: Workspace, chosen: str
) -> None:
    said = say_something(workspace)
    history = workspace.recordings / FILE_NAME
    history.write_bytes(bytes(100) + history.read_bytes()[100:])
    after_mending(workspace)
    (kept,) = workspace.recordings.glob(f"{FILE_NAME}.damaged-*")
    assert said.encode() in kept.read_bytes()
    command = ["delete", chosen, "--yes", "--workspace", str(workspace.folder)]
    done = CliRunner().invoke(commands, command)
    assert done.output == "Deleted 1 answer: recordings, words and scores.\n"
    assert f"{kept.name}: still holds words of a deleted answer, as kept by " in str(done.exception)
    assert f"rm {kept}" in str(done.exception)
    assert said.encode() not in history.read_bytes()


def test_what_links_lead_to_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    own = attempt_elsewhere(workspace, elsewhere)
    with own.open("ab") as file:
        file.write(bytes(32_000))
    (workspace.recordings / "2026-05-01_09-00-00_why.wav").symlink_to(own)
    (workspace.recordings / "2026-05-02_09-00-00_why.wav").symlink_to(elsewhere / "gone")
    (workspace.recordings / "2026-05-03_09-00-00_why.wav").mkdir()
    elsewhere.chmod(0o755)
    own.chmod(0o644)
    before = own.read_bytes()
    workspace.recordings.chmod(0o755)
    assert after_mending(workspace)[0].name == "permissions"
    assert own.read_bytes() == before
    assert (own.stat().st_mode & 0o777, elsewhere.stat().st_mode & 0o777) == (0o644, 0o755)


def attempt_elsewhere(workspace: Workspace, folder: Path) -> Path:
    """The recording of the one attempt moved away, with a link where it was."""
    (audio,) = workspace.recordings.glob("*.wav")
    moved = audio.rename(folder / audio.name)
    audio.symlink_to(moved)
    return moved


def test_recordings_that_are_a_link_are_closed_only_by_hand(
    workspace: Workspace, tmp_path: Path
) -> None:
    there = workspace.recordings.rename(tmp_path / "there")
    workspace.recordings.symlink_to(there)
    there.chmod(0o755)
    (found,) = wrong(workspace)
    assert (found.name, found.mend) == ("permissions", None)
    assert f"a link to {there}" in (found.fix or "")
    assert there.stat().st_mode & 0o777 == 0o755


def test_who_deletes_what_is_a_link_is_told_what_stays(
    workspace: Workspace, tmp_path: Path
) -> None:
    moved = attempt_elsewhere(workspace, tmp_path)
    command = ["delete", "1", "--yes", "--workspace", str(workspace.folder)]
    done = CliRunner().invoke(commands, command)
    assert (done.output, done.exit_code) == (
        "Deleted 1 answer: recordings, words and scores.\n",
        1,
    )
    assert f"{moved}: still there, only the link to it" in str(done.exception)
    assert [*workspace.recordings.glob("*.wav")] == []
    assert moved.is_file()


def test_a_damaged_history_is_named_also_where_its_words_are_not_known(
    workspace: Workspace,
) -> None:
    said = say_something(workspace)
    history = workspace.recordings / FILE_NAME
    history.write_bytes(history.read_bytes().replace(b'{"text":"', b'{"text"""'))
    after_mending(workspace)
    (kept,) = (
        file for file in workspace.recordings.glob(f"{FILE_NAME}.damaged-*") if file.stat().st_size
    )
    assert said.encode() in kept.read_bytes()
    command = ["delete", "--all", "--yes", "--workspace", str(workspace.folder)]
    for told in ("Deleted 1 answer: recordings, words and scores.", "There was nothing to delete."):
        done = CliRunner().invoke(commands, command)
        assert (done.output, done.exit_code) == (f"{told}\n", 1)
        assert f"{kept.name}: may still hold words of a deleted answer" in str(done.exception)
    kept.unlink()
    assert CliRunner().invoke(commands, command).exit_code == 0


def test_on_a_full_disk_a_sound_history_is_not_called_damaged(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 3000) as disk:
        workspace = Workspace(make_workspace(disk.folder / "workspace"))
        with Store(workspace.recordings) as store:
            attempt(workspace, store)
        disk.fill()
        (found,) = wrong(workspace)
        assert found.detail.endswith(f"{FILE_NAME}: the disk is full")
        assert (found.fix, found.mend) == ("make room", None)
        disk.make_room()
        assert wrong(workspace) == []


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_no_calendar_shows_is_one_that_cannot_be_read(
    workspace: Workspace, at: str
) -> None:
    with Store(workspace.recordings) as store, store.transaction() as database:
        database.execute(
            "UPDATE attempt SET asked_at = ?1, recording = json_set(recording, '$.started_at', ?1)",
            (at,),
        )
    for command in (
        ["history"],
        ["show", "1"],
        ["trends"],
        ["export", str(workspace.folder / "x")],
    ):
        done = CliRunner().invoke(commands, [*command, "--workspace", str(workspace.folder)])
        assert not isinstance(done.exception, OverflowError), command
    (found,) = wrong(workspace)
    assert "attempt 1: its time cannot be read" in found.detail
    after_mending(workspace)
    with Store(workspace.recordings) as store:
        assert store.attempt(1).asked_at == AT


def test_a_history_that_is_a_folder(workspace: Workspace) -> None:
    history = workspace.recordings / FILE_NAME
    history.unlink()
    history.mkdir()
    (found,) = wrong(workspace)
    assert (found.detail, found.mend) == (f"{history}: is not a file", None)
