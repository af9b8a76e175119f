"""What a disk holds when the power goes: only what a program has synced, and some of the rest.

All calls that change the files of a folder are recorded with strace; from the record the folder
is made as it may be found after a power cut at any moment. A disk may have kept any of the writes
since the last sync of a file, in any order, and half of one; the name of a new file is sure only
once its folder is synced.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SECTOR_BYTES = 512

Kind = Literal["create", "write", "truncate", "sync", "remove", "rename", "said"]

_CALLS = (
    "creat,open,openat,openat2,lseek,write,writev,pwrite64,pwritev,pwritev2,truncate,ftruncate,"
    "fallocate,fsync,fdatasync,syncfs,sync_file_range,unlink,unlinkat,rename,renameat,renameat2,"
    "mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,mknod,mknodat,sendfile,splice,"
    "copy_file_range"
)
"""All that change or sync what is in a folder, or say where the next write goes."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call that changed a file; `said` is one that wrote to a pipe. "" names the folder.

    `data` is what was written; of a file that is renamed it is the new name.
    """

    kind: Kind
    name: str
    position: int = 0
    data: bytes = b""


class UnknownCall(Exception):
    """One that changes the folder, and of which is not known what it leaves after a power cut."""


def strace(record: Path) -> tuple[str, ...]:
    """The command in front of a program whose calls are to be recorded."""
    calls = ",".join(f"?{call}" for call in _CALLS.split(","))  # ?: not every machine has all
    options = ("-f", "-y", "-xx", "-s", "4000000", "--seccomp-bpf", "-e", f"trace={calls}")
    return ("strace", *options, "-o", str(record))


def steps(record: Path, folder: Path) -> list[Step]:
    """The recorded calls about files in `folder`, in order, without SQLite's shared memory.

    The folder itself is taken to be there. Raises UnknownCall.
    """
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
_PATH = re.compile(r'(?:<(?P<folder>(?:\\x..)*)>, )?"(?P<path>(?:\\x..)*)"')


class _Reader:
    """Makes steps of lines; follows where in each open file the next write goes."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._at: dict[str, int] = {}

    def read(self, line: str) -> Iterator[Step]:
        match = _CALL.match(line)
        if match is None or match["result"].startswith("-"):
            return
        call, arguments, rest = match["name"], match["arguments"], match["rest"]
        result = int(match["result"])
        if call in ("open", "openat"):
            self._at[match["result"]] = 0
            yield from self._open(self._name(_bytes(rest)), arguments)
        elif (file := _FILE.match(arguments)) and not call.rstrip("2").endswith("at"):
            yield from self._change(call, file, arguments[file.end() :], result)
        else:
            yield from self._change_names(call, arguments)

    def _open(self, name: str | None, arguments: str) -> Iterator[Step]:
        if name is None:
            return
        if "O_APPEND" in arguments or "O_TMPFILE" in arguments:
            raise UnknownCall(f"open {name}: {arguments}")
        if "O_CREAT" in arguments:
            yield Step("create", name)
        if "O_TRUNC" in arguments:
            yield Step("truncate", name)

    def _change(self, call: str, file: re.Match[str], rest: str, result: int) -> Iterator[Step]:
        number, name = file["number"], self._name(_bytes(file["path"]))
        if name is None:
            if call == "write" and number in "12":
                yield Step("said", "", data=_bytes(rest)[:result])
            elif any(self._name(_bytes(each["path"])) is not None for each in _FILE.finditer(rest)):
                raise UnknownCall(f"{call} {rest}")  # from another file into one of these
            return
        written, numbers = _bytes(rest)[:result], rest.split(",")
        match call:
            case "lseek":
                self._at[number] = result
            case "write" | "writev":
                at = self._at[number]
                self._at[number] = at + result
                yield Step("write", name, at, written)
            case "pwrite64" | "pwritev":
                yield Step("write", name, int(numbers[-1]), written)
            case "pwritev2" if int(numbers[-2]) >= 0:
                yield Step("write", name, int(numbers[-2]), written)
            case "ftruncate":
                yield Step("truncate", name, int(numbers[-1]))
            case "fsync" | "fdatasync":
                yield Step("sync", name)
            case _:
                raise UnknownCall(f"{call} {name}{rest}")

    def _change_names(self, call: str, arguments: str) -> Iterator[Step]:
        paths = [_path(each) for each in _PATH.finditer(arguments)]
        paths = paths[-1:] if call.startswith("symlink") else paths  # what it says may be any text
        names = [self._name(each) for each in paths]
        if any(not each.startswith(b"/") for each in paths):
            raise UnknownCall(f"{call} {paths}: not known where")
        match call, names:
            case ("unlink" | "unlinkat", [str(name)]) if "AT_REMOVEDIR" not in arguments:
                yield Step("remove", name)
            case "rename" | "renameat" | "renameat2", [str(name), str(new)] if name and new:
                if "RENAME_" in arguments:
                    raise UnknownCall(f"{call} {names}: {arguments}")
                yield Step("rename", name, data=new.encode())
            case "mkdir" | "mkdirat", [""]:
                pass
            case _ if any(name is not None for name in names):
                raise UnknownCall(f"{call} {names}")

    def _name(self, path: bytes) -> str | None:
        """Of a file in the folder, "" for itself; None for any other."""
        text = os.path.normpath(path.decode(errors="replace"))
        if text == self._folder:
            return ""
        inside = text.startswith(f"{self._folder}/")
        return text.removeprefix(f"{self._folder}/") if inside else None


def _path(found: re.Match[str]) -> bytes:
    """As it was given, or in the folder that was given with it."""
    folder, path = _bytes(found["folder"] or ""), _bytes(found["path"])
    return path if path.startswith(b"/") or not folder else folder + b"/" + path


def _bytes(text: str) -> bytes:
    """What is written there as \\x.., one after another."""
    return bytes.fromhex("".join(re.findall(r"\\x(..)", text)))


@dataclass(slots=True)
class _File:
    """The bytes that are sure, the changes since the last sync, and the names it may be found by.

    The newest name is the last; None where it is not there.
    """

    names: list[str | None]
    sure: bytearray = field(default_factory=bytearray)
    open: list[Step] = field(default_factory=list)


class FolderOnDisk:
    """A folder whose files change step by step, and that the power may leave at any step."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._gone: list[_File] = []
        """Removed, or replaced by another, since the folder was synced last."""

    def take(self, step: Step) -> None:
        name = step.name
        if step.kind == "said":
            return
        if step.kind == "sync" and not name:
            for known, file in self._files.items():
                file.names = [known]
            self._gone.clear()
        elif step.kind == "create":
            self._files.setdefault(name, _File([None, name]))
        elif step.kind == "remove":
            self._files[name].names.append(None)
            self._gone.append(self._files.pop(name))
        elif step.kind == "rename":
            self._rename(name, step.data.decode())
        elif step.kind == "sync":
            for change in self._files[name].open:
                _apply(self._files[name].sure, change)
            self._files[name].open.clear()
        else:
            self._files[name].open.append(step)

    def _rename(self, name: str, new: str) -> None:
        file = self._files.pop(name)
        file.names.append(new)
        if new in self._files:  # found there as long as the other is not
            self._gone.append(self._files.pop(new))
        self._files[new] = file

    def leave(self, folder: Path, chance: random.Random) -> None:
        """Make the folder as it may be found when the power is back."""
        share = chance.choice((0.0, 0.5, chance.random()))
        for file in (*self._gone, *self._files.values()):
            *earlier, name = file.names
            if earlier and chance.random() >= share:
                name = chance.choice(earlier)
            if name is None:
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
