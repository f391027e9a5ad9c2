"""WCAG 2.2 AA in a real browser: axe-core's rules, the keyboard, the window; every page kind in every language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import samples
from browser import Browser, axe, browser
from oversight_sample import register as register_of_oversight

from secscan.assessments import to_document
from secscan.imports import read_results
from secscan.kpi.annual import Annual
from secscan.kpi.definitions import Governance, definitions
from secscan.kpi.measure import measure, read_period
from secscan.kpi.register import register
from secscan.languages import LANGUAGES, wording
from secscan.model.assessment import ATTESTATION, ActionText, AttestationText, Disposition, EvidenceText, Outcome
from secscan.oversight.linking import Links
from secscan.plugins import reporter
from secscan.reporters.html.annual import write_page as write_annual
from secscan.reporters.html.continuity import write_continuity
from secscan.reporters.html.continuity.speech import INDICATORS
from secscan.reporters.html.oversight import write_page as write_oversight
from secscan.reporters.html.portal.addresses import RESULTS_ON_A_PAGE
from secscan.wording import Wording

OPENSCAP = Path(__file__).parents[1] / "imports" / "files" / "openscap_arf.xml"
WIDTHS = (360, 768, 1280, 1600)
COLOURS = ("color-contrast", "link-in-text-block")
RULES = {
    "resultTypes": ["violations"],
    "preload": False,
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "rules": {"target-size": {"enabled": True}, **{rule: {"enabled": False} for rule in COLOURS}},
}
CONTRAST = {"resultTypes": ["violations"], "preload": False, "runOnly": list(COLOURS)}
FRESH = """(known) => {
  // Texts in colours that no page has had: equal colours, size and weight on equal ground have the same contrast on every page.
  const grounds = new Map();
  const ground = (element) => {
    if (!element) return "";
    if (!grounds.has(element)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(element);
      const plain = backgroundColor === "rgba(0, 0, 0, 0)" && backgroundImage === "none" && opacity === "1";
      const own = backgroundColor.startsWith("rgb(") && backgroundImage === "none" && opacity === "1";
      const below = own ? "" : ground(element.parentElement);
      grounds.set(element, plain ? below : `${below}/${backgroundColor} ${backgroundImage} ${opacity}`);
    }
    return grounds.get(element);
  };
  const seen = new Set(known), fresh = [];
  const written = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.matches("a, input, select, button") && !written(element)) continue;
    const { color, fontSize, fontWeight, textDecoration } = getComputedStyle(element);
    const link = element.closest("a") ? `${textDecoration} ${getComputedStyle(element.closest("a").parentElement).color}` : "";
    const look = [color, fontSize, fontWeight, link, ground(element)].join("; ");
    if (seen.has(look)) continue;
    seen.add(look);
    fresh.push(link ? element.closest("a").parentElement : element);
  }
  globalThis.fresh = fresh;
  return [...seen];
}"""
ONE_OF_EACH = (
    "sshd_root_login_disabled",  # fails
    "security_updates_installed",  # waived
    "shadow_hashes_strong",  # could not be judged
    "backup_restore_tested",  # for a person
    "kernel_randomizes_addresses",  # holds
    "grub_password_set",  # not on this host
)
STATEMENT = AttestationText(
    "ATT-1", "A restore was tested.", "organization", "pass", "Chief of operations", "Chief of ICT", samples.STARTED - 86400,
    samples.STARTED + 86400, {"When?": "In October"}, {"restore_h": 3.5}, (EvidenceText("minutes.pdf", "9f" * 32, "kept"),),
    1, (ActionText("F-1", "Head of storage", samples.STARTED),),
)  # fmt: skip


def few(assessment: Any) -> dict[str, Any]:
    """A host with one result of each outcome: what a page shows of the others looks the same."""
    results = tuple(result for result in assessment.results if result.check in ONE_OF_EACH)
    checks = {name: text for name, text in assessment.checks.items() if name in ONE_OF_EACH}
    return to_document(replace(assessment, results=results, checks=checks))


def fleet(size: int) -> list[dict[str, Any]]:
    """Hosts of several sites, and one that was not reached."""
    sites = ("geneva", "nairobi")
    named = [(f"{sites[number % 2]}-{number:02}", sites[number % 2]) for number in range(1, size)]
    found = [few(samples.assessment(samples.host(name, site=site))) for name, site in named]
    return [*found, few(samples.unreachable("nairobi-99", "connection timed out after 15 s"))]


def attested() -> list[dict[str, Any]]:
    """What an organization states of itself, and what it has not answered."""
    name = "UN"
    stated = samples.result(
        "backup_restore_tested", Outcome.MANUAL, name, disposition=Disposition.ATTESTED, attestation="ATT-1", standing="holds"
    )
    asked = samples.result("grub_password_set", Outcome.MANUAL, name, reason="Who holds the password?")
    found = samples.assessment(
        samples.host(name, transport=ATTESTATION, address="", system=""), results=(stated, asked), proofs=(), changes=()
    )
    return [to_document(replace(found, attestations={"ATT-1": STATEMENT}))]


def many_results() -> list[dict[str, Any]]:
    """A subject area on two pages."""
    like = samples.result("grub_password_set", Outcome.NOT_APPLICABLE, reason="not on this host: grub")
    names = [f"grub_password_set_{number}" for number in range(RESULTS_ON_A_PAGE + 1)]
    checks = {name: replace(samples.CHECKS["grub_password_set"], id=name) for name in names}
    results = tuple(replace(like, check=name) for name in names)
    return [to_document(samples.assessment(results=results, checks=checks, proofs=(), changes=(), waivers={}))]


def annual(words: Wording) -> Iterator[str]:
    """The annual report: indicators of two periods that rise, fall and are not known, risks, and what is proposed."""
    now, before = read_period(fleet(4)), read_period(fleet(3))
    own = Governance(adjustments=("Field offices get a second backup site.",))
    indicators = measure(definitions()[1], now, before, own)
    period = (now.started_at, now.finished_at)
    return write_annual(Annual(2, indicators, register(fleet(4), own), own.adjustments, period, period, redacted=True), words)


def continuity() -> dict[str, Any]:
    """Services with every verdict, points of every shape, what ends and what is not known."""
    now = samples.STARTED
    why = ("files: newest in far on vault", "there is no restore point", "db1 was not read: connection timed out", "estimated")
    verdicts = (("measured", "met"), ("measured", "missed"), ("unknown", "unknown"), ("estimated", "partly met"))
    met, missed, unknown, partly = (
        {
            "seconds": 7200.0 if verdict != "unknown" else None,
            "never": verdict == "missed",
            "knowledge": known,
            "verdict": verdict,
            "why": said,
        }
        for (known, verdict), said in zip(verdicts, why, strict=True)
    )
    points = [
        {"time": now - age * 3600, "integrity": integrity, "doubt": doubt}
        for age, integrity, doubt in ((1, "whole", ""), (30, "whole", "the clock of vault is not known"), (60, "broken", ""))
    ]
    saved = {"host": "vault", "site": "valencia", "points": points}
    data = {
        "id": "files", "host": "db1", "paths": ["/srv/erp"], "database": "", "covered": True, "size": 2**30, "uncovered": 0,
        "size_fault": "", "held": 0.5, "figures": {"rpo_now": met, "worst_gap": missed, "site_loss": unknown, "cyber": partly},
        "rule_32110": {
            "copies": 2, "hosts": 2, "off_site": 1, "immutable": 0, "errors": None, "verdict": "unknown",
            "missing": ["no other host holds it"],
        },
        "repositories": [
            {**saved, "id": "far", "fault": "", "notes": ["far is damaged: 3 files do not hold what they should"]},
            {**saved, "id": "near", "fault": "db1 was not read", "notes": [], "points": []},
        ],
        "restore_tests": {"tests": [], "faults": ["db1 was not read"], "notes": []},
    }  # fmt: skip
    hang = {"kind": "host", "name": "db1", "service": "erp", "single": True, "fault": "", "not_its_own": False, "why": ""}
    dark = {**hang, "kind": "disk", "name": "disks of db1", "single": None, "fault": "db1 was not read"}
    figures = {"rpo_now": met, "worst_gap": missed, "site_loss": unknown, "cyber": partly, "rto": missed}
    service = {
        "service": "erp", "owner": "Chief of finance", "criticality": "critical", "objectives": {"rpo": 14400.0, "rto": 28800.0},
        "depends_on": ["directory"], "figures": figures, "own_figures": figures, "limited_by": {"rto": "directory"}, "size": 2**30,
        "uncovered": 0, "data_sets": [data], "elements": [hang, dark],
    }  # fmt: skip
    other = {**service, "service": "directory", "depends_on": [], "limited_by": {}, "data_sets": [], "criticality": "low"}
    trace = {"check": "service_recovers_in_time", "subject": "service erp", "outcome": "fail", "disposition": "waived"}
    indicators = [
        {
            "id": name, "title": title, "met": ["directory"], "missed": ["erp"], "estimated": [], "unknown": [],
            "of": ["directory", "erp"], "results": [trace], "statements": ["drill-2026"], "notes": ["Chief: K4, 0 of 2"],
            "numbers": {"in_30_days": 1.0, "in_90_days": 2.0} if name == "K10" else {},
        }
        for name, title in INDICATORS.items()
    ]  # fmt: skip
    lost = {"service": "erp", "data_set": "files", "live_lost": True, "repositories_lost": ["far"], "loss": unknown}
    ending = [
        {"kind": "certificate", "name": "CN=erp", "place": "db1:/etc/a.crt", "ends": now - 9.0, "fault": ""},
        {"kind": "signing key", "name": "keys of packages", "place": "db1", "ends": None, "fault": "db1 was not read"},
    ]
    return {
        "as_of": now, "window_s": 604800.0, "broken": [{"file": "a.bundle.json.gz", "why": "changed"}],
        "services": [service, other], "indicators": indicators, "ending": ending,
        "hosts": [
            {"host": "db1", "site": "geneva", "read": False, "why": "lost"}, {"host": "vault", "site": "", "read": True, "why": ""},
        ],
        "losses": [{"kind": "resolver", "name": "resolver of db1", "services": ["erp"]}],
        "undeclared": [{"host": "db1", "path": "/home", "size": 5 * 2**30}],
        "scenarios": [{"kind": kind, "name": "db1", "stops": ["erp"], "data_sets": [lost]} for kind in ("host", "credentials")],
    }  # fmt: skip


SINGLE = {
    "host": lambda: [few(samples.assessment())],
    "hosts": lambda: fleet(2),
    "fleet": lambda: fleet(4),
    "attested": attested,
    "imported": lambda: [to_document(found) for found in read_results(OPENSCAP, "1.0")],
    "unreachable": lambda: [few(samples.unreachable("lost", "no route to host"))],
    "nothing": list,
}


def kind(path: str) -> str:
    """What a page of the portal is about: pages of one kind are made by one template."""
    parts = path.split("/")
    if parts[0] == "hosts" and len(parts) == 3:
        return "host" if parts[2] == "index.html" else "results"
    return parts[0] if len(parts) == 1 else "/".join(parts[:1] + ["*"] * (len(parts) - 1))


def write_pages(folder: Path, language: str) -> dict[str, Path]:
    """A page of every kind in a language."""
    words = wording(language)
    pages = {}
    for name, scene in SINGLE.items():
        pages[name] = folder / f"{name}.html"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("secscan.reporters.html.HOSTS_IN_FULL", 3)  # the page of a large fleet, small
            made = reporter("html").follow(register_of_oversight()) if name == "fleet" else reporter("html")
            pages[name].write_text("".join(made.write(scene(), words)), encoding="utf-8")
    pages["oversight"] = folder / "oversight.html"
    recommendations = write_oversight([*fleet(3), *attested()], Links(register_of_oversight()), words)
    pages["oversight"].write_text("".join(recommendations), encoding="utf-8")
    pages["annual"] = folder / "annual.html"
    pages["annual"].write_text("".join(annual(words)), encoding="utf-8")
    pages["continuity"] = folder / "continuity.html"
    pages["continuity"].write_text("".join(write_continuity(continuity(), words)), encoding="utf-8")
    for name, documents in (("portal", [*fleet(3), *attested()]), ("long", many_results() if language == "en" else ())):
        for path, pieces in reporter("portal").follow(register_of_oversight()).files(documents, words) if documents else ():
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(pieces), encoding="utf-8")
            if file.suffix == ".html" and (name == "portal" or kind(path) == "results"):
                pages.setdefault(f"{name}: {kind(path)}", file)
    return pages


FOCUSABLE = "a[href], button, input, select, summary, [tabindex]"
READ_FOCUS = """(() => {
  const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
  const seen = ([x, y]) => { const there = document.elementFromPoint(x, y); return at.contains(there) || there?.contains(at); };
  const points = [.05, .5, .95].map((part) => [box.left + part * box.width, box.top + part * box.height]);
  return {
    index: [...document.querySelectorAll("*")].indexOf(at), html: at.outerHTML.slice(0, 100), id: at.id, name: at.name || "",
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, seen: points.some(seen),
  };
})()"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    axe()  # skip before anything is started
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Path]]:
    """Writes a page of every kind in a language, once."""
    return cache(lambda language: write_pages(tmp_path_factory.mktemp(language), language))


