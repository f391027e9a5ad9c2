"""The catalogue of checks as a folder of pages with an index, to be read where the repository is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from secscan.content.library import Library
from secscan.content.pages import check_page
from secscan.documents import read_document
from secscan.model.check import Check, Severity
from secscan.model.probe import Probe

INDEX = PurePosixPath("README.md")


def requirements_served(library: Library) -> dict[str, set[str]]:
    """The requirements that each check serves in any baseline, by check."""
    served: dict[str, set[str]] = {}
    for name in library.baselines:
        for selection in library.baseline(name).selections:
            served.setdefault(selection.check, set()).update(selection.requirements)
    return served


def write_catalogue(library: Library, probes: Mapping[str, Probe]) -> dict[PurePosixPath, str]:
    """Every page by its place in the folder: the index, and domain/id.md for each check."""
    served = requirements_served(library)
    checks = sorted(library.checks.values(), key=lambda check: (check.domain, check.id))
    pages = {INDEX: _index(checks, _holders(library))}
    for check in checks:
        requirements = [library.requirements[name] for name in sorted(served.get(check.id, ()))]
        data = read_document(Path(check.path)).data
        named = replace(check, path=f"checks/{check.domain}/{Path(check.path).name}")  # the same on every machine
        pages[_place(check)] = check_page(named, data, probes, requirements)
    return pages


def compare_catalogue(folder: Path, pages: Mapping[PurePosixPath, str]) -> Iterator[str]:
    """What is not as it would be written: a line for each page that is missing, differs or belongs to no check."""
    for place, text in pages.items():
        path = folder / place
        if not path.is_file():
            yield f"{path}: is missing"
        elif path.read_text(encoding="utf-8") != text:
            yield f"{path}: is out of date"
    yield from (f"{path}: is the page of no check" for path in left_over(folder, pages))


def left_over(folder: Path, pages: Mapping[PurePosixPath, str]) -> list[Path]:
    """Pages in a folder that no check has any more."""
    return sorted(path for path in folder.glob("*/*.md") if PurePosixPath(*path.relative_to(folder).parts) not in pages)


def _place(check: Check) -> PurePosixPath:
    return PurePosixPath(check.domain, f"{check.id}.md")


def _holders(library: Library) -> dict[str, list[str]]:
    """The baselines that hold each check, by check."""
    holders: dict[str, list[str]] = {}
    for name in sorted(library.baselines):
        for selection in library.baseline(name).selections:
            holders.setdefault(selection.check, []).append(name)
    return holders


def _index(checks: Iterable[Check], holders: Mapping[str, list[str]]) -> str:
    every = list(checks)
    counts = ", ".join(f"{sum(check.severity is severity for check in every)} {severity}" for severity in reversed(Severity))
    lines = [
        "# Catalogue of checks",
        "",
        f"{len(every)} checks ({counts}), printed from their files by `secscan check pages docs/checks`.",
    ]
    domain = ""
    for check in every:
        if check.domain != domain:
            domain = check.domain
            lines += ["", f"## {domain}", "", "| check | severity | holds when true | baselines |", "|---|---|---|---|"]
        title = check.title.replace("|", "\\|")
        held = ", ".join(holders.get(check.id, ()))
        lines.append(f"| [{check.id}]({_place(check)}) | {check.severity} | {title} | {held} |")
    return "\n".join(lines) + "\n"
