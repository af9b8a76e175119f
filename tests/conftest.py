"""Fixtures for all tests."""

import sys
from pathlib import Path

import pytest

# With --import-mode=importlib nothing is put on the path; the tests import their helpers as
# `tests.virtual_sound_card`, which is also the name that mypy knows them by.
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.virtual_sound_card import sound_card

__all__ = ["sound_card"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="the long campaigns of tests/torture")
    parser.addoption("--torture-seed", type=int, default=1, help="what chance begins with there")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what hears or plays: its sound has gaps where other tests keep the processor busy."""
    for item in items:
        if "sound_card" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.sound_card)
