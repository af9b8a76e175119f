"""The review page in a real browser: heard, corrected, searched, read by everyone."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.browser import chromium, is_wider_than_its_window, violations
from tests.kept_answers import keep_sample_answer
from tests.review_server import Server, started

from sayback.bank.parse import read
from sayback.workspace import shipped_questions

UNWRITTEN = "What do you like to build?"
Scheme = Literal["light", "dark"]
PHONE = ViewportSize(width=360, height=740)
PAGES = (
    "index.html", "bank.html", "attempt-1.html", "attempt-2.html", "trends.html", "about.html",
    "search.html?q=encoder", "search.html?q=nothingofthekind",
    "question-what-is-u-net-and-when-would-you-use.html",
    "question-what-do-you-like-to-build.html", "question-nothing.html",
)  # fmt: skip
HOSTILE = (
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=document.title='owned'>",
    "{{ 7 * 7 }} {% raw %} ${7*7} <!-- x --> ]]> &amp; &lt;",
    "‮txet desrever‬ שלום عالم",
    "🎤" * 300,
    "x" * 10_000,
    "javascript:alert(1) ' \" ` \\ \t",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    shutil.copytree(shipped_questions(), folder / "questions")
    (folder / "questions" / "own.md").write_bytes(f"# Own\r\n- {UNWRITTEN}\r\n".encode())
    keep_sample_answer(folder)
    said = "I like to build tools that people use. Your team publishes what it finds."
    keep_sample_answer(folder, question=UNWRITTEN, said=said)
    return folder


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with started(folder) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A tab; what it complains of on its console fails the test."""
    context = browser.new_context(base_url=server.address)
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield tab
    context.close()
    assert [each for each in complaints if "404" not in each] == []


def position(page: Page) -> float:
    return float(page.evaluate("document.querySelector('audio').currentTime"))


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """The page's policy forbids what Playwright's own waiting would evaluate in it."""
    for _ in range(300):
        if is_so():
            return
        page.wait_for_timeout(100)
    pytest.fail("waited 30 s in vain")


def test_an_answer_is_played_and_its_words_light_up(page: Page) -> None:
    page.goto("/attempt-1.html")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator(".w.lit")).to_have_count(1, timeout=15_000)
    assert position(page) > 0
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_click_on_a_word_plays_from_there(page: Page) -> None:
    page.goto("/attempt-1.html")
    word = page.locator(".w", has_text="tumor")
    word.click()
    start_s = float(word.get_attribute("data-start") or 0)
    assert start_s > 20
    wait_until(page, lambda: position(page) >= start_s)
    assert position(page) < start_s + 10


def test_the_evidence_of_a_point_is_heard_and_ends(page: Page) -> None:
    page.goto("/attempt-1.html")
    quote = page.locator("a.quote").last
    start_s, end_s = (float(quote.get_attribute(f"data-{at}") or 0) for at in ("start", "end"))
    quote.click()
    wait_until(page, lambda: position(page) >= start_s)
    wait_until(page, lambda: bool(page.evaluate("document.querySelector('audio').paused")))
    assert end_s <= position(page) < end_s + 2


def test_words_are_reached_and_played_by_keyboard(page: Page) -> None:
    page.goto("/attempt-1.html")
    page.locator('.w[tabindex="0"]').focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    focused = page.locator(".w:focus")
    expect(focused).to_have_text("medical")
    page.keyboard.press("Enter")
    start_s = float(focused.get_attribute("data-start") or 0)
    wait_until(page, lambda: position(page) >= start_s)


def test_a_point_is_marked_by_the_person_and_given_back(page: Page) -> None:
    page.goto("/attempt-1.html")
    before = page.locator(".score").inner_text()
    missed = page.locator("#points li.missed")
    assert missed.count() >= 1
    missed.first.get_by_role("button", name="I did say that").click()
    expect(page.locator("#points .mine")).to_have_count(1)
    assert page.locator(".score").inner_text() != before
    page.locator("#points").get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.locator("#points .mine")).to_have_count(0)
    assert page.locator(".score").inner_text() == before


def test_a_word_is_corrected_and_the_original_is_shown(page: Page) -> None:
    page.goto("/attempt-1.html")
    page.locator(".w", has_text="tumor").click()
    page.get_by_label(re.compile("You said")).fill("tumour")
    page.get_by_role("button", name="Correct", exact=True).click()
    corrected = page.locator(".w.corrected")
    expect(corrected).to_have_text("tumour")
    expect(corrected).to_have_attribute("title", re.compile("tumor"))
    page.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.locator(".w.corrected")).to_have_count(0)


