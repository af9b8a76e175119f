"""How an answer was delivered: every measure is one function and one row in `measure`.

Times come from the speech detected in the audio, never from word times: those of Whisper begin
early and hide pauses inside long words. Rates say by which time they divide, because the same
answer differs twofold between definitions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from sayback.model import Fillers, Interval, Pace, Pauses, Recording, Transcript

PAUSE_S = 0.25
"""A silence is a pause from 250 ms (Goldman-Eisler 1968; De Jong & Bosker 2013)."""
SHORTEST_ON_TARGET = 0.5
LONGEST_ON_TARGET = 1.1
"""An answer is on target from half its target time to 10% above it: our choice, no standard."""

_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_FILLERS = {
    "um": r"u+mm*",
    "uh": r"u+h+",
    "er": r"erm?",
    "hmm": r"h+m+",
    "you know": r"you know(?=,)|(?<=, )you know(?! (?:what|how|why|that|the|a|if|when|where)\b)",
    "i mean": r"(?:^|(?<=[,.?!] ))i mean|i mean(?=,)",
    "like": r"(?<=, )like(?=,)",
    "sort of": r"(?<=, )sort of|sort of(?=,)",
    "kind of": r"(?<=, )kind of|kind of(?=,)",
}
_FILLER_PATTERNS = {
    name: re.compile(rf"(?<!\w)(?:{pattern})(?![\w-])", re.IGNORECASE)
    for name, pattern in _FILLERS.items()
}
_EXCEPTIONS = {
    "the": 1, "area": 3, "business": 2, "different": 2, "every": 2, "idea": 3, "ideas": 3,
    "people": 2, "real": 1, "really": 2, "something": 2, "sometimes": 2, "someone": 2,
    "therefore": 2, "evening": 2, "interesting": 3, "friend": 1, "ratio": 3, "hierarchy": 4,
    "baseline": 2, "framework": 2, "pipeline": 2, "timestamp": 2, "gan": 1, "vit": 1,
    "yolo": 2, "sql": 3, "relu": 2, "nuclear": 3, "quiet": 2, "science": 2, "sciences": 3,
    "scientific": 4, "poem": 2, "theorem": 3,
}  # fmt: skip
_NUMBER_WORDS = {
    "0": 2, "1": 1, "2": 1, "3": 1, "4": 1, "5": 1, "6": 1, "7": 2, "8": 1, "9": 1, "10": 1,
    "11": 3, "12": 1, "13": 2, "14": 2, "15": 2, "16": 2, "17": 3, "18": 2, "19": 2, "20": 2,
    "30": 2, "40": 2, "50": 2, "60": 2, "70": 3, "80": 2, "90": 2,
}  # fmt: skip
_SCALES = ((1_000_000, 2), (1000, 2), (100, 2))
_PART = re.compile(r"\d+|[A-Z]+(?=[A-Z][a-z]{2})|[A-Z]+s?(?![a-z'])|[^\W\d_][a-z'’]*|[^\W\d_]")
_VOWELS = re.compile(r"[aeiouyàâäáéèêëíîïóôöúûü]+")
_SPLIT_VOWELS = re.compile(
    r"(?<![tscx])i[ao]|iu|eo(?!u)|(?<![qg])ua|uou|[yeo]ing$|(?<=[a-z]{2})ier$|iest$|(?<![ct])ien|crea(?=t)"
    r"|(?<=[a-z]{2})near$|(?:th|s)m$"
    r"|(?:[aou]|(?<=[a-z])e)y[aeiou]"
)
_SILENT = re.compile(
    r"(?<![aeiouy])(?<![^aeiouylr]l)e$"
    r"|(?<![aeiouysxzcgtd])(?<![aeiouy]d)(?<!sh)(?<!ch)(?<![^aeiouylr]l)es$|(?<=[aeiouy][td])es$"
    r"|(?<![aeiouytd])(?<![^aeiouylr]l)ed$|(?<=[tvsgcrz])e(?=(?:ly|ful|less|ness|ment)s?$)"
)
_NEGATED = re.compile(r"n't$")
_ENDINGS = re.compile(r"'(?:s|re|ve|ll|d|m)$")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the measures are taken from: speech without the gaps that are no pauses, and words."""

    speech: tuple[Interval, ...]
    text: str
    target_s: float | None


def measure(recording: Recording, transcript: Transcript, target_s: float | None) -> Pace:
    """All measures of delivery; a recording without speech has none, and gives zeros."""
    answer = Answer(joined(recording.speech), transcript.text, target_s)
    return Pace(
        total_s=total_s(answer),
        response_latency_s=response_latency_s(answer),
        speaking_s=speaking_s(answer),
        speech_rate_wpm=speech_rate_wpm(answer),
        articulation_rate_wpm=articulation_rate_wpm(answer),
        articulation_rate_syllables_s=articulation_rate_syllables_s(answer),
        pauses=pauses(answer),
        fillers=fillers(answer),
        on_target=on_target(answer),
    )


def joined(speech: Sequence[Interval]) -> tuple[Interval, ...]:
    """Intervals in order, two with less than a pause between them being one."""
    merged: list[Interval] = []
    for each in sorted(speech, key=lambda interval: interval.start_s):
        if merged and each.start_s - merged[-1].end_s < PAUSE_S:
            last = merged.pop()
            each = Interval(last.start_s, max(last.end_s, each.end_s))
        merged.append(each)
    return tuple(merged)


