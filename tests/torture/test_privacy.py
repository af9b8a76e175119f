"""What a person said stays on the machine, is readable by them alone, and stands in no message."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import soundfile
from tests.kept_answers import SAMPLE, keep_sample_answer
from tests.torture.campaign import Campaign

CANARY = "zyxomma"
"""A word of the kept answer that stands nowhere else."""
HEARD = "medical scan"
"""What the sample answer says and no bank, for answers that are transcribed."""
SAID = f"U-Net is a network for segmentation, and my secret word is {CANARY}, quite unlikely."
LIMIT_S = 150
OFFLINE = ("unshare", "-rn")
WATCHED = ("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg")
U_NET = ("--question", "What is U-Net")
TINY = ("--model", "tiny.en")
_OUTSIDE = re.compile(r"sa_family=AF_INET6?\b(?!.*\"(?:127\.0\.0\.1|::1)\")")


@dataclass(slots=True)
class Person:
    """A home of its own for sayback, without a network, and all that its commands said."""

    home: Path
    umask: int
    prefix: tuple[str, ...]
    calls: Path | None
    said: dict[str, str] = field(default_factory=dict)
    ran: int = 0

    @property
    def space(self) -> Path:
        return self.home / ".local" / "share" / "sayback"

    def started(self, *arguments: object) -> subprocess.Popen[str]:
        self.ran += 1
        watched = [*WATCHED, "-o", f"{self.calls}/{self.ran}"] if self.calls else []
        command = [*self.prefix, *watched, sys.executable, "-m", "sayback"]
        own = {name: value for name, value in os.environ.items() if not name.startswith("SAYBACK_")}
        kept = {name: value for name, value in own.items() if not name.startswith("XDG_")}
        return subprocess.Popen(
            [*command, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home / "elsewhere",
            env=kept | {"HOME": str(self.home), "TMPDIR": str(self.home / "temp")},
            umask=self.umask,
            start_new_session=True,
        )

    def run(self, *arguments: object, stdin: str = "", code: int | None = 0) -> str:
        """What it printed; what it said of errors is kept."""
        with self.started(*arguments) as process:
            printed, said = process.communicate(stdin, LIMIT_S)
        self.said[f"{self.ran} {' '.join(map(str, arguments))}"] = said
        assert code is None or process.returncode == code, (arguments, said)
        assert "Traceback" not in said, said
        return printed

    def killed(self, *arguments: object, when: str) -> None:
        """End it by SIGKILL, children and all, once it has printed that."""
        with self.started(*arguments) as process:
            assert process.stdout is not None
            while when not in (line := process.stdout.readline()):
                assert line, process.stderr and process.stderr.read()
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(params=[0o022, 0o000], ids=["umask 022", "umask 000"])
def person(request: pytest.FixtureRequest, tmp_path: Path, campaign: Campaign) -> Person:
    if request.param == 0o022 and not campaign.is_long:
        pytest.skip("the usual umask: in the long campaign")
    if subprocess.run([*OFFLINE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a machine without a network: not allowed here")
    home = tmp_path / "home"
    for name in ("elsewhere", "temp"):
        (home / name).mkdir(mode=0o700, parents=True)
    calls = tmp_path / "calls" if shutil.which("strace") else None
    if calls:
        calls.mkdir()
    person = Person(home, request.param, OFFLINE, calls)
    person.run("bank", "list")
    person.run("history")
    keep_sample_answer(person.space, said=SAID)
    return person


def look_back(person: Person) -> None:
    """The commands that need no model and show most."""
    assert CANARY in person.run("show", 1)
    person.run("match", "--jsonl", code=1, stdin=f'{{"transcript": "{CANARY}"}}\n{CANARY}\n')
    person.run("draft", 1)
    person.run("export", person.home / "export")
    review(person)


def look_further(person: Person) -> None:
    """The other commands that need no model."""
    person.run("show", 1, "--json")
    person.run("trends")
    person.run("trends", "--json")
    person.run("history", "--json")
    person.run("plan", "2099-01-01")
    person.run("bank", "check", person.space / "questions")
    person.run("match", *U_NET, "--transcript", "-", stdin=SAID)
    person.run("draft", "What is U-Net", "--json")
    person.run("draft", "--undo", code=1)


def review(person: Person) -> None:
    with person.started("review", "--no-browser") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        children = subprocess.run(
            ["pgrep", "-g", str(process.pid), "-f", "sayback review"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        for number in children.stdout.split():
            os.kill(int(number), signal.SIGINT)
        _, person.said["review"] = process.communicate(timeout=LIMIT_S)


def fail(person: Person) -> None:
    """What goes wrong with an answer at hand."""
    no_audio = person.home / "elsewhere" / "answer.wav"
    no_audio.write_text(SAID)
    no_text = person.home / "elsewhere" / "answer.txt"
    no_text.write_bytes(f"{SAID}\xff".encode("latin-1"))
    person.run("score", no_audio, *U_NET, code=1)
    person.run("match", *U_NET, "--transcript", no_text, code=1)
    person.run("export", person.home / "elsewhere", code=1)
    no_audio.unlink()
    no_text.unlink()


def damage(person: Person) -> None:
    """Rows that hold half of what was written, then a file that holds no pages."""
    history = person.space / "recordings" / "history.db"
    with closing(sqlite3.connect(history)) as database, database:
        for table in ("transcript", "score"):
            database.execute(
                f"UPDATE {table} SET content = substr(content, 1, instr(content, ?) + 30)",
                (CANARY,),
            )
        database.execute(f'UPDATE score SET content = \'{{"warnings": "{CANARY}"}}\'')
    person.run("show", 1, code=None)
    person.run("export", person.home / "half", code=None)
    whole = history.read_bytes()
    history.write_bytes(whole[:4096] + whole[4096:8192][::-1] + whole[8192:])
    person.run("history", code=None)


def rehearse(person: Person) -> None:
    """Every command that hears an answer, the last of them killed and finished later."""
    samples, rate_hz = soundfile.read(SAMPLE, dtype="int16")
    answer = person.home / "elsewhere" / "answer.wav"
    soundfile.write(answer, samples[-8 * rate_hz :], rate_hz)
    hear = ("practice", "--plain", "--answer", answer, *U_NET, *TINY)
    assert HEARD in person.run("score", answer, *U_NET, "--save", "--json")
    person.run("score", answer, *U_NET, "--engine", "openai-whisper")
    person.run(*hear, "--speak-result")
    person.killed(*hear, when="Listening")
    person.run("rescore", "--model", "tiny.en")
    person.run("doctor", code=None)
    person.run("demo", *TINY)
    answer.unlink()


@contextmanager
def watching_arguments(found: list[str]) -> Iterator[None]:
    """The arguments of every process, which all users of a machine can see."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    arguments = path.read_bytes()
                except OSError:
                    continue
                if any(word.encode() in arguments for word in (CANARY, HEARD)):
                    found.append(arguments.decode(errors="replace"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.timeout(600)
def test_nothing_of_an_answer_gets_out(person: Person, campaign: Campaign) -> None:
    shown: list[str] = []
    with watching_arguments(shown):
        look_back(person)
        fail(person)
        if campaign.is_long:
            look_further(person)
            if not person.umask:  # where the other could only leave less open
                rehearse(person)
        damage(person)
        person.run("delete", "--all", "--yes", code=None)
    paths = [path for path in person.home.rglob("*") if not path.is_symlink()]
    assert open_to_others(paths) == []
    assert shown == []
    assert words_in(person.said) == []
    elsewhere = [each for each in paths if not is_place_of_answers(each, person)]
    assert words_in({str(path): text_of(path) for path in elsewhere if path.is_file()}) == []
    tried = connections(person.calls)
    assert tried == []
    watched = "0 connections tried (strace)" if person.calls else "strace is not installed"
    campaign.report(
        f"privacy, umask {person.umask:03o}",
        f"{person.ran} commands with networking cut off: {watched}; {len(paths)} files and folders,"
        f" 0 open to others; the answer in 0 of {len(person.said)} outputs of errors",
    )


def open_to_others(paths: Sequence[Path]) -> list[str]:
    return [f"{path} {mode:o}" for path in paths if (mode := path.stat().st_mode & 0o777) & 0o077]


def is_place_of_answers(path: Path, person: Person) -> bool:
    places = (person.space / "recordings", person.home / "export", person.home / "half")
    return any(path.is_relative_to(place) for place in places)


def text_of(path: Path) -> str:
    return path.read_bytes().decode("latin-1")


def words_in(texts: dict[str, str]) -> list[str]:
    return [name for name, text in texts.items() if CANARY in text or HEARD in text]


def connections(calls: Path | None) -> list[str]:
    """What was called to reach another machine."""
    if calls is None:
        return []
    lines = (line for path in sorted(calls.iterdir()) for line in path.read_text().splitlines())
    return [line for line in lines if _OUTSIDE.search(line)]


def test_a_connection_would_be_seen(tmp_path: Path) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    calls = tmp_path / "calls"
    calls.mkdir()
    code = "import socket; socket.socket().connect_ex(('192.0.2.1', 443))"
    command = [*WATCHED, "-o", str(calls / "1"), sys.executable, "-c", code]
    if subprocess.run([*OFFLINE, *command], capture_output=True, check=False).returncode:
        pytest.skip("watching a process: not allowed here")
    assert len(connections(calls)) == 1
