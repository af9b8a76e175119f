"""The transcript of an answer that goes on: quick drafts at once, windows for good when closed.

Two kinds of work. A *quick* transcription of the last seconds gives captions, and a first result
when the answer ends right after a word. Windows in *full* quality are those that `plan_windows`
cuts, so that the final transcript is the one that the whole file gives. Full work begins when a
window is closed, or in a pause that may be the end. A window that failed is tried once more when
the answer is over. `LiveTranscript` decides what to do next and keeps the results; the lanes do it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, pairwise
from math import inf

from sayback.errors import TranscriptionError
from sayback.model import SOFT_STOP_S, Interval, Transcript, Word
from sayback.transcript.jobs import HANG_S, Job, Jobs
from sayback.transcript.recording import (
    EARLIEST_CUT_S,
    LONGEST_WINDOW_S,
    PADDING_S,
    ReadSound,
    joined,
    middle,
    placed,
    plan_windows,
    quietest_moment,
)
from sayback.transcript.transcriber import Transcriber

CAPTION_PAUSE_S = 0.3
"""Silence after which what was just said gets its caption."""
CAPTION_EVERY_S = 6.0
"""Longest speech without a caption where no pause comes."""
OPEN_PAUSE_S = 0.8
"""Silence after which the open window is worth its full transcription: the answer may be over."""
CONTEXT_S = 6.0
"""Sound that a quick transcription hears at least: words need those around them."""
QUICK_S = 12.0
"""Sound that it should hear at most, as its time grows with the words in it."""
GLANCE_S = 0.2
"""So often who waits for a transcript looks whether the engine hangs."""
MOST_TRIES = 2
"""The second one when the answer is over: what failed may have been short of memory."""
MOST_WAITING = 1
"""Closed windows that may wait for a lane. With more the machine is too slow for captions."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The words so far: the settled ones stay, the open ones may still change."""

    settled: tuple[Word, ...] = ()
    open: tuple[Word, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        return self.settled + self.open


class LiveTranscript:
    """What is known of the words of one answer; safe from any thread, starts none itself."""

    def __init__(self, transcriber: Transcriber, read: ReadSound) -> None:
        """`read` gives the samples of a stretch of the recording, which may still grow."""
        self._transcriber = transcriber
        self._read = read
        self._cut_at = lru_cache(maxsize=1024)(quietest_moment(read))
        self._changed = threading.Condition()
        self._speech: tuple[Interval, ...] = ()
        self._windows: tuple[Interval, ...] = ()
        self._closed: tuple[Interval, ...] = ()
        self._duration_s = 0.0
        self._is_over = False
        self._is_closed = False
        self._is_behind = False
        self._has_captions = True
        self._settled: dict[Interval, Transcript] = {}
        self._quick: tuple[Word, ...] = ()
        self._quick_until_s = 0.0
        self._jobs = Jobs()
        self._idle_s = 0.0  # that the lanes do nothing while the transcript is waited for
        self._latest: Transcript | None = None
        self._draft: Draft | None = None
        self._problem: Exception | None = None
        self._failure: Exception | None = None

    @property
    def is_behind(self) -> bool:
        """Whether this machine is slower than the person: then there are no more drafts."""
        return self._is_behind

    @property
    def is_done(self) -> bool:
        """Whether the final transcript is there, as far as the recording is known."""
        with self._changed:
            return self._is_done()

    @property
    def problem(self) -> Exception | None:
        """What went wrong first in transcribing, even if the transcript may still be had."""
        return self._problem

    @property
    def left_s(self) -> float:
        """How much of the recording is still to be transcribed, in seconds of sound."""
        with self._changed:
            return sum(each.duration_s for each in self._windows if each not in self._settled)

    def hear(
        self, speech: tuple[Interval, ...], duration_s: float, *, is_over: bool = False
    ) -> None:
        """Take what was detected so far in the recording, which lasts `duration_s`."""
        planned_s = duration_s if is_over else certain_s(speech, duration_s)
        try:
            windows = plan_windows(speech, planned_s, cut_at=self._cut_at, done=self._closed)
        except Exception as error:  # noqa: BLE001 - recording goes on; raised again at its end
            with self._changed:
                self._fail(error, for_good=is_over)
            return
        closed = windows if is_over else closed_for_good(windows)
        with self._changed:
            if closed != self._closed:
                self._draft = None
            self._jobs.wait(max(0.0, duration_s - self._duration_s))
            self._problem = self._problem or self._jobs.hanging()
            self._speech, self._duration_s, self._is_over = speech, duration_s, is_over
            self._windows, self._closed = windows, closed
            is_slow = self._full() > 0 and len(self._waiting()) > MOST_WAITING
            self._is_behind |= is_slow and not is_over
            self._has_captions &= not self._is_behind
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody wants to know any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def draft(self) -> Draft:
        """The words so far, settled up to the first window that is not closed or not done."""
        with self._changed:
            if self._draft is None:
                count = self._settled_windows()
                words = self._words()
                self._draft = Draft(flat(words[:count]), flat(words[count:]))
            return self._draft

    def first(self) -> Transcript:
        """Wait for the first transcript of the whole answer, which may be a draft.

        Raises TranscriptionError.
        """
        while not self.wait(for_good=False):
            pass
        with self._changed:
            if self._is_done() or not self._latest:
                return self._joined()
            words = flat(self._words())
            return replace(self._latest, text=" ".join(w.text for w in words), words=words)

    def final(self) -> Transcript:
        """Wait for the transcript that the whole file gives. Raises TranscriptionError."""
        while not self.wait(for_good=True):
            pass
        with self._changed:
            return self._joined()

    def wait(self, *, for_good: bool) -> bool:
        """Wait a moment for the final transcript, or the first; whether it is there.

        Raises TranscriptionError where it cannot be had, or the engine hangs.
        """
        with self._changed:

            def is_there() -> bool:
                return self._is_done() or (not for_good and self._is_covered())

            if not self._changed.wait_for(lambda: self._failure or is_there(), GLANCE_S):
                self._jobs.wait(GLANCE_S)
                self._idle_s = 0.0 if any(self._jobs) else self._idle_s + GLANCE_S
            if not self._failure and not is_there():
                self._failure = self._hanging()
            if self._failure:
                raise self._failure
            return is_there()

    def _hanging(self) -> TranscriptionError | None:
        """What to say where nothing under way may still end, or nothing is even begun."""
        if self._jobs.all_hang:
            return self._jobs.hanging()
        job = self.next_job() if self._idle_s > HANG_S else None
        return job.hangs() if job else None

    def work(self) -> bool:
        """Wait for something to do and do it; False when there will be nothing more."""
        with self._changed:
            while (job := self.next_job()) is None and not self._is_closed:
                self._changed.wait()
            if job is None or self._is_closed:
                return False
            self._jobs.begin(job)
        try:
            result = self._transcriber.transcribe(self._read(job.window), quick=job.quick)
        except Exception as error:  # noqa: BLE001 - raised again where the words are waited for
            self._lose(job, error)
        else:
            self._take(job, result)
        return True

    def next_job(self) -> Job | None:
        """What a free lane should do now."""
        return next(filter(None, (choose() for choose in self._order())), None)

    def _order(self) -> Iterator[Callable[[], Job | None]]:
        if self._is_over:
            yield from (self._caption_job, self._closed_job)
        else:
            yield from (self._closed_job, self._caption_job, self._open_job)

    def _closed_job(self) -> Job | None:
        """The first window that is closed and waits; one at a time leaves a lane for captions."""
        at_once = self._transcriber.lanes if self._is_over or self._is_behind else 1
        waiting = self._waiting()
        return Job(waiting[0], quick=False) if waiting and self._full() < at_once else None

    def _open_job(self) -> Job | None:
        """What is open still, in a pause that may be the end."""
        # With one lane a window that is closed would wait behind it: it needs a longer silence.
        pause_s = OPEN_PAUSE_S if self._transcriber.lanes > 1 else SOFT_STOP_S
        if self._is_behind or self._silence_s() < pause_s or self._full():
            return None
        window = next(self._wanted(self._windows[len(self._closed) :]), None)
        return Job(window, quick=False) if window else None

    def _caption_job(self) -> Job | None:
        """The last seconds, in a pause, at the end, or when there was none for long."""
        unheard_s = self._unheard_s()
        is_due = self._is_over or self._silence_s() >= CAPTION_PAUSE_S
        is_due = is_due or unheard_s >= CAPTION_EVERY_S
        if not (self._has_captions and unheard_s and is_due):
            return None
        window = self._last_seconds()
        under_way_s = [job.window.end_s for job in self._jobs if job.quick]
        if under_way_s and not (self._is_over and window.end_s > max(under_way_s)):
            return None
        return None if self._is_gap(window.start_s) else Job(window, quick=True)

    def _last_seconds(self) -> Interval:
        """From a pause before what was not yet heard, with some context, to the end of speech."""
        end_s = min(self._speech[-1].end_s + PADDING_S, self._duration_s)
        latest_s = min(self._quick_until_s, end_s - CONTEXT_S)
        cuts = [pause for pause in self._pauses() if middle(pause) <= latest_s]
        late = [pause for pause in cuts if middle(pause) >= end_s - QUICK_S]
        if late:
            return Interval(middle(max(late, key=lambda pause: pause.duration_s)), end_s)
        start_s = middle(cuts[-1]) if cuts else self._windows[0].start_s
        if end_s - start_s > LONGEST_WINDOW_S:  # nobody pauses: as the open window was cut
            start_s = self._windows[-1].start_s
        return Interval(start_s, end_s)

    def _pauses(self) -> list[Interval]:
        return [Interval(a.end_s, b.start_s) for a, b in pairwise(self._speech)]

    def _unheard_s(self) -> float:
        """Speech without even quick words."""
        unheard = (each.end_s - max(each.start_s, self._quick_until_s) for each in self._speech)
        return sum(max(0.0, each) for each in unheard)

    def _waiting(self) -> list[Interval]:
        """Closed windows that are neither done nor being transcribed."""
        return list(self._wanted(self._closed))

    def _wanted(self, windows: Iterable[Interval]) -> Iterator[Interval]:
        """Those that are worth a try, which is the second one only once the answer is over."""
        known = self._jobs.in_full | self._settled.keys()
        tries = MOST_TRIES if self._is_over else 1
        fresh = (Job(each, quick=False) for each in windows if each not in known)
        return (job.window for job in fresh if self._jobs.failures(job) < tries)

    def _full(self) -> int:
        return len(self._jobs.in_full)

    def _silence_s(self) -> float:
        return self._duration_s - self._speech[-1].end_s if self._speech else 0.0

    def _settled_windows(self) -> int:
        """How many windows from the first on are closed and done."""
        undone = (at for at, each in enumerate(self._closed) if each not in self._settled)
        return next(undone, len(self._closed))

    def _words(self) -> list[tuple[Word, ...]]:
        """The best words there are for each window, with times of the recording."""
        seams = [(a.end_s + b.start_s) / 2 for a, b in pairwise(self._windows)]
        words: list[tuple[Word, ...]] = []
        for window, (from_s, to_s) in zip(
            self._windows, pairwise([-inf, *seams, inf]), strict=False
        ):
            done = self._settled.get(window)
            quick = (word for word in self._quick if from_s <= middle_of(word) < to_s)
            words.append(tuple(placed(done.words or (), window)) if done else tuple(quick))
        return words

    def _take(self, job: Job, result: Transcript) -> None:
        with self._changed:
            self._jobs.end(job)
            self._latest, self._draft = result, None
            if not job.quick:
                kept = (each for each in self._settled if each in self._windows)
                self._settled = {each: self._settled[each] for each in kept} | {job.window: result}
            self._go_on(job.window, result)
            for window in self._windows:  # those that were done before what is in front of them
                if window.end_s > self._quick_until_s and window in self._settled:
                    self._go_on(window, self._settled[window])
            self._changed.notify_all()

    def _go_on(self, window: Interval, heard: Transcript) -> None:
        """Let the quick words go on with those of a window, if nothing is left out before it."""
        if window.end_s < self._quick_until_s or self._is_gap(window.start_s):
            return
        seam_s = self._seam_s(window.start_s)
        before = (word for word in self._quick if middle_of(word) < seam_s)
        self._quick = (*before, *placed(heard.words or (), window))
        self._quick_until_s = window.end_s

    def _seam_s(self, start_s: float) -> float:
        """The middle of the pause in which a stretch begins, if it does not begin in speech."""
        around = (each for each in self._pauses() if each.start_s <= start_s <= each.end_s)
        return next(map(middle, around), start_s)

    def _is_gap(self, until_s: float) -> bool:
        """Whether something was said after the last quick word and before a moment."""
        from_s = self._quick_until_s
        return any(max(each.start_s, from_s) < min(each.end_s, until_s) for each in self._speech)

    def _lose(self, job: Job, error: Exception) -> None:
        with self._changed:
            times = self._jobs.fail(job)
            if job.quick:  # only captions are lost: what counts is transcribed in full
                self._has_captions = False
            is_last = self._is_over and not job.quick and times >= MOST_TRIES
            self._fail(error, for_good=is_last)

    def _fail(self, error: Exception, *, for_good: bool) -> None:
        self._problem = self._problem or error
        if for_good:
            self._failure = error
        self._changed.notify_all()

    def _is_covered(self) -> bool:
        """Whether there are words, if only quick ones, for all that was said."""
        return self._has_captions and self._quick_until_s >= self._speech[-1].end_s

    def _is_done(self) -> bool:
        return all(window in self._settled for window in self._windows)

    def _joined(self) -> Transcript:
        done = [window for window in self._windows if window in self._settled]
        return joined(done, [self._settled[window] for window in done])


def certain_s(speech: tuple[Interval, ...], duration_s: float) -> float:
    """How much of a recording that goes on can be planned.

    A pause is shared between what stands before and after it, so that of a short one only the
    half is certain to belong to the window before it.
    """
    if not speech or duration_s - speech[-1].end_s >= OPEN_PAUSE_S:
        return duration_s
    return min(duration_s, speech[-1].end_s + PADDING_S / 2)


def closed_for_good(windows: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """The windows of a recording that goes on which nothing said later can change.

    Not the open one; nor one that is short enough to take in its beginning, should that turn out
    to be speech for over 28 s which has to be cut.
    """
    closed = windows[:-1]
    if closed and windows[-1].start_s - closed[-1].start_s <= LONGEST_WINDOW_S - EARLIEST_CUT_S:
        return closed[:-1]
    return closed


def middle_of(word: Word) -> float:
    """The middle of a word: its edges may lie in the pauses around it."""
    return (word.start_s + word.end_s) / 2


def flat(words: Iterable[Iterable[Word]]) -> tuple[Word, ...]:
    return tuple(chain.from_iterable(words))
