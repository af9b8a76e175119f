"""Banks, transcripts, JSON lines and audio files that were made by chance or by an enemy.

Each goes through the real command line, most of them in this process and some in one of their own.
Asked for: an exit code, nothing that a terminal obeys, one line where it failed, under 5 s of
processor time, and a bounded memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import strategies as st
from tests.torture.campaign import Campaign
from tests.torture.commands import Finished, as_process, in_process
from tests.torture.hostile import BUSY_MACHINE, TIME_LIMIT_S, Watch, is_decent
from tests.torture.mutants import fuzz, mutants, mutated

from sayback.capture.audio_file import read_audio
from sayback.errors import CaptureError

CHECKOUT = Path(__file__).parents[2]
BANKS = [path.read_bytes() for path in sorted((CHECKOUT / "questions").glob("*.md"))]
ANSWERS = (CHECKOUT / "benchmarks" / "data" / "answers.jsonl").read_bytes().splitlines()
SAID = [json.loads(line)["transcript"].encode() for line in ANSWERS]
QUESTION = "What is U-Net and when would you use it?"
Commands = tuple[tuple[object, ...], ...]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of its own, which all commands use."""
    shutil.copytree(CHECKOUT / "questions", tmp_path / "questions")
    monkeypatch.setenv("SAYBACK_WORKSPACE", str(tmp_path))
    return tmp_path


@pytest.mark.timeout(1500)
def test_banks(campaign: Campaign, home: Path) -> None:
    path, watch = home / "mutant.md", Watch()
    commands = (
        ("bank", "check", path), ("bank", "list", "--bank", path),
        ("bank", "check", path, "--json"), ("bank", "list", "--bank", path, "--json"),
        ("match", "--bank", path, "--question", "a", "--transcript", "-"),
    )  # fmt: skip

    def try_one(bank: bytes) -> None:
        path.write_bytes(bank)
        with watch.example():
            is_decent(in_process(*commands[watch.count % len(commands)], stdin=SAID[0]))

    fuzz(campaign, campaign.rounds(60, 4_000), mutants(BANKS), try_one)
    watch.report(campaign, "banks")


@pytest.mark.timeout(1500)
def test_transcripts(campaign: Campaign, home: Path) -> None:
    watch = Watch()

    def try_one(said: bytes) -> None:
        style = ("--json",) if watch.count % 2 else ()
        with watch.example():
            asked = ("match", "--question", QUESTION, "--transcript", "-", *style)
            is_decent(in_process(*asked, stdin=said))

    fuzz(campaign, campaign.rounds(25, 2_000), mutants(SAID), try_one)
    watch.report(campaign, "transcripts")


REQUEST = (
    b'{"question": "What is U-Net?", "key_points": ["a **network**"], "transcript": "a net it is"}'
)
REQUESTS = [
    REQUEST,
    REQUEST.replace(b'"a **network**"', b"1, null, {}"),
    REQUEST.replace(b'"What is U-Net?"', b"NaN"),
    REQUEST.replace(b"}", b', "transcript": "twice", "transcript": 1e999}'),
    b"\xef\xbb\xbf" + REQUEST,
    REQUEST.decode().encode("utf-16"),
    b"[" * 100_000,
    b"9" * 100_000,
    *ANSWERS[:40],
]


def odd_requests() -> st.SearchStrategy[bytes]:
    """Requests in good form, of mutants as texts and, now and then, of anything as JSON."""
    texts = mutants(SAID).map(lambda said: said[:2_000].decode(errors="surrogateescape"))
    leaves = texts | st.none() | st.booleans() | st.integers() | st.floats()
    anything = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner))
    fields = st.fixed_dictionaries(
        {"question": texts, "key_points": st.lists(texts, max_size=3), "transcript": texts}
    )
    return (fields | fields | anything).map(lambda value: json.dumps(value).encode())


