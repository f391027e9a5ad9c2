"""Hosts that answer alike are judged once, and no host is judged by what another one said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_content import Small, bundle_of, engine_for, write_baseline, write_checks

from secscan import pipeline
from secscan.content.uses import all_expressions
from secscan.judge.alike import Known
from secscan.judge.assess import assess
from secscan.model.check import That
from secscan.model.matcher import Matcher
from secscan.model.probe import Answer, Call

SAYS = {name: {name: {"probe": "command", "run": f"say {name}"}} for name in ("one", "two", "three")}
CHECKS = (
    Small("first", SAYS["one"], [{"that": "one.output", "equals": "good"}]),
    Small(
        "second",
        SAYS["one"] | SAYS["two"],
        [{"any": [{"that": "one.output", "equals": "good"}, {"that": "two.output", "empty": True}]}],
    ),
    Small("third", SAYS["three"], [{"that": "three.output", "equals": "good"}], "applies_to:\n  label: {site: [geneva]}\n"),
)
ANSWERS = st.dictionaries(
    st.sampled_from(["say one", "say two", "say three"]), st.sampled_from(["good", "bad", "bad " * 2000, "", 3, None])
)
SITES = st.sampled_from([(), (("site", "geneva"),), (("site", "nairobi"),)])


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = write_checks(tmp_path_factory.mktemp("content"), *CHECKS)
    write_baseline(folder, "all", f"requirements: {{TESTS-1: [{', '.join(check.id for check in CHECKS)}]}}\n")
    return engine_for(folder, "all")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    return pipeline.load_engine("headquarters", cache=tmp_path_factory.mktemp("cache")).rulebook


@given(hosts=st.lists(st.tuples(ANSWERS, SITES, st.integers(-2, 2)), max_size=8))
def test_a_host_is_judged_as_if_it_were_the_only_one(engine, hosts):
    for answers, labels, uid in hosts:
        bundle = bundle_of(engine, answers)
        bundle = replace(bundle, labels=labels, origin=replace(bundle.origin, uid=uid))
        assert assess(engine.rulebook, bundle) == assess(replace(engine.rulebook), bundle)


def test_the_same_answer_in_another_batch_or_time_is_proven_by_its_own(engine):
    slow = bundle_of(engine, {"say one": "good"})
    quick = replace(slow, batches=tuple(replace(each, frame=replace(each.frame, elapsed_s=0.25)) for each in slow.batches))
    for bundle, elapsed_s in ((slow, -1.0), (quick, 0.25), (slow, -1.0)):
        assert elapsed_s in {proof.elapsed_s for proof in assess(engine.rulebook, bundle).proofs}


def test_what_depends_on_the_clock_or_on_labels_is_judged_on_every_host(shipped):
    for entry in shipped.about_hosts:
        thats = [each for each in all_expressions(entry.check) if isinstance(each, That)]
        names = {comparison.matcher for that in thats for comparison in that.comparisons}
        timely = names & {"older_than", "newer_than", "left_at_least"}
        labelled = any(condition.labels for condition, _ in entry.conditions)
        assert not entry.told_by if timely or labelled else entry.told_by or not entry.asked


def test_a_matcher_of_others_is_not_taken_to_be_timeless():
    assert not Matcher.__dataclass_fields__["timeless"].default


def test_long_answers_are_not_kept_and_the_rest_is_forgotten_before_it_is_much():
    known, call = Known(), Call.of("command", {"run": "say"})
    assert known.number(call, Answer(b"x" * 5000)) == 0
    first = known.number(call, Answer(b"x"))
    assert first == known.number(call, Answer(b"x"))
    assert first != known.number(call, None)
    for number in range(3000):
        known.number(call, Answer(b"%4000d" % number))
    known.verdicts[first,] = pytest.fail
    known.make_room()
    assert not known.verdicts
    assert known.number(call, Answer(b"x")) > first