@pytest.fixture(scope="module", params=LANGUAGES)
def pages(request: pytest.FixtureRequest, written: Callable[[str], dict[str, Path]]) -> dict[str, Path]:
    return written(request.param)


# terms of a list that take more room than theirs, so that they lie over what stands beside them
RUNS_OVER = (
    "[...document.querySelectorAll('dt')].filter((term) => term.clientWidth && term.scrollWidth > term.clientWidth)"
    ".map((term) => term.textContent)"
)


@pytest.fixture(scope="module")
def english(written: Callable[[str], dict[str, Path]]) -> dict[str, Path]:
    return written("en")


@pytest.fixture
def keyboard(chromium: Browser) -> Browser:
    chromium.size(1280)
    chromium.colours("light")
    chromium.ask("Emulation.setFocusEmulationEnabled", enabled=True)
    return chromium


def tab(keyboard: Browser) -> dict[str, Any]:
    """Go on to the next element that takes the keyboard, and what is seen of it."""
    keyboard.press("Tab")
    return keyboard.run(READ_FOCUS)


def tab_to(keyboard: Browser, wanted: str) -> None:
    """Go on until an element that fits a selector has the keyboard."""
    for _ in range(200):
        keyboard.press("Tab")
        if keyboard.run(f"document.activeElement.matches({json.dumps(wanted)})"):
            return
    pytest.fail(f"the keyboard does not reach {wanted}")


