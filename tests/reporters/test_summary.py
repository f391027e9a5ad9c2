"""Numbers over many hosts."""

from dataclasses import replace

import samples

from secscan.assessments import to_document
from secscan.model.assessment import ATTESTATION, Disposition, Outcome
from secscan.summary import summarise, summary_document


def test_unreachable_hosts_are_counted_apart_and_have_no_score():
    summary = summarise(samples.fleet(12))
    assert [host.name for host in summary.unreachable] == ["nairobi-app-09"]
    assert len(summary.judged) == 11
    assert summary.weakest not in summary.unreachable


def test_the_mean_is_over_hosts_and_the_weakest_is_the_lowest_of_them():
    summary = summarise(samples.fleet(12))
    rates = [host.tally.compliance for host in summary.judged]
    assert summary.mean == sum(rates) / len(rates)
    assert summary.weakest.tally.compliance == min(rates)


def test_the_worst_checks_are_ordered_by_failing_hosts_times_severity():
    worst = summarise(samples.fleet(12)).worst_checks
    assert [check.weight for check in worst] == sorted((check.weight for check in worst), reverse=True)
    assert worst[0].check == "accounts_uid_zero_only_root"
    assert worst[0].weight == 8 * worst[0].counts["fail"]


def test_every_result_is_counted_once_in_each_table():
    documents = samples.twelve_hosts()
    summary = summarise(documents)
    results = sum(len(document["results"]) for document in documents)
    assert sum(summary.tally.counts.values()) == sum(summary.cross.values()) == results
    assert sum(count for check in summary.checks for count in check.counts.values()) == results


def organization():
    """What people state: two questions are settled, one fails, one is open; and two services that fail a check."""
    name = "The Organization"
    manual = {"holds": Disposition.ATTESTED, "needless": Disposition.ATTESTED_NOT_APPLICABLE, "not": Disposition.ATTESTED_FAIL}
    names = {key: replace(samples.CHECKS["backup_restore_tested"], id=key) for key in (*manual, "open")}
    stated = [samples.result("backup_restore_tested", Outcome.MANUAL, name, disposition=each) for each in manual.values()]
    asked = samples.result("backup_restore_tested", Outcome.MANUAL, name)
    services = [samples.result("backup_newest_fresh", Outcome.FAIL, each) for each in ("service erp", "service mail")]
    results = tuple(replace(each, check=key) for key, each in zip(names, (*stated, asked), strict=True))
    return to_document(
        samples.assessment(
            samples.host(name, transport=ATTESTATION, address="", site=""), results=(*results, *services), proofs=(), changes=(),
            waivers={}, checks=names | {"backup_newest_fresh": samples.CHECKS["backup_newest_fresh"]},
        )
    )  # fmt: skip


def test_what_is_judged_of_the_organization_counts_as_no_host_and_is_never_the_weakest():
    documents = [organization(), *samples.three_hosts()]
    summary = summarise(documents)
    assert summary_document(summary)["hosts"] == 3
    assert [host.name for host in sorted(summary.hosts, key=lambda host: host.rank)][-1] == "The Organization"
    assert summary.weakest.name == summarise(samples.three_hosts()).weakest.name


def test_what_a_statement_settles_is_told_of_its_check():
    settled = {check.check: check.settled for check in summarise([organization()]).checks}
    assert settled == {"holds": 1, "needless": 1, "not": 0, "open": 0, "backup_newest_fresh": 0}


def test_no_hosts_and_nothing_judged_have_neither_mean_nor_weakest():
    for documents in ([], [to_document(samples.nothing_judged())], [to_document(samples.unreachable("x", "no route"))]):
        told = summary_document(summarise(documents))
        assert told["mean_compliance"] is None
        assert told["weakest"] is None
        assert told["tally"]["compliance"] is None
