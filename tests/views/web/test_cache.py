"""Pages that are kept: as long as nothing has changed, and no longer."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path

import pytest
from tests.views.web.examples import answer, point, question

from sayback.history.store import Store
from sayback.model import Status
from sayback.views.web import cache
from sayback.views.web.cache import MOST_AT_ONCE, Busy, PageCache

LIMIT_S = 30.0


class Pages:
    """A history with a bank, and pages that count how often they are made."""

    def __init__(self, folder: Path) -> None:
        self.recordings, self.bank = folder / "recordings", folder / "bank"
        self.bank.mkdir()
        (self.bank / "bank.md").write_text("- What?\n")
        self.ago_s, self.made = 3600.0, 0
        self.may = threading.Event()
        self.may.set()
        self.answer()

    def answer(self) -> None:
        """One more in the history, whose files then look as if that was some time ago."""
        with Store(self.recordings) as store:
            answer(store, question("What?", "point"), point("point", Status.MISSED))
        self.settle()

    def settle(self) -> None:
        self.ago_s -= 3
        changed_s = time.time() - self.ago_s
        for file in (*self.recordings.glob("history.db*"), *self.bank.iterdir(), self.bank):
            os.utime(file, (changed_s, changed_s))

    def write(self, name: str, text: str) -> None:
        (self.bank / name).write_text(text)
        self.settle()

    def make(self) -> bytes:
        assert self.may.wait(LIMIT_S)
        self.made += 1
        return b"page %d" % self.made

    def run(self, use: Callable[[PageCache], Coroutine[None, None, None]]) -> None:
        async def inside() -> None:
            with closing(PageCache(self.recordings, self.bank)) as kept:
                await use(kept)

        asyncio.run(inside())


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return Pages(tmp_path)


def test_a_page_is_made_again_only_after_a_change(pages: Pages) -> None:
    async def use(kept: PageCache) -> None:
        async def page(name: str = "index.html") -> bytes:
            found = await kept.page((name, ""), pages.make)
            assert isinstance(found, bytes)
            return found

        assert [await page(), await page()] == [b"page 1"] * 2
        assert await page("other.html") == b"page 2"
        pages.answer()
        assert [await page(), await page()] == [b"page 3"] * 2
        pages.write("bank.md", "- What?\n- Why?\n")
        assert await page() == b"page 4"
        pages.write("more.md", "- Who?\n")
        assert await page() == b"page 5"
        (pages.recordings / "history.db").rename(pages.recordings / "old.db")
        pages.answer()
        assert await page() == b"page 6"

    pages.run(use)


def test_a_page_is_not_kept_while_its_files_are_changing(pages: Pages) -> None:
    async def use(kept: PageCache) -> None:
        (pages.bank / "bank.md").write_text("- What?\n- Why?\n")
        for number in (1, 2):
            assert await kept.page(("a", ""), pages.make) == b"page %d" % number

    pages.run(use)


def test_reading_the_history_is_no_change(pages: Pages) -> None:
    async def use(kept: PageCache) -> None:
        for reader in (Store(pages.recordings), Store(pages.recordings)):
            with reader:
                assert reader.summaries()
                assert await kept.page(("a", ""), pages.make) == b"page 1"
        assert await kept.page(("a", ""), pages.make) == b"page 1"

    pages.run(use)


def test_a_page_from_before_a_change_is_not_kept(pages: Pages) -> None:
    async def use(kept: PageCache) -> None:
        pages.may.clear()
        first = asyncio.create_task(kept.page(("a", ""), pages.make))
        same = asyncio.create_task(kept.page(("a", ""), pages.make))
        await asyncio.sleep(0)
        pages.answer()
        later = asyncio.create_task(kept.page(("a", ""), pages.make))
        await asyncio.sleep(0)
        pages.may.set()
        assert await first == await same
        assert await later == b"page 2" == await kept.page(("a", ""), pages.make)

    pages.run(use)


def test_so_many_pages_are_in_the_making_and_more_are_refused(pages: Pages) -> None:
    async def use(kept: PageCache) -> None:
        pages.may.clear()
        begun = [
            asyncio.create_task(kept.page((str(number), ""), pages.make))
            for number in range(MOST_AT_ONCE)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await kept.page(("more", ""), pages.make)
        pages.may.set()
        assert len({*await asyncio.gather(*begun)}) == MOST_AT_ONCE
        assert await kept.page(("more", ""), pages.make) == b"page %d" % (MOST_AT_ONCE + 1)

    pages.run(use)


def test_what_goes_wrong_is_told_to_all_and_not_kept(pages: Pages) -> None:
    def fail() -> bytes:
        raise ValueError("broken")

    async def use(kept: PageCache) -> None:
        both = await asyncio.gather(
            *(kept.page(("a", ""), fail) for _ in range(2)), return_exceptions=True
        )
        assert [str(each) for each in both] == ["broken"] * 2
        assert await kept.page(("a", ""), pages.make) == b"page 1"

    pages.run(use)


def test_pages_take_no_more_than_their_room(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 30)

    async def use(kept: PageCache) -> None:
        for name in "abcde":
            await kept.page((name, ""), pages.make)  # 7 bytes each
        assert await kept.page(("e", ""), pages.make) == b"page 5"
        assert await kept.page(("a", ""), pages.make) == b"page 6"

    pages.run(use)


def test_where_there_is_no_history_every_page_is_made(tmp_path: Path, pages: Pages) -> None:
    pages.recordings = tmp_path / "nowhere"

    async def use(kept: PageCache) -> None:
        for number in (1, 2):
            assert await kept.page(("a", ""), pages.make) == b"page %d" % number

    pages.run(use)
    assert not pages.recordings.exists()
