"""Finding things in a real browser: filters combine, the address keeps them, and nobody has to type accents."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import samples
from browser import Browser, browser

from secscan.assessments import to_document
from secscan.languages import wording
from secscan.plugins import reporter

SITES = ("geneva", "nairobi", "vienna")
ASK = """(asked) => new Promise((done) => {
  const form = document.getElementById("filters");
  for (const [name, value] of Object.entries(asked)) {
    const boxes = name === "outcome" ? form.querySelectorAll('input[name="outcome"]') : [];
    for (const box of boxes) box.checked = value.includes(box.value);
    if (name === "outcome") continue;
    if (form.elements[name].type === "checkbox") form.elements[name].checked = value;
    else form.elements[name].value = value;
  }
  form.dispatchEvent(new Event("input"));
  setTimeout(() => done(0), 300);
})"""
COUNTS = '[...document.querySelectorAll("#found .count")].map((count) => Number(count.textContent))'
SHOWN = 'document.querySelectorAll(".result:not([hidden])").length'


def documents() -> list[dict[str, Any]]:
    return [to_document(samples.assessment(samples.host(f"{site}-app-{n}", site=site))) for site in SITES for n in (1, 2)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        found.size(1280)
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Writes a report of six hosts in a language; the search page of a portal."""

    def write(name: str, language: str) -> Path:
        folder, found, words = tmp_path_factory.mktemp(name), reporter(name), wording(language)
        if not found.files:
            (folder / "report.html").write_text("".join(found.write(iter(documents()), words)), encoding="utf-8")
            return folder / "report.html"
        for path, pieces in found.files(documents(), words):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text("".join(pieces), encoding="utf-8")
        return folder / "search.html"

    return write


@pytest.fixture(scope="module")
def search(page: Callable[[str, str], Path]) -> Path:
    return page("portal", "en")


def ask(chromium: Browser, **asked: Any) -> None:
    chromium.run(f"({ASK})({json.dumps(asked)})")


@pytest.mark.parametrize(
    ("asked", "hosts", "checks", "results"),
    [
        ({}, 6, 7, 42),  # what needs attention
        ({"site": "vienna"}, 2, 7, 14),
        ({"site": "vienna", "severity": "high"}, 2, 4, 8),
        ({"site": "vienna", "severity": "high", "outcome": ["fail"]}, 2, 2, 4),
        ({"site": "vienna", "severity": "high", "outcome": ["fail"], "open": True}, 2, 1, 2),
        ({"framework": "cis_v8", "control": "5."}, 6, 2, 12),
        ({"requirement": "UNC-IS-03"}, 6, 3, 18),
        ({"text": "NAIROBI root"}, 2, 2, 4),
        ({"text": "app-2 unc-is-01"}, 3, 1, 3),
        ({"text": "nowhere"}, 0, 0, 0),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_asked_of_the_search_combines(
    chromium: Browser, search: Path, asked: dict[str, Any], hosts: int, checks: int, results: int
):
    chromium.open(search)
    ask(chromium, **asked)
    assert chromium.run(COUNTS) == [hosts, checks, results]
    assert chromium.complaints == []


def test_the_address_keeps_what_was_asked_and_another_address_asks_something_else(chromium: Browser, search: Path):
    chromium.open(search)
    ask(chromium, site="vienna", severity="high", outcome=["fail"], open=True)
    kept = chromium.run("location.hash")
    chromium.open(search, kept)
    assert chromium.run(COUNTS) == [2, 1, 2]
    chromium.run("location.hash = '#severity=critical'; new Promise((done) => setTimeout(done, 300))")
    assert chromium.run(COUNTS) == [6, 1, 6]
    assert chromium.run("document.getElementById('filters').elements.site.value") == ""


def test_whoever_asks_for_more_with_the_keyboard_goes_on_with_what_is_new(chromium: Browser, search: Path):
    chromium.open(search)
    ask(chromium, outcome=["fail", "error", "manual", "pass", "not_applicable"])
    chromium.run("const more = document.querySelector('[data-list=results]'); more.focus(); more.click(); 0")
    assert chromium.run("[...document.querySelectorAll('#list-results li')].indexOf(document.activeElement.closest('li'))") == 60
    assert chromium.run("document.querySelector('[data-list=results]').hidden") is True


def test_accents_and_curly_apostrophes_need_not_be_typed(chromium: Browser, page: Callable[[str, str], Path]):
    words = wording("fr")
    chromium.open(page("html", "fr"))
    for told in (words.translate("Raw answer"), words.translate("What was made of it"), words.translate("Link to this result")):
        plain = unicodedata.normalize("NFKD", told).encode("ascii", "ignore").decode().upper()
        shown = []
        for typed in (told, plain):
            ask(chromium, text=typed)
            shown.append(chromium.run(SHOWN))
        assert shown[0] == shown[1] > 0, told


def test_filters_of_the_single_page_combine_and_words_may_stand_apart(chromium: Browser, page: Callable[[str, str], Path]):
    chromium.open(page("html", "en"))
    for asked, found in (
        ({"host": "vienna"}, 24),
        ({"host": "vienna", "severity": "high"}, 8),
        ({"host": "vienna", "severity": "high", "outcome": ["fail"]}, 4),
        ({"host": "vienna-app-1", "severity": "high", "outcome": ["fail"], "text": "ssh root"}, 1),
    ):
        ask(chromium, **asked)
        assert chromium.run(SHOWN) == found, asked
