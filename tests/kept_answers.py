"""Answers in the history of a workspace, without the time that transcribing them would take."""

from __future__ import annotations

from pathlib import Path

import sayback
from sayback.bank.find import find
from sayback.bank.parse import read
from sayback.capture.audio_file import read_recording
from sayback.history.store import Store
from sayback.model import Attempt, Recording, Transcript, Word
from sayback.revision import keep
from sayback.scoring.scorecard import score
from sayback.workspace import Workspace

SAMPLE = Path(sayback.__file__).parent / "data" / "sample_answer.flac"
U_NET = "What is U-Net and when"
SAID = """
U-Net is a neural network that is mainly used for semantic segmentation, that means it gives a label
to every single pixel of an image. It has two halves, first there is an encoder, which shrinks the
image step by step and extracts features. After that, the second half brings the picture back up to
its original size, between the two halves there are skip connections. They carry fine detail from
the encoder over to the decoder. I would use it when I need to know exactly where something is, for
example to find a tumor in a medical scan."""


def words_over(text: str, recording: Recording) -> tuple[Word, ...]:
    """The words of a text spread evenly over the speech of a recording."""
    words, speech = text.split(), recording.speech
    step_s = (speech[-1].end_s - speech[0].start_s) / len(words)
    first_s = speech[0].start_s
    return tuple(
        Word(word, first_s + at * step_s, first_s + (at + 0.9) * step_s, 0.9)
        for at, word in enumerate(words)
    )


def keep_sample_answer(folder: Path, *, question: str = U_NET, said: str = SAID) -> Attempt:
    """The recorded sample answer, with words given, in the history of a workspace."""
    workspace = Workspace(folder)
    workspace.recordings.mkdir(parents=True, exist_ok=True)
    asked = find(read(workspace.questions).questions, question)
    recording = read_recording(SAMPLE)
    words = words_over(said, recording)
    transcript = Transcript(" ".join(said.split()), words, "faster-whisper", "base")
    with Store(workspace.recordings) as store:
        return keep(score(asked, transcript, recording), recording, workspace, store)
