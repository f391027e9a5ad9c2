"""Plain text for terminals."""

import re

import pytest
import samples

from secscan.assessments import to_document
from secscan.inert import columns
from secscan.reporters.text import render

ANSI = re.compile(r"\x1b\[[\d;]*m")
SCENES = {
    "one host": samples.one_host,
    "twelve hosts": samples.twelve_hosts,
    "hostile host": lambda: [to_document(samples.hostile())],
    "wide names": lambda: [to_document(samples.assessment(samples.host("北京" * 30, system="Москва " * 30))), *samples.one_host()],
}


@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_no_line_is_wider_than_the_terminal(scene, width):
    assert max(columns(line) for line in "".join(render(scene(), width)).split("\n")) <= width


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_colour_says_nothing_that_words_do_not(scene):
    plain, coloured = "".join(render(scene())), "".join(render(scene(), colour=True))
    assert "\x1b" not in plain
    assert "\x1b" in coloured
    assert ANSI.sub("", coloured) == plain


def test_failures_come_first_and_the_worst_of_them_first():
    lines = "".join(render(samples.one_host())).splitlines()
    assert lines.index("FAIL (5)") < lines.index("ERROR (1)") < lines.index("MANUAL (1)") < lines.index("IN ALL")
    severities = [line.split()[0] for line in lines[lines.index("FAIL (5)") : lines.index("ERROR (1)")] if re.match(r"  \w", line)]
    assert severities == ["critical", "high", "high", "medium", "medium"]


def test_every_failure_has_expected_actual_and_remedy():
    text = " ".join("".join(render(samples.one_host())).split())
    assert (
        'root_login.value: expected one of "no", got "yes" Remedy (takes minutes, works at once): Set `PermitRootLogin no`' in text
    )


def test_compliance_never_stands_without_coverage():
    for scene in SCENES.values():
        text = "".join(render(scene()))
        assert text.lower().count("compliance") == text.lower().count("coverage")


def test_findings_that_are_not_listed_are_counted():
    assert "... and 295 more" in "".join(render(samples.one_host()))


def test_what_could_not_be_judged_stands_under_the_reason_that_it_shares():
    document = samples.one_host()[0]
    (error,) = (result for result in document["results"] if result["outcome"] == "error")
    other = {**error, "check": "auditd_runs"}
    root = {**error, "check": "sshd_root_login_disabled", "findings": [{**error["findings"][0], "reason": "only root can look"}]}
    document = {**document, "results": [*document["results"], root, other]}
    lines = "".join(render([document])).split("ERROR (3)")[1].split("MANUAL")[0].splitlines()
    assert [line for line in lines if re.match(r"  \S", line)] == [
        "  /etc/shadow cannot be read by this user (2)",
        "  only root can look (1)",
    ]
    assert sum("(shadow_hashes_strong)" in line or "(auditd_runs)" in line for line in lines[:5]) == 2


@pytest.mark.parametrize(("uid", "told"), [(1001, True), (0, False), (None, False)])
def test_who_asks_without_root_is_told_how_to_see_more(uid, told):
    document = samples.one_host()[0]
    text = "".join(render([{**document, "host": {**document["host"], "uid": uid}}]))
    assert ("--become" in text) is told
