"""What the screen shows: one frozen value, and how each event of a rehearsal changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from sayback.capture.listen import QUIETEST_DB, Level
from sayback.events import Asking, Event, Heard, Listening, Saved, Scored, SetAside, Warned
from sayback.live import Behind, Captions, Covering, Failing, Transcribing
from sayback.model import Attempt, Coverage, Ending, Question, Recording, Status

LEVELS_SHOWN = 8
BEHIND = "this machine is slower than you speak: no captions now, the answer is scored all the same"
BACK = "the microphone is back: your answer goes on"
CUT = "your answer was as long as one may be (--max-length): what came after is not in it"
WARNINGS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """A question to rehearse, its place in the session ("3 of 5") and why it was chosen."""

    question: Question
    place: str = ""
    reason: str = ""


class Phase(Enum):
    """What is going on, which also decides what the keys do."""

    READING = auto()
    LISTENING = auto()
    PAUSED = auto()
    AWAY = auto()
    """The microphone was lost."""
    SCORING = auto()
    CARD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that is drawn. `lit` are the key points said so far, by number, in that order.

    `waited_s` is how long nothing had been said at the beginning. `countdown_s` is what was left
    when the countdown began; `is_asking_again` is the question read in the middle of an answer.
    `unheard` is the warning of a microphone that gives no sound, which goes when it does.
    `is_tall` is a scorecard that has to be scrolled, `has_more` one that goes on below.
    `is_playing` and `is_leaving` are the screen's own doing.
    """

    turn: Turn
    is_exam: bool = False
    is_last: bool = False
    has_review: bool = False
    phase: Phase = Phase.READING
    level: Level | None = None
    waited_s: float = 0.0
    levels_db: tuple[float, ...] = ()
    countdown_s: float | None = None
    settled: str = ""
    draft: str = ""
    coverage: Coverage | None = None
    lit: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    unheard: str = ""
    remark: str = ""
    recording: Recording | None = None
    transcribing: Transcribing | None = None
    scored: Scored | None = None
    attempt: Attempt | None = None
    shows_words: bool = False
    is_asking_again: bool = False
    is_tall: bool = False
    has_more: bool = False
    is_playing: bool = False
    is_leaving: bool = False


def after(scene: Scene, event: Event) -> Scene:
    """The scene once `event` has happened."""
    match event:
        case Asking():
            return replace(scene, phase=Phase.READING)
        case Listening():
            return _new_take(scene)
        case Level():
            return _leveled(scene, event)
        case Captions(settled, draft):
            return replace(scene, settled=settled, draft=draft)
        case Covering(coverage):
            return replace(scene, coverage=coverage, lit=_lit(scene.lit, coverage))
        case Behind():
            return warned(scene, BEHIND)
        case Failing(reason):
            return warned(scene, failing(reason))
        case Warned(message):
            return warned(scene, message)
        case _:
            return _after_answer(scene, event)


def warned(scene: Scene, message: str) -> Scene:
    """With one more warning; the newest few are shown, each once."""
    others = tuple(each for each in scene.warnings if each != message)
    return replace(scene, warnings=(*others, message)[-WARNINGS_SHOWN:])


def failing(reason: str) -> str:
    """What to say of an engine that fails while somebody speaks."""
    return f"no captions now ({reason}): your answer is recorded, and scored when it is over"


def transcribing(event: Transcribing) -> str:
    """What to say of an answer that takes long to be transcribed."""
    if event.is_loading:
        return "the model is still being loaded"
    return f"still transcribing, {event.left_s:.0f} s of your answer to go"


def _set_aside(attempt_id: int | None) -> str:
    return f"the answer before is kept as attempt {attempt_id}" if attempt_id else ""


def _after_answer(scene: Scene, event: Heard | Transcribing | Scored | Saved | SetAside) -> Scene:
    match event:
        case Transcribing():
            return replace(scene, transcribing=event)
        case Heard(recording):  # which knows itself what was wrong while it was recorded
            remark = "" if scene.remark == BACK else scene.remark
            return replace(
                scene,
                phase=Phase.SCORING,
                recording=recording,
                warnings=(CUT,) if recording.ending is Ending.MAXIMUM_LENGTH else (),
                remark=remark,
                is_asking_again=False,
            )
        case Scored():
            return replace(scene, phase=Phase.CARD, scored=event)
        case Saved(attempt):
            return replace(scene, attempt=attempt, remark=f"kept as attempt {attempt.id}")
        case SetAside(attempt_id):
            return replace(scene, remark=_set_aside(attempt_id))


def _new_take(scene: Scene) -> Scene:
    return Scene(
        turn=scene.turn,
        is_exam=scene.is_exam,
        is_last=scene.is_last,
        has_review=scene.has_review,
        phase=Phase.LISTENING,
        warnings=scene.warnings,
        remark=scene.remark,
    )


def _leveled(scene: Scene, level: Level) -> Scene:
    countdown_s = None
    if level.ends_in_s is not None and not level.away:
        countdown_s = max(scene.countdown_s or 0.0, level.ends_in_s)
    if scene.phase is Phase.AWAY and not level.away:
        scene = replace(scene, warnings=(), remark=BACK)
    if level.warning:
        scene = replace(warned(scene, level.warning), unheard=level.warning)
    elif scene.unheard and level.level_db > QUIETEST_DB:
        left = tuple(each for each in scene.warnings if each != scene.unheard)
        scene = replace(scene, warnings=left, unheard="")
    heard = replace(
        scene,
        level=level,
        waited_s=level.at_s if _is_waiting(scene) and not level.speaking else scene.waited_s,
        levels_db=(*scene.levels_db, level.level_db)[-LEVELS_SHOWN:],
        countdown_s=countdown_s,
    )
    if scene.phase in (Phase.SCORING, Phase.CARD):
        return heard
    if level.away:
        return replace(heard, phase=Phase.AWAY)
    return replace(heard, phase=Phase.PAUSED if level.paused else Phase.LISTENING)


def _is_waiting(scene: Scene) -> bool:
    """Whether nothing has been said so far."""
    return scene.waited_s == (scene.level.at_s if scene.level else 0.0)


def _lit(before: tuple[int, ...], coverage: Coverage) -> tuple[int, ...]:
    """Those lit before stay where they are; new ones come after them."""
    said = [n for n, point in enumerate(coverage.points) if point.status is not Status.MISSED]
    kept = [number for number in before if number in said]
    return (*kept, *(number for number in said if number not in kept))
