"""Wishes come out of the remote once each, in the order in which they went in."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sayback.remote import LEAVING, Remote, Wish


def test_wishes_are_taken_in_order_and_pressed_lasts_until_the_last() -> None:
    remote = Remote()
    assert not remote.pressed.is_set()
    remote.press(Wish.PAUSE)
    remote.press(Wish.DONE)
    assert remote.pressed.is_set()
    assert remote.take() is Wish.PAUSE
    assert remote.pressed.is_set()
    assert remote.take() is Wish.DONE
    assert not remote.pressed.is_set()


def test_nothing_pressed_is_no_wish() -> None:
    assert Remote().take() is None


def test_what_is_cleared_is_never_taken() -> None:
    remote = Remote()
    remote.press(Wish.DONE)
    remote.press(Wish.PAUSE)
    remote.clear()
    assert not remote.pressed.is_set()
    assert remote.take() is None
    remote.press(Wish.DONE)
    assert remote.take() is Wish.DONE


@pytest.mark.parametrize("wish", LEAVING)
def test_a_wish_to_leave_is_never_cleared(wish: Wish) -> None:
    remote = Remote()
    remote.press(Wish.DONE)
    remote.press(wish)
    remote.clear()
    assert remote.pressed.is_set()
    assert remote.take() is wish
    assert not remote.pressed.is_set()


def test_a_press_wakes_who_waits_in_another_thread() -> None:
    remote = Remote()
    press = threading.Timer(0.05, remote.press, [Wish.LEAVE])
    press.start()
    assert remote.pressed.wait(30)
    assert remote.take() is Wish.LEAVE
    press.join()


def test_presses_from_many_threads_are_all_taken() -> None:
    remote = Remote()
    presses = 200
    with ThreadPoolExecutor(4) as pool:
        for _ in range(presses):
            pool.submit(remote.press, Wish.PAUSE)
        taken = 0
        while taken < presses:
            assert remote.pressed.wait(30)
            taken += remote.take() is Wish.PAUSE
    assert remote.take() is None
    assert not remote.pressed.is_set()
