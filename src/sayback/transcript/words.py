"""From the pieces of text an engine times to the words of a transcript; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sayback.model import Transcript, Word

LEAD_S = 0.2
"""Silence in front of every window: without it a start in mid-sound loses its first sentence."""

LAST_MOMENT = 1500
"""Whisper writes moments as tokens, one every 0.02 s; this is the number of the one at 30 s."""

TEMPERATURES = (0.0, 0.2, 0.4)
"""Chance comes in only where the likeliest text repeats itself (compression ratio over 2.4)."""

LONGEST_WORD_S = 2.0
_SENTENCE_END = (".", "!", "?", "…")

_NO_SPEECH_PROBABILITY = 0.6
_LOW_LOG_PROBABILITY = -0.8


def is_invented(*, no_speech_probability: float, average_log_probability: float) -> bool:
    """Whether a segment is most likely text that Whisper made up where nobody spoke."""
    return (
        no_speech_probability > _NO_SPEECH_PROBABILITY
        and average_log_probability < _LOW_LOG_PROBABILITY
    )


def tidy_words(pieces: Iterable[Word], *, lead_s: float, duration_s: float) -> tuple[Word, ...]:
    """Whole words in ascending time inside 0 to `duration_s`, none longer than 2 s.

    `pieces` are as Whisper splits them: a piece without a leading space continues the word
    before it ("transformer", "-based"). `lead_s` is the silence that was put in front.
    """
    words: list[Word] = []
    earliest_s = 0.0
    for whole in _join_pieces(pieces):
        word = _fit(whole, lead_s=lead_s, earliest_s=earliest_s, latest_s=duration_s)
        words.append(word)
        earliest_s = word.end_s
    return tuple(words)


def window_transcript(words: tuple[Word, ...], *, engine: str, model: str) -> Transcript:
    """The transcript whose text is exactly its words with single spaces between them."""
    text = " ".join(word.text for word in words)
    return Transcript(text=text, words=words, engine=engine, model=model)


def _join_pieces(pieces: Iterable[Word]) -> Iterator[Word]:
    """Words without spaces; pieces that hold no letter or digit are no words and are left out."""
    pending: Word | None = None
    for piece in pieces:
        if pending is not None and not piece.text.startswith(" "):
            pending = Word(
                text=pending.text + piece.text,
                start_s=pending.start_s,
                end_s=piece.end_s,
                probability=min(pending.probability, piece.probability),
            )
            continue
        if pending is not None:
            yield from _spoken(pending)
        pending = piece
    if pending is not None:
        yield from _spoken(pending)


def _spoken(word: Word) -> Iterator[Word]:
    if any(character.isalnum() for character in word.text):
        yield replace(word, text=word.text.strip())


def _fit(word: Word, *, lead_s: float, earliest_s: float, latest_s: float) -> Word:
    start_s, end_s = word.start_s - lead_s, word.end_s - lead_s
    if end_s - start_s > LONGEST_WORD_S:
        # A pause hides in it: after the last word of a sentence, before any other word.
        if word.text.endswith(_SENTENCE_END):
            end_s = start_s + LONGEST_WORD_S
        else:
            start_s = end_s - LONGEST_WORD_S
    start_s = min(max(start_s, earliest_s), latest_s)
    return replace(word, start_s=start_s, end_s=min(max(end_s, start_s), latest_s))
