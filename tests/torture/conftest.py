"""The fixture `campaign`, and the table of what was measured at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.torture.campaign import Campaign

_FIGURE = "figure"


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
