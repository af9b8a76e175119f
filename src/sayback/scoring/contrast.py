"""What a passage says instead of a fact: opposites, exchanged words, another thing asked about."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, pairwise, takewhile

from sayback.scoring.opposites import are_opposite, candidates
from sayback.scoring.passages import Passage
from sayback.scoring.tokens import Token, is_content, negated_positions
from sayback.scoring.words import COMMON_WEIGHT, Heard, Match, compounds, stem, weight

DIRECTED = frozenset(
    ("above", "after", "before", "behind", "below", "by", "from", "into", "over", "than", "under")
)
"""Words that say something else when what stands before them and after them is exchanged."""
REACH = 3
"""Tokens after such a word, of which it governs the first content word."""
FAR = 6
"""Tokens before "than" among which "more" or "less" is, and before "to" for "from"."""
_LESS = frozenset(("fewer", "less"))
_AMOUNTS = _LESS | {"more"}
"""The nearest before "than" tells which way it compares; pairs such as "faster" are opposites."""
_SETTING_ASIDE = frozenset(
    ("against", "avoid", "avoids", "compared", "contrast", "far", "from", "instead", "prevent",
     "prevents", "than", "unlike", "without")
)  # fmt: skip
"""What stands within REACH after these is not what the passage is about ("unlike SGD")."""
_COMPARING = frozenset(
    ("better", "between", "choose", "chose", "compare", "comparison", "differ", "difference",
     "differences", "different", "differs", "distinguish", "or", "over", "prefer", "rather",
     "than", "versus", "vs", "worse")
)  # fmt: skip
"""A question with none of these may compare nothing ("load, clean and store")."""
_JOINING = frozenset(("and", "or", "over", "than", "versus", "vs"))
_BETWEEN = frozenset(("a", "an", "the", "differ", "differs", "different"))
"""Words that may stand between two things beside a joining one ("a list and a tuple")."""
_APART = frozenset(
    ("down", "inter", "intra", "non", "off", "on", "over", "post", "pre", "sub", "super", "under",
     "up")
)  # fmt: skip
"""Prefixes that are written as a word of their own at times ("under fit")."""
_PRONOUNS = ("it", "that", "them", "they", "this")
_OTHER_STATE = {"on": "off", "off": "on"}
_STATES = frozenset(
    ("are", "aren't", "be", "been", "being", "is", "isn't", "keep", "keeps", "kept", "remain",
     "remains", "stay", "stayed", "stays", "switched", "turned", "was", "wasn't", "were", "weren't")
)  # fmt: skip
"""Verbs after which something is on or off."""
_DENYING = frozenset(("never", "not"))
_AFTER_VERB = _DENYING | {"also", "always", "just", "only", "still", "then"}
"""Words that may stand between such a verb and "on"."""
_AFTER_STATE = frozenset(
    ("after", "all", "also", "always", "and", "at", "before", "but", "by", "during", "for", "if",
     "in", "then", "too", "until", "when", "while")
)  # fmt: skip
"""Words with which another part begins after "is on"."""

Sides = tuple[str, set[str], tuple[str, ...]]
"""A directed word ("than-" for that of "less than"), the stems of the content words before it (of
"to" from its "from" on), and those of REACH tokens after it that are not before it too: the first
is what it governs."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """The positions of what a fact has, and those of what excludes it, in order."""

    own: Sequence[int]
    other: Sequence[int]

    def is_told(
        self,
        phrases: Sequence[Sequence[Passage]],
        said: Sequence[int],
        referring: Sequence[int],
    ) -> bool:
        """Whether what excludes the fact's own word is joined to other words of the fact.

        In a clause, or in one before it in the same phrase, as what it is about ("and ice, well,
        that sinks"), but not in an aside ("Augustus, the son of Caesar, ..."). Not so where the
        fact's own word is joined to others of it, or to a pronoun.
        `phrases` are in clauses, `said` the positions of all words of the fact, `referring` those
        of pronouns. Where the clauses have no other words of the fact, its own word decides.
        """
        has_own = has_other = has_rest = is_joined = False
        for phrase in phrases:
            is_own = is_other = False
            for clause in phrase:
                own, other = _within(self.own, clause), _within(self.other, clause)
                rest = _within(said, clause) - own - other
                refers = _within(referring, clause)
                if own and refers:
                    return False
                is_aside = is_own and not own and not rest and len(clause) > len(other) > 0
                if is_aside:  # "A, the son of B, did it", but not in a list of names
                    continue
                if refers and rest and other and min(refers) < min(rest) <= max(rest) < min(other):
                    continue  # "it did that and B ..."
                if own or other:  # else the clause goes on about the same
                    is_own, is_other = bool(own), bool(other)
                    has_own, has_other = has_own or is_own, has_other or is_other
                if rest:
                    if is_own:
                        return False
                    has_rest = True
                    is_joined = is_joined or is_other
        return is_joined or (has_other and not has_own and not has_rest)


def _within(positions: Sequence[int], passage: Passage) -> set[int]:
    first = bisect_left(positions, passage.first)
    return {*positions[first : bisect_right(positions, passage.last)]}


def opposites_said(
    tokens: Sequence[Token], matches: Sequence[Match], heard: Heard
) -> tuple[Contrast, ...]:
    """The words of a fact whose opposites were said, denied or not as in the fact."""
    denied = negated_positions(tokens)
    meant = {stem(each.key) for each in tokens}
    meant |= {one.key + two.key for one, two in pairwise(tokens)}  # "non-maximum"
    matched = {each.unit.stem: each.positions for each in matches}
    words = {each.key: at in denied for at, each in enumerate(tokens) if is_content(each.key)}
    found = []
    for word, is_denied in words.items():
        if other := sorted(_opposed_to(word, heard, meant, is_denied=is_denied)):
            # The opposite of an opposite stands for the word itself: "large" for "big".
            instead = {heard.tokens[at].key for at in other} - {word}
            alike = (_opposed_to(each, heard, (), is_denied=is_denied) for each in instead)
            own = {*matched.get(stem(word), ()), *chain(*alike)}
            found.append(Contrast(sorted(own.difference(other)), other))
    if state := _state(tokens):
        opposite = _states_in(heard, _OTHER_STATE[state])
        same = {*_states_in(heard, state), *heard.spellings.get(state, ())}
        found.append(Contrast(sorted(same.difference(opposite)), opposite))
    return tuple(found)


def _opposed_to(
    word: str, heard: Heard, meant: Collection[str], *, is_denied: bool
) -> Iterator[int]:
    """Where opposites of a word were said, but for those that are meant; denied or affirmed."""
    for opposite, affirmed_at, denied_at in _opposites_of(word, heard):
        if opposite not in meant:
            yield from denied_at if is_denied else affirmed_at


def _state(tokens: Sequence[Token]) -> str:
    """What something is in a fact, "on" or "off"; empty where it is neither or both."""
    named = _OTHER_STATE.keys() & {token.key for token in tokens}
    found = {state for _, state in _states(tokens)}
    return found.pop() if len(named) == len(found) == 1 else ""


@lru_cache(maxsize=16)  # the same for all facts of a question
def _states_in(heard: Heard, state: str) -> tuple[int, ...]:
    return tuple(at for at, each in _states(heard.tokens) if each == state)


def _states(tokens: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """Where something is "on" or "off": after a verb of state, and before no noun."""
    for at, token in enumerate(tokens):
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if token.key in _OTHER_STATE and (
            following is None or following.opens or following.key in _AFTER_STATE
        ):
            between = [*takewhile(_AFTER_VERB.__contains__, keys_before(at, tokens))]
            verb = next(islice(keys_before(at, tokens), len(between), None), "")
            if verb in _STATES:
                is_denied = verb.endswith("n't") or not _DENYING.isdisjoint(between)
                yield at, _OTHER_STATE[token.key] if is_denied else token.key


@lru_cache(maxsize=16)  # the same for all facts of a question
def pronouns(heard: Heard) -> tuple[int, ...]:
    """Where a text has words that stand for what was named before."""
    return tuple(sorted(chain(*(heard.spellings.get(each, ()) for each in _PRONOUNS))))


@lru_cache(maxsize=256)  # the words of the facts of a question; each entry keeps its answer
def _opposites_of(word: str, heard: Heard) -> tuple[tuple[str, list[int], list[int]], ...]:
    """Each opposite of a word that was said, and where it was affirmed, and where denied."""
    found = []
    among = candidates(word)
    for opposite in (among & heard.stems.keys()) | (among & heard.joints.keys()):
        written = {at: heard.tokens[at].key for at in heard.stems.get(opposite, ())}
        written |= dict.fromkeys(_apart(opposite, heard), opposite)
        places = [at for at in _about(written, heard) if are_opposite(word, written[at])]
        if places:
            affirmed = [at for at in places if at not in heard.negated]
            found.append((opposite, affirmed, [at for at in places if at in heard.negated]))
    return tuple(found)


def _apart(word: str, heard: Heard) -> Iterator[int]:
    """Where a word was said as two, of which the first is a prefix ("under fit")."""
    for at in heard.joints.get(word, ()):
        two = [token.key for token in heard.tokens[at : at + 2]]
        if two[0] in _APART and "".join(two) == word:
            yield from (at, at + 1)


def keys_before(at: int, tokens: Sequence[Token], reach: int = REACH) -> Iterator[str]:
    """The keys of so many tokens before a position, the nearest first."""
    return (each.key for each in reversed(tokens[max(at - reach, 0) : at]))


def _about(positions: Iterable[int], heard: Heard) -> Iterator[int]:
    """Those of the positions that are not set aside ("than ice", "unlike ice")."""
    for at in positions:
        if _SETTING_ASIDE.isdisjoint(keys_before(at, heard.tokens)):
            yield at


def are_exchanged(fact: Sequence[Sides], passage: Sequence[Token]) -> bool:
    """Whether two words of a fact have changed places ("warmer than ice", "ice is warmer than").

    Not so where the passage has the fact's word behind its directed word too, or the fact that of
    the passage.
    """
    if not fact:
        return False
    theirs = list(sides(passage))
    said = {stem(each.key) for each in passage}
    meant = {(word, after) for word, _, following in fact for after in following}
    kept = {(word, after) for word, _, following in theirs for after in following}
    return any(
        word == directed
        and after in said
        and (directed, after) not in kept
        and instead in before - others
        and (word, instead) not in meant
        for word, others, (instead, *_) in theirs
        for directed, before, (after, *_) in fact
    )


def sides(tokens: Sequence[Token]) -> Iterator[Sides]:
    """The directed words of a text, with what stands on both sides of each."""
    stems = [stem(each.key) if is_content(each.key) else "" for each in tokens]
    for at, token in enumerate(tokens):
        if token.key not in DIRECTED and token.key != "to":
            continue
        origin, near = 0, [*keys_before(at, tokens, FAR)]
        if token.key == "to":
            if "from" not in near:
                continue
            origin = at - 1 - near.index("from")
        before = {*stems[origin:at]} - {""}
        following = tuple(
            each for each in stems[at + 1 : at + 1 + REACH] if each and each not in before
        )
        amounts = (key for key in near if key in _AMOUNTS)
        is_less = token.key == "than" and next(amounts, "") in _LESS
        if following:
            yield token.key + "-" * is_less, before, following


def rivals_said(
    matches: Sequence[Match],
    heard: Heard,
    question: Heard,
    point: Collection[str],
    subjects: Collection[str],
) -> tuple[Contrast, ...]:
    """What a fact is about of things that the question compares, against the others of them.

    It compares things in words such as "or", and those that it lists where facts begin with several
    of them: these are the `subjects`. A fact that names none of them is about what its `point`
    names (both as stems). Where no word compares, or the fact names none, what it is about must
    have been said: it may have been misheard, and then all would be told of another thing.
    """
    stems = {each.unit.stem for each in matches}
    compares = not _COMPARING.isdisjoint(token.key for token in question.tokens)
    found = []
    for group in _listed(question):
        if not compares and len(group.intersection(subjects)) < 2:
            continue
        named = group & stems
        about = named or group.intersection(point)
        own = {at for each in matches if each.unit.stem in group for at in each.positions}
        own.update(_places(about, heard))
        other = {*_about(_places(group - about, heard), heard)} - own - heard.negated
        if about and other and (own or (compares and named)):
            found.append(Contrast(sorted(own), sorted(other)))
    return tuple(found)


def _places(stems: Iterable[str], heard: Heard) -> Iterator[int]:
    for each in stems:
        yield from chain(heard.stems.get(each, ()), heard.joints.get(each, ()))


@lru_cache(maxsize=16)  # the same for all facts of a question
def _listed(question: Heard) -> tuple[frozenset[str], ...]:
    """The stems of things that stand beside each other ("Adam or SGD", "a list and a tuple")."""
    keys = [token.key for token in question.tokens]
    times = Counter(map(stem, keys))
    groups: list[set[str]] = []
    previous, is_joined = "", False
    read = compounds(question.tokens)
    for (key, first, _), (following, _, _) in pairwise([*read, ("", 0, 0)]):
        joins = key in _JOINING or (key == "from" and keys[first - 1].startswith("differ"))
        is_joined = is_joined or joins or question.tokens[first].opens
        if joins or key in _BETWEEN or following == "than":  # "faster than" is no thing
            continue
        if is_content(key) and len(key) > 1 and weight(key) > COMMON_WEIGHT:
            word = stem(key)
            if is_joined and previous:
                if not (groups and previous in groups[-1]):
                    groups.append({previous})
                groups[-1].add(word)
            previous, is_joined = word, False
        else:
            previous = ""
    # A word that is in several of them tells none from the others ("batch norm or layer norm").
    single = ({word for word in group if times[word] < 2} for group in groups)
    return tuple(frozenset(each) for each in single if len(each) > 1)
