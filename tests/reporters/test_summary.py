"""Numbers over many hosts."""

import samples

from secscan.assessments import to_document
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


def test_no_hosts_and_nothing_judged_have_neither_mean_nor_weakest():
    for documents in ([], [to_document(samples.nothing_judged())], [to_document(samples.unreachable("x", "no route"))]):
        told = summary_document(summarise(documents))
        assert told["mean_compliance"] is None
        assert told["weakest"] is None
        assert told["tally"]["compliance"] is None
