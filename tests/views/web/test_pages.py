"""The pages: complete, safe with any text, and the same for the server and for an export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.views.web.examples import HOSTILE, NOW, answer, point, question

from sayback.bank.parse import parse
from sayback.errors import HistoryError, NoSuchQuestion
from sayback.history.interview import set_interview
from sayback.history.memory import memories
from sayback.history.schedule import QUESTIONS_PER_SESSION, Today, choose
from sayback.history.store import Store
from sayback.model import KeyPoint, PointCorrection, Question, Status, WordCorrection
from sayback.revision import accept, best_attempt, correct
from sayback.views.web.pages import ANSWERS_SHOWN, FOUND_SHOWN, Site, names, problem_page

U_NET = question("What is U-Net?", "An encoder", "Few images", identifier="u-net")
BARE = Question("Tell me about yourself.", "yourself", ("About Me",))
NEW = question("What is dropout?", "Units are dropped", identifier="dropout")


class Page(HTMLParser):
    """What of a page matters here: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "recordings") as opened:
        yield opened


@pytest.fixture
def lived_in(store: Store) -> Store:
    """Two answers to a question with key points, one without, one whose question left the bank."""
    said, missed = point("An encoder", Status.COVERED, 0.25), point("Few images", Status.MISSED)
    answer(store, U_NET, said, missed, days_ago=9)
    answer(store, U_NET, said, missed, days_ago=2)
    answer(store, BARE, days_ago=2)
    answer(store, question("Gone?", "A", identifier="gone"), point("A", Status.CONTRADICTED, 2.25))
    return store


def site(store: Store, token: str | None = "secret") -> Site:
    return Site(store, (U_NET, BARE, NEW), NOW, token)


def rendered(site: Site) -> dict[str, str]:
    """All pages by their names."""
    pages = {
        "index.html": site.overview(),
        "bank.html": site.bank(),
        "trends.html": site.trends(),
        "about.html": site.about(),
    }
    for name in names(site):
        if name.startswith("question-"):
            pages[name] = site.question(name.removeprefix("question-").removesuffix(".html"))
        elif name.startswith("attempt-"):
            pages[name] = site.attempt(int(re.findall(r"\d+", name)[0]))
    return pages


def test_an_export_has_a_page_for_everything(lived_in: Store) -> None:
    assert list(names(site(lived_in))) == [
        "index.html", "bank.html", "trends.html", "about.html",
        "question-u-net.html", "question-yourself.html", "question-dropout.html",
        "question-gone.html", *(f"attempt-{number}.html" for number in (1, 2, 3, 4)),
    ]  # fmt: skip


def test_every_link_leads_to_something_that_is_there(lived_in: Store) -> None:
    pages = rendered(site(lived_in, token=None))
    anchors = {name: set(Page(html).values("id")) for name, html in pages.items()}
    for name, html in pages.items():
        for href in Page(html).values("href"):
            if href.startswith("data:") or href in ("style.css", "review.js"):
                continue
            target, _, anchor = href.partition("#")
            if target.startswith("audio-"):
                assert target in {f"audio-{number}.wav" for number in (1, 2, 3, 4)}
            else:
                assert target in pages or not target, f"{name}: {href}"
                assert not anchor or anchor in anchors[target or name], f"{name}: {href}"


def test_nothing_on_a_page_needs_more_than_its_policy_allows(lived_in: Store) -> None:
    for html in rendered(site(lived_in)).values():
        page = Page(html)
        scripts = [attributes for tag, attributes in page.elements if tag == "script"]
        assert scripts == [{"src": "review.js", "defer": ""}]
        assert "style" not in [tag for tag, _ in page.elements]
        for _, attributes in page.elements:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]


def test_ids_are_unique_on_every_page(lived_in: Store) -> None:
    for html in rendered(site(lived_in)).values():
        ids = Page(html).values("id")
        assert len(ids) == len(set(ids))


def test_an_export_has_no_forms_and_no_search(lived_in: Store) -> None:
    for html in rendered(site(lived_in, token=None)).values():
        page = Page(html)
        assert "form" not in [tag for tag, _ in page.elements]
        assert "search.html" not in page.values("href")


