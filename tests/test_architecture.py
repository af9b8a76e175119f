"""The shape of the house: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sayback

PACKAGE = Path(sayback.__file__).parent
STATIONS = ("bank", "voice", "capture", "transcript", "scoring", "history")
EVERYONE_MAY = ("sayback.model", "sayback.errors")


def imports(path: Path) -> Iterator[str]:
    """The full names of the sayback modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("sayback"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sayback"):
            yield str(node.module)
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise AssertionError(f"{path}: relative import")


def files_of(station: str) -> list[Path]:
    found = sorted((PACKAGE / station).rglob("*.py"))
    assert found, f"no files in {station}"
    return found


@pytest.mark.parametrize("station", STATIONS)
def test_a_station_knows_no_other_station_and_no_view(station: str) -> None:
    allowed = (*EVERYONE_MAY, f"sayback.{station}")
    strangers = [
        f"{path.name} imports {name}"
        for path in files_of(station)
        for name in imports(path)
        if not name.startswith(allowed)
    ]
    assert strangers == []


def test_nothing_imports_views_but_views_and_the_entry_point() -> None:
    others = [
        path.relative_to(PACKAGE)
        for path in PACKAGE.rglob("*.py")
        if "views" not in path.parts and path.name != "__main__.py"
        if any(name.startswith("sayback.views") for name in imports(path))
    ]
    assert others == []


def test_the_model_and_the_errors_import_nothing_of_ours() -> None:
    assert list(imports(PACKAGE / "model.py")) == []
    assert list(imports(PACKAGE / "errors.py")) == []
