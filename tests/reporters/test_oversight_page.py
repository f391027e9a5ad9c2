"""Recommendations of oversight bodies as auditors read them: every figure from the register or from results, in every form."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import decided
import pytest
import samples
from oversight_sample import AS_OF, recommendation, register
from test_html import Page
from test_pdf import Seen, read, squeezed, words
from test_portal import MOST_BYTES, broken, html
from test_since import CHECK, FAILS, PASSES, compared
from test_since import told as changed

from secscan.assessments import to_document, validate_document, write_document
from secscan.cli import run
from secscan.history.records import Change
from secscan.history.states import Kind
from secscan.languages import LANGUAGES, wording
from secscan.model.assessment import ActionText, AttestationText, Disposition, EvidenceText, Outcome
from secscan.model.recommendation import DAY_S, Recommendation, Status
from secscan.oversight.linking import Links
from secscan.plugins import reporter
from secscan.reporters.html.agenda import Agenda, Due
from secscan.reporters.html.fleet import Fleet
from secscan.reporters.html.oversight import write_page
from secscan.reporters.html.pdf import for_paper, set_pages
from secscan.wording import ENGLISH

STATEMENT = AttestationText(
    "ATT-1", "A restore was tested.", "organization", "pass", "Chief of operations", "Chief of ICT", AS_OF - DAY_S, AS_OF + DAY_S,
    {}, {}, (EvidenceText("minutes.pdf", "9f" * 32, "kept"),), 1, (ActionText("F-1", "Head of storage", AS_OF + 3 * DAY_S),),
)  # fmt: skip


def page(documents: list[dict[str, Any]], recommendations: tuple[Recommendation, ...] = (), language: str = "en") -> str:
    return "".join(write_page(documents, Links(recommendations or register()), wording(language)))


def portal(documents: list[dict[str, Any]], recommendations: tuple[Recommendation, ...], language: str = "en") -> dict[str, str]:
    files = reporter("portal").follow(recommendations).files(documents, wording(language))
    return {path: "".join(pieces) for path, pieces in files}


def said(text: str) -> str:
    """The words of a page, with one blank between them."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", re.sub(r"<(style|script).*?</\1>", "", text, flags=re.DOTALL))).split())


def account(text: str, name: str) -> str:
    """What a page says of one recommendation."""
    (found,) = re.findall(rf'<article class="recommendation" id="recommendation/{name}/".*?</article>', text, flags=re.DOTALL)
    return said(found)


def attested(**more: Any) -> dict[str, Any]:
    """A host of which a statement with an open action says that something holds."""
    result = samples.result(
        "backup_restore_tested", Outcome.MANUAL, disposition=Disposition.ATTESTED, attestation="ATT-1", standing="holds"
    )
    found = samples.assessment(results=(replace(result, **more),), proofs=(), changes=())
    return to_document(replace(found, attestations={"ATT-1": STATEMENT}))


@pytest.fixture(scope="module")
def text() -> str:
    return page([*samples.three_hosts(), attested()])


def test_each_figure_stands_beside_what_it_is_a_part_of(text):
    words = said(text)
    assert "Still open 3 / 7 Not started or in progress, of all recommendations in the register. Without a linked check: 2" in words
    assert "Overdue 1 / 3 Open after the end of their last day" in words
    assert "Due next 2026-12-31 JIU-2021-3-R4 Chief of ICT" in words
    assert "Results say otherwise 1 / 4 Linked checks fail" in words
    assert "As of 2026-11-01 09:00 UTC" in words


def test_what_is_open_stands_first_and_the_longest_overdue_before_all(text):
    ids = re.findall(r'<article class="recommendation" id="recommendation/([^"]+)/"', text)
    assert ids == ["BOA-2023%2F17", "JIU-2021-3-R4", "OIOS-2024-02", "JIU-2021-3-R2", "OIOS-2022-09", "JIU-2019-7", "JIU-2019-1"]


def test_a_recommendation_is_told_with_who_accepted_what_until_when_and_where_it_is_written(text):
    told = account(text, "BOA-2023%2F17")
    for part in (
        "Not started overdue 31 days", "Owner Chief of operations", "Raised 2024-12-01 700 days open", "Due 2026-10-01",
        "Waived W-2026-007 the vendor certifies updates once a quarter Owner: Head of finance systems",
        "Approved by: Chief of ICT · Ends: 2026-12-31", "Attested ATT-1 A restore was tested.",
        "ends within 30 days", "Written in oversight.yml:14",
    ):  # fmt: skip
        assert part in told, part


