"""`make audit`, against an environment with packages that should be found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]

KNOWN = {("PyPI", "jinja2", "2.4.1"): ["GHSA-8r7q-cvjq-x353"]}
"""An advisory of the real database; the version is one that it names."""


class Advisories(BaseHTTPRequestHandler):
    """Answers as OSV's querybatch does."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        results = [
            {"vulns": [{"id": name} for name in names]} if (names := known(query)) else {}
            for query in asked
        ]
        if self.path == "/half":
            results = results[::2]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"results": results}).encode())

    def log_message(self, *_: object) -> None:
        pass


def known(query: dict[str, dict[str, str] | str]) -> list[str]:
    package, version = query["package"], query["version"]
    assert isinstance(package, dict)
    assert isinstance(version, str)
    assert "+" not in version
    return KNOWN.get((package["ecosystem"], package["name"], version), [])


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def audit(service: str, beside: Path | None = None) -> tuple[int, str]:
    """Exit status and what is printed; packages in `beside` count as installed too."""
    finished = subprocess.run(
        [sys.executable, CHECKOUT / "scripts/audit.py", "--service", service],
        env=os.environ | {"PYTHONPATH": str(beside or ""), "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not finished.stderr
    return finished.returncode, finished.stdout


def install(folder: Path, name: str, version: str, licence: str) -> None:
    (info := folder / f"{name}-{version}.dist-info").mkdir()
    field = f"License-Expression: {licence}\n" if licence else ""
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{field}", "utf-8"
    )


def test_licences_of_all_that_is_installed_are_known_and_fit(service: str) -> None:
    status, printed = audit(service)
    assert status == 0, printed
    assert ", none to review" in printed
    assert "asked about, none known" in printed


def test_a_vulnerable_version_is_found(service: str, tmp_path: Path) -> None:
    install(tmp_path, "Jinja2", "2.4.1", "BSD-3-Clause")
    status, printed = audit(service, tmp_path)
    assert status == 1
    assert "    jinja2 2.4.1: https://osv.dev/vulnerability/GHSA-8r7q-cvjq-x353\n" in printed


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("GPL-3.0-only", "GPL-3.0-only"),
        ("MIT AND AGPL-3.0-only", "MIT AND AGPL-3.0-only"),
        ("LicenseRef-Proprietary", "LicenseRef-Proprietary"),
        ("", "no licence named"),
    ],
)
def test_a_licence_that_does_not_fit_is_named(
    licence: str, said: str, service: str, tmp_path: Path
) -> None:
    install(tmp_path, "stray", "1.0", licence)
    status, printed = audit(service, tmp_path)
    assert status == 1
    assert f"    stray 1.0: {said}: look at it" in printed


def test_a_choice_of_licences_fits_if_one_does(service: str, tmp_path: Path) -> None:
    install(tmp_path, "stray", "1.0", "(GPL-3.0-only OR MIT) AND Apache-2.0")
    assert audit(service, tmp_path)[0] == 0


@pytest.mark.parametrize("service_path", ["half", "closed"])
def test_what_could_not_be_asked_is_not_called_none(service: str, service_path: str) -> None:
    status, printed = audit("http://127.0.0.1:9/" if service_path == "closed" else f"{service}half")
    assert status == 2
    assert "vulnerabilities: not checked: the vulnerability service" in printed
    assert "none known" not in printed
