"""The nightly job of the project file: everything is written, remembered and told in one run with one id."""

from __future__ import annotations

import json
import re
import stat
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from secscan.cli.conclusion import exit_code_with
from secscan.cli.failing import parse_fail_on
from secscan.cli.settings import KEYS
from secscan.continuity.figures import Figure, Knowledge, Verdict
from secscan.errors import UsageError
from secscan.history.states import Kind

NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


@pytest.fixture
def project(own_content: Path) -> Path:
    """A project with two reports, a second folder for one in French, a history and numbers for Prometheus."""
    Path("inventory.yml").write_text("hosts: [{name: one, transport: local}, {name: two, transport: local}]\n")
    Path("secscan.yml").write_text(
        f"inventory: inventory.yml\nbaseline: tiny_fail\ncontent: [{own_content}]\noutput: out\nformats: [json, text]\n"
        "reports:\n  - {formats: [html, text], directory: french, language: fr}\n"
        "history: history.sqlite\nprometheus: numbers/secscan.prom\n"
    )
    return Path("secscan.yml")


def metrics(path: Path) -> dict[tuple[str, ...], float]:
    """Every sample of a textfile by its name and the values of its labels."""
    families = text_string_to_metric_families(path.read_text())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_run_writes_every_report_and_tells_one_summary(secscan, project):
    told = secscan("run")
    assert told.code == 1
    lines = told.out.splitlines()
    assert re.fullmatch(rf"Run {NAME.pattern} of tiny_fail", lines[0])
    assert lines[1:4] == ["  targets 2", "  fail 2, pass 2", "  compliance 50.0%, coverage 100.0%"]
    assert lines[4:] == [
        f"  wrote {path}" for path in ("out/report.json", "out/report.txt", "french/report.html", "french/report.txt")
    ]
    assert 'lang="fr"' in Path("french/report.html").read_text()
    assert Path("french/report.txt").read_text() != Path("out/report.txt").read_text()
    assert "targets 2, not" not in told.out


def test_a_report_that_cannot_be_written_is_told_and_keeps_nothing_else_from_being_done(secscan, project):
    for place in ("out/report.json", "french/report.html"):  # folders, which no file can replace
        Path(place).mkdir(parents=True)
    told = secscan("run", "--log-format", "json")
    assert told.code == 2
    events = [json.loads(line) for line in told.complaints]
    lost = [event["message"] for event in events if event["event"] == "write_failed"]
    assert lost == [f"{place}: cannot be written: Is a directory" for place in ("out/report.json", "french/report.html")]
    assert (events[-1]["event"], events[-1]["exit_code"]) == ("run_finished", 2)
    assert events[-1]["written"] == ["out/report.txt", "french/report.txt"]
    assert "  wrote french/report.txt" in told.out.splitlines()
    assert metrics(Path("numbers/secscan.prom"))["secscan_run_exit_code", "tiny_fail"] == 2


def test_numbers_that_cannot_be_written_are_told_and_the_run_is_summed_up(secscan, project, monkeypatch):
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise UsageError("{path}: cannot be written: {reason}", path=path, reason="No space left on device")

    monkeypatch.setattr("secscan.cli.conclusion.write_whole", refuse)
    told = secscan("run", "--log-format", "json")
    assert told.code == 2
    events = {event["event"]: event for event in map(json.loads, told.complaints)}
    assert "numbers/secscan.prom: cannot be written" in events["write_failed"]["message"]
    assert events["run_finished"]["exit_code"] == 2
    assert told.out.startswith("Run ")


def test_one_id_is_in_the_summary_the_log_the_history_the_documents_and_the_numbers(secscan, project):
    told = secscan("run", "--log-format", "json")
    (name,) = set(NAME.findall(told.out))
    events = [json.loads(line) for line in told.complaints]
    assert {event["run"] for event in events} == {name}
    assert [event["event"] for event in events] == ["host_finished", "host_finished", "run_finished"]
    assert events[-1]["counts"] == {"fail": 2, "pass": 2}
    assert events[-1]["exit_code"] == 1
    assert [run["name"] for run in json.loads(secscan("runs", "list", "--json").out)] == [name]
    report = json.loads(Path("out/report.json").read_text())
    assert {each["provenance"]["run"] for each in report["assessments"]} == {name}
    assert ("secscan_run_info", "tiny_fail", name) in metrics(Path("numbers/secscan.prom"))
    assert secscan("report", "out", "-f", "csv").code == 0


