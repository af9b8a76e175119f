"""Sound beside the screen."""

from __future__ import annotations

import threading
from queue import SimpleQueue

from sayback.errors import NoLoudspeaker, SaybackError
from sayback.views.player import Player


def ended() -> tuple[Player, SimpleQueue[SaybackError | None]]:
    over: SimpleQueue[SaybackError | None] = SimpleQueue()
    return Player(over.put), over


def test_a_sound_that_ends_says_so() -> None:
    player, over = ended()
    player.start(lambda stop: None)
    assert over.get(timeout=5) is None


def test_stop_does_not_wait_and_wait_returns_in_silence() -> None:
    player, over = ended()
    may_end, silent = threading.Event(), threading.Event()

    def sound(stop: threading.Event) -> None:
        assert stop.wait(10)
        assert may_end.wait(10)
        silent.set()

    player.start(sound)
    player.stop()
    assert not silent.is_set()
    may_end.set()
    player.wait()
    assert silent.is_set()
    assert over.empty()


def test_a_second_sound_begins_when_the_first_is_silent() -> None:
    player, over = ended()
    may_end = threading.Event()
    order: list[str] = []

    def first(stop: threading.Event) -> None:
        assert stop.wait(10)
        assert may_end.wait(10)
        order.append("first is silent")

    player.start(first)
    player.start(lambda stop: order.append("second"))
    may_end.set()
    assert over.get(timeout=5) is None
    assert order == ["first is silent", "second"]


def test_nothing_to_wait_for() -> None:
    player, _ = ended()
    player.wait()


def test_an_error_is_handed_over() -> None:
    player, over = ended()

    def sound(stop: threading.Event) -> None:
        raise NoLoudspeaker("no loudspeaker", "plug one in")

    player.start(sound)
    assert isinstance(over.get(timeout=5), NoLoudspeaker)
