"""The widgets that the screen is made of."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Group
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from sayback.views.panels.scene import Scene

MARGINS = 2
CAPTIONS_SHOWN = 4000
"""Characters of an answer that can be scrolled back to, so that drawing stays quick."""


class Panel(Static):
    """Draws one part of the scene, again only where it has changed."""

    def __init__(self, draw: Callable[[Scene, int], Text], **names: str) -> None:
        super().__init__(**names)  # type: ignore[arg-type]
        self._draw = draw
        self._drawn: Text | None = None

    def show(self, scene: Scene) -> None:
        drawn = self._draw(scene, max(1, self.app.size.width - MARGINS))
        if drawn != self._drawn:
            self._drawn = drawn
            self.display = bool(drawn)
            # In a group it stays a Rich text: Textual would give the terminal's colours its own.
            self.update(Group(drawn))


class CaptionsView(VerticalScroll):
    """Shows its end, whatever comes, unless the person has scrolled back to read."""

    _is_read: bool = False

    def on_mount(self) -> None:
        for name in ("virtual_size", "size"):
            self.watch(self, name, self._follow, init=False)

    def on_mouse_scroll_up(self) -> None:
        self._is_read = True

    def on_mouse_scroll_down(self) -> None:
        self._is_read = self.scroll_y < self.max_scroll_y - 1

    def _follow(self) -> None:
        if not self._is_read:
            self.call_after_refresh(self.scroll_end, animate=False)


def asked(scene: Scene, _: int) -> Text:
    """The question."""
    return Text(scene.turn.question.text, "bold")


def captions(scene: Scene, _: int) -> Text:
    """What was said: words that stay, and dimmed those that may change."""
    text = Text.assemble(scene.settled, " " if scene.settled else "", (scene.draft, "dim"))
    return text[-CAPTIONS_SHOWN:] if len(text) > CAPTIONS_SHOWN else text
