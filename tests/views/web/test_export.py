"""An export is all there is, for its owner's eyes, and what is deleted leaves it too."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.views.web.examples import answer, point, question

from sayback.errors import WorkspaceError
from sayback.history.erase import erase
from sayback.history.store import Store
from sayback.model import PointCorrection, Status, WordCorrection
from sayback.revision import correct
from sayback.views.web.app import Desk
from sayback.views.web.export import BANK_FOLDER, LIST_FILE, write

U_NET = question("What is U-Net?", "An encoder", identifier="what-is-u-net")
BANK = "# Deep Learning\r\n- What is U-Net?\r\n  - An encoder\r\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two answers and a bank of a file that is no bank, too."""
    bank = tmp_path / "questions"
    bank.mkdir()
    (bank / "own.md").write_bytes(BANK.encode())
    (bank / "README.MD").write_text("How I write questions.")
    (bank / ".own.md.swp.md").write_text("an editor's")
    (bank / "notes.txt").write_text("none of it")
    with Store(tmp_path / "recordings") as store:
        for days_ago in (2, 1):
            answer(store, U_NET, point("An encoder", Status.MISSED), days_ago=days_ago)
    return Desk(tmp_path / "recordings", bank)


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def attempts(folder: Path) -> list[dict[str, object]]:
    found = json.loads((folder / "attempts.json").read_text("utf-8"))
    assert isinstance(found, list)
    return found


def test_everything_is_in_an_export(desk: Desk, tmp_path: Path) -> None:
    assert write(desk, tmp_path / "out") == 2
    written = files(tmp_path / "out")
    assert {*written} == {
        *("index.html", "bank.html", "trends.html", "about.html", "question-what-is-u-net.html"),
        *("attempt-1.html", "attempt-2.html", "audio-1.wav", "audio-2.wav"),
        *("attempts.csv", "attempts.json", "style.css", "review.js", LIST_FILE),
        *("questions/own.md", "questions/README.MD"),
    }
    assert written["questions/own.md"] == BANK.encode()
    with Store(desk.recordings) as store:
        assert written["audio-1.wav"] == store.attempt(1).audio.read_bytes()
    listed = written[LIST_FILE].decode().splitlines()
    assert {*listed[1:], LIST_FILE} == {*written}


def test_corrections_and_earlier_scores_are_in_the_data(desk: Desk, tmp_path: Path) -> None:
    with Store(desk.recordings) as store:
        correct(store.attempt(1), PointCorrection(point="An encoder", said=True), store)
        heard = WordCorrection(start_s=2.25, heard="um,", text="")
        correct(store.attempt(1), heard, store)
    write(desk, tmp_path / "out")
    first, second = attempts(tmp_path / "out")
    assert first["corrections"] == [
        {"point": "An encoder", "said": True},
        {"start_s": 2.25, "heard": "um,", "text": ""},
    ]
    scorecards = [first["scorecard"], *first["earlier_scorecards"]]  # type: ignore[misc]
    statuses = [each["coverage"]["points"][0]["status"] for each in scorecards]
    assert statuses == ["covered", "covered", "missed"]
    assert "um," not in scorecards[0]["transcript"]["text"]
    assert "um," in scorecards[2]["transcript"]["text"]
    assert second["corrections"] == second["earlier_scorecards"] == []


def test_nobody_else_can_read_it(desk: Desk, tmp_path: Path) -> None:
    with Store(desk.recordings) as store:
        store.attempt(1).audio.chmod(0o644)
    new, empty = tmp_path / "new", tmp_path / "empty"
    empty.mkdir(mode=0o755)
    for folder in (new, empty):
        write(desk, folder)
        (folder / "audio-1.wav").chmod(0o644)
        write(desk, folder)
        for path in (folder, *folder.rglob("*")):
            expected = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == expected, path


def test_what_was_deleted_leaves_a_later_export(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(desk, out)
    mine = {"mine.txt": b"mine", "attempt-99.html": b"mine", "questions/mine.md": b"- mine\n"}
    for name, content in mine.items():
        (out / name).write_bytes(content)
    with Store(desk.recordings) as store:
        erase(store, [2])
    (desk.bank / "own.md").rename(desk.bank / "renamed.md")
    assert write(desk, out) == 1
    written = files(out)
    assert not {"attempt-2.html", "audio-2.wav", "questions/own.md"} & {*written}
    assert {"attempt-1.html", "audio-1.wav", "questions/renamed.md"} <= {*written}
    assert mine.items() <= written.items()
    assert b"attempt-2.html" not in b"".join(written.values())


@pytest.mark.parametrize("listed", ["../kept.txt", "/kept.txt", "..", "questions/../../kept.txt"])
def test_a_list_that_was_changed_deletes_nothing_outside(
    desk: Desk, tmp_path: Path, listed: str
) -> None:
    kept, out = tmp_path / "kept.txt", tmp_path / "out"
    kept.write_text("kept")
    write(desk, out)
    (out / LIST_FILE).write_text(f"\n{listed}\n")
    write(desk, out)
    assert kept.read_text() == "kept"


FULL_DISK = """
import resource, sys
from pathlib import Path
from sayback.views.web.app import Desk
from sayback.views.web.export import write

recordings, bank, out = map(Path, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
write(Desk(recordings, bank), out)
"""


def test_an_export_that_broke_off_can_be_written_again(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-c", FULL_DISK, *map(str, (desk.recordings, desk.bank, out))]
    broken = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "cannot be exported (File too large)" in broken.stderr
    assert not (out / "attempts.json").exists()
    with Store(desk.recordings) as store:
        erase(store, [1])
    assert write(desk, out) == 1
    assert not (out / "attempt-1.html").exists()
    assert not (out / "audio-1.wav").exists()


def test_a_folder_of_something_else_is_left_alone(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o755)
    (out / "attempts.json").write_text("[]")
    with pytest.raises(WorkspaceError, match="holds other files; name a new folder"):
        write(desk, out)
    assert files(out) == {"attempts.json": b"[]"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o755


def test_a_file_is_no_folder_to_export_into(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(WorkspaceError, match=r"README\.md: not a folder; name a new folder"):
        write(desk, tmp_path / "README.md")


def test_a_bank_is_one_file_or_missing_or_what_was_exported(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for bank, expected in (
        (desk.bank / "notes.txt", {"notes.txt"}),
        (tmp_path / "missing", set()),
        (desk.bank, {"own.md", "README.MD"}),
        (out / BANK_FOLDER, {"own.md", "README.MD"}),
    ):
        write(Desk(desk.recordings, bank), out)
        assert {path.name for path in (out / BANK_FOLDER).iterdir()} == expected
    assert (out / BANK_FOLDER / "own.md").read_bytes() == BANK.encode()
