"""What `show` says of an attempt without a score, or without its recording."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sayback.capture.wave_file import WaveFile
from sayback.history.store import FILE_NAME, Store
from sayback.model import Ending, Question, Recording, Scorecard, Transcript
from sayback.views.cli import commands
from sayback.views.output import finish_deletion

QUESTION = Question("What is dropout?", "what-is-dropout")
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "recordings") as opened:
        opened.begin(QUESTION, opened.path.parent / "0.wav", AT)
        yield opened


def shown(store: Store) -> str:
    workspace = store.path.parent.parent
    done = CliRunner().invoke(commands, ["show", "1", "--workspace", str(workspace)])
    return str(done.exception) if done.exception else done.output


def test_an_answer_that_is_being_given_is_not_called_interrupted(store: Store) -> None:
    with WaveFile(store.attempt(1).audio) as file:
        file.append(np.zeros(16_000, np.int16))
        assert "attempt 1: being given, or scored, at this moment; " in shown(store)
    assert "attempt 1: not scored, interrupted; " in shown(store)


@pytest.mark.parametrize(
    ("ending", "why"),
    [
        (Ending.KEY, ""),
        (Ending.INTERRUPTED, ", interrupted"),
        (Ending.SET_ASIDE, ", you went on without it"),
    ],
)
def test_why_it_is_not_scored_is_told_only_where_it_is_known(
    store: Store, ending: Ending, why: str
) -> None:
    store.heard(1, Recording(store.audio(1), 16_000, AT, 1.0, (), ending))
    assert shown(store) == f"attempt 1: not scored{why}; score it with `sayback rescore 1`"


def test_a_recording_that_is_missing_is_said_to_be(store: Store) -> None:
    store.scored(1, Scorecard(QUESTION, Transcript("It drops units."), None, None, "1"))
    assert shown(store).endswith("0.wav, which is missing\n")
    store.audio(1).touch()
    assert shown(store).endswith("0.wav\n")


def test_a_deletion_that_is_finished_names_what_holds_words_still(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "An encoder halves the image, a decoder brings it back to its size. "
    store.scored(1, Scorecard(QUESTION, Transcript(3 * said), None, None, "1"))
    broken = store.path.with_name(f"{FILE_NAME}.version-1")
    broken.write_bytes(b"no database " * 100)
    kept = store.path.with_name(f"{FILE_NAME}.damaged-2026-03-01_09-00-00")
    kept.write_text(3 * said)
    workspace = str(store.path.parent.parent)
    CliRunner().invoke(commands, ["delete", "1", "--yes", "--workspace", workspace])
    broken.unlink()
    finish_deletion(store.path.parent)
    finished, left = capsys.readouterr().err.splitlines()
    assert finished.startswith("An interrupted deletion is finished. Deleted 1 answer: ")
    assert left.startswith(f"sayback: {kept.name}: still holds words of a deleted answer")
