"""Real backups on two sites: what continuity measures is what the tools themselves tell, and a fault changes what it must."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml

from .conftest import give_up
from .continuity.faults import FAULTS
from .continuity.seeing import Observer, Seen
from .continuity.sites import INVENTORY, boot_sites
from .hosts import Host
from .lab import Lab
from .roots import NoRootError

pytestmark = pytest.mark.lab

PASSWORD = "a-password-of-the-lab"
TESTS = "/var/lib/secscan/restore-tests"
BAD_RECORDS = f"""
set -e
cd {TESTS}
record() {{ # FILE DATA_SET STARTED FINISHED
  printf '{{"service": "erp", "data_set": "%s", "started": "%s", "finished": "%s", "result": "pass"}}\n' "$2" "$3" "$4" >"$1.json"
}}
record future files "$(date -u -d '1 day' +%Y-%m-%dT%H:%M:%SZ)" "$(date -u -d '2 days' +%Y-%m-%dT%H:%M:%SZ)"
record backwards files 2026-01-02T00:00:00Z 2026-01-01T00:00:00Z
record nameless nothing-that-is-declared 2026-01-01T00:00:00Z 2026-01-02T00:00:00Z
echo '{{"service": "erp", "data_set":' >broken.json
"""
GOOD = (
    ("app", "backup_scheduled"), ("app", "backup_runs_succeed"), ("db", "postgresql_archive_keeps_up"),
    ("db", "pgbackrest_backups_encrypted"), ("far", "pgbackrest_backups_fresh"), ("far", "postgresql_standbys_follow"),
    ("far", "backup_repositories_append_only"), ("vault", "backup_repositories_encrypted"),
    ("vault", "backup_repositories_undamaged"),
    ("service erp", "service_copies_spread"), ("service erp", "service_survives_loss_of_its_site"),
    ("service erp", "service_survives_attack_on_backups"), ("service erp", "service_restores_tested"),
    ("service ledger", "service_restores_tested"), ("organization", "fleet_clocks_agree"),
)  # fmt: skip
TOLERANCE_S = 3.0  # clocks are compared to about a second, and tools tell whole seconds


@pytest.fixture(scope="module")
def sites(lab: Lab) -> dict[str, Host]:
    """The booted hosts, with backups."""
    try:
        return boot_sites(lab)
    except NoRootError as error:
        give_up(str(error))
        raise


@pytest.fixture(scope="module")
def observer(lab: Lab, sites: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Observer:
    """Looks at them."""
    return Observer(lab, tmp_path_factory.mktemp("sites"), INVENTORY)


@pytest.fixture(scope="module")
def good(observer: Observer) -> Seen:
    """What is seen while nothing is broken."""
    return observer.look()


def newest_snapshot(host: Host, repository: str) -> float:
    """The time of the newest snapshot by restic's own listing."""
    listed = host.run(f"RESTIC_PASSWORD={PASSWORD} restic -q -r {repository} --no-lock --no-cache snapshots --json")
    return max(dt.datetime.fromisoformat(each["time"][:19]).replace(tzinfo=dt.UTC).timestamp() for each in json.loads(listed))


def newest_backup(host: Host) -> float:
    """When the newest backup ended by pgBackRest's own listing."""
    listed = json.loads(host.run("runuser -u postgres -- pgbackrest info --output=json"))
    return max(float(each["timestamp"]["stop"]) for each in listed[0]["backup"])


def test_the_measured_age_of_files_is_that_of_the_snapshot_that_restic_lists_there(sites, good):
    ages = {
        "rpo_now": newest_snapshot(sites["vault"], "/srv/restic/erp"),
        "site_loss": newest_snapshot(sites["far"], "/srv/restic/erp"),
        "cyber": newest_snapshot(sites["far"], "/srv/restic/erp"),
    }
    figures = good.service("erp")["figures"]
    assert {name: figures[name]["knowledge"] for name in ages} == dict.fromkeys(ages, "measured")
    for name, newest in ages.items():
        assert figures[name]["seconds"] == pytest.approx(good.document["as_of"] - newest, abs=TOLERANCE_S), name


def test_the_measured_age_of_a_database_is_that_of_the_backup_that_pgbackrest_lists_there(sites, good):
    figures = good.service("ledger")["figures"]
    for name, host in {"rpo_now": "db", "site_loss": "far"}.items():
        assert (figures[name]["knowledge"], figures[name]["verdict"]) == ("measured", "met"), name
        newest = newest_backup(sites[host])
        assert figures[name]["seconds"] == pytest.approx(good.document["as_of"] - newest, abs=TOLERANCE_S), name


def test_every_restore_point_of_the_tools_is_told_and_none_besides(sites, good):
    listed = json.loads(sites["db"].run("runuser -u postgres -- pgbackrest info --output=json"))
    told = [point["name"] for point in good.repository("stanza")["points"] if point["name"] != "log archive"]
    assert sorted(told) == sorted(backup["label"] for backup in listed[0]["backup"])
    copied = [point["name"] for point in good.repository("stanza_far")["points"]]
    assert copied == [
        backup["label"] for backup in reversed(listed[0]["backup"])
    ]  # and no log, which is not copied as it is written
    assert len(good.repository("near")["points"]) == len(good.repository("distant")["points"]) == 1


def test_restores_that_were_made_are_the_recovery_time(sites, good):
    for service, (host, file) in {"erp": ("app", "files"), "ledger": ("far", "ledger")}.items():
        record = json.loads(sites[host].run(f"cat /var/lib/secscan/restore-tests/{file}.json"))
        took = dt.datetime.fromisoformat(record["finished"]) - dt.datetime.fromisoformat(record["started"])
        figure = good.service(service)["figures"]["rto"]
        assert (figure["knowledge"], figure["verdict"]) == ("measured", "met"), figure
        assert figure["seconds"] == pytest.approx(took.total_seconds(), abs=1)