def test_every_change_carries_the_token(lived_in: Store) -> None:
    changes = 0
    for html in rendered(site(lived_in)).values():
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", html, re.DOTALL):
            assert '<input type="hidden" name="token" value="secret">' in form
            changes += 1
    assert changes >= 6


def test_the_overview_says_what_is_due_why_and_what_was_missed(lived_in: Store) -> None:
    set_interview(lived_in, (NOW + timedelta(days=9)).astimezone().date())
    text = Page(site(lived_in).overview()).words
    assert "9 days to the interview" in text
    assert "due: missed twice" in text
    assert "missed 2 of 2 times" in text
    assert "Last rehearsals Yesterday" in text


def test_what_was_missed_once_is_not_called_often(store: Store) -> None:
    both = [point(each, Status.MISSED) for each in ("An encoder", "Few images")]
    answer(store, U_NET, *both, days_ago=9)
    text = Page(site(store).overview()).words
    assert "Missed last time An encoder not said last time" in text
    assert "missed 1 of" not in text
    answer(store, U_NET, point("An encoder", Status.COVERED), both[1], days_ago=2)
    text = Page(site(store).overview()).words
    assert "Missed most often Few images not said last time, missed 2 of 2 times" in text
    assert "missed 1 of" not in text


def test_a_rehearsal_names_its_day_and_its_newest_answer_first(store: Store) -> None:
    answer(store, U_NET, days_ago=78.001)
    answer(store, BARE, days_ago=78)
    html = site(store).overview()
    assert "Last rehearsals 1 January" in Page(html).words
    assert html.index("attempt-2.html") < html.index("attempt-1.html")


def test_only_what_is_shaded_is_explained(store: Store) -> None:
    answer(store, U_NET, days_ago=9)
    here = site(store)
    assert "Shaded" not in Page(here.overview()).words
    trends = Page(here.trends()).words
    assert "The newest three" not in trends
    assert "From 4 sessions on a change can be told from chance" in trends
    assert "Shaded" not in trends
    answer(store, U_NET, days_ago=7)
    assert "Shaded: changes inside it" in Page(site(store).overview()).words
    assert "Shaded: changes inside it" in Page(site(store).trends()).words
    assert "Shaded: changes inside it" in Page(site(store).question("u-net")).words
    for days_ago in (5, 3):
        answer(store, U_NET, days_ago=days_ago)
    assert "The newest three are compared" in Page(site(store).trends()).words


def test_the_overview_says_how_to_set_a_date_and_new_once(lived_in: Store) -> None:
    text = Page(site(lived_in).overview()).words
    assert "sayback plan 2026-12-24 spreads them until your interview." in text
    assert text.count("What is dropout? new") == 1
    assert "new new" not in text
    set_interview(lived_in, (NOW + timedelta(days=9)).astimezone().date())
    assert "sayback plan" not in Page(site(lived_in).overview()).words


def test_key_points_that_changed_since_are_named(lived_in: Store) -> None:
    changed = "Your key points have changed since: sayback rescore {} scores it again."
    filled = question(BARE.text, "I build things", identifier=BARE.id)
    here = Site(lived_in, (filled, question(U_NET.text, "An encoder", identifier="u-net")), NOW)
    bare = Page(here.attempt(3)).words
    assert changed.format(3) in bare
    assert "No key points to compare with" not in bare
    assert changed.format(2) in Page(here.attempt(2)).words
    assert "have changed since" not in Page(here.attempt(4)).words  # has left the bank
    assert "have changed since" not in Page(site(lived_in).attempt(2)).words
    asked = Page(here.question(BARE.id)).words
    assert (
        "sayback rescore 3 scores your last answer against the key points that it has now" in asked
    )
    assert f"sayback practice --question {BARE.id} asks it again" in asked
    assert "compare with: write some under the question" in Page(site(lived_in).attempt(3)).words


def test_that_words_can_be_corrected_is_said_where_they_can(lived_in: Store) -> None:
    hint = '<p class="small hint" hidden>Click a word to hear it or to correct it.</p>'
    assert hint in site(lived_in).attempt(2)
    assert "Click a word" not in site(lived_in, token=None).attempt(2)


def test_an_empty_history_says_what_to_do_first(store: Store) -> None:
    text = Page(site(store).overview()).words
    assert "Say your first answer" in text
    assert "sayback practice" in text
    assert "3 questions are waiting" in text
    assert "write some" in Page(Site(store, (), NOW).overview()).words
    assert "No trends yet" in Page(site(store).trends()).words