def violations(chromium: Browser, options: dict[str, Any], part: str = "document") -> list[Any]:
    """What breaks axe-core's rules in a part of the page: rule, element, why."""
    return chromium.run(
        f"axe.run({part}, {json.dumps(options)}).then((found) => found.violations.flatMap((broken) =>"
        " broken.nodes.slice(0, 3).map((node) => [broken.id, node.html.slice(0, 160), node.failureSummary])))"
    )


@pytest.fixture(scope="module")
def looks() -> dict[str, list[str]]:
    """What axe-core has judged of colours on any page, light and dark."""
    return {"light": [], "dark": []}


def unlike(chromium: Browser, scheme: str, looks: dict[str, list[str]]) -> list[Any]:
    """What breaks the rules about colours among what looks like nothing on an earlier page."""
    chromium.colours(scheme)
    looks[scheme] = chromium.run(f"({FRESH})({json.dumps(looks[scheme])})")
    return violations(chromium, CONTRAST, "{include: fresh}") if chromium.run("fresh.length") else []


def test_axe_finds_nothing_in_light_or_dark_and_every_page_fits_from_phone_to_wall(
    chromium: Browser, looks: dict[str, list[str]], pages: dict[str, Path]
):
    told, words = [], wording(pages["host"].parent.name.rstrip("0123456789"))
    with chromium.always(axe()):
        for name, path in pages.items():
            chromium.size(1280)
            chromium.colours("light")
            chromium.open(path)
            assert chromium.run("[document.documentElement.lang, document.documentElement.dir]") == [
                words.language,
                words.direction,
            ]
            chromium.run(
                "for (const closed of document.querySelectorAll('details')) closed.open = true; document.fonts.ready.then(() => 0)"
            )
            told += [(name, *found) for found in violations(chromium, RULES)]
            told += [(name, scheme, *found) for scheme in looks for found in unlike(chromium, scheme, looks)]
            for width in WIDTHS:
                chromium.size(width)
                needed = chromium.run("document.documentElement.scrollWidth")
                told += [(name, f"needs {needed} px in a window of {width} px")] if needed > width else []
                told += [(name, f"runs over its neighbour in a window of {width} px", text) for text in chromium.run(RUNS_OVER)]
            told += [(name, complaint) for complaint in chromium.complaints]
            told += [(name, f"asks for {url}") for url in chromium.requests if not url.startswith("file:")]
    assert told == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_that_can_hardly_be_read_is_found_on_a_page_that_has_all_looks_already(
    chromium: Browser, looks: dict[str, list[str]], english: dict[str, Path], tmp_path: Path, scheme: str
):
    """A look that no page had is judged, whatever was judged before: the pages are not passed because they are alike."""
    grey = "<style>.faint { color: #777777; background: #808080 }</style><p class=faint>faint</p></main>"
    spoilt = tmp_path / "spoilt.html"
    text = english["unreachable"].read_text(encoding="utf-8").replace("Content-Security-Policy", "x")
    spoilt.write_text(text.replace("</main>", grey), encoding="utf-8")
    with chromium.always(axe()):
        chromium.open(english["unreachable"])
        assert unlike(chromium, scheme, looks) == []
        chromium.open(spoilt)
        (found,) = unlike(chromium, scheme, looks)
    assert (found[0], found[1]) == ("color-contrast", '<p class="faint">faint</p>')


