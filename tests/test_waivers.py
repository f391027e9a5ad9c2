"""Waivers: read with places, laid on results by one rule, and looked after."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from secscan.assessments import to_document, validate_document
from secscan.cli import run
from secscan.decide import decide, in_scope
from secscan.errors import InputError, UsageError
from secscan.inventory import read_inventory
from secscan.model.assessment import Assessment, CheckText, Disposition, Host, Outcome, Result
from secscan.model.waiver import Scope, Waiver
from secscan.waivers import add_waiver, read_waivers, write_waiver

DAY = 86400.0
NOW = 1_800_000_000.0
PRINT, OTHER = "0123456789abcdef", "fedcba9876543210"
FILE = """\
waivers:
- id: W-1
  checks: [sshd_root_login_disabled]
  hosts: [web*]
  justification: the vendor signs in as root
  owner: Ann
  approver: Bob
  starts: 2026-01-01
  expires: 2026-06-30
  observed: {web1: {sshd_root_login_disabled: 0123456789abcdef}}
"""


def waiver(**more) -> Waiver:
    values = {"id": "W", "justification": "j", "owner": "a", "approver": "b", "starts_at": NOW - DAY, "expires_at": NOW + DAY}
    return Waiver(**{**values, "checks": ("one",), "observed": {"h": {"one": PRINT}}, **more})


def result(**more) -> Result:
    values = {"check": "one", "subject": "h", "outcome": Outcome.FAIL, "severity": "high", "fingerprint": PRINT}
    return Result(**{**values, **more})


def assessment(*results: Result, host: Host | None = None) -> Assessment:
    texts = {each.check: CheckText(each.check, "d", "t", "r", "m", "minutes", "runtime", {}, "") for each in results}
    return Assessment("b", "B", "", host or Host("h"), NOW, NOW + 1, results, (), texts, {})


def disposition(of: Result, *waivers: Waiver, limits: dict[str, float] | None = None) -> Disposition:
    decided = decide(assessment(of), waivers, limits)
    assert decided.results[0].outcome is of.outcome
    assert bool(decided.results[0].waiver) is (decided.results[0].disposition is not Disposition.NONE)
    validate_document(to_document(decided), "decided.json")
    return decided.results[0].disposition


@pytest.mark.parametrize(
    ("given_waiver", "given_result", "expected"),
    [
        (waiver(), result(), Disposition.WAIVED),
        (waiver(), result(outcome=Outcome.PASS, fingerprint=""), Disposition.NONE),
        (waiver(), result(outcome=Outcome.ERROR), Disposition.NONE),
        (waiver(outcomes=("error",)), result(outcome=Outcome.ERROR), Disposition.WAIVED),
        (waiver(), result(check="two"), Disposition.NONE),
        (waiver(), result(fingerprint=OTHER), Disposition.NEEDS_REVIEW),
        (waiver(), result(fingerprint=""), Disposition.NEEDS_REVIEW),
        (waiver(observed={"other": {"one": PRINT}}), result(), Disposition.NEEDS_REVIEW),
        (waiver(observed={"h": {"two": PRINT}}), result(), Disposition.NEEDS_REVIEW),
        (waiver(observed={}, any_value=True), result(fingerprint=OTHER), Disposition.WAIVED),
        (waiver(checks=("o*",)), result(), Disposition.WAIVED),
        (waiver(checks=(), requirements=("R-1",)), result(requirements=("R-0", "R-1")), Disposition.WAIVED),
        (waiver(checks=(), requirements=("R-1",)), result(), Disposition.NONE),
        (waiver(expires_at=NOW), result(), Disposition.EXPIRED),
        (waiver(expires_at=NOW + 1), result(), Disposition.WAIVED),
        (waiver(starts_at=NOW + 1), result(), Disposition.NONE),
        (waiver(starts_at=NOW), result(), Disposition.WAIVED),
        (waiver(scope=Scope(hosts=("g*",))), result(), Disposition.NONE),
    ],
)
def test_one_waiver_on_one_result(given_waiver: Waiver, given_result: Result, expected: Disposition):
    assert disposition(given_result, given_waiver) is expected


@pytest.mark.parametrize(
    ("scope", "inside"),
    [
        (Scope(), True),
        (Scope(hosts=("g*", "h")), True),
        (Scope(sites=("geneva", "vienna")), True),
        (Scope(sites=("vienna",)), False),
        (Scope(labels={"role": ("mail", "web")}), True),
        (Scope(labels={"role": ("mail",)}), False),
        (Scope(labels={"role": ("web",), "risk": ("high",)}), False),
        (Scope(hosts=("h",), sites=("vienna",)), False),
    ],
)
def test_every_selector_that_is_given_must_match_the_host(scope: Scope, inside: bool):
    host = Host("h", site="geneva", labels={"role": "web"})
    assert in_scope(scope, host) is inside
    (decided,) = decide(assessment(result(), host=host), [waiver(scope=scope)]).results
    assert decided.disposition is (Disposition.WAIVED if inside else Disposition.NONE)


@pytest.mark.parametrize("longer_first", [True, False])
def test_of_two_waivers_that_hold_the_one_that_lasts_longer_is_named(longer_first: bool):
    several = [waiver(id="longer", expires_at=NOW + 9 * DAY), waiver(id="shorter")]
    decided = decide(assessment(result()), several if longer_first else several[::-1])
    assert decided.results[0].waiver == "longer"
    assert list(decided.waivers) == ["longer"]


def test_what_was_decided_before_stays_told():
    once = decide(assessment(result(), result(check="two")), [waiver(id="first")])
    twice = decide(once, [waiver(id="second", checks=("two",), observed={"h": {"two": PRINT}})])
    assert [each.waiver for each in twice.results] == ["first", "second"]
    assert set(twice.waivers) == {"first", "second"}


@pytest.mark.parametrize("stated", [Disposition.ATTESTED, Disposition.ATTESTED_NOT_APPLICABLE])
def test_no_waiver_lies_on_what_a_statement_settles(stated: Disposition):
    settled = result(outcome=Outcome.MANUAL, disposition=stated, attestation="S")
    (decided,) = decide(assessment(settled), [waiver(outcomes=("manual",), observed={}, any_value=True)]).results
    assert (decided.disposition, decided.waiver) == (stated, "")


@pytest.mark.parametrize(("days", "left"), [(1, Disposition.WAIVED), (-1, Disposition.ATTESTED_FAIL)])
def test_a_statement_gives_way_to_a_waiver_that_holds_and_to_no_other(days: int, left: Disposition):
    failed = result(outcome=Outcome.MANUAL, disposition=Disposition.ATTESTED_FAIL, attestation="S")
    over = waiver(outcomes=("manual",), observed={}, any_value=True, starts_at=NOW - 9 * DAY, expires_at=NOW + days * DAY)
    assert decide(assessment(failed), [over]).results[0].disposition is left


def test_a_waiver_longer_than_headquarters_allows_does_not_count():
    long = waiver(starts_at=NOW - 100 * DAY, expires_at=NOW + 100 * DAY)
    assert disposition(result(), long, limits={"high": 200 * DAY}) is Disposition.WAIVED
    assert disposition(result(), long, limits={"high": 200 * DAY - 1}) is Disposition.NEEDS_REVIEW
    assert disposition(result(severity="low"), long, limits={"high": DAY}) is Disposition.WAIVED


waivers = st.builds(
    waiver,
    id=st.sampled_from("abcd"),
    starts_at=st.sampled_from([NOW - 9 * DAY, NOW, NOW + 1]),
    expires_at=st.sampled_from([NOW - DAY, NOW, NOW + 1, NOW + 9 * DAY]),
    checks=st.sampled_from([("one",), ("*",), ("two",)]),
    observed=st.sampled_from([{"h": {"one": PRINT}}, {"h": {"one": OTHER}}]),
    scope=st.sampled_from([Scope(), Scope(("h",)), Scope(("i",)), Scope((), ("geneva",)), Scope((), (), {"role": ("web",)})]),
)


@given(st.lists(waivers, max_size=5), st.sampled_from([Host("h"), Host("h", site="geneva", labels={"role": "web"})]))
def test_the_best_waiver_counts_and_order_does_not(several: list[Waiver], host: Host):
    def alone(each: Waiver) -> Disposition:
        return decide(assessment(result(), host=host), [each]).results[0].disposition

    order = [Disposition.WAIVED, Disposition.NEEDS_REVIEW, Disposition.EXPIRED, Disposition.NONE]
    best = min((alone(each) for each in several), key=order.index, default=Disposition.NONE)
    for arranged in (several, several[::-1]):
        decided = decide(assessment(result(), host=host), arranged).results[0]
        assert decided.disposition is best
    assert all(in_scope(each.scope, host) for each in several if alone(each) is not Disposition.NONE)


def test_a_file_is_read_as_it_says(tmp_path: Path):
    (tmp_path / "w.yml").write_text(FILE)
    (read,) = read_waivers([tmp_path / "w.yml"])
    assert (read.starts_at, read.expires_at) == (1_767_225_600.0, 1_782_864_000.0)  # from 2026-01-01 until 2026-07-01, 00:00 UTC
    assert read.scope == Scope(hosts=("web*",))
    assert read.accepts("web1", "sshd_root_login_disabled", PRINT)
    assert (read.outcomes, read.line) == (("fail",), 2)


@given(waivers)
def test_what_is_written_is_read_as_it_was(tmp_path_factory: pytest.TempPathFactory, written: Waiver):
    if written.expires_at <= written.starts_at:
        return
    path = tmp_path_factory.mktemp("waivers") / "w.yml"
    path.write_text("waivers:\n" + write_waiver(written))
    (read,) = read_waivers([path])
    assert replace(read, path="", line=0) == written


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("approver: Bob", "approver: ann", "w.yml:7:3: owner and approver must be different people"),
        ("  expires: 2026-06-30\n", "", "w.yml:2:3: a waiver has no 'expires'"),
        ("expires: 2026-06-30", "expires: 2025-06-30", "w.yml:9:3: a waiver must expire after it starts"),
        ("expires: 2026-06-30", "expires: soon", "'expires' cannot be 'soon'; allowed: a moment such as"),
        ("hosts:", "host:", "unknown key 'host' (did you mean 'hosts'?)"),
        ("  checks: [sshd_root_login_disabled]\n", "", "a waiver says nothing about what it waives"),
        ("  observed: {web1: {sshd_root_login_disabled: 0123456789abcdef}}\n", "", "a waiver is given for observed values"),
        ("0123456789abcdef", "0123", "'observed' must name fingerprints by host and check"),
        ("  owner: Ann", "  any_value: true\n  owner: Ann", "a waiver is given for observed values"),
        ("  owner: Ann", "  outcomes: [pass]\n  owner: Ann", "'pass' cannot be waived"),
        ("justification: the vendor signs in as root", "justification:", "'justification' must be text"),
        ("waivers:\n", "waiver:\n", "a waiver file must have a list of waivers"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path: Path, old: str, new: str, problem: str):
    (tmp_path / "w.yml").write_text(FILE.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_waivers([tmp_path / "w.yml"])
    assert problem in str(caught.value)


def test_an_id_stands_once_in_all_files(tmp_path: Path):
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(FILE)
    with pytest.raises(InputError, match=r"waiver 'W-1' stands in .*a\.yml:2 too"):
        read_waivers([tmp_path / "a.yml", tmp_path / "b.yml"])


def test_adding_keeps_what_is_there_to_the_letter(tmp_path: Path):
    path = tmp_path / "w.yml"
    path.write_text("# ours\n" + FILE.rstrip("\n"))
    add_waiver(path, waiver(id="W-2"))
    assert path.read_text().startswith("# ours\n" + FILE)
    assert [each.id for each in read_waivers([path])] == ["W-1", "W-2"]


def test_the_first_waiver_is_added_to_a_list_that_was_written_as_empty(tmp_path: Path):
    path = tmp_path / "w.yml"
    path.write_text("# ours\nwaivers: []\n")
    add_waiver(path, waiver(id="W-2"))
    assert path.read_text().startswith("# ours\nwaivers:\n- id: W-2")


def test_a_file_that_cannot_be_added_to_is_told_by_its_own_name_and_stays_as_it_is(tmp_path: Path):
    path = tmp_path / "w.yml"
    who = "justification: x, owner: a, approver: b, any_value: true"
    whole = f"waivers: [{{id: W-1, checks: [a], {who}, starts: 2026-01-01, expires: 2026-02-01}}]\n"
    path.write_text(whole)
    with pytest.raises(UsageError, match=r"w\.yml: is not written as `waivers:` and one `- id:` below the other; allowed: to add"):
        add_waiver(path, waiver(id="W-2"))
    assert path.read_text() == whole


@pytest.fixture
def scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with content of one failing check, scanned."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checks" / "own").mkdir(parents=True)
    (tmp_path / "baselines").mkdir()
    (tmp_path / "value").write_text("7\n")
    (tmp_path / "checks" / "own" / "value_is_eight.yaml").write_text(
        "id: value_is_eight\ntitle: The value is eight\nseverity: high\nrationale: It must be.\n"
        "remediation: {text: Write 8., effort: minutes, when: runtime}\n"
        f"observe:\n  value: {{probe: command, run: cat {tmp_path}/value}}\n"
        'expect:\n  - {that: value.output, matches: "8"}\n'
        'cases:\n  - {name: eight, outcome: pass, value: "| 8\\nexit 0\\n"}\n'
        '  - {name: seven, outcome: fail, value: "| 7\\nexit 0\\n"}\n'
    )
    (tmp_path / "baselines" / "own.yaml").write_text(
        "id: own\ntitle: Own\nwaivers_at_most: {high: 90d}\nrequirements:\n  UNC-IS-18: [value_is_eight]\n"
    )
    assert scan("first") == 1
    return tmp_path


def scan(output: str, *more: str) -> int:
    return run(["scan", "local", "--content", ".", "-b", "own", "-o", output, "-q", *more])


def decided(output: str) -> str:
    document = json.loads(Path(output, "hosts", "local.json").read_text(encoding="utf-8"))
    assert document["tally"]["counts"] == {"fail": 1}  # the outcome stays visible under any disposition
    return document["results"][0]["disposition"]


ADD = ("waiver", "add", "value_is_eight", "--justification", "j", "--owner", "Ann", "--approver", "Bob")


def test_a_waiver_holds_for_the_value_it_was_given_for_and_no_other(scanned: Path, capsys: pytest.CaptureFixture[str]):
    expires = "2099-01-01"
    assert run([*ADD, "--saved", "first", "--starts", "2098-12-01", "--expires", expires, "--id", "W-1"]) == 0
    data = yaml.safe_load((scanned / "waivers.yml").read_text())
    data["waivers"][0] |= {"starts": "2020-01-01"}
    (scanned / "waivers.yml").write_text(yaml.safe_dump(data))
    (scanned / "baselines" / "own.yaml").write_text((scanned / "baselines" / "own.yaml").read_text().replace("90d", "99y"))
    assert scan("second", "--waivers", "waivers.yml") == 0
    assert decided("second") == "waived"
    (scanned / "value").write_text("6\n")
    assert scan("third", "--waivers", "waivers.yml") == 1
    assert decided("third") == "needs_review"
    assert run(["waiver", "check", "--content", ".", "--saved", "third"]) == 1
    assert "W-1: was given for other values, and must be reviewed: value_is_eight on local" in capsys.readouterr().out


def test_headquarters_decides_how_long_a_waiver_may_be(scanned: Path, capsys: pytest.CaptureFixture[str]):
    assert run([*ADD, "--any-value", "--starts", "2020-01-01", "--expires", "2099-01-01"]) == 0
    assert scan("second", "--waivers", "waivers.yml") == 1
    assert decided("second") == "needs_review"
    assert run(["waiver", "check", "--content", ".", "-b", "own"]) == 1
    assert "at most 90d is allowed for high failures (value_is_eight)" in capsys.readouterr().out


def test_an_expired_waiver_says_so_and_the_failure_counts_again(scanned: Path, capsys: pytest.CaptureFixture[str]):
    (scanned / "waivers.yml").write_text(
        "waivers:\n- {id: W-1, checks: [value_is_eight], justification: j, owner: Ann, approver: Bob, starts: 2020-01-01,"
        " expires: 2020-02-01, any_value: true}\n"
    )
    assert scan("second", "--waivers", "waivers.yml") == 1
    assert decided("second") == "expired"
    assert run(["report", "second", "-f", "text", "--no-color"]) == 0
    assert "Expired (W-1): j (owner Ann, approved by Bob, until 2020-02-02 00:00 UTC)" in " ".join(capsys.readouterr().out.split())
    assert run(["waiver", "expiring"]) == 1
    assert capsys.readouterr().out.startswith("over     W-1: value_is_eight on every host, until 2020-02-01.")


def test_waivers_that_do_nothing_are_told(scanned: Path, capsys: pytest.CaptureFixture[str]):
    entries = (
        "{id: W-1, checks: [value_is_nine], any_value: true",
        "{id: W-2, checks: [value_is_eight], hosts: [locl], any_value: true",
        "{id: W-3, checks: [value_is_eight], any_value: true",
        "{id: W-4, requirements: [UNC-IS-18], any_value: true",
        "{id: W-5, requirements: [UNC-IS-99], any_value: true",
    )
    common = "justification: j, owner: Ann, approver: Bob, starts: 2020-01-01, expires: 2099-01-01}"
    (scanned / "waivers.yml").write_text("waivers:\n" + "".join(f"- {entry}, {common}\n" for entry in entries))
    assert run(["waiver", "check", "--content", ".", "--saved", "first"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "waivers.yml:2: W-1: is unused: nothing that it covers fails",
        "waivers.yml:2: W-1: no check is named 'value_is_nine' (did you mean 'value_is_eight'?)",
        "waivers.yml:3: W-2: is unused: nothing that it covers fails",
        "waivers.yml:3: W-2: no host of this run is named 'locl' (did you mean 'local'?)",
        "waivers.yml:5: W-4: says the same as W-3: value_is_eight on local",
        "waivers.yml:6: W-5: is unused: nothing that it covers fails",
        "waivers.yml:6: W-5: no requirement is named 'UNC-IS-99' (did you mean 'UNC-IS-19'?)",
        "7 to look at",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--any-value", "--expires", "2020-01-01"), "--expires 2020-01-01 is over already"),
        (("--any-value", "--expires", "soon"), "--expires cannot be 'soon'"),
        (("--expires", "2099-01-01"), "either --saved DIR, or --any-value"),
        (("--saved", "nowhere", "--expires", "2099-01-01"), "nowhere: holds no assessment"),
        (("--any-value", "--expires", "2099-01-01", "--approver", "ann"), "owner and approver must be different people"),
        (("--any-value", "--expires", "2099-01-01", "--justification", " "), "--justification is empty; allowed: a text"),
        (("--saved", "first", "--host", "web*", "--expires", "2099-01-01"), "nothing that this waiver covers fails there"),
        (
            ("--any-value", "--expires", "2099-01-01", "--approver", "Ann "),
            "waivers.yml: owner and approver must be different people",
        ),
        (("--any-value", "--expires", "2099-01-01", "--host", ""), "waivers.yml: 'hosts' must be a list of texts"),
        (("--any-value", "--expires", "2099-01-01", " "), "waivers.yml: 'checks' must be a list of texts"),
    ],
)
def test_a_waiver_that_cannot_be_is_refused(scanned: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str):
    assert run([*ADD, *words]) == 2
    assert told in capsys.readouterr().err
    assert not (scanned / "waivers.yml").exists()


WHO = "justification: j, owner: Ann, approver: Bob"


def reviewed(capsys: pytest.CaptureFixture[str], entries: list[str], *words: str) -> list[str]:
    """What `waiver check` says of waivers, without their places."""
    Path("waivers.yml").write_text("waivers:\n" + "".join(f"- {{{entry}, {WHO}}}\n" for entry in entries))
    capsys.readouterr()
    run(["waiver", "check", "--content", ".", *words])
    return [line.partition(": ")[2] for line in capsys.readouterr().out.splitlines()[:-1]]


@pytest.mark.usefixtures("scanned")
def test_a_waiver_by_requirement_is_held_against_the_baseline_as_one_by_check_is(capsys: pytest.CaptureFixture[str]):
    when = "any_value: true, starts: 2020-01-01, expires: 2099-01-01"
    entries = [f"id: W-1, requirements: [UNC-IS-18], {when}", f"id: W-2, requirements: [UNC-IS-01], {when}"]
    assert reviewed(capsys, entries, "-b", "own") == [
        "W-1: is given for 28856d, and at most 90d is allowed for high failures (value_is_eight)",
        "W-2: 'UNC-IS-01' is not in baseline own",
    ]


@pytest.mark.usefixtures("scanned")
def test_waivers_that_follow_each_other_or_were_given_for_other_values_do_not_say_the_same(capsys: pytest.CaptureFixture[str]):
    fingerprint = json.loads(Path("first/hosts/local.json").read_text())["results"][0]["fingerprint"]
    common, when = "checks: [value_is_eight], any_value: true", "starts: 2020-01-01, expires: 2099-01-01"
    entries = [
        f"id: W-1, {common}, starts: 2020-01-01, expires: 2059-12-31",
        f"id: W-2, {common}, starts: 2060-01-01, expires: 2099-01-01",
        f"id: W-3, checks: [value_is_eight], observed: {{local: {{value_is_eight: {'0' * 16}}}}}, {when}",
    ]
    assert reviewed(capsys, entries, "--saved", "first") == [
        "W-3: was given for other values, and must be reviewed: value_is_eight on local"
    ]
    entries[2] = entries[2].replace("0" * 16, fingerprint)
    assert reviewed(capsys, entries, "--saved", "first") == [
        "W-3: says the same as W-1: value_is_eight on local",
        "W-3: says the same as W-2: value_is_eight on local",
    ]


@pytest.mark.usefixtures("scanned")
def test_a_waiver_for_a_service_is_no_waiver_for_hosts(capsys: pytest.CaptureFixture[str]):
    document = json.loads(Path("first/hosts/local.json").read_text())
    (result,) = document["results"]
    document["host"]["name"] = "Example"
    document["results"] = [result | {"subject": "service mail"}, result | {"subject": "service web"}]
    Path("first/hosts/Example.json").write_text(json.dumps(document))
    when = "starts: 2020-01-01, expires: 2099-01-01"
    bound = f"observed: {{'service mail': {{value_is_eight: {result['fingerprint']}}}}}"
    entries = [
        f"id: W-1, checks: [value_is_eight], services: [other], any_value: true, {when}",
        f"id: W-2, checks: [value_is_eight], services: [mail], {bound}, {when}",
    ]
    assert reviewed(capsys, entries, "--saved", "first") == ["W-1: is unused: nothing that it covers fails"]
    assert run(["waiver", "list"]) == 0
    assert "W-2: value_is_eight on service mail, until 2099-01-01." in capsys.readouterr().out


@pytest.mark.usefixtures("scanned")
def test_a_pattern_that_is_too_long_for_many_checks_is_told_once_for_each_severity(capsys: pytest.CaptureFixture[str]):
    text = Path("checks/own/value_is_eight.yaml").read_text()
    names = [f"value_is_eight_{number}" for number in range(9)]
    for name in names:
        Path(f"checks/own/{name}.yaml").write_text(text.replace("value_is_eight", name))
    Path("baselines/own.yaml").write_text(
        f"id: own\ntitle: Own\nwaivers_at_most: {{high: 90d}}\nrequirements:\n  UNC-IS-18: [{', '.join(names)}]\n"
    )
    (told,) = reviewed(
        capsys, ["id: W-1, checks: ['value_*'], any_value: true, starts: 2020-01-01, expires: 2099-01-01"], "-b", "own"
    )
    assert told.endswith("at most 90d is allowed for high failures (value_is_eight_0, value_is_eight_1, value_is_eight_2, ...)")


@pytest.mark.usefixtures("scanned")
def test_waiver_commands_go_by_the_files_the_baseline_and_the_content_of_the_project(capsys: pytest.CaptureFixture[str]):
    Path("secscan.yml").write_text("baseline: own\ncontent: [.]\nwaivers: [accepted.yml]\n")
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 40 * 86400))
    assert run([*ADD, "--saved", "first", "--expires", until]) == 0
    assert capsys.readouterr().err == "accepted.yml: added W-" + time.strftime("%Y-%m-%d", time.gmtime()) + "-1\n"
    assert run([*ADD, "value_is_nine", "--any-value", "--expires", "2099-01-01", "--id", "W-2"]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "note: W-2: no check is named 'value_is_nine' (did you mean 'value_is_eight'?)" in told
    assert "and at most 90d is allowed for high failures (value_is_eight)" in told
    assert run(["waiver", "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 2
    assert run(["waiver", "expiring", "--within", "60d"]) == 1
    assert run(["waiver", "check"]) == 1
    assert "at most 90d" in capsys.readouterr().out
    Path("secscan.yml").write_text("waivers: [accepted.yml, others.yml]\n")
    assert run([*ADD, "--any-value", "--expires", "2099-01-01"]) == 2
    assert "allowed: --file with one of accepted.yml, others.yml" in capsys.readouterr().err


@pytest.mark.usefixtures("scanned")
def test_a_waiver_on_its_last_day_is_over_in_a_day_and_not_in_none(capsys: pytest.CaptureFixture[str]):
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
    entry = f"id: W-1, checks: [value_is_eight], any_value: true, starts: 2020-01-01, expires: '{until}'"
    assert reviewed(capsys, [entry]) == ["W-1: is over in 1 day"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("expires: 2026-06-30", "expires: 9999-12-31", "w.yml:9:3: 'expires' cannot be '9999-12-31'; allowed: a moment such as"),
        ("expires: 2026-06-30", "expires: 9999-12-31T23:59:59-10:00", "'expires' cannot be '9999-12-31T23:59:59-10:00'"),
        ("starts: 2026-01-01", "starts: 0001-01-01T00:00:00+14:00", "w.yml:8:3: 'starts' cannot be '0001-01-01T00:00:00+14:00'"),
        ("hosts: [web*]", "hosts:", "w.yml:4:3: 'hosts' must be a list of texts"),
        ("hosts: [web*]", "hosts: []", "w.yml:4:3: 'hosts' must be a list of texts"),
        ("hosts: [web*]", "hosts: [true]", "w.yml:4:3: 'hosts' must be a list of texts"),
        ("hosts: [web*]", "sites:", "w.yml:4:3: 'sites' must be a list of texts"),
        ("hosts: [web*]", "services:", "w.yml:4:3: 'services' must be a list of texts"),
        ("hosts: [web*]", "labels:", "w.yml:4:3: 'labels' must be a mapping to texts"),
        ("hosts: [web*]", "labels: {role: []}", "w.yml:4:3: 'labels' must be a mapping to texts"),
        ("hosts: [web*]", "labels: {role: [[web]]}", "w.yml:4:3: 'labels' must be a mapping to texts"),
    ],
)
def test_a_moment_that_nobody_can_write_and_a_selector_with_nothing_in_it_are_mistakes(
    tmp_path: Path, old: str, new: str, problem: str
):
    (tmp_path / "w.yml").write_text(FILE.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_waivers([tmp_path / "w.yml"])
    assert problem in str(caught.value)


def test_labels_are_read_as_an_inventory_has_them(tmp_path: Path):
    path = tmp_path / "w.yml"
    path.write_text(FILE.replace("hosts: [web*]", "labels: {audited: true, role: [web, 7], retired: }"))
    (read,) = read_waivers([path])
    assert read.scope.labels == {"audited": ("true",), "role": ("web", "7"), "retired": ("",)}
    (tmp_path / "inventory.yml").write_text("hosts: [{name: a, labels: {audited: true, role: 7, retired: }}]\n")
    (target,) = read_inventory(str(tmp_path / "inventory.yml")).targets
    assert in_scope(read.scope, Host("a", labels=target.labels))


def test_the_last_moment_that_a_waiver_may_have_can_be_written_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "w.yml"
    path.write_text(FILE.replace("2026-06-30", "9998-12-30"))
    assert run(["waiver", "list", str(path)]) == 0
    assert "until 9998-12-30" in capsys.readouterr().out


def test_a_file_whose_last_waiver_was_taken_out_has_none_and_takes_the_next(tmp_path: Path):
    path = tmp_path / "w.yml"
    path.write_text("# ours\nwaivers:\n")
    assert read_waivers([path]) == ()
    add_waiver(path, waiver(id="W-2"))
    assert path.read_text().startswith("# ours\nwaivers:\n- id: W-2")


@pytest.mark.usefixtures("scanned")
def test_an_id_is_free_in_all_files_of_the_project(capsys: pytest.CaptureFixture[str]):
    Path("secscan.yml").write_text("baseline: own\ncontent: [.]\nwaivers: [a.yml, b.yml]\n")
    given = (*ADD, "--any-value", "--expires", "2099-01-01", "--file")
    assert run([*given, "a.yml"]) == 0
    assert run([*given, "b.yml"]) == 0
    assert len({waiver.id for waiver in read_waivers([Path("a.yml"), Path("b.yml")])}) == 2
    taken = read_waivers([Path("a.yml")])[0].id
    capsys.readouterr()
    assert run([*given, "b.yml", "--id", taken]) == 2
    assert f"a.yml: has a waiver {taken!r} already" in capsys.readouterr().err


@pytest.mark.usefixtures("scanned")
@pytest.mark.parametrize(
    ("site", "longest"),
    [
        ("requirements: {UNC-IS-18: [{value_is_eight: {severity: critical}}]}", "90d"),
        ("waivers_at_most: {critical: 30d}\nrequirements: {UNC-IS-18: [{value_is_eight: {severity: critical}}]}",
         "30d"),
        ("extends: [own, longer]", "90d"),
        ("extends: [longer, own]", "90d"),
    ],
)  # fmt: skip
def test_no_baseline_of_a_site_makes_waivers_last_longer(capsys: pytest.CaptureFixture[str], site: str, longest: str):
    Path("baselines/longer.yaml").write_text(
        "id: longer\ntitle: x\nwaivers_at_most: 9y\nrequirements: {UNC-IS-18: [value_is_eight]}\n"
    )
    extends = "" if "extends" in site else "extends: [own]\n"
    Path("baselines/site.yaml").write_text(f"id: site\ntitle: Site\n{extends}{site}\n")
    (told,) = reviewed(
        capsys, ["id: W-1, checks: [value_is_eight], any_value: true, starts: 2020-01-01, expires: 2099-01-01"], "-b", "site"
    )
    assert f"at most {longest} is allowed" in told
    assert run(["scan", "local", "--content", ".", "-b", "site", "-o", "second", "-q", "--waivers", "waivers.yml"]) == 1


@pytest.mark.usefixtures("scanned")
@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ("extends: [own]\nwaivers_at_most: {critical: 91d}", "waivers of critical failures may be made shorter"),
        ("waivers_at_most: {low: 30d, critical: 31d}", "waivers of critical failures may not be longer than those of milder ones"),
        ("waivers_at_most: {low: 30d, urgent: 1d}", "unknown key 'urgent'; allowed: low, medium, high, critical"),
    ],
)  # fmt: skip
def test_limits_of_waivers_that_cannot_hold_are_told(capsys: pytest.CaptureFixture[str], limits: str, problem: str):
    Path("baselines/site.yaml").write_text(f"id: site\ntitle: Site\n{limits}\nrequirements: {{UNC-IS-18: [value_is_eight]}}\n")
    assert run(["baseline", "lint", "--content", "."]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.usefixtures("scanned")
def test_no_character_of_a_waiver_does_anything_to_the_terminal(capsys: pytest.CaptureFixture[str]):
    entry = r'"id": "W\e[31m\u202e1", checks: ["v\e]0;x\a*"], any_value: true, starts: 2020-01-01, expires: 2099-01-01'
    told = "".join(reviewed(capsys, [entry], "-b", "own"))
    run(["waiver", "list"])
    run(["waiver", "expiring", "--within", "99y"])
    told += capsys.readouterr().out
    assert "<U+202E>1" in told
    assert [sign for sign in told if not sign.isprintable() and sign != "\n"] == []


def test_a_file_that_is_added_to_keeps_its_mode_and_stays_where_a_link_leads(tmp_path: Path):
    (tmp_path / "shared").mkdir()
    path, link = tmp_path / "shared" / "w.yml", tmp_path / "w.yml"
    path.write_text(FILE)
    path.chmod(0o640)
    link.symlink_to(path)
    add_waiver(link, waiver(id="W-2"))
    assert link.is_symlink()
    assert [each.id for each in read_waivers([path])] == ["W-1", "W-2"]
    assert path.stat().st_mode & 0o777 == 0o640
