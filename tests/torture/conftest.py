"""The fixtures of the campaigns, and the table of what was measured at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from tests.review_server import Server, started
from tests.torture.campaign import Campaign
from tests.torture.months import months
from tests.torture.review_page import get

from sayback.workspace import Workspace

_FIGURE = "figure"
_ANSWERS = 440


@pytest.fixture
def campaign(request: pytest.FixtureRequest) -> Iterator[Campaign]:
    """The campaign that a test runs; its figures are shown even where it fails."""
    config = request.config
    campaign = Campaign(
        request.node.name, config.getoption("--torture"), config.getoption("--torture-seed")
    )
    yield campaign
    # They travel with the report of the test, which may have run in a process of its own.
    request.node.user_properties.extend((_FIGURE, figure) for figure in campaign.figures)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return months(tmp_path_factory.mktemp("months") / "space", _ANSWERS, Random(1))


@pytest.fixture
def server(space: Workspace, tmp_path: Path) -> Iterator[Server]:
    """A running server that has nothing to say of what was done to it."""
    said = tmp_path / "said"
    with said.open("w") as errors, started(space.folder, errors=errors) as running:
        yield running
        assert get(running, "")[0] == 200
    assert said.read_text() == "This page is for you alone; Ctrl-C ends it.\n"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of all campaigns of this run."""
    reports = [each for some in terminalreporter.stats.values() for each in some]
    figures = [
        value
        for report in reports
        if getattr(report, "when", None) == "teardown"
        for name, value in report.user_properties
        if name == _FIGURE
    ]
    if not figures:
        return
    terminalreporter.section("faults, and what was lost")
    width = max(len(fault) for fault, _ in figures)
    for fault, figure in figures:
        terminalreporter.line(f"{fault:<{width}}  {figure}")