def test_a_run_tells_what_changed_since_the_last_one_into_the_same_folder(secscan, project, own_content):
    assert "since" not in secscan("run").out
    project.write_text(project.read_text().replace("tiny_fail", "tiny_all"))
    Path("out/hosts").rename("hosts_by_tiny_fail")
    assert "since" not in secscan("run").out, "another baseline is not comparable"
    inventory = Path("inventory.yml")
    inventory.write_text(inventory.read_text().replace("{name: two, transport: local}", "chroot:///nowhere"))
    told = secscan("run")
    assert told.code == 1
    assert "  targets 2, not reached 1\n" in told.out
    assert re.search(rf"  since {NAME.pattern}: 1 targets added", " ".join(told.out.split()).replace("since", "  since"))
    numbers = metrics(Path("numbers/secscan.prom"))
    assert numbers["secscan_run_targets", "tiny_all", "no"] == 1
    assert numbers["secscan_run_changes", "tiny_all", "new"] == 0
    assert numbers["secscan_run_exit_code", "tiny_all"] == 1


def test_what_became_of_hosts_is_a_change_too(secscan, project):
    """Nothing that is found changes here, and "nothing changed" would be wrong each time."""
    inventory, image = Path("inventory.yml"), Path("image")

    def since(*hosts: str) -> tuple[str, dict[str, int]]:
        inventory.write_text("hosts: [{name: one, transport: local}" + "".join(f", {host}" for host in hosts) + "]\n")
        told = secscan("run", "--log-format", "json")
        (line,) = re.findall(rf"since {NAME.pattern}: (.*)", told.out) or [""]
        return line, json.loads(told.complaints[-1])["hosts"]

    two = f"{{name: two, transport: chroot, address: {image.absolute()}}}"
    project.write_text(project.read_text().replace("tiny_fail", "tiny_pass"))
    image.symlink_to("/")
    assert since(two) == ("", {})
    image.unlink()
    assert since(two) == ("1 targets not reached any more", {"unreached": 1})
    image.symlink_to("/")
    assert since(two) == ("1 targets reached again", {"reached_again": 1})
    assert since(two) == ("nothing changed", {})
    assert since() == ("1 targets not asked any more", {"gone": 1})
    assert since(two) == ("1 targets added", {"added": 1})


def test_every_kind_of_change_is_told_at_the_end_of_a_run(secscan, project, own_content):
    baseline = own_content / "baselines" / "tiny_fail.yaml"
    before = baseline.read_text()
    secscan("run", "-q")
    try:
        baseline.write_text("id: tiny_fail\ntitle: tiny_fail\nrequirements: {TESTS-1: [host_says_fail, host_says_error]}\n")
        told = secscan("run")
    finally:
        baseline.write_text(before)
    assert re.search(rf"since {NAME.pattern}: 2 of added checks, 2 of removed checks", " ".join(told.out.split()))
    assert metrics(Path("numbers/secscan.prom"))["secscan_run_changes", "tiny_fail", "check_added"] == 2
    told_kinds = {key[2] for key in metrics(Path("numbers/secscan.prom")) if key[0] == "secscan_run_changes"}
    assert told_kinds == {kind.value for kind in Kind} - {"still_failing"}, "that is no change"


def test_the_numbers_are_written_whole_and_may_be_read_by_the_collector(secscan, project):
    secscan("run", "-q")
    path = Path("numbers/secscan.prom")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in path.parent.iterdir()] == ["secscan.prom"]
    assert metrics(path)["secscan_up", "tiny_fail", "one", ""] == 1


@pytest.mark.parametrize(("kind", "code"), [("pass", 0), ("fail", 1), ("error", 4), ("manual", 0)])
def test_a_run_ends_with_the_code_of_what_it_found(secscan, project, kind, code):
    told = secscan("run", "-q", "-b", f"tiny_{kind}")
    assert (told.code, told.out, told.err) == (code, "", "")


def test_a_run_that_reaches_nobody_ends_with_3_and_one_without_a_folder_with_2(secscan, project):
    assert secscan("run", "chroot:///nowhere", "-b", "tiny_pass").code == 3
    project.write_text(project.read_text().replace("output: out\n", ""))
    assert "allowed: output: DIR in secscan.yml" in secscan("run", "-f", "json").err


