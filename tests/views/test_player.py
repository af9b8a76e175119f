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


def test_a_sound_that_is_stopped_is_silent_when_stop_returns() -> None:
    player, over = ended()
    silent = threading.Event()

    def sound(stop: threading.Event) -> None:
        stop.wait(10)
        silent.set()

    player.start(sound)
    player.stop()
    assert silent.is_set()
    assert over.empty()


def test_a_second_sound_replaces_the_first() -> None:
    player, over = ended()
    first = threading.Event()

    def sound(stop: threading.Event) -> None:
        stop.wait(10)
        first.set()

    player.start(sound)
    player.start(lambda stop: None)
    assert first.is_set()
    assert over.get(timeout=5) is None


def test_an_error_is_handed_over() -> None:
    player, over = ended()

    def sound(stop: threading.Event) -> None:
        raise NoLoudspeaker("no loudspeaker", "plug one in")

    player.start(sound)
    assert isinstance(over.get(timeout=5), NoLoudspeaker)