def test_when_nothing_is_due_it_says_what_comes_next(store: Store) -> None:
    answer(store, U_NET, *(point(each, Status.COVERED) for each in ("An encoder", "Few images")))
    text = Page(Site(store, (U_NET, NEW), NOW).overview()).words
    assert "Nothing is due now The next comes back tomorrow" in text
    assert "sayback practice asks these. What is dropout?" in text


def test_what_was_missed_a_moment_ago_is_not_due_but_comes_back_today(store: Store) -> None:
    answer(store, U_NET, *(point(each, Status.MISSED) for each in ("An encoder", "Few images")),
           days_ago=0)  # fmt: skip
    at = (NOW + timedelta(minutes=10)).astimezone()
    text = Page(site(store).overview()).words
    assert f"Nothing is due now The next comes back at {at:%H:%M}." in text


def test_what_comes_back_is_of_the_key_points_that_the_bank_has_now(store: Store) -> None:
    answer(store, U_NET, point("An encoder", Status.COVERED), point("Few images", Status.MISSED),
           days_ago=0)  # fmt: skip
    shorter = question(U_NET.text, "An encoder", identifier=U_NET.id)
    here = Site(store, (shorter,), NOW)
    assert "Nothing is due now The next comes back on Sunday" in Page(here.overview()).words
    assert "Comes back on Sunday" in Page(here.question("u-net")).words
    gone = Page(Site(store, (NEW,), NOW).question("u-net")).words
    assert "No longer in the bank." in gone
    assert "Comes back" not in gone


def test_the_overview_lists_what_practice_would_ask(store: Store) -> None:
    bank = [question(f"Due {at}?", "A", identifier=f"due-{at}") for at in range(9)]
    for at, asked in enumerate(bank):
        answer(store, asked, point("A", Status.MISSED), days_ago=9 - at / 10)
    new = [question(f"New {at}?", "A", identifier=f"new-{at}") for at in range(3)]
    page = Page(Site(store, (*bank, *new), NOW).overview())
    known = memories(store, NOW)
    asked_next = choose([*bank, *new], known, Today(NOW), QUESTIONS_PER_SESSION, only_due=True)
    links = [each for each in page.values("href") if each.startswith("question-")]
    assert links[:5] == [f"question-{choice.question.id}.html" for choice in asked_next]
    assert "9 questions are due sayback practice --due asks 4 of them and 1 new one." in page.words
    assert "All 9 that are due" in page.words


def test_where_the_next_session_asks_all_that_are_due_it_says_so(lived_in: Store) -> None:
    text = Page(site(lived_in).overview()).words
    assert "2 questions are due sayback practice --due asks them and 1 new one." in text
    assert "that are due" not in text
    text = Page(Site(lived_in, (U_NET,), NOW).overview()).words
    assert "1 question is due sayback practice --due asks it." in text


def test_a_long_rehearsal_is_cut_and_says_so(store: Store) -> None:
    for at in range(ANSWERS_SHOWN + 3):
        answer(store, U_NET, days_ago=1 - at / 1000)
    page = Page(site(store).overview())
    shown = [each for each in page.values("href") if each.startswith("attempt-")]
    assert len(set(shown)) == ANSWERS_SHOWN
    assert "attempt-11.html" in shown
    assert "3 answers before these" in page.words


def test_the_overview_reads_no_transcript(lived_in: Store) -> None:
    before = site(lived_in).overview()
    with lived_in.transaction() as database:
        database.execute("UPDATE transcript SET content = '[]'")
    assert site(lived_in).overview() == before


def test_a_bank_that_cannot_be_read_is_named(lived_in: Store, tmp_path: Path) -> None:
    problem = "bank.md: not text in UTF-8; save it as <UTF-8>"
    broken = Site(lived_in, (), NOW, "secret", problem)
    for html in (broken.overview(), broken.bank()):
        assert problem in Page(html).words
    pages = " ".join(Page(html).words for html in rendered(broken).values())
    assert "No longer in the bank" not in pages
    assert "is due now" not in pages
    assert "is no question" not in pages
    with Store(tmp_path / "empty") as empty:
        new = Site(empty, (), NOW, "secret", problem)
        for html in (new.overview(), new.bank()):
            assert problem in Page(html).words
            assert "question yet" not in Page(html).words


