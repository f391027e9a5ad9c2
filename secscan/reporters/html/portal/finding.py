"""What the search page looks through: every host, check and outcome in one small file that a script element loads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from secscan.inert import for_script
from secscan.reporters.html import templates
from secscan.reporters.html.fleet import LETTERS
from secscan.reporters.html.portal import addresses
from secscan.reporters.html.portal.gathering import Gathering
from secscan.reporters.html.portal.writing import INDEX, SCRIPT, SEARCH, STYLE, File, Writer
from secscan.terms import CATALOGUES, OUTCOMES, SEVERITIES


def search_pages(writer: Writer) -> Iterator[File]:
    """The search page, its index and script, and what all pages share."""
    gathering, fleet = writer.gathering, writer.gathering.fleet
    frameworks = fleet.framework_rows()
    counted = fleet.summary.tally.counts
    yield writer.page(
        "search.html",
        "search.html",
        index=INDEX,
        search=SEARCH,
        present=[term for term in OUTCOMES if counted.get(term.key)],
        domains=sorted(fleet.domains, key=gathering.w.content),
        requirements=sorted(fleet.serves),
        frameworks=frameworks,
        catalogues=CATALOGUES,
        sites=sorted(gathering.sites),
    )
    yield INDEX, iter([f"const searchIndex = {for_script(search_index(gathering))};\n"])
    yield SEARCH, iter([str(templates.asset("portal/search.js"))])
    yield SCRIPT, iter([str(templates.asset("opening.js"))])
    yield STYLE, iter([str(templates.asset("page.css")), str(templates.asset("portal/portal.css"))])


def search_index(gathering: Gathering) -> dict[str, Any]:
    """Names, outcomes and where things stand; nothing that the pages do not show, and no evidence."""
    fleet, w = gathering.fleet, gathering.w
    checks = {check.check: check for check in fleet.summary.checks}
    place = {name: at for at, name in enumerate(checks)}
    named = {member.line.summary.site for member in gathering.members}
    sites = {name: at for at, name in enumerate(sorted(named))}
    serving: dict[str, list[str]] = {}
    for requirement, served in fleet.serves.items():
        for check in served:
            serving.setdefault(check, []).append(requirement)
    files: dict[str, int] = {}
    orders = [
        [
            [place[check], files.setdefault(file, len(files)), anchor]
            for (check, _), (file, anchor) in zip(layout.asked, layout.places, strict=True)
        ]
        for layout in gathering.layouts.known.values()
    ]
    return {
        "checks": [
            [
                name,
                w.content(check.title),
                check.domain,
                check.severity,
                serving.get(name, []),
                {key: list(ids) for key, ids in fleet.checks[name]["references"].items() if key in CATALOGUES},
                f"{addresses.check_path(name)}.html",
            ]
            for name, check in checks.items()
        ],
        "sites": list(sites),
        "files": list(files),
        "orders": orders,
        "hosts": [
            [member.line.summary.name, member.folder, sites[member.line.summary.site], member.layout.number, member.letters]
            for member in gathering.members
        ],
        "letters": {letter: outcome for outcome, letter in LETTERS.items()},
        "outcomes": {term.key: [term.sign, w.translate(term.word)] for term in OUTCOMES},
        "severities": {term.key: [term.sign, w.translate(term.word)] for term in SEVERITIES},
        "decided": w.translate("Decided"),
    }