@pytest.mark.timeout(1500)
def test_json_lines(campaign: Campaign, home: Path) -> None:
    watch = Watch()

    def try_one(request: bytes) -> None:
        request = request.replace(b"\n", b" ")
        with watch.example():
            done = in_process("match", "--jsonl", stdin=request + b"\n" + REQUEST + b"\n")
            is_decent(done)
        answers = [json.loads(line) for line in done.out.splitlines()]
        assert len(answers) == 1 + bool(request.strip())
        assert answers[-1]["schema"] == "sayback.scorecard/1"  # the next line is answered

    fuzz(campaign, campaign.rounds(40, 2_000), mutants(REQUESTS) | odd_requests(), try_one)
    watch.report(campaign, "JSON lines")


def sounds(folder: Path) -> list[tuple[str, bytes]]:
    """A second of noise in all formats, and headers that lie."""
    noise = (np.random.default_rng(1).standard_normal((16_000, 2)) / 9).astype(np.float32)
    found = []
    for suffix in ("wav", "flac", "ogg", "mp3", "aiff", "au", "w64", "caf"):
        path = folder / f"noise.{suffix}"
        soundfile.write(path, noise, 16_000)
        found.append((suffix, path.read_bytes()))
    for number, (channels, rate_hz, size) in enumerate(
        [(96, 10_000_000, 96_000), (1, 1, 4_000_000), (1, 1_000, 0), (1, 2**31 - 1, 2), (0, 0, 4)]
    ):
        found.append((f"{number}.wav", header(channels, rate_hz) + bytes(size)))
    odd = np.array([0.1, np.nan, np.inf, -9e30])
    soundfile.write(folder / "odd.wav", odd, 16_000, subtype="DOUBLE")
    return [*found, ("odd.wav", (folder / "odd.wav").read_bytes())]


def header(channels: int, rate_hz: int) -> bytes:
    """Of a WAV file that claims to be 4 GB long."""
    most = 2**32 - 1
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", most, b"WAVE", b"fmt ", 16, 1, channels, rate_hz,
        min(rate_hz * channels * 2, most), channels * 2, 16, b"data", most - 44,
    )  # fmt: skip