@pytest.mark.parametrize("baseline", ["tiny_pass", "tiny_fail"])
def test_a_history_that_is_damaged_ends_with_2_whatever_fails_and_the_reports_are_there(secscan, project, baseline):
    Path("history.sqlite").write_text("no database at all")
    told = secscan("run", "-b", baseline, "--log-format", "json")
    assert told.code == 2
    assert [event["event"] for event in map(json.loads, told.complaints)].count("history_failed") == 1
    assert Path("french/report.html").is_file()
    assert metrics(Path("numbers/secscan.prom"))["secscan_run_exit_code", baseline] == 2


SERVICES = """
services:
  - name: payroll
    owner: Finance
    criticality: high
    rpo: 24h
    rto: 8h
    data_sets: [{id: wages, host: one, paths: [/srv]BACKUPS}]
repositories: [{id: vault, host: two, path: /nowhere, tool: restic}]
"""


@pytest.mark.parametrize(
    ("backups", "fail_on", "code", "verdict"),
    [
        (", backups: [vault]", "low", 4, "unknown"),
        ("", "high", 1, "missed"),
        ("", "critical", 4, "missed"),
        ("", "never", 4, "missed"),
    ],
)
def test_a_missed_objective_fails_as_its_service_is_critical_and_an_unknown_one_is_not_judged(
    secscan, project, backups, fail_on, code, verdict
):
    inventory = Path("inventory.yml")
    inventory.write_text(inventory.read_text() + SERVICES.replace("BACKUPS", backups))
    told = secscan("run", "-b", "tiny_pass", "--fail-on", fail_on)
    (service,) = json.loads(Path("out/continuity.json").read_text())["services"]
    assert service["figures"]["rpo_now"]["verdict"] == verdict
    assert "objectives of services: " in told.out
    assert told.code == code


STATEMENT = """
id: drill
checks: [recovery_exercised]
scope: {services: [payroll]}
statement: The payroll was brought up at the other site.
performed_on: 2000-01-02
valid_until: 2001-01-02
owner: {name: Ann Example}
approver: {name: Bob Example}
result: pass
"""


def test_the_figures_of_a_run_count_statements_and_name_the_hosts_that_were_not_reached(secscan, project):
    inventory = Path("inventory.yml")
    away = inventory.read_text().replace("{name: two, transport: local}", "{name: two, transport: chroot, address: /nowhere}")
    inventory.write_text(away + SERVICES.replace("BACKUPS", ", backups: [vault]"))
    Path("statements").mkdir()
    Path("statements/drill.yaml").write_text(STATEMENT)
    secscan("run", "-b", "tiny_pass", "--attestations", "statements")
    document = json.loads(Path("out/continuity.json").read_text())
    (exercised,) = (each for each in document["indicators"] if each["id"] == "K6")
    assert exercised["missed"] == ["payroll"], "the exercise was too long ago, and without a statement it is not known"
    (two,) = (each for each in document["hosts"] if each["host"] == "two")
    assert "/nowhere" in two["why"]


def test_where_checks_judge_objectives_the_run_ends_as_they_say():
    figure = Figure(None, Knowledge.MEASURED, Verdict.MISSED)
    services = [SimpleNamespace(service=SimpleNamespace(criticality="critical"), promised={"rto": figure})]
    for judged, code in ((False, 1), (True, 0)):
        assert exit_code_with(0, SimpleNamespace(figures=services, objectives_judged=judged), parse_fail_on("low")) == code


def test_what_is_judged_of_the_organization_is_no_target(secscan, project, own_content):
    project.write_text(project.read_text().replace("tiny_fail", "tiny_above"))
    told = secscan("run", "-q", "--log-format", "json")
    assert Path("out/hosts/organization.json").is_file()
    (ended,) = (event for event in map(json.loads, told.complaints) if event["event"] == "run_finished")
    assert (ended["targets"], ended["reached"]) == (2, 2)
    assert metrics(Path("numbers/secscan.prom"))["secscan_run_targets", "tiny_above", "yes"] == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("reports: html\n", "secscan.yml:1:1: 'reports' must be a list of mappings"),
        ("reports: [{formats: [html]}]\n", "'directory' is missing"),
        ("reports: [{formats: html, directory: x}]\n", "'formats' must be a list of texts"),
        ("reports: [{formats: [html], directory: x, colour: red}]\n", "unknown key 'colour'"),
        ("log_format: xml\n", "'log_format' must be text or json"),
    ],
)
def test_wrong_reports_in_the_project_file_are_told_with_their_place(secscan, text, complaint):
    Path("secscan.yml").write_text(text)
    told = secscan("run")
    assert told.code == 2
    assert complaint in told.err
    assert told.err.startswith("secscan: secscan.yml:1:")