@pytest.mark.parametrize("name", ["host", "fleet", "portal: index.html", "portal: results", "portal: search.html"])
def test_tab_reaches_everything_in_the_order_of_the_page_and_shows_where_it_is(
    keyboard: Browser, english: dict[str, Path], name: str
):
    keyboard.open(english[name])
    visible = f"[...document.querySelectorAll({json.dumps(FOCUSABLE)})].filter((element) => element.checkVisibility())"
    wanted = keyboard.run(f"{visible}.map((element) => [...document.querySelectorAll('*')].indexOf(element))")
    steps = [tab(keyboard) for _ in wanted]
    assert [step["index"] for step in steps] == wanted
    assert [step["html"] for step in steps if not (step["outlined"] and step["seen"])] == []
    assert 'class="skip"' in steps[0]["html"]


def test_enter_skips_to_the_results_and_opens_and_closes_one(keyboard: Browser, english: dict[str, Path]):
    keyboard.open(english["host"])
    tab(keyboard)
    keyboard.press("Enter")
    assert keyboard.run("location.hash") == "#results"
    tab_to(keyboard, ".result > summary")
    for expected in (True, False):
        keyboard.press("Enter")
        assert keyboard.run("document.activeElement.parentElement.open") is expected


def test_filters_work_with_the_keyboard_and_say_what_is_shown(keyboard: Browser, english: dict[str, Path]):
    keyboard.open(english["host"])
    shown = "document.querySelectorAll('.result:not([hidden])').length"
    assert keyboard.run(shown) == len(ONE_OF_EACH)
    tab_to(keyboard, "input[name=outcome][value=pass]")
    keyboard.press(" ")
    said = keyboard.run("new Promise((done) => setTimeout(() => done(document.getElementById('shown').textContent), 500))")
    assert keyboard.run(shown) == len(ONE_OF_EACH) - 1
    assert str(len(ONE_OF_EACH) - 1) in said


def test_a_deep_link_opens_its_result(keyboard: Browser, english: dict[str, Path]):
    anchor = "geneva-web-01/sshd_root_login_disabled"
    keyboard.open(english["host"], f"#{anchor}")
    assert keyboard.run(f"document.getElementById({json.dumps(anchor)}).open") is True
