"""Pages that were made are kept while what they show stays the same, and few are made at once.

Making a page takes 3 to 30 ms of the processor. Without a limit many requests at once would wait
for seconds, each for all the others; with it a request that has no place is refused at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sayback.history.connection import log_of
from sayback.history.store import FILE_NAME

Page = bytes | Path
"""HTML, or the file of a recording."""
Name = tuple[str, str]
"""Of a page, and what is searched for on it."""
STAYS_S = 30.0
"""Pages name times such as "due at 14:10": so much older than the clock they may be."""
MOST_BYTES = 32 * 2**20
"""Some 800 pages."""
MOST_AT_ONCE = 6
"""Pages in the making; a browser asks for six."""
WORKERS = 1
"""More would only wait for each other, and keep the thread that answers waiting for all of them."""
SETTLED_S = 0.25
"""What has just changed may change again within one tick of the file's clock, and what is written
is read by others only once it is on the disk."""


@dataclass(frozen=True, slots=True)
class Version:
    """A file as it is at some moment."""

    name: str
    inode: int
    size: int
    changed_ns: int


State = tuple[Version, ...]


class Busy(Exception):
    """As many pages as can be are in the making."""


@dataclass(frozen=True, slots=True)
class _Kept:
    made_at: float
    page: Page
    size: int


class PageCache:
    """The pages of one history and bank; used from one thread, that of the event loop."""

    def __init__(self, recordings: Path, bank: Path) -> None:
        self._history, self._bank = recordings / FILE_NAME, bank
        self._workers = ThreadPoolExecutor(WORKERS, "page")
        self._state: State | None = None
        self._at_work = 0
        self._bytes = 0
        self.forget()

    def close(self) -> None:
        """Begin no more pages."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def forget(self) -> None:
        """What was made, or is in the making, is not right any more."""
        self._kept: dict[Name, _Kept] = {}
        self._making: dict[Name, asyncio.Future[Page]] = {}
        self._bytes = 0

    async def page(self, name: Name, make: Callable[[], Page]) -> Page:
        """The page of that name, made only where it has changed; `make` runs in a thread.

        Who asks for a page that is in the making gets that one, unless something may have changed
        since it was begun. Raises Busy, and what `make` raises.
        """
        state = self._now()
        if state is None or state != self._state:
            self.forget()
            self._state = state
        kept = self._kept.get(name)
        if kept and time.monotonic() - kept.made_at < STAYS_S:
            return kept.page
        return await (self._making.get(name) or self._begin(name, make))

    def _begin(self, name: Name, make: Callable[[], Page]) -> asyncio.Future[Page]:
        if self._at_work == MOST_AT_ONCE:
            raise Busy
        making = asyncio.get_running_loop().run_in_executor(self._workers, make)
        self._at_work += 1
        self._making[name] = making
        making.add_done_callback(partial(self._end, name))
        return making

    def _end(self, name: Name, making: asyncio.Future[Page]) -> None:
        self._at_work -= 1
        if self._making.get(name) is not making:  # begun before something changed
            return
        del self._making[name]
        if not making.cancelled() and making.exception() is None:
            self._keep(name, making.result())

    def _keep(self, name: Name, page: Page) -> None:
        self._drop(name)
        size = len(page) if isinstance(page, bytes) else 0
        self._kept[name] = _Kept(time.monotonic(), page, size + sum(map(len, name)))
        self._bytes += self._kept[name].size
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._kept)))  # the oldest

    def _drop(self, name: Name) -> None:
        if kept := self._kept.pop(name, None):
            self._bytes -= kept.size

    def _now(self) -> State | None:
        """What is another value after every change; None where that cannot be known.

        Looking at the files leaves them alone: an open connection would keep answers in the log
        beside the history, where who copies the history misses them.
        """
        try:
            state = (_version(self._history), *_log(self._history), *_bank(self._bank))
        except OSError:
            return None
        newest_s = max(version.changed_ns for version in state) / 1e9
        return state if time.time() - newest_s > SETTLED_S else None


def _version(file: Path) -> Version:
    status = file.stat()
    return Version(str(file), status.st_ino, status.st_size, status.st_mtime_ns)


def _log(history: Path) -> list[Version]:
    """Where commits stand first; an empty one comes and goes with every reader."""
    try:
        log = _version(log_of(history))
    except FileNotFoundError:
        return []
    return [log] if log.size else []


def _bank(path: Path) -> list[Version]:
    """Of a file, or of each file in a folder; none where there is no bank."""
    if not path.exists():
        return []
    return [*map(_version, sorted(path.iterdir()) if path.is_dir() else [path])]