@pytest.mark.parametrize(
    ("order", "complaint"),
    [("{formats: [htm], directory: x}", "no format is named 'htm'"), ("{formats: [html], directory: x, language: xx}", "xx")],
)
def test_reports_that_cannot_be_written_are_told_before_any_host_is_asked(secscan, project, order, complaint):
    project.write_text(re.sub(r"  - .*\n", f"  - {order}\n", project.read_text()))
    told = secscan("run")
    assert told.code == 2
    assert complaint in told.err
    assert not Path("out/hosts").exists()


def test_every_setting_tells_where_it_comes_from(secscan, project, monkeypatch):
    monkeypatch.setenv("SECSCAN_WORKERS", "7")
    monkeypatch.setenv("SECSCAN_BECOME_PASSWORD", "canary-sudo")
    monkeypatch.setenv("SECSCAN_HISTORY", "postgresql://scanner:canary-database@db/secscan")
    told = secscan("config", "--json", "-f", "csv,html", "--resume", "latest")
    shown = {each["name"]: (each["value"], each["origin"]) for each in json.loads(told.out)}
    assert shown["baseline"] == ("tiny_fail", "secscan.yml:2")
    assert shown["workers"] == (7, "environment variable SECSCAN_WORKERS")
    assert shown["formats"] == ("csv,html", "command line")
    assert shown["resume"] == ("latest", "command line")
    assert shown["timeout"] == (300.0, "default")
    assert shown["reports"] == (
        [{"formats": ["html", "text"], "directory": "french", "language": "fr", "redact": False}],
        "secscan.yml:6",
    )
    assert shown["history"] == ("postgresql://scanner:***@db/secscan", "environment variable SECSCAN_HISTORY")
    assert shown["become_password"] == ("***", "environment variable SECSCAN_BECOME_PASSWORD")
    assert "canary" not in told.out + secscan("config").out


def test_every_key_of_the_project_file_is_shown_as_it_is_written_and_with_its_line(secscan):
    written = {
        "keep": "daily 3", "governance": "governance.yml", "fail_on": ["high", "error"], "limit": ["host=a"], "language": "fr",
        "log_format": "text", "become": True, "workers": 3, "timeout": 60, "connect_timeout": 5, "redact": True,
        "notify": {"channels": [{"name": "team", "url_env": "TEAM"}]}, "reports": [{"formats": ["csv"], "directory": "more"}],
    }  # fmt: skip
    written |= {name: [name] if key.schema["type"] == "array" else name for name, key in KEYS.items() if name not in written}
    Path("secscan.yml").write_text("".join(f"{name}: {json.dumps(written[name])}\n" for name in KEYS))
    shown = {each["name"]: each for each in json.loads(secscan("config", "--json").out)}
    assert {name: shown[name]["origin"] for name in KEYS} == {name: f"secscan.yml:{line}" for line, name in enumerate(KEYS, 1)}
    assert {name: shown[name]["value"] for name in ("keep", "governance", "limit", "workers", "become")} == {
        "keep": "daily 3", "governance": "governance.yml", "limit": ["host=a"], "workers": 3, "become": True,
    }  # fmt: skip
    assert json.loads(secscan("config", "--json", "--keep", "last 9").out)[list(KEYS).index("keep")]["value"] == "last 9"


def test_a_look_at_one_host_leaves_the_numbers_of_the_nightly_run_as_they_are(secscan, project):
    secscan("run", "-q")
    nightly = Path("numbers/secscan.prom").read_text()
    assert secscan("run", "-q", "-l", "host=one").code == 1
    assert Path("numbers/secscan.prom").read_text() == nightly
    secscan("run", "-q", "one", "--prometheus", "other.prom")
    assert metrics(Path("other.prom"))["secscan_run_targets", "tiny_fail", "yes"] == 1


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(secscan, project, monkeypatch):
    monkeypatch.setenv("SECSCAN_BASELINE", "tiny_pass")
    monkeypatch.setenv("SECSCAN_FORMATS", "csv, json")
    assert secscan("run", "-q").code == 0
    assert Path("out/report.csv").is_file()
    assert secscan("run", "-q", "-b", "tiny_fail", "-o", "other").code == 1
    monkeypatch.setenv("SECSCAN_WORKERS", "many")
    assert "environment variable SECSCAN_WORKERS must be a whole number, 1 to 64" in secscan("run").err


def test_without_a_project_file_the_settings_are_those_that_are_built_in(secscan):
    told = secscan("config", "--json")
    assert {each["origin"] for each in json.loads(told.out)} == {"default"}


