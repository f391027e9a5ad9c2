"""From evidence of several hosts to the figures of a service: one thing is broken at a time, and what follows from it is told."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.bundles import write_bundle
from secscan.cli import run
from secscan.continuity.assess import assess_data_set, assess_service
from secscan.continuity.documents import service_document
from secscan.continuity.evidence import Evidence
from secscan.continuity.figures import Knowledge, Verdict
from secscan.continuity.points import Integrity
from secscan.continuity.reading import view_host
from secscan.continuity.telling import short_lines
from secscan.model.evidence import Batch, Bundle, Frame, Origin, Part
from secscan.model.probe import Call
from secscan.model.service import DataSet, Repository, Service
from secscan.plugins import probes

HOUR, DAY = 3600, 86400
NOW = 1_790_000_000
FAR = Repository("far", "vault", "/srv/borg", "restic", "valencia", math.inf)
NEAR = Repository("near", "db1", "/srv/restic", "restic", "geneva")
SITES = {"db1": "geneva", "vault": "valencia"}
FILES = DataSet("files", "db1", ("/srv/erp",), backups=("far",))


def told(*ages: int, path: str = "/srv/borg", tool: str = "restic", more: str = "damaged=0", whole: str = "y", offset: int = 0):
    points = "".join(f"point {NOW - age + offset} - snapshot {whole} n{index}\n" for index, age in enumerate(ages))
    head = f"repository {tool} {path}\n| evidence=repository time_is=end encrypted=yes {more}\n"
    return f"{head}{points}done {len(ages)}\nend\n"


def bundle(host: str, answers: Mapping[tuple[str, str], str], offset: float | None = 0.0) -> Bundle:
    batches = []
    for number, ((probe, arguments), answer) in enumerate(answers.items()):
        call = Call.of(
            probe, {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(arguments).items()}
        )
        frame = Frame(number, (Part(0, 0, answer.encode()),), exit=0)
        batches.append(Batch(number, probe, (call,), "", frame))
    return Bundle(Origin(host, host, "ssh", finished_at=float(NOW), clock_offset_s=offset), "", "", "", tuple(batches))


def repositories(answer: str, places: tuple[str, ...] = ("/srv/*",)) -> dict[tuple[str, str], str]:
    return {("backup_repositories", json.dumps({"places": list(places)})): answer}


def evidence(*bundles: Bundle, declared: tuple[Repository, ...] = (FAR, NEAR)) -> Evidence:
    views = {each.origin.target: view_host(each, probes()) for each in bundles}
    return Evidence({each.id: each for each in declared}, SITES, views, float(NOW))


def figures(answer: str, data_set: DataSet = FILES, rpo: float = 4 * HOUR, offset: float | None = 0.0):
    return assess_data_set(data_set, rpo, evidence(bundle("vault", repositories(answer), offset)))


def test_the_measured_figure_is_the_true_age_of_the_newest_point():
    found = figures(told(7260, 3 * HOUR))
    assert (found.rpo_now.seconds, found.rpo_now.knowledge, found.rpo_now.verdict) == (7260, Knowledge.MEASURED, Verdict.MET)
    assert found.site_loss.seconds == 7260
    assert found.worst_gap.seconds == 7260
    assert found.covered is True


@given(st.integers(0, 10 * DAY), st.integers(-(10**7), 10**7))
def test_the_clock_of_the_host_does_not_change_the_age(age, offset):
    found = figures(told(age, offset=offset), offset=float(offset))
    assert found.rpo_now.seconds == age


def test_without_the_clock_of_the_host_the_age_is_only_estimated():
    found = figures(told(HOUR), offset=None)
    assert (found.rpo_now.knowledge, found.rpo_now.verdict) == (Knowledge.ESTIMATED, Verdict.PARTLY)


def test_a_point_from_the_future_is_kept_and_counts_as_broken():
    found = figures(told(-DAY, 5 * HOUR))
    assert [point.integrity for point in found.copies[0].points] == [Integrity.BROKEN, Integrity.WHOLE]
    assert (found.rpo_now.seconds, found.rpo_now.verdict) == (5 * HOUR, Verdict.MISSED)


@given(st.integers(-(10**30), 10**30))
def test_no_time_that_a_host_tells_stops_the_others(age):
    found = figures(told(age, HOUR))
    assert found.rpo_now.seconds <= HOUR
    assert [point.integrity is Integrity.BROKEN for point in found.copies[0].points].count(True) == (not -5 <= age <= NOW)


def test_the_catalogue_of_a_director_tells_of_the_backups_of_its_clients():
    jobs = f"tool bareos\njob 1\t{NOW - HOUR}\tT\tF\t52428800\tdb1-fd\tFull Set\nend\n"
    far = Repository("far", "vault", "db1-fd: Full Set", "bareos", "valencia")
    asked = bundle("vault", {("backup_catalogue", "{}"): jobs})
    found = assess_data_set(FILES, 4 * HOUR, evidence(asked, declared=(far,)))
    assert (found.rpo_now.seconds, found.rpo_now.verdict) == (HOUR, Verdict.MET)


def stanza(age: int, verified: int | None = None) -> str:
    backup = {
        "database": {"repo-key": 1}, "error": False, "info": {"size": 9, "repository": {"delta": 9}}, "label": "b", "type": "full",
        "timestamp": {"stop": NOW - age},
    }  # fmt: skip
    told = {
        "backup": [backup], "name": "main", "db": [{"system-id": 7}], "status": {"lock": {"backup": {"held": False}}},
        "repo": [{"key": 1, "cipher": "none", "status": {"code": 0}}],
    }  # fmt: skip
    looked = "" if verified is None else f"verified main 1 {NOW} {verified}\n"
    return f"{json.dumps([told])}\n{looked}end\n"


def server(archived: int, standby: str = "no", port: int = 5432) -> str:
    return (
        f"server {port} /var/lib/postgresql/15/main\n| version=150013 standby={standby} oldest_transaction=737 connections=1 "
        f"max_connections=100 archived=4 failed=0 last_archived={archived} last_failed=\ndone\n"
    )


@pytest.mark.parametrize(
    ("servers", "age", "verdict"),
    [
        (server(NOW - HOUR), HOUR, Verdict.PARTLY),
        (server(NOW - 9 * HOUR), 9 * HOUR, Verdict.MISSED),
        (server(NOW + DAY), 20 * HOUR, Verdict.MISSED),
        (server(NOW - HOUR, "yes"), 20 * HOUR, Verdict.MISSED),
        (server(NOW - HOUR) + server(NOW - HOUR, port=5433), 20 * HOUR, Verdict.MISSED),
    ],
)
def test_an_archive_of_the_log_brings_a_database_nearer_to_now_but_only_by_an_estimate(servers, age, verdict):
    data = DataSet("ledger", "db1", database="main", backups=("pg",))
    declared = Repository("pg", "db1", "main repo1", "pgbackrest", "geneva")
    asked = bundle("db1", {("pgbackrest", '{"config": ""}'): stanza(20 * HOUR), ("postgresql_state", "{}"): f"{servers}end\n"})
    found = assess_data_set(data, 4 * HOUR, evidence(asked, declared=(declared,)))
    assert found.rpo_now.verdict is verdict
    assert min(NOW - point.time for point in found.copies[0].restorable) == age
    assert found.worst_gap.verdict is (Verdict.UNKNOWN if age < 20 * HOUR else Verdict.MISSED)


@pytest.mark.parametrize(
    ("kept_near", "age"),
    [
        pytest.param(("near", "far"), 20 * HOUR, id="copied from the database's host"),
        pytest.param(("far",), HOUR, id="written there"),
    ],
)
def test_the_log_counts_where_the_server_archives_it_and_not_where_its_repository_is_copied_to(kept_near, age):
    data = DataSet("ledger", "db1", database="main", backups=kept_near)
    near = Repository("near", "db1", "main repo1", "pgbackrest", "geneva")
    far = Repository("far", "vault", "main repo1", "pgbackrest", "valencia")
    kept = {("pgbackrest", '{"config": ""}'): stanza(20 * HOUR)}
    state = {("postgresql_state", "{}"): f"{server(NOW - HOUR)}end\n"}
    asked = [bundle("db1", state | kept if "near" in kept_near else state), bundle("vault", kept)]
    found = assess_data_set(data, 4 * HOUR, evidence(*asked, declared=(near, far)))
    assert found.site_loss.seconds == age
    assert found.rpo_now.seconds == HOUR


@pytest.mark.parametrize(
    ("verified", "said", "verdict"),
    [
        ((0, 0), 30 * DAY, Verdict.MET),
        ((0, 0), None, Verdict.UNKNOWN),
        ((0, 0), 0.0, Verdict.MISSED),
        ((0, None), 30 * DAY, Verdict.UNKNOWN),
        ((1, 0), 30 * DAY, Verdict.MISSED),
    ],
    ids=["verified and kept", "nothing said of changes", "said to be changed", "one not verified", "one damaged"],
)
def test_a_database_fulfils_the_rule_of_copies_when_both_were_verified_and_one_is_said_to_be_out_of_reach(verified, said, verdict):
    data = DataSet("ledger", "db1", database="main", backups=("near", "far"))
    near = Repository("near", "db1", "main repo1", "pgbackrest", "geneva", 0.0)
    far = Repository("far", "vault", "main repo1", "pgbackrest", "valencia", said)
    asked = [
        bundle(host, {("pgbackrest", '{"config": ""}'): stanza(HOUR, verified=damaged)})
        for host, damaged in zip(("db1", "vault"), verified, strict=True)
    ]
    found = assess_data_set(data, 4 * HOUR, evidence(*asked, declared=(near, far)))
    assert found.composition.verdict is verdict


@pytest.mark.parametrize("more", ["damaged=1", "damaged=7"])
def test_damage_that_was_found_leaves_nothing_to_restore(more):
    found = figures(told(HOUR, more=more))
    assert (found.rpo_now.seconds, found.rpo_now.verdict) == (math.inf, Verdict.MISSED)
    assert (found.covered, found.composition.verdict) == (False, Verdict.MISSED)
    assert any("damaged" in note for note in found.copies[0].notes)


def test_what_nobody_verified_is_only_estimated():
    assert figures(told(HOUR, whole="?")).rpo_now.verdict is Verdict.PARTLY


def test_a_time_of_any_change_is_only_estimated_and_still_too_old_when_it_is():
    answer = told(HOUR, tool="borg").replace("time_is=end", "time_is=change")
    far = Repository("far", "vault", "/srv/borg", "borg", "valencia")
    now = evidence(bundle("vault", repositories(answer)), declared=(far,))
    assert assess_data_set(FILES, 2 * HOUR, now).rpo_now.verdict is Verdict.PARTLY
    assert assess_data_set(FILES, 1800, now).rpo_now.verdict is Verdict.MISSED


def test_a_repository_whose_host_was_not_read_is_unknown_whatever_the_client_remembers():
    client = (
        "repository borg /root/.config/borg/security/aa\n| evidence=client time_is=change id=aa\n"
        f"target ssh://borg@vault/srv/borg\npoint {NOW - HOUR} - transaction y manifest\ndone 1\nend\n"
    )
    far = Repository("far", "vault", "/srv/borg", "borg", "valencia")
    asked = {("backup_clients", json.dumps({"homes": ["/root"]})): client}
    found = assess_data_set(FILES, 4 * HOUR, evidence(bundle("db1", asked), declared=(far,)))
    assert (found.rpo_now.verdict, found.covered, found.copies[0].claimed) == (Verdict.UNKNOWN, None, NOW - HOUR)


def test_a_repository_that_was_looked_for_and_is_gone_is_missed_and_one_that_was_not_looked_for_is_unknown():
    asked = bundle("vault", repositories("absent\n"))
    elsewhere = bundle("vault", repositories("absent\n", ("/backup/*",)))
    refused = bundle("vault", repositories("unobservable: no right to look\n"))
    verdicts = [assess_data_set(FILES, HOUR, evidence(each)).rpo_now.verdict for each in (asked, elsewhere, refused)]
    assert verdicts == [Verdict.MISSED, Verdict.UNKNOWN, Verdict.UNKNOWN]


def test_a_cut_answer_is_unknown():
    assert figures(told(HOUR).removesuffix("end\n")).rpo_now.verdict is Verdict.UNKNOWN


def test_only_a_point_at_another_site_counts_when_a_site_is_lost():
    both = DataSet("files", "db1", ("/srv/erp",), backups=("far", "near"))
    near = bundle("db1", repositories(told(HOUR, path="/srv/restic")))
    far = bundle("vault", repositories(told(9 * HOUR)))
    found = assess_data_set(both, 4 * HOUR, evidence(near, far))
    assert (found.rpo_now.seconds, found.site_loss.seconds) == (HOUR, 9 * HOUR)
    assert (found.rpo_now.verdict, found.site_loss.verdict) == (Verdict.MET, Verdict.MISSED)


@pytest.mark.parametrize(
    ("said", "shown", "knowledge", "verdict"),
    [
        (math.inf, "", Knowledge.ATTESTED, Verdict.MET),
        (math.inf, " append_only=yes", Knowledge.MEASURED, Verdict.MET),
        (math.inf, " append_only=no", Knowledge.MEASURED, Verdict.MISSED),
        (None, " append_only=yes", Knowledge.MEASURED, Verdict.MET),
        (None, "", Knowledge.UNKNOWN, Verdict.UNKNOWN),
        (0.0, " append_only=yes", Knowledge.MEASURED, Verdict.MISSED),
        (1800.0, "", Knowledge.MEASURED, Verdict.MISSED),
        (7200.0, "", Knowledge.ATTESTED, Verdict.MET),
    ],
)
def test_only_what_nobody_can_change_counts_against_an_attack(said, shown, knowledge, verdict):
    far = Repository("far", "vault", "/srv/borg", "restic", "valencia", said)
    answer = repositories(told(HOUR, more=f"damaged=0{shown}"))
    cyber = assess_data_set(FILES, 4 * HOUR, evidence(bundle("vault", answer), declared=(far,))).cyber
    assert (cyber.knowledge, cyber.verdict) == (knowledge, verdict)


def test_the_rule_of_three_copies_holds_with_two_whole_repositories_one_of_them_far_and_immutable():
    both = DataSet("files", "db1", ("/srv/erp",), backups=("far", "near"))
    near = bundle("db1", repositories(told(HOUR, path="/srv/restic")))
    far = bundle("vault", repositories(told(HOUR)))
    rule = assess_data_set(both, HOUR, evidence(near, far)).composition
    assert (rule.copies, rule.hosts, rule.off_site, rule.immutable, rule.errors) == (3, 2, 1, 1, 0)
    assert rule.verdict is Verdict.MET
    assert assess_data_set(both, HOUR, evidence(near)).composition.verdict is Verdict.UNKNOWN
    assert assess_data_set(FILES, HOUR, evidence(near, far)).composition.verdict is Verdict.MISSED


def test_an_unreadable_neighbour_hides_nothing_but_itself():
    answer = told(HOUR, 2 * HOUR).removesuffix("end\n") + "repository borg /srv/other\nfault no right to look\nend\n"
    found = figures(answer)
    assert (found.rpo_now.seconds, found.rpo_now.knowledge) == (HOUR, Knowledge.MEASURED)
    assert len(found.copies[0].points) == 2


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_nonsense_from_a_host_is_never_met(answer):
    assert figures(answer).rpo_now.verdict is not Verdict.MET


def test_a_service_is_told_in_lines_and_in_json_without_infinity():
    service = Service("erp", "Chief", "high", 4 * HOUR, 8 * HOUR, (FILES,))
    found = assess_service(service, evidence(bundle("vault", repositories("absent\n"))))
    assert json.loads(json.dumps(service_document(found), allow_nan=False))["figures"]["rpo_now"]["never"] is True
    lines = list(short_lines(found))
    assert lines[0] == "erp  high, owner Chief"
    assert "data loss now     never" in lines[1]


INVENTORY = """
sites: [{id: geneva}, {id: valencia}]
hosts: [{name: db1, site: geneva}, {name: vault, site: valencia}]
repositories: [{id: far, host: vault, path: /srv/borg, tool: restic, immutable: true}]
services:
  - name: erp
    owner: Chief
    criticality: high
    rpo: 4h
    rto: 8h
    data_sets: [{id: files, host: db1, paths: [/srv/erp], backups: [far]}]
