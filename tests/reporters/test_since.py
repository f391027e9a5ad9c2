"""What changed since the last run stands in every report for people, on one host and on many; nothing where there was none."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
import samples

from secscan.assessments import parse_document, validate_document, with_since, write_document
from secscan.errors import InputError
from secscan.history.documents import GONE_NAMED, Since
from secscan.history.records import Change, Diff, Run
from secscan.history.states import Kind, Status
from secscan.languages import LANGUAGES, wording
from secscan.plugins import reporter, reporter_names
from secscan.since import HOSTS, KINDS, LISTED, Comparison

BEFORE = Run(1, "run-1", "base", "x", 1_793_400_000.0, 1_793_400_060.0, 3, "/out")
PEOPLE = ("text", "html", "markdown")
CHECK = "sshd_root_login_disabled"
FAILS, PASSES = Status("fail", severity="high", version="1"), Status("pass", severity="high", version="1")
UNKNOWN = Status("error", severity="high", version="1")


def compared(*changes: Change, content: str = "x", **hosts: tuple[str, ...]) -> Since:
    """Two runs with these changes between them."""
    lists = [hosts.get(name, ()) for name in ("added", "gone", "unreached", "again")]
    return Since.of(Diff(BEFORE, Run(2, "run-2", "base", content, 1.0, 2.0, 3, "/out"), changes, 0, *lists))


def of_each_kind(host: str) -> tuple[Change, ...]:
    """One change of every kind on a host."""
    pairs: dict[Kind, tuple[Status | None, Status | None]] = {
        Kind.NEW: (PASSES, FAILS), Kind.FIXED: (FAILS, PASSES), Kind.CHANGED_VALUE: (FAILS, FAILS),
        Kind.UNJUDGEABLE: (PASSES, UNKNOWN),
        Kind.JUDGED_AGAIN: (UNKNOWN, PASSES), Kind.NO_LONGER_APPLIES: (FAILS, Status("not_applicable")),
        Kind.DECIDED: (FAILS, Status("fail", "waived")), Kind.HOST_ADDED: (None, FAILS), Kind.CHECK_ADDED: (None, FAILS),
        Kind.CHECK_REMOVED: (PASSES, None),
        Kind.OTHER: (Status("not_applicable"), PASSES),
    }  # fmt: skip
    return tuple(Change(host, CHECK, "", kind, *pair) for kind, pair in pairs.items())


def told(documents: list[dict[str, Any]], since: Since, failing: int = 4) -> list[dict[str, Any]]:
    """The documents with what changed."""
    return [{**document, "since": since.document(document["host"]["name"], failing)} for document in copy.deepcopy(documents)]


def render(name: str, documents: list[dict[str, Any]], language: str = "en") -> str:
    return "".join(reporter(name).write(documents, wording(language, None)))


def plain(name: str, text: str) -> str:
    """What a person reads, on one line."""
    if name == "html":
        text = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", text)
    return " ".join(text.split())


def test_every_kind_and_every_fate_has_words():
    assert set(KINDS) == {kind.value for kind in Kind} - {"still_failing"}
    since = compared(added=("a",), gone=("b",), unreached=("c",), again=("d",))
    fates = {since.document(host, 0)["host"] for host in "abcd"}
    assert fates - {"known"} | {"gone"} == set(HOSTS)


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("documents", [samples.one_host, samples.three_hosts], ids=["one host", "three hosts"])
def test_every_kind_of_change_is_told_by_every_report_for_people(name, documents):
    host = documents()[0]["host"]["name"]
    shown = plain(name, render(name, told(documents(), compared(*of_each_kind(host)))))
    assert [title for title in KINDS.values() if title not in shown] == []
    assert "SINCE THE RUN OF 2026-10-30 22:41 UTC" in shown.upper()
    assert "pass → fail" in shown
    assert "open → waived" in shown


@pytest.mark.parametrize("name", PEOPLE)
def test_what_became_of_hosts_is_told_with_their_names(name):
    documents = samples.three_hosts()
    first, second, third = (document["host"]["name"] for document in documents)
    gone = tuple(f"old{number:02}" for number in range(30))
    since = compared(added=(first,), gone=gone, unreached=(second,), again=(third,))
    shown = plain(name, render(name, told(documents, since))).replace("`", "")
    for title in HOSTS.values():
        assert title in shown
    assert "old07 and 22 more" in shown
    assert len(since.document(first, 0)["hosts_gone"]["names"]) == GONE_NAMED


@pytest.mark.parametrize("name", PEOPLE)
def test_a_change_that_the_content_may_have_caused_is_told_apart_from_one_of_the_host(name):
    documents = samples.one_host()
    host = documents[0]["host"]["name"]
    ours = Change(host, CHECK, "", Kind.NEW, PASSES, FAILS, content=True)
    shown = plain(name, render(name, told(documents, compared(ours, content="y"))))
    assert "Checks or baselines changed in between" in shown
    assert "the check changed too" in shown
    shown = plain(name, render(name, told(documents, compared(Change(host, CHECK, "", Kind.NEW, PASSES, FAILS)))))
    assert "changed in between" not in shown
    assert "the check changed too" not in shown


@pytest.mark.parametrize("name", PEOPLE)
def test_that_nothing_changed_is_told_and_that_there_was_no_run_before_is_not(name):
    assert "Nothing changed." in plain(name, render(name, told(samples.one_host(), compared(), failing=0)))
    assert "run of" not in render(name, samples.one_host())


@pytest.mark.parametrize("name", [name for name in reporter_names() if not reporter(name).files])
@pytest.mark.parametrize("documents", [samples.one_host, samples.three_hosts], ids=["one host", "three hosts"])
def test_no_report_breaks_on_a_document_with_changes(name, documents):
    host = documents()[0]["host"]["name"]
    assert render(name, told(documents(), compared(*of_each_kind(host))))


def test_a_portal_tells_it_on_its_first_page():
    documents = samples.three_hosts()
    since = compared(*of_each_kind(documents[0]["host"]["name"]))
    pages = {path: "".join(text) for path, text in reporter("portal").files(told(documents, since), wording("en", None))}
    assert "Since the run of 2026-10-30" in pages["index.html"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_arrow_points_the_way_that_the_language_is_read(language):
    alone = [{**document, "changes": []} for document in samples.one_host()]  # a parameter's values stand apart, from the left
    documents = told(alone, compared(Change("geneva-web-01", CHECK, "", Kind.NEW, PASSES, FAILS)))
    forth, back = ("←", "→") if language == "ar" else ("→", "←")
    for name in ("text", "html", "markdown"):
        shown = plain(name, render(name, documents, language))
        assert forth in shown
        assert back not in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_told_in_every_language(language):
    documents = told(samples.three_hosts(), compared(*of_each_kind(samples.three_hosts()[0]["host"]["name"]), content="y"))
    for name in ("text", "html"):
        shown = plain(name, render(name, documents, language))
        assert ("Since the run" in shown or "SINCE THE RUN" in shown) is (language == "en")
        assert (KINDS["check_removed"] in shown) is (language == "en")


def test_json_has_it_whole_for_each_host_and_in_numbers_for_all():
    documents = samples.three_hosts()
    host = documents[0]["host"]["name"]
    document = told(documents[:1], compared(*of_each_kind(host)), failing=7)[0]
    assert json.loads(render("json", [document]))["since"] == document["since"]
    assert [change["kind"] for change in document["since"]["changes"]] == [kind.value for kind in Kind if kind != "still_failing"]
    assert document["since"]["still_failing"] == 7 - 4, (
        "new, with another value, on a new host, and asked for the first time are not still failing"
    )
    whole = json.loads(render("json", told(documents, compared(*of_each_kind(host), gone=("old",)), failing=7)))
    assert whole["summary"]["since"]["changes"] == dict.fromkeys(KINDS, 1)
    assert whole["summary"]["since"]["hosts"] == {"gone": 1}
    assert whole["summary"]["since"]["still_failing"] == 3 + 7 + 7
    assert "since" not in json.loads(render("json", documents))["summary"]


def test_what_is_written_is_what_the_schema_describes_and_is_written_once():
    document = samples.one_host()[0]
    host = document["host"]["name"]
    written = write_document(document)
    first = with_since(written, compared(*of_each_kind(host), gone=("old",)).document(host, 4))
    again = with_since(first, compared(unreached=(host,)).document(host, 0))
    assert parse_document(first.encode(), "x") == told([document], compared(*of_each_kind(host), gone=("old",)))[0]
    assert parse_document(again.encode(), "x")["since"]["host"] == "unreached"
    assert again.count('"since": ') == 1
    assert again.splitlines()[:-2] == [
        line if line.endswith(",") or line == "{" else f"{line}," for line in written.splitlines()[:-1]
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda since: since.pop("run"),
        lambda since: since.update(host="moved"),
        lambda since: since.update(still_failing=-1),
        lambda since: since.update(extra=1),
        lambda since: since["changes"][0].update(kind="odd"),
        lambda since: since["changes"][0].update(before={"outcome": "fail"}),
        lambda since: since.update(finished_at="yesterday"),
    ],
)
def test_what_is_no_comparison_is_refused(spoil):
    (document,) = told(samples.one_host(), compared(*of_each_kind("geneva-web-01")))
    spoil(document["since"])
    with pytest.raises(InputError, match="since"):
        validate_document(document, "x")


def test_a_thousand_hosts_that_change_alike_are_one_line():
    documents = samples.fleet(200)
    changes = [Change(document["host"]["name"], CHECK, "", Kind.NEW, PASSES, FAILS) for document in samples.fleet(200)]
    since, comparison = compared(*changes), Comparison()
    for document in documents:
        comparison.add({**document, "since": since.document(document["host"]["name"], 1)})
    (each,) = comparison.alike("new")
    assert (each.count, len(each.where), comparison.counts["new"]) == (200, 8, 200)
    assert comparison.still_failing == 0


def test_a_hundred_new_checks_are_listed_as_far_as_a_page_has_room():
    document = samples.one_host()[0]
    host = document["host"]["name"]
    many = compared(*(Change(host, f"new_check_{number:03}", "", Kind.CHECK_ADDED, None, PASSES) for number in range(100)))
    for name in ("text", "html"):
        shown = render(name, told([document], many))
        assert shown.count("new_check_") == LISTED
        assert "and 80 more" in shown


@pytest.mark.parametrize("name", PEOPLE)
def test_names_that_a_host_or_an_inventory_made_up_are_obeyed_by_no_report(name):
    documents = samples.three_hosts()
    host = documents[0]["host"]["name"]
    hostile = samples.HOSTILE.replace("\ud800", "")
    since = compared(Change(host, CHECK, hostile, Kind.NEW, PASSES, FAILS), gone=(hostile,))
    shown = render(name, told(documents, since))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    if name == "html":
        assert "<script>alert" not in shown
    if name == "markdown":
        assert "</script>" in shown
        assert "</script>" not in re.sub(r"(`+).*?\1", "", shown)