def test_what_results_say_counts_every_result_of_linked_checks_and_requirements():
    told = account(page(samples.one_host()), "JIU-2021-3-R4")
    # the requirement UNC-IS-03 is served by four checks: two fail, one is an error, one does not apply; and root may sign in
    assert "Results say ○ Not started 3 of 3 linked results fail" in told
    for part in ("accounts_uid_zero_only_root 1 fail", "shadow_hashes_strong 1 error", "sshd_root_login_disabled 1 fail"):
        assert part in told, part


def test_of_linked_checks_those_that_fail_stand_first_and_of_very_many_the_others_are_counted():
    texts = samples.CHECKS["auditd_runs"]
    outcomes = {f"check_{number:03}": Outcome.PASS for number in range(80)} | {"last": Outcome.FAIL}
    results = tuple(replace(samples.result("auditd_runs", outcome), check=name) for name, outcome in outcomes.items())
    checks = {name: replace(texts, id=name) for name in outcomes}
    document = to_document(samples.assessment(results=results, checks=checks, proofs=(), changes=()))
    told = account(page([document], (recommendation("R", Status.NOT_STARTED, raised=9, due=1, requirements=("UNC-IS-08",)),)), "R")
    assert re.search(r"Shown by these checks [^_]* last 1 fail", told)
    assert "check_058 1 pass and 21 more" in told


def test_a_closed_recommendation_whose_checks_fail_is_marked_and_one_that_nothing_shows_is_not_called_implemented(text):
    assert "the register says otherwise" in account(text, "JIU-2021-3-R2")
    assert "Not known it is linked to nothing that is checked" in account(text, "OIOS-2024-02")
    assert "Not known this run has no result for UNC-GV-09" in account(text, "JIU-2019-7")


