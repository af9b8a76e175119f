"""What happens to a recorded answer afterwards: scored, kept, corrected, key points drafted.

Where the stations meet without anybody speaking; `session.py` is where somebody does.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sayback.bank.edit import Edit, insert_key_points, undo
from sayback.capture.audio_file import read_recording, sound_of
from sayback.errors import BankError, EditGone, HistoryError, WorkspaceError, reason
from sayback.history.edits import forget_edit, keep_edit, last_edit
from sayback.history.store import Store
from sayback.model import (
    Attempt,
    Correction,
    Ending,
    Question,
    Recording,
    Scorecard,
    Transcript,
    WordCorrection,
)
from sayback.scoring.corrections import is_heard
from sayback.scoring.draft import draft
from sayback.scoring.scorecard import SCORER_VERSION, score
from sayback.transcript.recording import transcribe_recording
from sayback.transcript.transcriber import Transcriber
from sayback.workspace import Workspace


def assess(question: Question, recording: Recording, transcriber: Transcriber) -> Scorecard:
    """Transcribe and score a recording that is on disk. Raises SaybackError."""
    return score(question, _words_of(recording, transcriber), recording)


def _words_of(recording: Recording, transcriber: Transcriber) -> Transcript:
    sound = sound_of(recording.path)
    return transcribe_recording(transcriber, sound.part, sound.duration_s, recording.speech)


def keep(scorecard: Scorecard, recording: Recording, workspace: Workspace, store: Store) -> Attempt:
    """Copy a scored recording into the workspace and add it to the history.

    Raises WorkspaceError or HistoryError.
    """
    question = scorecard.question
    path = workspace.new_recording(question.id, recording.started_at, suffix=recording.path.suffix)
    try:
        shutil.copyfile(recording.path, path)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise WorkspaceError(
            f"{recording.path}: cannot be copied to {workspace.recordings} ({reason(error)})",
            "make room, or choose another folder with --workspace",
        ) from error
    try:
        with store.transaction():  # all of it, or it would be there twice after another try
            attempt_id = store.begin(question, path, recording.started_at)
            store.heard(attempt_id, replace(recording, path=path))
            store.scored(attempt_id, scorecard)
    except HistoryError:
        path.unlink(missing_ok=True)
        raise
    return store.attempt(attempt_id)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an attempt may score otherwise now; `rehear` where its words have to be heard again."""

    text: str
    rehear: bool = False


def why_rescore(
    attempt: Attempt, question: Question, engine: str | None, model: str
) -> tuple[Reason, ...]:
    """What has changed since an attempt was scored; nothing where the score stands.

    `question` is as the bank has it now; `engine` and `model` are what it is to be transcribed
    by: without an engine whatever transcribed it will do.
    """
    card = attempt.scorecard
    if card is None:
        return (Reason("not scored yet", rehear=True),)
    heard = card.transcript
    changes = {
        f"scorer {card.scorer_version} → {SCORER_VERSION}": card.scorer_version != SCORER_VERSION,
        "question reworded": card.question.text != question.text,
        "key points changed": card.question.key_points != question.key_points,
        "target changed": card.question.target_s != question.target_s,
    }
    reasons = [Reason(text) for text, is_so in changes.items() if is_so]
    if engine and heard.engine and (heard.engine, heard.model) != (engine, model):
        text = f"{heard.engine} {heard.model} → {engine} {model}"
        reasons.insert(0, Reason(text, rehear=True))
    return tuple(reasons)


def rescore(
    attempt: Attempt, question: Question, store: Store, transcriber: Transcriber | None
) -> Scorecard:
    """Score a kept attempt again, or for the first time where it was interrupted.

    Without a transcriber the words that were heard are scored again, which an attempt that was
    never transcribed has not. What the person corrected stays corrected. Raises SaybackError.
    """
    recording = attempt.recording
    if recording is None:
        found = read_recording(attempt.audio, ending=Ending.INTERRUPTED)
        recording = replace(found, started_at=attempt.asked_at)
        store.heard(attempt.id, recording)
    if transcriber is None:
        transcript = _scorecard_of(attempt).transcript
    else:
        transcript = _words_of(recording, transcriber)
    while True:  # until nobody has corrected anything in between
        corrections = store.corrections(attempt.id)
        scorecard = score(question, transcript, recording, corrections)
        if store.scored(attempt.id, scorecard, knows=len(corrections)):
            return scorecard


