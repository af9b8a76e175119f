"""What speech recognition and typing do to a text: sound-alikes, split words, fillers, slips."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from random import Random

from jellyfish import metaphone

from sayback.scoring.tokens import is_content

FILLERS = ("um", "uh", "you know", "like", "I mean", "so", "er", "well", "okay", "hmm")
FILLER_SHARE = 0.06
JOINED_SHARE = 0.15
FEWEST_USES = 3
"""A word must be met so often to stand in for another: rare ones are slips themselves."""
_ALIKE = (
    ("ph", "f"), ("ck", "k"), ("c", "k"), ("tion", "shun"), ("th", "t"), ("qu", "kw"), ("s", "z"),
    ("ee", "ea"), ("ea", "ee"), ("y", "i"), ("ll", "l"), ("tt", "t"), ("v", "f"), ("d", "t"),
    ("b", "p"), ("g", "k"), ("e", "a"), ("i", "e"), ("o", "u"),
)  # fmt: skip


class Corruption:
    """Corrupts texts with the words of other texts that sound alike (same Metaphone code)."""

    def __init__(self, texts: Iterable[str]) -> None:
        uses = Counter(word for text in texts for word in re.findall("[a-z]+", text.lower()))
        self._by_sound: defaultdict[str, list[str]] = defaultdict(list)
        for word, count in sorted(uses.items()):
            if count >= FEWEST_USES and len(word) > 1:
                self._by_sound[metaphone(word)].append(word)

    def misheard(self, text: str, share: float, random: Random) -> str:
        """The text with a share of its content words misheard or joined, and with fillers."""
        heard: list[str] = []
        words = iter(text.split())
        for word in words:
            bare = re.sub(r"\W", "", word)
            if bare.isalpha() and is_content(bare.lower()) and random.random() < share:
                if random.random() < JOINED_SHARE:
                    heard.append(word + next(words, "").lower())
                else:
                    heard.append(self._sound_alike(bare.lower(), random))
            else:
                heard.append(word)
            if random.random() < FILLER_SHARE:
                heard.append(random.choice(FILLERS))
        return " ".join(heard)

    def _sound_alike(self, word: str, random: Random) -> str:
        others = [each for each in self._by_sound.get(metaphone(word), ()) if each != word]
        if others and random.random() < 0.6:
            return random.choice(others)
        if len(word) >= 5 and random.random() < 0.5:
            cut = random.randint(2, len(word) - 2)
            return " ".join(self._part(part, random) for part in (word[:cut], word[cut:]))
        spellings = [word.replace(old, new, 1) for old, new in _ALIKE if old in word]
        return random.choice(spellings) if spellings else word

    def _part(self, part: str, random: Random) -> str:
        short = [each for each in self._by_sound.get(metaphone(part), ()) if len(each) <= 5]
        return random.choice(short) if short else part


def with_fillers(text: str, random: Random) -> str:
    """The text with one to three fillers in it."""
    words = text.split()
    for _ in range(random.randint(1, 3)):
        words.insert(random.randint(0, len(words)), random.choice(FILLERS))
    return " ".join(words)


def mistyped(text: str, random: Random) -> str:
    """The text with a slip in about one of ten words: a letter lost, doubled or swapped."""
    words = text.split()
    for _ in range(1 + len(words) // 10):
        at = random.randrange(len(words)) if words else 0
        if words and len(words[at]) > 3:
            word = words[at]
            cut = random.randrange(1, len(word) - 1)
            lost, doubled = word[:cut] + word[cut + 1 :], word[:cut] + word[cut] + word[cut:]
            swapped = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
            words[at] = random.choice((lost, doubled, swapped))
    return " ".join(words)
