"""The system's Chromium, driven by Playwright, and axe-core for the accessibility of a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).parents[1] / ".venv/axe/node_modules/axe-core/axe.min.js"
ARGUMENTS = (
    "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-quic",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser; the test that asks for it is skipped where there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*ARGUMENTS], chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong, with the first place of each; skips where it is not installed."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed")
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text("utf-8"))  # not as a script tag: the page's policy forbids it
    found: dict[str, Any] = page.evaluate("axe.run()")
    return [
        f"{each['id']}: {each['help']} ({each['nodes'][0]['html'][:200]})"
        for each in found["violations"]
    ]


def is_wider_than_its_window(page: Page) -> bool:
    """Whether one has to scroll the page sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
