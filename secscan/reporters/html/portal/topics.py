"""The pages that lead from a requirement or a control to checks, and from a check to hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from secscan.reporters.html.portal import addresses
from secscan.reporters.html.portal.gathering import Gathering
from secscan.reporters.html.portal.writing import File, Writer
from secscan.summary import CheckSummary
from secscan.terms import CATALOGUES

_SITES = 20  # on the page of a requirement


def topic_pages(writer: Writer) -> Iterator[File]:
    """Lists of requirements, frameworks and checks, and a page for each of them."""
    yield from _requirements(writer)
    yield from _frameworks(writer)
    yield from _checks(writer)


def _requirements(writer: Writer) -> Iterator[File]:
    fleet = writer.gathering.fleet
    found = fleet.requirement_rows()
    make = writer.rows("requirements").requirement_row
    yield from writer.listing("requirements.html", "requirements", [make(text, checks, counts) for text, checks, counts in found])
    for text, checks, counts in found:
        path = addresses.requirement_path(text["id"])
        yield from _topic(writer, path, checks, counts, identifier=text["id"], text=text, framework="")


def _frameworks(writer: Writer) -> Iterator[File]:
    frameworks = writer.gathering.fleet.framework_rows()
    make = writer.rows("frameworks").framework_row
    rows = [make(framework, len(controls), _together(controls)) for framework, controls in frameworks.items()]
    yield from writer.listing("frameworks.html", "frameworks", rows)
    for framework, controls in frameworks.items():
        path = addresses.framework_path(framework)
        make = writer.rows(path).control_row
        rows = [make(framework, control, checks, counts) for control, checks, counts in controls]
        yield from writer.listing("framework.html", path, rows, framework=framework, title=CATALOGUES[framework])
        for control, checks, counts in controls:
            place = addresses.control_path(framework, control)
            yield from _topic(writer, place, checks, counts, identifier=control, text=None, framework=framework)


def _topic(writer: Writer, path: str, checks: Sequence[CheckSummary], counts: Counter[str], **values: Any) -> Iterator[File]:
    make = writer.rows(path).check_row
    rows = [make(check) for check in sorted(checks, key=lambda check: (-check.weight, check.check))]
    sites = _by_site(writer.gathering, {check.check for check in checks})
    yield from writer.listing("topic.html", path, rows, short=True, checks=checks, counts=counts, sites=sites[:_SITES],
                              sites_more=max(0, len(sites) - _SITES), **values)  # fmt: skip


def _by_site(gathering: Gathering, checks: set[str]) -> list[tuple[str, Counter[str]]]:
    """The outcomes of some checks at each site, those that fail most first."""
    found: list[tuple[str, Counter[str]]] = []
    for site in gathering.sites.values() if len(gathering.sites) > 1 else ():
        counts: Counter[str] = Counter()
        for check in checks:
            for outcome, count in site.outcomes(check):
                counts[outcome] += count
        found.append((site.name, counts))
    return sorted(found, key=lambda each: (-each[1]["fail"], each[0]))


def _checks(writer: Writer) -> Iterator[File]:
    fleet = writer.gathering.fleet
    make = writer.rows("checks").check_row
    yield from writer.listing("checks.html", "checks", [make(check) for check in fleet.summary.checks])
    frameworks = fleet.framework_rows()
    for check in fleet.summary.checks:
        path = addresses.check_path(check.check)
        serving = [name for name, served in fleet.serves.items() if check.check in served]
        controls = {
            framework: dict.fromkeys(fleet.checks[check.check]["references"].get(framework, ())) for framework in frameworks
        }
        yield from writer.listing(
            "check.html", path, _host_rows(writer, check.check), short=True, check=check, text=fleet.checks[check.check],
            serving=serving, controls={framework: list(named) for framework, named in controls.items() if named},
        )  # fmt: skip


def _host_rows(writer: Writer, check: str) -> list[str]:
    """Every host with its outcome of a check, linked to the evidence."""
    badges = writer.context("checks/x")["badges"]
    return [
        f'<li>{badges[outcome]} <a href="../{page if outcome != "unreachable" else member.page}">'
        f"<bdi>{member.said}</bdi></a></li>\n"
        for outcome, member, page in writer.gathering.by_check(check)
    ]


def _together(controls: Sequence[tuple[str, Sequence[CheckSummary], Counter[str]]]) -> Counter[str]:
    """The outcomes over all controls, each check once."""
    counts: Counter[str] = Counter()
    for check in {check.check: check for _, checks, _ in controls for check in checks}.values():
        counts.update(check.counts)
    return counts