def test_what_changed_on_linked_checks_since_the_run_before_is_told_and_nothing_else():
    changes = [Change("geneva-web-01", check, "", Kind.NEW, PASSES, FAILS) for check in (CHECK, "auditd_runs")]
    text = page(changed(samples.one_host(), compared(*changes)))
    assert re.search(r"Since the run of \S+ \S+ UTC New failures: 1 Written in", account(text, "JIU-2021-3-R2"))
    assert re.search(r"Since the run of \S+ \S+ UTC Nothing changed\. Written in", account(text, "JIU-2019-1"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_in_every_language_and_every_link_leads_somewhere(language):
    text = page([*samples.three_hosts(), attested()], language=language)
    found = Page(text)
    assert (found.trouble, found.open) == ([], [])
    assert [link for link in found.links if link[1:] not in found.ids] == []
    assert len(set(found.ids)) == len(found.ids)
    assert "<U+" not in text
    if language != "en":
        assert not re.search(
            r"\b(linked|overdue|register|results|says?)\b", said(re.sub(r"<bdi>.*?</bdi>|<code.*?</code>", "", text))
        )


@pytest.mark.parametrize("language", ["en", "ar"])
def test_no_word_of_the_page_is_missing_on_paper(language):
    (text,) = for_paper([page([*samples.three_hosts(), attested()], language=language)])
    paper = read(b"".join(set_pages([text])))
    assert paper.trailer["/Root"]["/MarkInfo"]["/Marked"]
    if language == "en":  # an Arabic text comes back in the order and forms of its letters on paper
        printed = squeezed(words(paper))
        assert sorted(word for word in Seen(text).words if word not in printed) == []


def test_the_page_about_hosts_has_a_section_and_its_pdf_too():
    documents = samples.one_host()
    text = "".join(reporter("html").follow(register()).write(documents, ENGLISH))
    found = Page(text)
    assert (found.trouble, found.open) == ([], [])
    assert [link for link in found.links if link[1:] not in found.ids] == []
    assert 'href="#oversight"' in text
    assert "BOA-2023/17" in words(read(b"".join(reporter("pdf").follow(register()).write_bytes(documents, ENGLISH))))


@pytest.mark.parametrize("count", [0, 7, 150])
def test_the_portal_has_a_page_of_them_that_its_pages_link_to_and_that_stays_small(count):
    many = tuple(
        recommendation(f"R-{number}", Status.IN_PROGRESS, raised=300, due=-number, checks=("auditd_runs",), note="n" * 400)
        for number in range(count)
    )
    pages = portal([*samples.three_hosts(), attested()], many)
    assert ("oversight.html" in pages) is bool(count)
    assert list(broken(pages)) == []
    linking = [path for path, text in html(pages).items() if re.search(r'href="(\.\./)*oversight\.html"', text)]
    assert len(linking) == (len(html(pages)) if count else 0)
    assert max(len(text.encode()) for path, text in pages.items() if path.startswith("oversight")) < MOST_BYTES if count else True
    told = "".join(text for path, text in pages.items() if path.startswith("oversight"))
    assert len(set(re.findall(r'<article class="recommendation" id="([^"]+)"', told))) == count
    for text in html(pages).values():
        assert (Page(text).trouble, Page(text).open) == ([], [])


def test_nothing_of_a_register_is_markup_or_turns_the_text_around():
    attack = samples.HOSTILE
    texts = dict.fromkeys(("source", "text", "owner", "root_cause", "note", "path"), attack)
    bad = recommendation("R", Status.NOT_STARTED, raised=9, due=1, **texts)
    for text in (page(samples.one_host(), (bad,)), *html(portal(samples.one_host(), (bad,))).values()):
        assert "<script>alert" not in text
        assert not set(text) & set("\x1b\u202e\u200b")


def test_without_results_nothing_is_told_and_nothing_breaks():
    assert "Nothing was judged." in page([])
    assert list(broken(portal([], register()))) == []


def test_a_day_that_no_calendar_has_breaks_nothing():
    last = replace(register()[0], due_at=253_402_214_400.0 + DAY_S)  # the end of 9999-12-31
    assert "Due 9999-12-31" in account(page(samples.one_host(), (last,)), "JIU-2021-3-R4")


def agenda(*documents: dict[str, Any], recommendations: tuple[Recommendation, ...] = ()) -> Agenda:
    fleet = Fleet(ENGLISH, links=Links(recommendations))
    for document in documents:
        fleet.add(document)
    return fleet.agenda


def dates(found: Agenda) -> dict[str, Due | None]:
    return {item.check: item.due for item in (*found.items(), *found.accepted())}


def test_an_open_item_is_due_when_the_first_open_recommendation_says_so_and_an_accepted_one_when_its_waiver_ends():
    found = dates(agenda(*samples.one_host(), recommendations=register()))
    assert found["sshd_root_login_disabled"] == Due("2027-01-01T00:00:00.000Z", "recommendation", "JIU-2021-3-R4")
    assert found["accounts_uid_zero_only_root"] == Due("2027-01-01T00:00:00.000Z", "recommendation", "JIU-2021-3-R4")
    assert found["backup_restore_tested"] == Due("2026-10-02T00:00:00.000Z", "recommendation", "BOA-2023/17")
    assert found["security_updates_installed"] == Due("2027-01-01T00:00:00.000Z", "waiver", "W-2026-007")
    assert found["auditd_runs"] is None


def test_an_open_action_gives_an_item_its_date_where_the_statement_says_that_it_does_not_hold():
    found = agenda(attested(disposition=Disposition.ATTESTED_FAIL))
    assert dates(found) == {"backup_restore_tested": Due("2026-11-04T00:00:00.000Z", "action", "F-1", "ATT-1")}


def test_what_is_promised_is_listed_though_no_item_is_open_and_what_is_closed_is_not():
    found = agenda(attested(), attested(), recommendations=register())
    assert found.items() == []
    assert [(each.due.kind, each.due.name, each.owner) for each in found.promises()] == [
        ("recommendation", "BOA-2023/17", "Chief of operations"), ("action", "F-1", "Head of storage"),
        ("recommendation", "JIU-2021-3-R4", "Chief of ICT"), ("recommendation", "OIOS-2024-02", "CISO"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["html", "portal"])
def test_the_road_map_says_where_each_date_comes_from(name):
    followed = reporter(name).follow(register())
    text = said("".join(followed.write([*samples.one_host(), attested()], ENGLISH)))
    for part in (
        "2026-12-31 recommendation JIU-2021-3-R4", "2026-12-31 waiver W-2026-007", "2026-10-01 overdue recommendation BOA-2023/17",
        "action F-1 of statement ATT-1 2026-11-03 Head of storage",
    ):  # fmt: skip
        assert part in text, part


def test_a_document_tells_open_actions_and_one_of_an_earlier_version_is_read_without_them():
    document = attested()
    validate_document(document, "new")
    assert document["attestations"]["ATT-1"]["actions"] == [
        {"id": "F-1", "owner": "Head of storage", "due_at": "2026-11-04T00:00:00.000Z"}
    ]
    del document["attestations"]["ATT-1"]["actions"]
    validate_document(document, "old")
    assert agenda(document).promises() == []


@pytest.mark.parametrize(
    "scene", [samples.one_host, samples.three_hosts, lambda: [decided.document()]], ids=["one", "three", "decided"]
)
def test_whoever_adds_up_what_stands_beside_compliance_and_coverage_gets_both_and_misses_no_result(scene):
    documents = scene()
    text = said("".join(reporter("html").write(documents, ENGLISH)))
    compliance = re.search(r"Compliance ([0-9.]+%) .*?Numerator: pass (\d+)\. Denominator: ([^.]+)\. Not counted: ([^.]+)\.", text)
    coverage = re.search(r"Coverage ([0-9.]+%) .*?Numerator: ([^.]+)\. Denominator: these, ([^.]+)\. Not counted: ([^.]+)\.", text)
    assert compliance
    assert coverage
    assert compliance[1] == ENGLISH.rate(int(compliance[2]) / total(compliance[3]))
    assert coverage[1] == ENGLISH.rate(total(coverage[2]) / (total(coverage[2]) + total(coverage[3])))
    results = sum(len(document["results"]) for document in documents)
    assert total(compliance[3]) + total(compliance[4]) == results
    assert sum(map(total, (coverage[2], coverage[3], coverage[4]))) == results


def total(text: str) -> int:
    """All numbers of a text together."""
    return sum(map(int, re.findall(r"\d+", text)))


REGISTER = """register:
  - {id: R1, source: "JIU/REP/2021/3, recommendation 4", recommendation: Nobody signs in as root., status: implemented,
     closed: 2022-01-01, owner: Chief of ICT, root_cause: It was never asked for., raised: 2021-10-01, due: 2022-01-01,
     checks: [sshd_root_login_disabled]}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("oversight.yml").write_text(REGISTER)
    Path("secscan.yml").write_text("oversight: [oversight.yml]\nlanguage: fr\n")
    (tmp_path / "out" / "hosts").mkdir(parents=True)
    (tmp_path / "out" / "hosts" / "one.json").write_text(write_document(samples.one_host()[0]))
    return tmp_path


def test_a_report_tells_of_the_register_that_the_project_names_and_a_redacted_one_does_not(project):
    assert run(["report", "out", "-o", "made", "-f", "html,portal,json"]) == 0
    assert 'id="recommendation/R1/"' in Path("made/report.html").read_text()
    assert 'href="oversight.html"' in Path("made/portal/index.html").read_text()
    assert run(["report", "out", "-o", "shown", "-f", "html,portal", "--redact"]) == 0
    assert "recommendation/R1" not in Path("shown/report.html").read_text()
    assert not Path("shown/portal/oversight.html").exists()


def test_the_page_alone_is_written_in_the_language_of_the_project_as_html_and_pdf(project, capsys):
    assert run(["oversight", "report", "out", "-o", "made", "-f", "html,pdf"]) == 0
    assert 'lang="fr"' in Path("made/oversight.html").read_text()
    assert Path("made/oversight.pdf").read_bytes().startswith(b"%PDF")
    assert "made/oversight.pdf" in capsys.readouterr().err
    assert run(["oversight", "report", "out", "-o", "made", "-f", "docx"]) == 2
    assert "html, pdf" in capsys.readouterr().err


def test_a_register_that_is_wrong_stops_a_report_before_anything_is_written(project, capsys):
    Path("oversight.yml").write_text(REGISTER.replace("sshd_root_login_disabled", "sshd_root_login_disable"))
    assert run(["report", "out", "-o", "made", "-f", "html"]) == 2
    assert "oversight.yml:4:" in capsys.readouterr().err
    assert not Path("made").exists()
