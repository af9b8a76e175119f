"""Lists the licences and the known vulnerabilities of what is installed: `make audit`.

Python packages of this environment, and axe-core. Debian's packages are the distribution's to
watch. Ends with 0: nothing to do; 1: something was found; 2: the vulnerabilities are not checked.
Names and versions are sent to osv.dev, the open database that the Python index reports to.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import Distribution, distributions
from pathlib import Path

SERVICE = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S = 30
FOUND, NOT_CHECKED = 1, 2

CHECKOUT = Path(__file__).parents[1]
AXE = CHECKOUT / ".venv/axe/node_modules/axe-core/package.json"


@dataclass(frozen=True)
class Package:
    ecosystem: str
    """As OSV names it: PyPI or npm."""
    name: str
    version: str
    licence: str
    """As the package words it; empty where it says nothing."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Policy:
    """The reviewed table, licences.toml."""

    allowed: frozenset[str]
    names: Mapping[str, str]
    reviewed: Mapping[str, str]

    @classmethod
    def read(cls) -> Policy:
        table = tomllib.loads(Path(__file__).with_name("licences.toml").read_text("utf-8"))
        allowed = frozenset(table["permissive"]) | frozenset(table["kept_apart"])
        return cls(allowed, table["names"], table["reviewed"])

    def review(self, name: str) -> str:
        """What was found by hand of the package; empty where nobody looked."""
        for pattern, review in self.reviewed.items():
            if fnmatch(name, pattern):
                return review
        return ""

    def permits(self, licence: str) -> bool:
        """Whether an SPDX expression leaves a choice of licences that are all allowed."""
        parts = re.sub("[()]", "", licence).split(" AND ")
        return all(any(one.strip() in self.allowed for one in part.split(" OR ")) for part in parts)


class NotChecked(Exception):
    """The vulnerability service did not answer, or not what was asked; the message says which."""


def main() -> None:
    parser = argparse.ArgumentParser(description="licences and known vulnerabilities")
    parser.add_argument("--service", default=SERVICE, metavar="URL", help="where to ask, OSV's API")
    service = parser.parse_args().service
    packages = sorted(installed(), key=lambda package: package.name)
    licences_are_fine = print_licences(packages, Policy.read())
    print()
    try:
        no_vulnerability = print_vulnerabilities(packages, service)
    except NotChecked as reason:
        print(f"vulnerabilities: not checked: the vulnerability service {reason}; try again online")
        sys.exit(NOT_CHECKED)
    sys.exit(0 if licences_are_fine and no_vulnerability else FOUND)


def installed() -> Iterator[Package]:
    """All of this environment but sayback itself, and axe-core where it is installed."""
    for distribution in distributions():
        name = re.sub(r"[-_.]+", "-", distribution.name).lower()
        if name != "sayback":
            yield Package("PyPI", name, distribution.version, licence_of(distribution))
    if AXE.exists():
        axe = json.loads(AXE.read_text("utf-8"))
        yield Package("npm", axe["name"], axe["version"], axe["license"])


def licence_of(distribution: Distribution) -> str:
    """The licence in the package's words: expression, first line of the old field, classifiers."""
    fields = distribution.metadata
    for field in ("License-Expression", "License"):
        for worded in fields.get_all(field, ()):
            if worded.strip():
                return str(worded).strip().splitlines()[0]
    classifiers = (str(line).split(" :: ") for line in fields.get_all("Classifier", ()))
    return " AND ".join(
        names[-1] for names in classifiers if names[0] == "License" and len(names) > 2
    )


def print_licences(packages: Sequence[Package], policy: Policy) -> bool:
    """Packages by licence, then what nobody has reviewed; whether there is none of that."""
    by_licence: dict[str, list[str]] = defaultdict(list)
    unfit: list[str] = []
    for package in packages:
        licence = policy.names.get(package.licence, package.licence)
        review = policy.review(package.name)
        by_licence[review or licence or "none named"].append(str(package))
        if not review and not policy.permits(licence):
            unfit.append(f"{package}: {licence or 'no licence named'}")
    for licence, names in sorted(by_licence.items()):
        print(f"{licence}\n    {', '.join(names)}")
    print(f"\nlicences: {len(packages)} packages, {len(unfit) or 'none'} to review")
    for line in unfit:
        print(f"    {line}: look at it, then replace it or add it to scripts/licences.toml")
    return not unfit


def print_vulnerabilities(packages: Sequence[Package], service: str) -> bool:
    """What is known against each package; whether that is nothing."""
    found = 0
    lines: list[str] = []
    for package, names in zip(packages, vulnerabilities(packages, service), strict=True):
        found += len(names)
        lines += [f"    {package}: https://osv.dev/vulnerability/{name}" for name in names]
    print(f"vulnerabilities: {len(packages)} packages asked about, {found or 'none'} known")
    print(*lines, sep="\n", end="\n" if lines else "")
    return not found


def vulnerabilities(packages: Sequence[Package], service: str) -> list[list[str]]:
    """The names of the vulnerabilities known of each package."""
    queries = [
        {
            "package": {"ecosystem": package.ecosystem, "name": package.name},
            "version": package.version.partition("+")[0],  # 2.13.0+cpu is a build of 2.13.0
        }
        for package in packages
    ]
    try:
        results = ask({"queries": queries}, service)["results"]
        if len(results) != len(packages) or any("next_page_token" in one for one in results):
            raise NotChecked("answered only in part")
        return [[found["id"] for found in one.get("vulns", ())] for one in results]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotChecked("gave an answer that cannot be read") from error


def ask(question: object, service: str) -> dict[str, list[dict[str, list[dict[str, str]]]]]:
    request = urllib.request.Request(
        service, json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            parsed: dict[str, list[dict[str, list[dict[str, str]]]]] = json.load(answer)
            return parsed
    except OSError as error:
        cause = getattr(error, "reason", error)
        raise NotChecked(f"cannot be reached ({cause})") from error


if __name__ == "__main__":
    main()