def test_an_emptied_bank_says_what_to_do(lived_in: Store) -> None:
    empty = Site(lived_in, (), NOW)
    assert "There is no question in the bank: write some" in Page(empty.overview()).words
    assert "No question yet" in Page(empty.bank()).words


def test_the_bank_has_every_question_once(lived_in: Store) -> None:
    text = Page(site(lived_in).bank()).words
    assert "2 of 3 answered at least once, 1 without key points" in text
    for part in (U_NET.text, BARE.text, NEW.text, "No longer in the bank Gone?"):
        assert text.count(part) == 1


def test_a_question_has_its_attempts_side_by_side_newest_first(lived_in: Store) -> None:
    html = site(lived_in).question("u-net")
    table = html[html.index("<table") :]
    assert table.index("attempt-2.html") < table.index("attempt-1.html")
    text = Page(html).words
    assert "An encoder said said Few images not said not said" in text


def test_a_question_that_was_never_asked_says_how_to_ask_it(store: Store) -> None:
    assert "sayback practice --question dropout" in Page(site(store).question("dropout")).words


@pytest.mark.parametrize(
    ("statuses", "seconds", "best"),
    [("cm", (9, 9), 1), ("cc", (30, 9), 1), ("cc", (9, 30), 2), ("mm", (9, 30), 2)],
)
def test_the_best_answer_covers_most_and_then_is_the_longest(
    store: Store, statuses: str, seconds: tuple[float, float], best: int
) -> None:
    asked = question("What is U-Net?", "An encoder", identifier="u-net")
    kinds = {"c": Status.COVERED, "m": Status.MISSED}
    for letter, speaking_s, days_ago in zip(statuses, seconds, (9, 2), strict=True):
        answer(store, asked, point("An encoder", kinds[letter]), days_ago=days_ago,
               speaking_s=speaking_s)  # fmt: skip
    found = best_attempt("u-net", store)
    assert found is not None
    assert found.id == best
    text = Page(site(store).question("u-net")).words
    assert ("Your best so far" in text) is (best == 2)
    assert ("on 11 March." in text) is (best == 1)


def test_an_answer_that_was_not_judged_is_never_called_the_best(store: Store) -> None:
    answer(store, U_NET, *(point(each, Status.MISSED) for each in ("An encoder", "Few images")))
    answer(store, U_NET, days_ago=3, speaking_s=99)
    text = Page(site(store).question("u-net")).words
    assert "0% covered yesterday. due" in text


def test_an_unknown_question_or_attempt_is_an_error(store: Store) -> None:
    with pytest.raises(NoSuchQuestion, match="no such question"):
        site(store).question("other")
    with pytest.raises(HistoryError, match="no attempt 7"):
        site(store).attempt(7)


def test_key_points_are_drafted_where_there_are_none(lived_in: Store, tmp_path: Path) -> None:
    page = Page(site(lived_in).question("yourself"))
    fields = [each for tag, each in page.elements if each.get("name") == "point"]
    assert len(fields) >= 2
    assert {each["maxlength"] for each in fields} == {"200"}
    assert ("form", {"class": "draft", "method": "post", "action": "draft"}) in page.elements
    assert "action" not in site(lived_in, token=None).question("yourself")


def test_accepted_key_points_can_be_taken_back(lived_in: Store, tmp_path: Path) -> None:
    bank = tmp_path / "bank.md"
    bank.write_text("- Tell me about yourself.\n")
    text = "I <b>like</b> *stars*"
    (asked,) = parse(bank.read_text()).questions
    accept(asked, [text], bank, lived_in, 3)
    filled = Question(BARE.text, BARE.id, BARE.topic, (KeyPoint(text),))
    html = Site(lived_in, (filled,), NOW, "secret").question(BARE.id)
    assert 'action="undo-draft"' in html
    assert '<input type="hidden" name="edit" value="1">' in html
    assert "undo-draft" not in Site(lived_in, (filled,), NOW).question(BARE.id)
    assert "undo-draft" not in site(lived_in).question("u-net")


