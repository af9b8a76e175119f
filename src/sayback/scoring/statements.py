"""Spoken text cut into short statements that can stand alone, in the speaker's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

LONGEST = 14
"""Words of a statement."""
FRAGMENT = 3
"""A part of fewer words is no statement; nor is one of under twice as many without a verb."""
LOOK_AHEAD = 60
"""Characters that hold the first words of what follows."""


def _any_of(*phrases: str) -> str:
    """A pattern of whole words for phrases, divided by bars."""
    return rf"(?<![\w'’-])(?:{'|'.join(phrases)})(?![\w'’-])"


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# What is taken out

_FILLER = _words(
    _any_of(
        "u+m+|u+h+|e+r+m?|e+h+m*|h+m+|a+h|o+h|yeah|okay|ok|basically|actually|honestly|literally",
        "you know(?! (?:what|how|why|that|if))|you see(?=,)|i mean|i said(?=,| okay)|let['’]s say",
        "as i said|like i said|to be honest|so to say|of course|obviously|i(?: would|['’]d) say",
        "i think(?! of| about)(?: that)?|i believe(?: that)?|i guess|i suppose|i must say",
        "in my opinion|sort of|kind of(?! \\w+s\\b)",
    )
)
_TAKEN_BACK = _words(
    r"(?<![^\s,.;!?])(?:[^\s,.;!?]+\s+){0,8}[^\s,.;!?]*[\s,]*"
    + _any_of("no,? sorry|sorry,? no|no,? wait|wait,? no|or rather|scratch that|i mean,? no")
    + r"[\s,]*"
)
_ASIDE = re.compile(r"\s?\([^()]*\)")
# A word begins with a letter and is of a length that exists: else a row of signs takes an age.
_WORD = r"\w[\w'’-]{0,40}"
_REPEATED = _words(
    rf"(?<![\w-])(?<!\w['’])((?:{_WORD}\s+){{0,2}}{_WORD})(?:[\s,…-]+\1(?![\w'’-]))+"
)
_LINE_ENDS = re.compile(r"\s*\n\s*|\r")
_COMMAS = re.compile(r"(?:(?<=\S),|\s,)(?:\s?,)+\s?")
_SPACES = re.compile(r"[^\S\n]+")
_SPARE_SIGN = _words(
    r"(?<=\band),|(?<=\bbut),|(?<=\bso),|(?<=[,.;:!?…])\s*[,;:]+|\s+(?=[,.;:!?])|^[\s,;:]+"
)
_STRESS = _words(r"\s(?:really|very|just|simply|quite|also)\b")
_LEAD = _words(
    r"\A(?:[\s,.:…-]++|(?:"
    r"and|but|or|because|since|well|now|plus|also|then|yes|anyway|normally|usually|mostly"
    r"|so(?! that (?:it|i|we|you|they|the|a)\b| much\b| many\b| far\b)"
    r"|(?:no|right|like|sure|(?:the )?(?:first|second|third|next))(?=,)"
    r"|firstly|secondly|thirdly|finally|lastly|first of all|at first|at the end|in the end"
    r"|after that|for example|for instance|(?:this|that|it|which) means(?: that)?"
    r"|(?:that['’]s|this is|that is) why|it is important (?:that|to)"
    r"|the (?:thing|point) is(?: that)?"
    r"|the (?:first|second|third|main|other|next|last|most important)"
    r"(?: one| thing| point| part| reason)? (?:is|was)(?: that)?"
    r"|what (?:i|we|you) (?:do|did) (?:is|was))(?![\w'’-]))+"
)
_TAIL = _words(
    r"(?:[\s,.:;!…-]++|(?<=\s)(?:too|as well|right|and so on|etc|or so|or something(?: like that)?"
    r"|and stuff|and things|though|anyway|for example|for instance|yes|in the end))+$"
)
_DANGLING = _words(
    r"(?:\s+(?:and|but|so|or|because|which|that|the|a|an|of|to|is|are|was|with|for|in|by|from|at"
    r"|on|then|there|like|if|when|where|it's|it is|it was|i|we|they|my|your|our|their|its|this"
    r"|also|these|not|over|up|who|how|what|than|i think))+$"
)

# Where to cut

_SENTENCE = _words(r"(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<=[.!?…])[\"”')\]]*\s+|\n+|\s*;\s*")
_SIGN = re.compile(r",(?!\d)\s*|:\s+|\s+[-–—]+\s+")
_OPENER = _words(
    r"\s+(?=(?:and|but|so|then|because|since|which|while|whereas|although|unless|after that"
    r"|at the end|in the end|finally|for example)\s)"
)
_SUBJECT = _words(
    r"\s+(?=(?:i|we|you|it|they|he|she|there|this)(?:['’]\w+)?"
    r"\s(?!(?:and|or|but|to|with|for|in|at|as|from|by|on|of)\b))"
)
_BINDS = _words(
    r"\b(?:that|which|if|when|what|how|where|why|as|than|whether|until|before|after|once|the|a|of"
    r"|to|do|did|are|is|was|were|with|for|in|on|by|from|not|like|think|know|say|said|mean|see|and"
    r"|but|so|then|because|since|while|whereas|although|unless|or|also|maybe|even)$"
)
_PREPOSITION = _words(
    r"\s+(?=(?:from|with|for|in|by|into|at|on|over|under|than|where|when|if|like|until|as|without"
    r"|instead|after|before|during|and|which|because|so)\s)"
)

# What belongs together

_DEPENDS = _words(
    r"(?:because|since|which|so that|unless|although|whereas|while|when|if|to|that|with|than|from"
    r"|where|in|for|by|into|as|instead|not|without|at|of|on|until|who|especially|even|has|have|had"
    r"|is|are|was|were|can|could|will|would|should|does|did)\b"
)
_TURNS = _words(r"(?:but|so|then|while|whereas)\b")
_IS_CLAUSE = _words(
    r"\b(?:i|we|you|it|they|he|she|there|this|that|who|is|are|was|were|has|have|had|can|could|will"
    r"|would|should|must|does|do|did|\w+n['’]t|\w+['’](?:m|re|ve|ll|d|s))\b"
)
_ABOUT_TALKING = _words(
    _any_of(
        "let me|where was i|what was i|good question|one by one|imagine|believe me|what else",
        "i (?:do not|don['’]t) (?:really )?(?:know|recall|remember)|i forg[eo]t|you asked",
        "i (?:can ?not|can['’]t|could not|couldn['’]t) remember",
        "how (?:do|would|can|should) (?:you|i|we) (?:say|put|explain)",
        "i don['’]t want to (?:say|talk)|i(?: am|['’]m) not (?:\\w+ )?sure",
        "what(?: is|['’]s| was) (?:it|the word|that)(?: called)?|what can i say|what do you take",
        "i(?: will|['’]ll|['’]d like to| would like to| want to| can)"
        " (?:start|begin|explain|talk|tell|say|give|mention)",
        "(?:that|this)(?: is|['’]s| was) (?:all|it|my answer|about it|how i see it|a good one)",
        "does (?:that|it|this) (?:make sense|answer)|i hope|thank you|thanks|sorry|to answer",
        "(?:your|the) question(?: is| was)?|come back to|coming back|as you (?:know|see)",
    )
)


def statements(said: str) -> Iterator[str]:
    """The statements of an answer in order: at most 14 words, without fillers and restarts.

    Questions and sentences about the talking itself are left out.
    """
    for sentence in _SENTENCE.split(_fluent(said)):
        if sentence.rstrip().endswith("?"):
            continue
        for clause in _clauses(sentence):
            text = _shortened(_trimmed(clause))
            is_whole = clause == sentence and _count(text) >= FRAGMENT
            if (is_whole or not _is_fragment(text)) and not _ABOUT_TALKING.search(text):
                yield text


def _fluent(said: str) -> str:
    """The text without fillers, asides, what was taken back, and words said twice."""
    text = _COMMAS.sub(", ", _SPACES.sub(" ", _LINE_ENDS.sub("\n", said)))
    text = _FILLER.sub(" ", _TAKEN_BACK.sub(" ", _ASIDE.sub("", text)))
    text = _once(_SPACES.sub(" ", text))
    return _SPARE_SIGN.sub("", _SPACES.sub(" ", text))


def _once(text: str) -> str:
    """The text without words said twice in a row, and those that then are said twice in a row."""
    return _REPEATED.sub(r"\1", _REPEATED.sub(r"\1", text))


def _clauses(sentence: str) -> Iterator[str]:
    """A sentence as it is where it is short, else cut at its signs and before its clauses."""
    if _count(_trimmed(sentence)) <= LONGEST:
        yield sentence
        return
    parts = list(_parts(sentence))
    start, end = parts[0]
    for following in parts[1:]:
        if _belong(sentence[start:end], sentence[slice(*following)]):
            end = following[1]
        else:
            yield sentence[start:end]
            start, end = following
    yield sentence[start:end]


def _parts(sentence: str) -> Iterator[tuple[int, int]]:
    """Beginnings and ends of the smallest parts; together they are the sentence."""
    edges = [0, *(found.end() for found in _SIGN.finditer(sentence)), len(sentence)]
    for start, end in pairwise(edges):
        for longer in _cut(sentence, start, end, before=_OPENER, longest=2 * FRAGMENT):
            yield from _cut(sentence, *longer, before=_SUBJECT, longest=LONGEST + FRAGMENT)


def _cut(
    sentence: str, start: int, end: int, *, before: re.Pattern[str], longest: int
) -> Iterator[tuple[int, int]]:
    """A part of a sentence, cut before what opens a clause where it has more than some words."""
    if _count(sentence[start:end]) > longest:
        for found in before.finditer(sentence, start, end):
            left = sentence[start : found.start()]
            right = sentence[found.end() : min(end, found.end() + LOOK_AHEAD)]
            if min(_count(left), _count(right)) > FRAGMENT and not _BINDS.search(left):
                yield start, found.end()
                start = found.end()
    yield start, end


def _belong(before: str, after: str) -> bool:
    """Whether two neighbouring parts are one: a fragment, or a clause that depends on the other."""
    count = _count(before) + _count(after)
    if _is_fragment(before) and _IS_CLAUSE.search(after):
        return count <= LONGEST + 2 * FRAGMENT
    if _is_fragment(before) or _DEPENDS.match(after):
        return count <= LONGEST
    return count <= LONGEST and _is_fragment(after) and not _TURNS.match(after)


def _is_fragment(text: str) -> bool:
    """Whether a text is too little for a statement."""
    count = _count(text)
    if count <= 2 * FRAGMENT and _DEPENDS.match(text.strip()):
        return True
    return count < FRAGMENT or (count < 2 * FRAGMENT and not _IS_CLAUSE.search(text))


def _shortened(text: str) -> str:
    """The text where it is short, else without what weighs least; nothing where that is not clear.

    Without stress ("really"), else without what introduces a statement ("I saw that"), else
    without its end.
    """
    if _count(text) <= LONGEST:
        return text
    text = _once(_STRESS.sub("", text))
    stated = text.rpartition(" that ")[2]
    if _count(text) <= LONGEST or 2 * FRAGMENT <= _count(stated) <= LONGEST:
        return text if _count(text) <= LONGEST else stated
    head = " ".join(text.split()[: LONGEST + 1]) + " "
    cuts = (_DANGLING.sub("", head[: found.start()]) for found in _PREPOSITION.finditer(head))
    short = [cut for cut in cuts if FRAGMENT < _count(cut) <= LONGEST]
    return _trimmed(short[-1]) if short else ""


def _trimmed(text: str) -> str:
    """The text without what only leads in or trails off."""
    return _TAIL.sub("", _LEAD.sub("", f"{text} ").strip()).strip(" \"'“”()[]")


def _count(text: str) -> int:
    return len(text.split())
