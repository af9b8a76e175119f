"""The words of the answer, and the panel that shows them."""

from __future__ import annotations

import asyncio

from tests.views.panels.scenes import QUESTION, scene
from textual.app import App, ComposeResult

from sayback.views.panels.widgets import CAPTIONS_SHOWN, CaptionsView, Panel, asked, captions


class Shown(App[None]):
    CSS = "CaptionsView { height: 5 }"

    def compose(self) -> ComposeResult:
        with CaptionsView():
            yield Panel(captions)

    async def say(self, words: int) -> CaptionsView:
        self.query_one(Panel).show(scene(settled="words " * words))
        return self.query_one(CaptionsView)


def test_words_that_may_change_are_dim() -> None:
    text = captions(scene(settled="These stay", draft="these may change"), 78)
    assert text.plain == "These stay these may change"
    assert [text.plain[span.start : span.end] for span in text.spans] == ["these may change"]
    assert captions(scene(draft="these may change"), 78).plain == "these may change"


def test_a_long_answer_shows_its_end() -> None:
    text = captions(scene(settled="x" * 20_000, draft="the end"), 78)
    assert len(text) == CAPTIONS_SHOWN
    assert text.plain.endswith("x the end")


def test_the_question_is_shown_as_it_is() -> None:
    assert asked(scene(), 78).plain == QUESTION.text


def test_captions_scroll_with_the_words_until_somebody_reads_back() -> None:
    async def run() -> list[float]:
        seen = []
        app = Shown()
        async with app.run_test(size=(40, 10)) as pilot:
            for words in (60, 120):
                view = await app.say(words)
                await pilot.pause(0.2)
                assert view.scroll_y == view.max_scroll_y
                seen.append(view.scroll_y)
            view.on_mouse_scroll_up()
            view.scroll_home(animate=False)
            await app.say(200)
            await pilot.pause(0.2)
            seen.append(view.scroll_y)
        return seen

    first, second, third = asyncio.run(run())
    assert 0 < first < second
    assert third == 0


def test_what_has_nothing_to_show_takes_no_room() -> None:
    async def run() -> tuple[bool, bool]:
        app = Shown()
        async with app.run_test():
            panel = app.query_one(Panel)
            shown = []
            for now in (scene(), scene(draft="So")):
                panel.show(now)
                shown.append(bool(panel.display))
        return shown[0], shown[1]

    assert asyncio.run(run()) == (False, True)
