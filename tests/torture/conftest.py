"""The fixture `campaign`, and the table of what was measured at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.torture.campaign import Campaign

_FIGURES = pytest.StashKey[list[tuple[str, str]]]()


@pytest.fixture
def campaign(request: pytest.FixtureRequest) -> Iterator[Campaign]:
    """The campaign that a test runs; its figures are shown even where it fails."""
    config = request.config
    campaign = Campaign(
        request.node.name, config.getoption("--torture"), config.getoption("--torture-seed")
    )
    yield campaign
    config.stash.setdefault(_FIGURES, []).extend(campaign.figures)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of all campaigns of this run."""
    figures = terminalreporter.config.stash.get(_FIGURES, [])
    if not figures:
        return
    terminalreporter.section("faults, and what was lost")
    width = max(len(fault) for fault, _ in figures)
    for fault, figure in figures:
        terminalreporter.line(f"{fault:<{width}}  {figure}")
