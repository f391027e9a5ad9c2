"""The mapping of outcomes and dispositions to other formats' words, and back."""

import itertools

import pytest

from secscan.model.assessment import Disposition, Outcome
from secscan.terms import DISPOSITIONS, OUTCOMES
from secscan.vocabularies import FOREIGN, OMITTED, VOCABULARIES, WAIVABLE

ALLOWED = {
    "xccdf": {"pass", "fail", "error", "notapplicable", "notchecked", "notselected"},
    "sarif": {"pass", "fail", "open", "review", "notApplicable", "notification", OMITTED},
    "junit": {"", "failure", "error", "skipped"},
    "hdf": {"passed", "failed", "error", "skipped"},
    "ocsf": {"Pass", "Fail", "Warning", "Other", "Unknown", OMITTED},
    "oscal": {"satisfied", "not-satisfied", "observation", OMITTED},
    "nagios": {"OK", "by severity", "UNKNOWN"},
}


@pytest.mark.parametrize("name", VOCABULARIES)
@pytest.mark.parametrize(("outcome", "disposition"), list(itertools.product(Outcome, Disposition)))
def test_every_outcome_under_every_disposition_has_a_word_that_the_format_knows(name, outcome, disposition):
    assert VOCABULARIES[name].word(outcome.value, disposition.value).said in ALLOWED[name]


def test_formats_that_use_our_words_have_one_for_every_outcome_and_disposition():
    assert {term.key for term in OUTCOMES} == {outcome.value for outcome in Outcome}
    assert {term.key for term in DISPOSITIONS} == {disposition.value for disposition in Disposition}


@pytest.mark.parametrize("name", sorted(set(VOCABULARIES) - {"nagios"}))
@pytest.mark.parametrize("disposition", Disposition)
def test_no_decision_makes_a_failure_anything_else(name, disposition):
    words = VOCABULARIES[name]
    assert words.word("fail", disposition.value).said == words.word("fail", "none").said


@pytest.mark.parametrize("name", VOCABULARIES)
@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.PASS, Outcome.MANUAL}))
@pytest.mark.parametrize("disposition", sorted(set(Disposition) - {Disposition.WAIVED}))
def test_nothing_but_a_statement_where_no_machine_can_tell_passes_without_having_passed(name, outcome, disposition):
    words = VOCABULARIES[name]
    assert words.word(outcome.value, disposition.value) == words.word(outcome.value, "none")


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_decision_that_counts_for_nothing_any_more_changes_no_word(name):
    words = VOCABULARIES[name]
    for outcome, disposition in itertools.product(Outcome, ("expired", "needs_review")):
        assert words.word(outcome.value, disposition) == words.word(outcome.value, "none")


@pytest.mark.parametrize("name", ["xccdf", "sarif", "hdf", "ocsf", "oscal"])
def test_an_accepted_failure_is_marked_as_such(name):
    words = VOCABULARIES[name]
    for outcome in WAIVABLE:
        accepted = words.word(outcome, "waived")
        assert accepted.mark not in {"", words.word(outcome, "none").mark}


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_word_that_is_no_outcome_or_no_disposition_is_refused(name):
    with pytest.raises(KeyError):
        VOCABULARIES[name].word("fine", "none")
    with pytest.raises(ValueError, match="forgiven"):
        VOCABULARIES[name].word("fail", "forgiven")


@pytest.mark.parametrize("name", FOREIGN)
def test_what_we_write_is_read_back_as_what_it_was(name):
    lost = {"hdf": {"not_applicable", "skipped"}}.get(name, set())  # told by the control, or not at all
    for outcome in set(Outcome) - {Outcome.UNREACHABLE}:
        said = VOCABULARIES[name].word(outcome.value, "none").said
        if said != OMITTED and outcome.value not in lost:
            assert FOREIGN[name][said] is outcome
