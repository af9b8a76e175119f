"""The review page behind another view, with a browser that is a script."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.kept_answers import keep_sample_answer

from sayback.errors import WorkspaceError
from sayback.views.web import server
from sayback.views.web.reviewing import Reviewing
from sayback.workspace import Workspace, shipped_questions

BROWSER = """
import sys
from pathlib import Path
from urllib.request import urlopen
page = urlopen(sys.argv[2], timeout=60).read().decode()
with Path(sys.argv[1]).open("a") as seen:
    print(sys.argv[2], "U-Net" in page, file=seen)
"""
OPEN_TWICE = """
import sys
from pathlib import Path
from sayback.views.web.reviewing import Reviewing
reviewing = Reviewing(*map(Path, sys.argv[1:]))
reviewing.open(1)
reviewing.open(1)
"""

WARN = """
import logging
logging.getLogger("asyncio").warning("socket.send() raised exception.")
"""


def test_the_page_of_an_attempt_is_opened_once_it_is_served(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    shutil.copytree(shipped_questions(), workspace.questions)
    keep_sample_answer(tmp_path)
    browser, seen = tmp_path / "browser.py", tmp_path / "seen"
    browser.write_text(BROWSER)
    subprocess.run(
        [sys.executable, "-c", OPEN_TWICE, workspace.recordings, workspace.questions],
        env=os.environ | {"BROWSER": f"{sys.executable} {browser} {seen} %s"},
        check=True,
        timeout=120,
    )
    first, second = seen.read_text().splitlines()
    assert first == second  # one server
    assert first.startswith("http://127.0.0.1:")
    assert first.endswith("/attempt-1.html True")


def test_what_becomes_of_a_connection_is_not_written_over_the_screen(tmp_path: Path) -> None:
    opened = subprocess.run(
        [sys.executable, "-c", OPEN_TWICE + WARN, tmp_path, tmp_path],
        env=os.environ | {"BROWSER": "true %s"},
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert (opened.stdout, opened.stderr) == (b"", b"")


def test_a_server_that_cannot_start_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HOST", "192.0.2.1")  # an address that no machine has
    reviewing = Reviewing(tmp_path, tmp_path)
    for _ in range(2):
        with pytest.raises(WorkspaceError, match="port 0"):
            reviewing.open(1)
