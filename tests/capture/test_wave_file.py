"""A WAV file that survives the death of its process and a full disk."""

from __future__ import annotations

import random
import shutil
import signal
import stat
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sayback.capture.wave_file import WaveFile, from_pcm16, to_pcm16
from sayback.errors import WorkspaceError
from sayback.history.mending import unnamed
from sayback.history.store import Store

WRITER = """
import sys, time
from pathlib import Path
import numpy as np
from sayback.capture.wave_file import WaveFile

with WaveFile(Path(sys.argv[1])) as file:
    started_s = time.monotonic()
    for block in range(1, 10_000):
        file.append(np.full(320, block, np.int16))
        print(block, flush=True)
        time.sleep(max(0.0, started_s + block * 0.02 - time.monotonic()))
"""

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from sayback.capture.wave_file import WaveFile
from sayback.errors import WorkspaceError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
with WaveFile(Path(sys.argv[1])) as file:
    try:
        for _ in range(100):
            file.append(np.ones(320, np.int16))
    except WorkspaceError as error:
        print(error)
"""


NO_ROOM_FOR_A_COPY = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from sayback.capture.wave_file import WaveFile
from sayback.errors import WorkspaceError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
with WaveFile(path) as file:
    file.append(np.ones(20_000, np.int16))
    path.unlink()
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    try:
        file.stay_in_place()
    except WorkspaceError as error:
        print(error)
    print([*path.parent.iterdir()])
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    file.stay_in_place()
    print(file.moves)
"""


KILLED_IN_RESCUE = """
import os, signal, sys, threading, time
from pathlib import Path
import numpy as np
from sayback.capture.wave_file import WaveFile

path = Path(sys.argv[1])

def kill_while_copying():
    while True:
        sizes = [file.stat().st_size for file in path.parent.glob("*why_[0-9].wav")]
        if not path.exists() and any(size > 1_000_000 for size in sizes):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.0005)

with WaveFile(path) as file:
    file.append(np.ones(40_000_000, np.int16))
    path.unlink()
    threading.Thread(target=kill_while_copying, daemon=True).start()
    file.append(np.ones(100, np.int16))
    time.sleep(5)
"""


def test_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    pcm = np.arange(-5000, 5000, dtype=np.int16)
    with WaveFile(tmp_path / "answer.wav") as file:
        file.append(pcm[:3000])
        file.append(pcm[3000:])
    with wave.open(str(tmp_path / "answer.wav")) as reader:
        assert reader.getparams()[:4] == (1, 2, 16_000, 10_000)
        assert reader.readframes(10_000) == pcm.astype("<i2").tobytes()
    samples, rate_hz = soundfile.read(tmp_path / "answer.wav", dtype="float32")
    assert rate_hz == 16_000
    np.testing.assert_array_equal(samples, from_pcm16(pcm))


def test_is_whole_after_every_block(tmp_path: Path) -> None:
    path = tmp_path / "answer.wav"
    with WaveFile(path) as file:
        for count in range(5):
            assert soundfile.info(path).frames == count * 100
            file.append(np.ones(100, np.int16))


@pytest.mark.parametrize(
    ("sample", "pcm"),
    [
        (0.0, 0),
        (0.5, 16384),
        (-1.0, -32768),
        (1.0, 32767),
        (7.0, 32767),
        (-7.0, -32768),
        (np.inf, 32767),
        (-np.inf, -32768),
        (np.nan, 0),
        (0.4 / 32768, 0),
    ],
)
def test_samples_become_16_bits(sample: float, pcm: int) -> None:
    assert to_pcm16(np.array([sample], np.float32)).tolist() == [pcm]


