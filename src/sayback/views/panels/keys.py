"""What the keys do in each phase: the one table that both the last line and the screen use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from rich.style import Style
from rich.text import Text

from sayback.remote import Wish
from sayback.views.card import ACCENT
from sayback.views.panels.rows import packed
from sayback.views.panels.scene import Phase, Scene

GAP = "  "


class OnCard(Enum):
    """What a person may choose to do with a scorecard."""

    NEXT = auto()
    AGAIN = auto()
    HEAR = auto()
    REVIEW = auto()
    WORDS = auto()
    STOP = auto()


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its name, what the last line says of it, and what it does."""

    name: str
    label: str
    act: Wish | OnCard


_STOP = Key("escape", "stop", Wish.LEAVE)
_SKIP = Key("s", "skip", Wish.SKIP)
_LISTENING = (
    Key("enter", "done", Wish.DONE),
    Key("space", "pause", Wish.PAUSE),
    Key("r", "start over", Wish.START_OVER),
    Key("q", "hear the question", Wish.QUESTION),
    _SKIP,
    _STOP,
)
_KEYS: dict[Phase, tuple[Key, ...]] = {
    Phase.READING: (
        Key("enter", "answer now", Wish.DONE),
        Key("q", "read it again", Wish.QUESTION),
        _SKIP,
        _STOP,
    ),
    Phase.LISTENING: _LISTENING,
    Phase.PAUSED: (_LISTENING[0], Key("space", "go on", Wish.PAUSE), *_LISTENING[2:]),
    Phase.AWAY: (_LISTENING[0], _SKIP, _STOP),
    Phase.SCORING: (_STOP,),
}
_ENTER_ASKING_AGAIN = {Phase.LISTENING: "go on", Phase.PAUSED: "end the reading"}
_SHOWN = {"escape": "esc"}


def keys(scene: Scene) -> tuple[Key, ...]:
    """The keys that work now."""
    if scene.is_leaving:
        return (Key("escape", "stop at once", Wish.LEAVE),)
    if scene.is_asking_again and scene.phase in _ENTER_ASKING_AGAIN:
        first, *others = _KEYS[scene.phase]
        return (replace(first, label=_ENTER_ASKING_AGAIN[scene.phase]), *others)
    if scene.phase is not Phase.CARD:
        return _KEYS[scene.phase]
    review = (Key("o", "open in review", OnCard.REVIEW),) if scene.has_review else ()
    return (
        Key("enter", "finish" if scene.is_last else "next", OnCard.NEXT),
        Key("r", "again", OnCard.AGAIN),
        Key("p", "stop playing" if scene.is_playing else "hear it", OnCard.HEAR),
        Key("w", "words", OnCard.WORDS),
        *review,
        Key("escape", "stop", OnCard.STOP),
    )


def keys_line(scene: Scene, width: int) -> Text:
    """The keys that work now, each a place to click on as well."""
    return Text("\n").join(packed(map(_entry, keys(scene)), width, GAP))


def _entry(key: Key) -> Text:
    entry = Text.assemble((_SHOWN.get(key.name, key.name), f"bold {ACCENT}"), " ", key.label)
    entry.stylize(Style(meta={"@click": f"app.key({key.name!r})"}))
    return entry
