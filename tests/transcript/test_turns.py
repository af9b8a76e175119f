from __future__ import annotations

import threading
import time

import pytest

from sayback.transcript.turns import Turns

PATIENCE_S = 60


class Worker:
    """A thread that takes a turn and works step by step, when told to."""

    def __init__(self, name: str, turns: Turns, done: list[str], *, quick: bool) -> None:
        self._name, self._turns, self._done, self._quick = name, turns, done, quick
        self._told, self._stepped = threading.Semaphore(0), threading.Semaphore(0)
        self._is_over = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Do one step, once it is its turn."""
        self._told.release()
        assert self._stepped.acquire(timeout=PATIENCE_S)

    def stand(self) -> None:
        """Be told to do the next step, which has to wait for its turn."""
        self._told.release()
        assert not self._stepped.acquire(timeout=0.05)

    def resumed(self) -> None:
        """The step that had to wait is done."""
        assert self._stepped.acquire(timeout=PATIENCE_S)

    def end(self) -> None:
        self._is_over = True
        self._told.release()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        with self._turns.turn(quick=self._quick):
            while self._told.acquire(timeout=PATIENCE_S) and not self._is_over:
                self._turns.give_way()
                self._done.append(self._name)
                self._stepped.release()


class Workers:
    def __init__(self) -> None:
        self.turns, self.done = Turns(), list[str]()

    def begin(self, name: str, *, quick: bool = False) -> Worker:
        """One more, which has come when this returns."""
        count = len(self.turns._queue)
        worker = Worker(name, self.turns, self.done, quick=quick)
        while len(self.turns._queue) == count:
            time.sleep(0.01)
        return worker


@pytest.fixture
def workers() -> Workers:
    return Workers()


def test_of_slow_ones_the_oldest_works_to_its_end(workers: Workers) -> None:
    first, second, third = (workers.begin(name) for name in ("first", "second", "third"))
    first.step()
    second.stand()
    third.stand()
    first.step()
    first.end()
    second.resumed()
    second.end()
    third.resumed()
    third.end()
    assert workers.done == ["first", "first", "second", "third"]


def test_quick_ones_overtake_and_of_these_the_newest_all(workers: Workers) -> None:
    slow = workers.begin("slow")
    slow.step()
    caption = workers.begin("caption", quick=True)
    slow.stand()
    caption.step()
    last = workers.begin("last", quick=True)
    caption.stand()
    last.step()
    last.end()
    caption.resumed()
    caption.end()
    slow.resumed()
    slow.end()
    assert workers.done == ["slow", "caption", "last", "caption", "slow"]


def test_who_fails_holds_nobody_up(workers: Workers) -> None:
    with pytest.raises(RuntimeError), workers.turns.turn(quick=True):
        raise RuntimeError
    slow = workers.begin("slow")
    slow.step()
    slow.end()
    assert workers.done == ["slow"]