def test_key_points_are_drafted_accepted_and_taken_back(page: Page, folder: Path) -> None:
    bank = folder / "questions" / "own.md"
    before = bank.read_bytes()
    page.goto("/question-what-do-you-like-to-build.html")
    fields = page.locator("form.draft input[name=point]")
    assert fields.count() >= 2
    fields.first.fill("I like to build useful tools")
    page.get_by_role("button", name="Add to the bank").click()
    expect(page.get_by_role("row", name=re.compile("I like to build useful tools"))).to_be_visible()
    (question,) = read(bank).questions
    assert question.key_points[0].text == "I like to build useful tools"
    assert bank.read_bytes().startswith(before)
    page.get_by_role("button", name="Take them out again").click()
    expect(page.locator("form.draft")).to_be_visible()
    assert bank.read_bytes() == before


def test_answers_are_found_by_their_words(page: Page) -> None:
    page.goto("/")
    page.get_by_role("searchbox").fill('"medical scan"')
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("1 answer")
    expect(page.locator(".snippet mark")).to_have_text("medical scan")
    page.get_by_role("link", name=re.compile("U-Net")).click()
    assert page.url.endswith("/attempt-1.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(
    browser: Browser, server: Server, scheme: Scheme
) -> None:
    context = browser.new_context(
        base_url=server.address, viewport=PHONE, color_scheme=scheme, has_touch=True
    )
    tab = context.new_page()
    for name in PAGES:
        tab.goto(f"/{name}")
        assert violations(tab) == [], name
        assert not is_wider_than_its_window(tab), name
        assert tab.title(), name
    context.close()


def test_everything_can_be_read_without_javascript(browser: Browser, server: Server) -> None:
    context = browser.new_context(base_url=server.address, java_script_enabled=False)
    tab = context.new_page()
    tab.goto("/attempt-1.html")
    expect(tab.locator("audio")).to_be_visible()
    expect(tab.locator(".transcript")).to_contain_text("semantic segmentation")
    expect(tab.locator("#points li")).to_have_count(5)
    tab.get_by_role("link", name="Trends").click()
    expect(tab.get_by_role("heading", level=1)).to_be_visible()
    context.close()


def test_what_a_bank_and_an_answer_hold_is_only_text(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    (folder / "questions").mkdir(parents=True)
    lines = (f"# {t}\n- What is {t}\n  - {t} **{t}**\n  - said\n" for t in HOSTILE)
    (folder / "questions" / "bank.md").write_text("\n".join(lines), "utf-8")
    questions = read(folder / "questions").questions
    assert len(questions) == len(HOSTILE)
    for question, text in zip(questions, HOSTILE, strict=True):
        keep_sample_answer(folder, question=question.id, said=f"it was said {text} and more of it")
    with started(folder) as server:
        context = browser.new_context(base_url=server.address, viewport=PHONE)
        tab = context.new_page()
        tab.on("dialog", lambda dialog: pytest.fail(dialog.message))
        tab.goto("/")
        for name in _names(tab, server):
            tab.goto(name)
            assert tab.title() != "owned", name
            assert tab.locator("img").count() == 0, name
            assert not is_wider_than_its_window(tab), name
        context.close()


def _names(tab: Page, server: Server) -> list[str]:
    """All pages that can be reached from the overview."""
    seen, waiting = [], [server.address + "/"]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.append(name)
        tab.goto(name)
        links = tab.eval_on_selector_all("a[href]", "all => all.map(a => a.href.split('#')[0])")
        waiting += [link for link in links if link.endswith(".html")]
    assert len(seen) > 2 * len(HOSTILE)
    return seen


def test_an_export_opens_and_plays_without_a_server(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "export"
    command = [sys.executable, "-m", "sayback", "export", str(target), "--workspace", str(folder)]
    subprocess.run(command, check=True, timeout=60)
    context = browser.new_context()
    tab = context.new_page()
    tab.goto((target / "index.html").as_uri())
    tab.get_by_role("link", name=re.compile("U-Net")).first.click()
    tab.goto((target / "attempt-1.html").as_uri())
    expect(tab.locator("form")).to_have_count(0)
    tab.get_by_role("button", name="Play", exact=True).click()
    expect(tab.locator(".w.lit")).to_have_count(1, timeout=15_000)
    context.close()