def test_commands_about_content_know_that_of_the_project(secscan, project):
    assert secscan("check", "show", "host_says_fail").code == 0
    assert "host_says_fail" in secscan("check", "list").out
    assert "sshd_root_login_disabled" in secscan("check", "list").out
    assert "checks: 1" in secscan("check", "test", "host_says_fail").out
    assert secscan("baseline", "show", "tiny_fail").code == 0
    assert "tiny_fail" in secscan("schema", "baseline").out


def test_a_url_of_a_file_leads_to_the_same_history_from_every_folder(secscan, project, tmp_path, monkeypatch):
    project.write_text(project.read_text().replace("history: history.sqlite", "history: sqlite:///history.sqlite"))
    secscan("run", "-q")
    assert Path("history.sqlite").is_file()
    whole = str(project.absolute())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    told = secscan("--config", whole, "runs", "list")
    assert told.code == 0
    assert "runs: 1" in told.out
    assert list(Path.cwd().iterdir()) == []


def test_imported_results_are_remembered_in_the_history_of_the_project(secscan, project):
    results = json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint"}}, "results": []}]})
    Path("results.sarif").write_text(results)
    assert secscan("import", "results.sarif", "-o", "imported").code == 0
    assert "runs: 1" in secscan("runs", "list").out


WAIVERS = """waivers:
- {id: W-1, checks: [host_says_fail], hosts: [one], any_value: true, WHO, expires: SOON}
- {id: W-2, checks: [host_says_fail], hosts: [one], any_value: true, WHO, expires: 2099-01-01}
- {id: W-3, checks: [host_says_pass], any_value: true, WHO, expires: 2099-01-01}
- {id: W-4, checks: [host_says_fail], hosts: [gone], any_value: true, WHO, expires: 2099-01-01}
- {id: W-5, checks: [host_said_fail], any_value: true, WHO, expires: 2099-01-01}
- {id: W-6, checks: [host_says_fail], hosts: [two], any_value: true, WHO, expires: 2020-02-01}
"""


def test_a_run_tells_of_waivers_that_somebody_should_look_at_and_ends_as_it_would_without(secscan, project):
    soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 5 * 86400))
    who = "justification: j, owner: Ann, approver: Bob, starts: 2020-01-01"
    Path("waivers.yml").write_text(WAIVERS.replace("WHO", who).replace("SOON", soon))
    project.write_text(project.read_text() + "waivers: [waivers.yml]\n")
    told = secscan("run", "--quiet")
    assert told.code == 1
    assert told.complaints == [
        "secscan: note: waivers.yml:2: W-1: is over in 6 days",
        "secscan: note: waivers.yml:3: W-2: says the same as W-1: host_says_fail on one",
        "secscan: note: waivers.yml:4: W-3: is unused: nothing that it covers fails",
        "secscan: note: waivers.yml:5: W-4: is unused: nothing that it covers fails",
        "secscan: note: waivers.yml:5: W-4: no host of this run is named 'gone' (did you mean 'one'?)",
        "secscan: note: waivers.yml:6: W-5: is unused: nothing that it covers fails",
        "secscan: note: waivers.yml:6: W-5: no check is named 'host_said_fail' (did you mean 'host_says_fail'?)",
        "secscan: note: waivers.yml:7: W-6: is over since 2020-02-01",
    ]
    events = [json.loads(line) for line in secscan("run", "-q", "--log-format", "json").complaints]
    remarks = [event for event in events if event["event"] == "waiver_remark"]
    assert [(each["waiver"], each["line"], each["level"]) for each in remarks[:2]] == [("W-1", 2, "warning"), ("W-2", 3, "warning")]
    assert secscan("run", "-q", "one").err == ""


def test_nothing_is_said_of_the_use_of_waivers_for_hosts_that_were_not_asked(secscan, project):
    who = "justification: j, owner: Ann, approver: Bob, starts: 2020-01-01, expires: 2099-01-01"
    Path("waivers.yml").write_text(f"waivers:\n- {{id: W-1, checks: [host_says_fail], hosts: [two], any_value: true, {who}}}\n")
    project.write_text(project.read_text() + "waivers: [waivers.yml]\nlimit: [host=one]\n")
    assert secscan("run", "-q").err == ""
    project.write_text(project.read_text().replace("limit: [host=one]\n", ""))
    Path("inventory.yml").write_text("hosts: [{name: one, transport: local}, {name: two, address: 127.0.0.1, port: 1}]\n")
    assert "unused" not in secscan("run", "-q").err