def test_what_is_good_is_seen_as_good(good):
    assert {good.outcomes[about, check] for about, check in GOOD} == {"pass"}
    assert good.figures["files", "3-2-1-1-0"] == "met"
    assert good.figures["archive", "rpo_now"] == "estimated, partly met"  # Borg without its passphrase tells changes


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_changes_the_checks_and_figures_it_must_and_no_others(sites, observer, good, name):
    fault = FAULTS[name]
    try:
        for host in fault.hosts:
            sites[host].run(f"set -e\n{fault.cause}")
        seen = observer.look(*fault.hosts, before=good)
    finally:
        for host in fault.hosts:
            sites[host].run(f"set -e\n{fault.mend}")
    assert seen.since(good) == (fault.outcomes, fault.figures)


def test_records_of_restores_that_cannot_be_are_told_and_count_for_nothing(sites, observer, good):
    sites["app"].run(BAD_RECORDS)
    try:
        seen = observer.look("app", before=good)
    finally:
        sites["app"].run(f"cd {TESTS} && rm future.json backwards.json nameless.json broken.json")
    assert seen.figures == good.figures
    (files,) = seen.service("erp")["data_sets"]
    assert [test["source"] for test in files["restore_tests"]["tests"]] == ["files.json on app"]
    assert sorted(files["restore_tests"]["notes"]) == [
        "app: backwards.json: it finished before it started",
        "app: broken.json: is not valid JSON",
        "app: future.json: it is dated in the future",
        "app: nameless.json: no service declares the data set 'nothing-that-is-declared' of 'erp'",
    ]


def test_evidence_that_was_changed_after_it_was_kept_is_refused_by_name_and_the_rest_is_used(observer, good, tmp_path):
    saved = shutil.copytree(good.folder, tmp_path / "saved")
    for bundle in (saved / "evidence").glob("*.bundle.json.gz"):
        told = json.loads(gzip.decompress(bundle.read_bytes()))
        if told["origin"]["target"] == "far":
            told["origin"]["finished_at"] += 1
            bundle.write_bytes(gzip.compress(json.dumps(told).encode()))
            changed = bundle.name
    done = observer.run("continuity", "--saved", str(saved), "--json", may_exit={2})
    document = json.loads(done.stdout)
    assert [each["file"] for each in document["broken"]] == [changed]
    assert changed in done.stderr
    figures = next(each["figures"] for each in document["services"] if each["service"] == "erp")
    assert figures["site_loss"]["knowledge"] == "unknown"
    assert figures["rpo_now"]["verdict"] == "met"


def test_a_drill_counts_as_long_as_its_evidence_is_what_was_signed_for(sites, observer, good, tmp_path):
    record = sites["far"].run(f"cat {TESTS}/ledger.json")
    write_statement(tmp_path, record, dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1))
    given = ("continuity", "--saved", str(good.folder), "--attestations", str(tmp_path), "--json")
    assert recovery_of("ledger", observer.run(*given).stdout) == (1800, "attested", "met")
    with (tmp_path / "files/ledger.json").open("a") as stream:
        stream.write("\n")
    took = good.service("ledger")["figures"]["rto"]["seconds"]
    assert recovery_of("ledger", observer.run(*given).stdout) == (took, "measured", "met")


@pytest.mark.parametrize("days", [pytest.param(-3, id="in the future"), pytest.param(500, id="long ago")])
def test_a_drill_of_a_day_that_cannot_be_relied_on_does_not_count(observer, good, tmp_path, days):
    write_statement(tmp_path, "{}", dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days))
    told = observer.run("continuity", "--saved", str(good.folder), "--attestations", str(tmp_path), "--json").stdout
    assert recovery_of("ledger", told)[1:] == ("measured", "met")


def recovery_of(service: str, told: str) -> tuple[float, str, str]:
    """Seconds, knowledge and verdict of the recovery time of a service."""
    figure = next(each["figures"]["rto"] for each in json.loads(told)["services"] if each["service"] == service)
    return figure["seconds"], figure["knowledge"], figure["verdict"]


def write_statement(folder: Path, evidence: str, performed_on: dt.date) -> None:
    """A statement of a drill of the ledger that took half an hour, with its evidence."""
    check = next((Path(__file__).parents[2] / "checks").rglob("recovery_exercised.yaml"))
    questions = yaml.safe_load(check.read_text())["attest"]
    (folder / "files").mkdir()
    (folder / "files/ledger.json").write_text(evidence)
    statement = {
        "id": "drill",
        "checks": ["recovery_exercised"],
        "scope": {"services": ["ledger"]},
        "statement": "The ledger was brought up at the other site.",
        "performed_on": performed_on,
        "valid_until": performed_on + dt.timedelta(days=365),
        "owner": {"name": "Ann Example", "role": "Head of operations"},
        "approver": {"name": "Bob Example", "role": "Chief information security officer"},
        "result": "pass",
        "answers": [{"question": " ".join(question.split()), "answer": "as in the evidence"} for question in questions],
        "metrics": {"achieved_rto_minutes": 30},
        "evidence": [{"file": "files/ledger.json", "sha256": hashlib.sha256(evidence.encode()).hexdigest()}],
    }
    (folder / "drill.yaml").write_text(yaml.safe_dump(statement, sort_keys=False))
