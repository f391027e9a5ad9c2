"""Where everything in a portal stands: file names that every file system takes, and addresses relative to a page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from secscan.assessments import Document
from secscan.reporters.html.anchors import Anchors
from secscan.reporters.html.views import subject_of

RESULTS_ON_A_PAGE = 30
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_RESERVED = re.compile(r"(?:index|con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)  # here, and on Windows
_LONGEST = 80


@cache
def file_name(text: str) -> str:
    """The text where it is a safe file name, else what is left of it with a digest."""
    safe = _UNSAFE.sub("_", text)[:_LONGEST].strip(".")
    if safe and safe == text and not _RESERVED.fullmatch(text):
        return safe
    return f"{safe}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def page_file(path: str, number: int) -> str:
    """The file of a page of a listing, from 1: `checks/x.html`, `checks/x~2.html`. No name of ours has a tilde."""
    return f"{path}.html" if number == 1 else f"{path}~{number}.html"


def check_path(check: str) -> str:
    """The pages of a check, without number and ending."""
    return f"checks/{file_name(check)}"


def requirement_path(requirement: str) -> str:
    """The pages of a requirement."""
    return f"requirements/{file_name(requirement)}"


def framework_path(framework: str) -> str:
    """The pages that list the controls of a framework."""
    return f"frameworks/{file_name(framework)}"


def control_path(framework: str, control: str) -> str:
    """The pages of a control of a framework."""
    return f"frameworks/{file_name(framework)}/{file_name(control)}"


def site_path(site: str) -> str:
    """The pages of a site; those of the hosts that name none have a name that no site has."""
    return f"sites/{file_name(site)}" if site else "sites/~none"


@dataclass(slots=True)
class HostNames:
    """Hands out the folders of hosts: each once, where upper and lower case are the same too."""

    _used: set[str] = field(default_factory=set)

    def name(self, host: str) -> str:
        """The folder of a host below `hosts`."""
        first = name = file_name(host)
        number = 1
        while name.casefold() in self._used:
            number += 1
            name = f"{first}~{number}"
        self._used.add(name.casefold())
        return name


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the results of hosts stand that were asked the same: for each result its file in the host's folder and its anchor.

    `asked` has check and subject (empty: the host itself) by position; `files` the positions on each page, in order.
    """

    number: int
    asked: tuple[tuple[str, str], ...]
    places: tuple[tuple[str, str], ...]
    files: Mapping[str, tuple[int, ...]]
    domains: Mapping[str, tuple[str, ...]]
    positions: Mapping[str, tuple[int, ...]]

    def address(self, position: int) -> str:
        """The address of a result from the host's own page."""
        file, anchor = self.places[position]
        return f"{file}#{anchor}"


@dataclass(slots=True)
class Layouts:
    """One layout for all hosts that were asked the same."""

    known: dict[tuple[tuple[str, str], ...], Layout] = field(default_factory=dict)

    def of(self, document: Document) -> Layout:
        """The layout of a document's results."""
        asked = tuple((result["check"], subject_of(result, document)) for result in document["results"])
        if asked not in self.known:
            self.known[asked] = _lay_out(len(self.known), asked, document["checks"])
        return self.known[asked]


def _lay_out(number: int, asked: tuple[tuple[str, str], ...], checks: Mapping[str, Mapping[str, Any]]) -> Layout:
    by_domain: dict[str, list[int]] = {}
    positions: dict[str, list[int]] = {}
    for position, (check, _) in enumerate(asked):
        by_domain.setdefault(checks[check]["domain"], []).append(position)
        positions.setdefault(check, []).append(position)
    files: dict[str, tuple[int, ...]] = {}
    domains: dict[str, tuple[str, ...]] = {}
    places: dict[int, tuple[str, str]] = {}
    for domain, members in by_domain.items():
        for page, start in enumerate(range(0, len(members), RESULTS_ON_A_PAGE), 1):
            file, anchors = page_file(file_name(domain), page), Anchors()
            files[file] = tuple(members[start : start + RESULTS_ON_A_PAGE])
            domains[domain] = (*domains.get(domain, ()), file)
            places |= {position: (file, anchors.result("", *asked[position])) for position in files[file]}
    return Layout(
        number,
        asked,
        tuple(places[position] for position in range(len(asked))),
        files,
        domains,
        {check: tuple(found) for check, found in positions.items()},
    )