def test_16_bits_go_through_samples_unchanged() -> None:
    pcm = np.arange(-32768, 32768, 7).astype(np.int16)
    np.testing.assert_array_equal(to_pcm16(from_pcm16(pcm)), pcm)


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_process_loses_less_than_a_second(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "answer.wav"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(random.Random(seed).uniform(0.2, 1.5))
        writer.send_signal(signal.SIGKILL)
        written = int(writer.stdout.read().split()[-1])
    samples, _ = soundfile.read(path, dtype="int16")
    with wave.open(str(path)) as reader:
        assert reader.getnframes() == len(samples)
    assert len(samples) >= written * 320
    assert samples[::320].tolist() == list(range(1, len(samples) // 320 + 1))


def test_a_full_disk_keeps_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "answer.wav"
    command = [sys.executable, "-c", FULL_DISK, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"{path}: cannot be written (")
    samples, _ = soundfile.read(path, dtype="int16")
    assert len(samples) == (10_000 - 44) // 2 // 320 * 320
    assert samples.all()


def test_does_not_overwrite_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "answer.wav"
    path.write_bytes(b"precious")
    with pytest.raises(WorkspaceError, match=r"answer\.wav: holds a recording already"):
        WaveFile(path)
    assert path.read_bytes() == b"precious"


def test_names_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"gone.*cannot be written \(No such file"):
        WaveFile(tmp_path / "gone" / "answer.wav")


def test_is_written_again_whole_where_it_was_removed(tmp_path: Path) -> None:
    path = tmp_path / "recordings" / "answer.wav"
    path.parent.mkdir()
    with WaveFile(path) as file:
        file.append(np.ones(100, np.int16))
        shutil.rmtree(path.parent)
        file.append(np.full(100, 2, np.int16))
    samples, _ = soundfile.read(path, dtype="int16")
    assert samples.tolist() == [1] * 100 + [2] * 100
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [*path.parent.iterdir()] == [path]


def test_is_kept_open_until_it_is_written_again_whole(tmp_path: Path) -> None:
    path = tmp_path / "answer.wav"
    command = [sys.executable, "-c", NO_ROOM_FOR_A_COPY, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0].startswith(f"{path}: cannot be written (")
    assert said[1:] == ["[]", "1"]
    samples, _ = soundfile.read(path, dtype="int16")
    assert samples.tolist() == [1] * 20_000


def test_sets_aside_what_took_its_place(tmp_path: Path) -> None:
    path = tmp_path / "answer.wav"
    with WaveFile(path) as file:
        file.append(np.ones(100, np.int16))
        path.rename(tmp_path / "moved.wav")
        path.write_bytes(b"precious")
        file.append(np.full(100, 2, np.int16))
        path.unlink()
        path.write_bytes(b"precious too")
        file.append(np.full(100, 3, np.int16))
    assert len(soundfile.read(path)[0]) == 300
    assert (tmp_path / "answer_replaced.wav").read_bytes() == b"precious"
    assert (tmp_path / "answer_replaced_2.wav").read_bytes() == b"precious too"
    assert len(soundfile.read(tmp_path / "moved.wav")[0]) == 100


def no_folder(folder: Path) -> None:
    folder.write_text("no folder")


def dangling_link(folder: Path) -> None:
    folder.symlink_to("/nonexistent/x")


@pytest.mark.parametrize("in_the_way", [no_folder, dangling_link])
@pytest.mark.parametrize("above", [True, False])
def test_is_kept_elsewhere_where_it_cannot_be_written_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_the_way: Callable[[Path], None],
    above: bool,
) -> None:
    """In the folder above, or that for temporary files where the folder above is gone too."""
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    path = tmp_path / "workspace" / "recordings" / "answer.wav"
    path.parent.mkdir(parents=True)
    with WaveFile(path) as file:
        file.append(np.ones(100, np.int16))
        shutil.rmtree(path.parents[1])
        if above:
            path.parents[1].mkdir()
        in_the_way(path.parent if above else path.parents[1])
        with pytest.raises(WorkspaceError, match=r"answer\.wav: cannot be written") as told:
            file.append(np.ones(100, np.int16))
        assert file.moves == 0
    kept = (path.parents[1] if above else elsewhere) / "answer_2.wav"
    assert file.path == kept
    assert told.value.remedy == f"what was recorded until then is in {kept}"
    assert len(soundfile.read(kept)[0]) == 100
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_what_a_kill_leaves_in_the_middle_is_a_recording(tmp_path: Path) -> None:
    """So that `sayback doctor` finds it."""
    path = tmp_path / "2026-01-02_03-04-05_why_2.wav"
    with Store(tmp_path) as store:
        command = [sys.executable, "-c", KILLED_IN_RESCUE, str(path)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert unnamed(store) == (tmp_path / "2026-01-02_03-04-05_why_3.wav",)
    assert not path.exists()