@pytest.mark.timeout(1500)
def test_audio_files(campaign: Campaign, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    chance, watch = campaign.chance(), Watch()
    samples = sounds(tmp_path)
    heard, problems = 0, []
    for number in range(campaign.rounds(60, 2_000)):
        suffix, sample = samples[number % len(samples)]
        path = tmp_path / f"mutant.{suffix}"
        path.write_bytes(sample if number < len(samples) else mutated(sample, chance))
        with watch.example():
            try:
                samples_heard = read_audio(path)
            except CaptureError as error:
                problems.append(str(error))
            else:
                assert samples_heard.dtype == np.float32
                assert np.abs(samples_heard).max(initial=0) <= 1
                heard += 1
    assert heard
    assert problems
    assert not any("\n" in problem for problem in problems)
    assert capfd.readouterr().err == ""  # libmpg123 comments on every odd MP3
    watch.report(campaign, f"audio files ({heard:,} heard, {len(problems):,} refused)")


def run_apart(*arguments: object, stdin: Path = Path(os.devnull)) -> Finished:
    """The command line in a process of its own, which has to end in time."""
    return as_process(*arguments, stdin=stdin, limit_s=TIME_LIMIT_S * BUSY_MACHINE)


ENDLESS = ("/dev/zero", "pipe", "folder", "loop", "missing", "x" * 300)


def test_what_is_no_file(campaign: Campaign, home: Path) -> None:
    os.mkfifo(home / "pipe")
    (home / "folder").mkdir()
    (home / "loop").symlink_to(home / "loop")
    tried = 0
    for name in ENDLESS if campaign.is_long else ENDLESS[:2]:
        path = home / name
        commands: Commands = (
            ("bank", "check", path),
            ("match", "--question", QUESTION, "--transcript", path),
            ("score", path, "--question", QUESTION),
        )
        for command in commands:
            done = run_apart(*command)
            assert done.code == 1
            is_decent(done)
            tried += 1
    asked: Commands = (
        ("match", "--question", QUESTION, "--transcript", "-"),
        ("match", "--jsonl"),
    )
    for command in asked:
        done = run_apart(*command, stdin=Path("/dev/zero"))
        assert done.code == 1
        is_decent(done)
        tried += 1
    campaign.report("pipes, devices, folders and loops for files", f"{tried}: one line each")


GIANTS: dict[str, bytes] = {
    "one line of 10 MB": b"- " + b"a [b](c) **d** _e `f` " * 480_000,
    "100,000 headings": b"".join(b"#" * (n % 90 + 1) + b" a\n- q %d\n" % n for n in range(100_000)),
    "lists in lists": b"".join(b" " * n + b"- a\n" for n in range(4_000)),
    "600,000 lines": b"-\n" * 600_000,
    "5 million lines": b"-\n" * 5_000_000,
    "a question of 2,000 points": b"- q\n" + b"".join(b"  - point %d\n" % n for n in range(2_000)),
    "a point of 200 facts": b"- q\n  - a\n" + b"".join(b"    - fact %d\n" % n for n in range(200)),
}


def test_giants(campaign: Campaign, home: Path) -> None:
    path, watch = home / "giant.md", Watch()
    names = list(GIANTS) if campaign.is_long else ["lists in lists", "a question of 2,000 points"]
    for name in names:
        path.write_bytes(GIANTS[name])
        with watch.example():
            is_decent(in_process("bank", "check", path))
        with watch.example():
            said = ". ".join(f"say {n}" for n in range(2_000)).encode()
            asked = ("match", "--bank", path, "--question", "q", "--transcript", "-")
            is_decent(in_process(*asked, stdin=said))
    for said in (b"a" * 10_000_000, b"so it is. " * 50_000) if campaign.is_long else ():
        with watch.example():
            is_decent(in_process("match", "--question", QUESTION, "--transcript", "-", stdin=said))
    watch.report(campaign, "giants")


@pytest.mark.timeout(1500)
def test_processes_of_their_own(campaign: Campaign, home: Path) -> None:
    chance = campaign.chance()
    count = campaign.rounds(2, 200)
    for number in range(count):
        path = home / f"\x1b[2J mutant {number}.md"
        path.write_bytes(mutated(chance.choice(BANKS), chance))
        said = home / "said.txt"
        said.write_bytes(mutated(chance.choice(SAID), chance))
        commands: Commands = (
            ("bank", "check", path),
            ("match", "--question", QUESTION, "--bank", path, "--transcript", "-"),
            ("match", "--jsonl"),
            ("score", path, "--question", QUESTION),
            ("history", "\x1b]0;owned\x07"),
        )
        is_decent(run_apart(*commands[number % len(commands)], stdin=said))
    campaign.report("hostile input, each in its own process", f"{count}: no traceback")


def test_a_terminal_gets_no_commands_from_a_bank(home: Path) -> None:
    path = home / "evil.md"
    path.write_text(
        "# \x1b]0;owned\x07\n- \x1b[2Jquestion\u009b31m\n  - \x1b[8mpoint\n- \x1b[2Jquestion\n"
    )
    commands: Commands = (
        ("bank", "list", "--bank", path),
        ("bank", "check", path),
        ("match", "--bank", path, "--question", "question", "--transcript", "/etc/hostname"),
        ("match", "--bank", path, "--question", "que", "--transcript", path),
    )
    for command in commands:
        screen = b"".join(_on_a_terminal(*command))
        assert b"question" in screen
        assert b"\x1b[2J" not in screen
        assert b"\x1b[8m" not in screen
        assert b"\x1b]0" not in screen
        assert "\u009b".encode() not in screen


def _on_a_terminal(*arguments: object) -> Iterator[bytes]:
    """What the command sends to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "sayback", *map(str, arguments)],
        stdin=theirs, stdout=theirs, stderr=theirs,
    ):  # fmt: skip
        os.close(theirs)
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while sent := os.read(ours, 65_536):
                yield sent
    os.close(ours)
