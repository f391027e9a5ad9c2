"""Real backups on two sites: what continuity measures is what the tools themselves tell, and a fault changes what it must."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from .conftest import give_up
from .continuity.seeing import Observer, Seen
from .continuity.sites import INVENTORY, boot_sites
from .hosts import Host
from .lab import Lab
from .roots import NoRootError
from .scanning import Scanner

pytestmark = pytest.mark.lab

PASSWORD = "a-password-of-the-lab"
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
def observer(lab: Lab, scanner: Scanner, sites: dict[str, Host], tmp_path_factory: pytest.TempPathFactory) -> Observer:
    """Looks at them."""
    inventory = tmp_path_factory.mktemp("sites") / "inventory.yml"
    inventory.write_text(INVENTORY)
    return Observer(lab, scanner, inventory)


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
