"""What a disk holds when the power goes: only what a program has synced, and some of the rest.

All calls that change the files of a folder are recorded with strace; from the record the folder
is made as it may be found after a power cut at any moment. A disk may have kept any of the writes
since the last sync of a file, in any order, and half of one; the name of a new file is sure only
once its folder is synced.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SECTOR_BYTES = 512

Kind = Literal["create", "write", "truncate", "sync", "remove", "said"]


@dataclass(frozen=True, slots=True)
class Step:
    """A call that changed a file; `said` is one that wrote to a pipe. "" names the folder."""

    kind: Kind
    name: str
    position: int = 0
    data: bytes = b""


def strace(record: Path) -> tuple[str, ...]:
    """The command in front of a program whose calls are to be recorded."""
    calls = "openat,write,pwrite64,lseek,fsync,fdatasync,ftruncate,unlink"
    options = ("-f", "-y", "-xx", "-s", "4000000", "--seccomp-bpf", "-e", f"trace={calls}")
    return ("strace", *options, "-o", str(record))


def steps(record: Path, folder: Path) -> list[Step]:
    """The recorded calls about files in `folder`, in order, without SQLite's shared memory."""
    reader = _Reader(str(folder))
    return [
        step
        for line in _whole_lines(record)
        for step in reader.read(line)
        if not step.name.endswith("-shm")
    ]


def _whole_lines(record: Path) -> Iterator[str]:
    """One line a call, where another thread came between beginning and end of it too."""
    begun: dict[str, str] = {}
    for line in record.read_text().splitlines():
        thread, call = line.split(maxsplit=1)
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.removesuffix("<unfinished ...>")
        elif call.startswith("<... "):
            yield begun.pop(thread) + call.partition(" resumed>")[2]
        else:
            yield call


_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+)(?P<rest>.*)", re.S)
_FILE = re.compile(r"(?P<number>\d+)<(?P<path>(?:\\x..)*)>")


class _Reader:
    """Makes steps of lines; follows where in each open file the next write goes."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._at: dict[str, int] = {}

    def read(self, line: str) -> Iterator[Step]:
        match = _CALL.match(line)
        if match is None or match["result"].startswith("-"):
            return
        call, arguments = match["name"], match["arguments"]
        result = int(match["result"])
        if call == "openat":
            self._at[match["result"]] = 0
            name = self._name(_bytes(match["rest"]))
            if name is not None and "O_CREAT" in arguments:
                yield Step("create", name)
        elif call == "unlink":
            name = self._name(_bytes(arguments))
            if name is not None:
                yield Step("remove", name)
        elif file := _FILE.match(arguments):
            yield from self._change(call, file, arguments[file.end() :], result)

    def _change(self, call: str, file: re.Match[str], rest: str, result: int) -> Iterator[Step]:
        number, name = file["number"], self._name(_bytes(file["path"]))
        if name is None:
            if call == "write" and number in "12":
                yield Step("said", "", data=_bytes(rest)[:result])
        elif call == "lseek":
            self._at[number] = result
        elif call == "write":
            at = self._at[number]
            self._at[number] = at + result
            yield Step("write", name, at, _bytes(rest)[:result])
        elif call == "pwrite64":
            yield Step("write", name, int(rest.rpartition(",")[2]), _bytes(rest)[:result])
        elif call == "ftruncate":
            yield Step("truncate", name, int(rest.rpartition(",")[2]))
        else:
            yield Step("sync", name)

    def _name(self, path: bytes) -> str | None:
        """Of a file in the folder, "" for itself; None for any other."""
        text = path.decode(errors="replace")
        if text == self._folder:
            return ""
        inside = text.startswith(f"{self._folder}/")
        return text.removeprefix(f"{self._folder}/") if inside else None


def _bytes(text: str) -> bytes:
    """What is written there as \\x.., one after another."""
    return bytes.fromhex("".join(re.findall(r"\\x(..)", text)))


@dataclass(slots=True)
class _File:
    """The bytes that are sure, and the changes since the last sync."""

    sure: bytearray = field(default_factory=bytearray)
    open: list[Step] = field(default_factory=list)
    is_named: bool = False


class Disk:
    """A folder whose files change step by step, and that the power may leave at any step."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._removed: list[tuple[str, _File]] = []

    def take(self, step: Step) -> None:
        if step.kind == "said":
            return
        if step.kind == "sync" and not step.name:
            for file in self._files.values():
                file.is_named = True
            self._removed.clear()
        elif step.kind == "remove":
            self._removed.append((step.name, self._files.pop(step.name)))
        elif step.kind == "create":
            self._files.setdefault(step.name, _File())
        elif step.kind == "sync":
            file = self._files[step.name]
            for change in file.open:
                _apply(file.sure, change)
            file.open.clear()
        else:
            self._files[step.name].open.append(step)

    def leave(self, folder: Path, chance: random.Random) -> None:
        """Make the folder as it may be found when the power is back."""
        share = chance.choice((0.0, 0.5, chance.random()))
        back = [each for each in self._removed if chance.random() >= share]
        for name, file in (*back, *self._files.items()):
            if not file.is_named and chance.random() >= share:
                continue
            content = bytearray(file.sure)
            for change in file.open:
                if chance.random() < share:
                    _apply(content, _torn(change, chance))
            (folder / name).write_bytes(content)


def _torn(change: Step, chance: random.Random) -> Step:
    """A write of which sometimes only the first sectors were kept."""
    sectors = len(change.data) // SECTOR_BYTES
    if change.kind != "write" or not sectors or chance.random() < 0.5:
        return change
    kept = change.data[: chance.randint(0, sectors) * SECTOR_BYTES]
    return Step("write", change.name, change.position, kept)


def _apply(content: bytearray, change: Step) -> None:
    if change.kind == "truncate":
        del content[change.position :]
        content.extend(bytes(change.position - len(content)))
        return
    if len(content) < change.position:
        content.extend(bytes(change.position - len(content)))
    content[change.position : change.position + len(change.data)] = change.data