def total_s(answer: Answer) -> float:
    """From the start of the recording to the end of the last speech.

    The silence after it is the recorder's, which waits to be sure that the answer is over.
    """
    return answer.speech[-1].end_s if answer.speech else 0.0


def response_latency_s(answer: Answer) -> float:
    """From the start of the recording, which is the end of the question, to the first speech."""
    return answer.speech[0].start_s if answer.speech else 0.0


def span_s(answer: Answer) -> float:
    """From the start of the first speech to the end of the last, pauses included."""
    return total_s(answer) - response_latency_s(answer)


def speaking_s(answer: Answer) -> float:
    """Phonation time: the sum of the speech; silences under 250 ms belong to it."""
    return sum(interval.duration_s for interval in answer.speech)


def speech_rate_wpm(answer: Answer) -> float:
    """Words a minute, pauses included: words / span.

    De Jong & Wempe (2009) divide by total time. We divide by the span of the answer, so that
    thinking before it is counted once, as response latency.
    """
    return _per(len(words(answer.text)), span_s(answer)) * 60


def articulation_rate_wpm(answer: Answer) -> float:
    """Words a minute of phonation time (De Jong & Wempe 2009, with words for syllables)."""
    return _per(len(words(answer.text)), speaking_s(answer)) * 60


def articulation_rate_syllables_s(answer: Answer) -> float:
    """Syllables a second of phonation time (De Jong & Wempe 2009), counted from the words."""
    return _per(sum(map(syllables, words(answer.text))), speaking_s(answer))


def pauses(answer: Answer) -> Pauses:
    """Silences of 250 ms or more between the first and the last speech.

    The median stands for their length, because lengths of pauses are log-normal.
    """
    lengths = [after.start_s - before.end_s for before, after in pairwise(answer.speech)]
    if not lengths:
        return Pauses(0, 0.0, 0.0, 0.0)
    return Pauses(len(lengths), median(lengths), max(lengths), sum(lengths))


def fillers(answer: Answer) -> Fillers:
    """Filler words in the transcript: at least so many, since Whisper leaves most of them out.

    Words with another use ("like", "you know", "sort of") count only where a comma sets them
    apart.
    """
    counts = {
        # "ER" in capitals is an abbreviation: an ER diagram is no hesitation.
        name: sum(not found.group().isupper() for found in pattern.finditer(answer.text))
        for name, pattern in _FILLER_PATTERNS.items()
    }
    by_word = {name: count for name, count in counts.items() if count}
    return Fillers(sum(by_word.values()), by_word)


def on_target(answer: Answer) -> bool | None:
    """Whether the span is between half the target time and 110% of it; None without a target."""
    if answer.target_s is None or not answer.speech:
        return None
    share = _per(span_s(answer), answer.target_s)
    return SHORTEST_ON_TARGET <= share <= LONGEST_ON_TARGET


def _per(amount: float, time_s: float) -> float:
    return amount / time_s if time_s > 0 else 0.0


def words(text: str) -> list[str]:
    """The words of a text as a speech rate counts them: fillers too, "U-Net" as one."""
    return _WORD.findall(text)


def syllables(word: str) -> int:
    """Syllables of an English word, estimated from its spelling; numbers and letters as read."""
    spoken = word.replace("’", "'")
    if spoken.casefold() in _EXCEPTIONS:
        return _EXCEPTIONS[spoken.casefold()]
    if "." in spoken.strip(".") and spoken.replace(".", "").isdecimal():
        return 1 + sum(map(_part_syllables, spoken.split(".", 1)))  # "point" is one more
    parts = _PART.findall(spoken.replace(",", ""))
    return max(1, sum(map(_part_syllables, parts)))


def _part_syllables(part: str) -> int:
    if part.isdecimal():
        return _number_syllables(int(part)) if len(part) < 8 else len(part)
    letters = part.removesuffix("s") if part[:-1].isupper() else part
    is_read_out = letters.isupper() and (len(letters) <= 3 or not _VOWELS.search(letters.lower()))
    if part.casefold() in _EXCEPTIONS:
        return _EXCEPTIONS[part.casefold()]
    if is_read_out or not _VOWELS.search(part.casefold()):
        return sum(3 if letter in "wW" else 1 for letter in letters if letter.isalpha())
    return _word_syllables(part.casefold())


def _number_syllables(number: int) -> int:
    """As read out: 255 is two hundred fifty five, a year is read as a number."""
    if str(number) in _NUMBER_WORDS:
        return _NUMBER_WORDS[str(number)]
    for size, own in _SCALES:
        if number >= size:
            rest = number % size
            return (
                _number_syllables(number // size) + own + (_number_syllables(rest) if rest else 0)
            )
    return _number_syllables(number - number % 10) + _number_syllables(number % 10)


def _word_syllables(word: str) -> int:
    bare = _ENDINGS.sub("", _NEGATED.sub("", word)).strip("'")
    count = len(_VOWELS.findall(bare))
    count += len(_SPLIT_VOWELS.findall(bare)) - len(_SILENT.findall(bare))
    # "didn't" and "could've" have a vowel that is not written, "don't" and "we've" have not.
    unwritten = word.endswith(("dn't", "sn't", "ven't", "d've", "t'll"))
    return max(1, count) + unwritten