def correct(attempt: Attempt, correction: Correction, store: Store) -> Scorecard:
    """Keep a person's correction and the score that follows from it; earlier scores stay.

    Raises HistoryError, with nothing kept, also for an attempt that was not scored yet or has no
    such word or key point.
    """
    while True:  # until nobody has corrected anything in between
        before = _scorecard_of(attempt)
        _check(correction, attempt.id, before)
        earlier = store.corrections(attempt.id)
        corrections = (*earlier, correction)
        scorecard = score(before.question, before.transcript, attempt.recording, corrections)
        if store.scored(attempt.id, scorecard, correction, knows=len(earlier)):
            return scorecard
        attempt = store.attempt(attempt.id)


def _check(correction: Correction, attempt_id: int, scorecard: Scorecard) -> None:
    if isinstance(correction, WordCorrection):
        what = f"'{correction.heard}' was not heard at {correction.start_s:.1f} s"
        is_known = is_heard(correction, scorecard.transcript)
    else:
        what = f"no key point '{correction.point}'"
        points = scorecard.coverage.points if scorecard.coverage else ()
        is_known = any(point.text == correction.point for point in points)
    if not is_known:
        raise HistoryError(
            f"attempt {attempt_id}: {what}", f"see it as it is now with `sayback show {attempt_id}`"
        )


def _scorecard_of(attempt: Attempt) -> Scorecard:
    if attempt.scorecard is None:
        raise HistoryError(
            f"attempt {attempt.id}: not scored yet", f"score it with `sayback rescore {attempt.id}`"
        )
    return attempt.scorecard


# Key points drafted from an answer


@dataclass(frozen=True, slots=True)
class Draft:
    """Key points proposed for a question from an answer to it."""

    question: Question
    attempt_id: int
    points: tuple[str, ...]


def draft_from(attempt: Attempt, question: Question) -> Draft:
    """What an answer would add to the key points of its question as the bank has it now.

    Raises HistoryError where it was not scored.
    """
    return Draft(question, attempt.id, draft(question, _scorecard_of(attempt).transcript))


def best_attempt(question_id: str, store: Store) -> Attempt | None:
    """The attempt at a question that covers most, of those that cover alike the longest.

    None where none was scored.
    """
    scored = [each for each in store.summaries(question_id) if each.scored]
    if not scored:
        return None
    best = max(scored, key=lambda each: (each.coverage or 0.0, each.speaking_s or 0.0))
    return store.attempt(best.id)


def accept(
    question: Question, points: Iterable[str], bank: Path, store: Store, attempt_id: int
) -> Edit:
    """Write key points drafted from an attempt into the bank, and remember it for `take_back`.

    Those that it has already are left out. Raises BankError or HistoryError, with nothing written.
    """
    known = {point.text.casefold() for point in question.key_points}
    new = {point.casefold(): point for point in points if point.casefold() not in known}
    if not new:
        raise BankError(f"{question.text}: has these key points already", "edit them in the bank")
    edit = insert_key_points(bank, question.id, tuple(new.values()))
    try:
        keep_edit(store, edit.file, edit.position, edit.inserted, attempt_id)
    except HistoryError:
        undo(edit)
        raise
    return edit


def take_back(store: Store) -> Edit:
    """Take the key points that were accepted last out of the bank again.

    Raises BankError; where they were changed by hand since, that edit is forgotten.
    """
    last = last_edit(store)
    if last is None:
        raise BankError("nothing to take back", "accept key points with `sayback draft` first")
    number, file, position, inserted = last
    edit = Edit(file, position, inserted)
    try:
        undo(edit)
    except EditGone:
        forget_edit(store, number)
        raise
    forget_edit(store, number)
    return edit
