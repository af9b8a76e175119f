from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sayback.errors import TranscriptionError
from sayback.transcript.model_cache import is_intact, replacing, sha256_of, write_stamp


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights")
    return path


def test_a_file_is_replaced_whole(file: Path) -> None:
    with replacing(file) as part:
        part.write_bytes(b"new")
        assert file.read_bytes() == b"weights"
    assert file.read_bytes() == b"new"
    assert list(file.parent.iterdir()) == [file]


def test_a_failure_leaves_the_old_file_and_nothing_else(file: Path) -> None:
    def write_half(part: Path) -> None:
        part.write_bytes(b"ne")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), replacing(file) as part:
        write_half(part)
    assert file.read_bytes() == b"weights"
    assert list(file.parent.iterdir()) == [file]


def test_folders_are_made(tmp_path: Path) -> None:
    with replacing(tmp_path / "a" / "b" / "c") as part:
        part.write_text("x")
    assert (tmp_path / "a" / "b" / "c").read_text() == "x"


def test_a_cache_that_is_a_file_is_one_line(file: Path) -> None:
    with (
        pytest.raises(TranscriptionError, match=r"cannot be written \(.*; make room"),
        replacing(file / "tiny" / "model.bin"),
    ):
        pass


def test_parts_of_killed_processes_go_after_an_hour(file: Path) -> None:
    old, young = file.with_name(".model.bin.1.part"), file.with_name(".model.bin.2.part")
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    with replacing(file) as part:
        part.write_bytes(b"new")
    assert (old.exists(), young.exists()) == (False, True)


def test_a_kill_while_writing_leaves_the_old_file(file: Path) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from sayback.transcript.model_cache import replacing\n"
        "with replacing(Path(sys.argv[1])) as part:\n"
        "    part.write_bytes(b'half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, file], timeout=60, check=False)
    assert done.returncode == -9
    assert file.read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("content", "intact"), [(b"weights", True), (b"weighty", False), (b"weight", False)]
)
def test_a_file_without_a_stamp_is_hashed(file: Path, content: bytes, intact: bool) -> None:
    right = sha256_of(file)
    file.write_bytes(content)
    assert is_intact(file, right) is intact


def test_a_file_that_fits_its_stamp_is_not_read(file: Path) -> None:
    right = sha256_of(file)
    write_stamp(file, right)
    status = file.stat()
    file.write_bytes(b"WEIGHTS")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert is_intact(file, right)


def test_a_touched_file_is_hashed_again(file: Path) -> None:
    right = sha256_of(file)
    write_stamp(file, right)
    file.write_bytes(b"WEIGHTS")
    os.utime(file, ns=(1, 1))
    assert not is_intact(file, right)
    assert not is_intact(file)
    file.write_bytes(b"weights")
    assert is_intact(file)


@pytest.mark.parametrize("stamp", ["", "{", "[]", '{"sha256": 1}'])
def test_a_spoilt_stamp_is_no_stamp(file: Path, stamp: str) -> None:
    file.with_name("model.bin.verified").write_text(stamp)
    assert is_intact(file, sha256_of(file))


def test_no_file_is_not_intact(tmp_path: Path) -> None:
    assert not is_intact(tmp_path / "none", "00")