"""


def test_the_command_reads_saved_bundles_and_tells_by_its_exit_code(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    words = ["continuity", "-i", "inventory.yml", "--saved", "saved"]
    write_bundle(bundle("vault", repositories(told(HOUR))), tmp_path / "saved" / "evidence")
    assert run(words) == 4  # nothing tells the recovery time
    assert "data loss now     1h          measured   met (objective 4h)" in capsys.readouterr().out
    assert run([*words, "--json", "--window", "2d"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert (document["as_of"], document["window_s"]) == (NOW, 2 * DAY)
    assert document["services"][0]["figures"]["rpo_now"]["seconds"] == HOUR
    met = {each["id"]: (each["met"], each["of"]) for each in document["indicators"]}
    assert met["K2"] == (["erp/files"], ["erp/files"])
    assert met["K5"] == ([], ["erp"])
    (tmp_path / "saved" / "evidence" / "broken.bundle.json.gz").write_bytes(b"no bundle")
    assert run(words) == 2
    assert "broken.bundle.json.gz" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("inventory", "message"),
    [("hosts: [db1]\n", "declares no service"), (INVENTORY, "no bundle of a host of the inventory")],
)
def test_what_cannot_be_told_is_an_error_that_says_what_is_allowed(tmp_path, capsys, monkeypatch, inventory, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yml").write_text(inventory)
    (tmp_path / "saved").mkdir()
    assert run(["continuity", "-i", "inventory.yml", "--saved", "saved"]) == 2
    complaint = capsys.readouterr().err
    assert message in complaint
    assert "allowed: " in complaint