def test_an_answer_shows_how_it_went(lived_in: Store) -> None:
    page = Page(site(lived_in).attempt(2))
    assert "50% covered 1 of 2 key points said last time 50%, best 50%" in page.words
    assert "audio-2.wav#t=0.25,2.00" in page.values("href")
    assert "I did say that" in page.words
    numbers = [each["value"] for _, each in page.elements if each.get("name") == "number"]
    assert numbers == ["0", "1"]
    points = [each["value"] for _, each in page.elements if each.get("name") == "point"]
    assert points == ["An encoder", "Few images"]
    starts = [float(each) for each in page.values("data-start")]
    assert min(starts) == 0.25


def test_the_first_judged_answer_says_that_it_is_the_first(lived_in: Store) -> None:
    answer(lived_in, NEW, days_ago=1)
    number = answer(lived_in, NEW, point("Units are dropped", Status.COVERED), days_ago=0)
    text = Page(site(lived_in).attempt(number)).words
    assert "the first answer to this question that was judged" in text


def test_a_correction_is_shown_as_one(lived_in: Store) -> None:
    correct(lived_in.attempt(2), WordCorrection(start_s=3.25, heard="shrinks", text=""), lived_in)
    correct(lived_in.attempt(2), PointCorrection(point="Few images", said=True), lived_in)
    page = Page(site(lived_in).attempt(2))
    assert "nothing, heard as “shrinks”" in page.words
    assert "marked by you" in page.words
    assert "the scorer says not said" in page.words
    assert "shrinks" in page.values("data-heard")


def test_an_interrupted_answer_says_how_to_score_it(store: Store) -> None:
    number = store.begin(U_NET, store.path.parent / "gone.wav", NOW)
    text = Page(site(store).attempt(number)).words
    assert f"sayback rescore {number}" in text
    assert "The recording is not there" in text


def test_a_search_marks_what_it_found(lived_in: Store) -> None:
    page = Page(site(lived_in).search("encoder"))
    assert "4 answers" in page.words
    assert "mark" in [tag for tag, _ in page.elements]
    assert "Nothing was said about that" in Page(site(lived_in).search("zebra")).words
    assert "words in quotes" in Page(site(lived_in).search(" ")).words


def test_a_search_that_finds_more_than_it_shows_says_so(store: Store) -> None:
    for at in range(FOUND_SHOWN + 1):
        store.begin(U_NET, store.path.parent / f"{at}.wav", NOW)
    assert f"{FOUND_SHOWN} answers at least" in Page(site(store).search("u-net")).words


def test_a_problem_says_what_to_do() -> None:
    page = Page(problem_page(HistoryError("no attempt <7>", "see the numbers")))
    assert "no attempt <7> What to do: see the numbers" in page.words
    assert "index.html" in page.values("href")
    assert {tag for tag, _ in page.elements}.isdisjoint({"textarea", "form"})


def test_a_problem_gives_back_what_was_typed() -> None:
    typed = ["a </textarea><b>point", "\n another"]
    html = problem_page(HistoryError("the disk is full", "make room"), typed, "secret")
    (fields,) = [each for tag, each in Page(html).elements if tag == "textarea"]
    assert "readonly" in fields
    assert Page(html).words.count("a </textarea><b>point another") == 1
    assert "search.html" in Page(html).values("action")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(store: Store, text: str) -> None:
    asked = Question(text, "q", (text,), (KeyPoint(text),), 60.0)
    number = answer(store, asked, point(text, Status.PARTIAL, 0.25))
    answer(store, Question(text, 'b"<i>', (text,)), days_ago=3)
    correct(store.attempt(number), WordCorrection(start_s=3.25, heard="shrinks", text=text), store)
    hostile = Site(store, (asked,), NOW, "secret")
    pages = rendered(hostile) | {"search.html": hostile.search(text)}
    for html in pages.values():
        page = Page(html)
        tags = {tag for tag, _ in page.elements}
        assert tags.isdisjoint({"img", "base", "style", "iframe"})
        assert [each for tag, each in page.elements if tag == "script"] == [
            {"src": "review.js", "defer": ""}
        ]
        assert not [
            name for _, each in page.elements for name in each if re.match(r"on|style$", name)
        ]
    assert " ".join(text.split()) in Page(pages["question-q.html"]).words
