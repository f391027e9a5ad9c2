"""The words that other formats have for our outcomes, and ours for theirs: the whole mapping, in this one place.

Two rules hold for every format. What people decided never hides what was measured: a waived failure stays a failure and is
marked as accepted in the way that the format has for it. And only where no machine can tell (`manual`) does a person's signed
statement take the place of an outcome. What has expired, or must be reviewed, counts for nothing: it is said as if nobody had
decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from secscan.model.assessment import Disposition, Outcome


@dataclass(frozen=True, slots=True)
class Word:
    """What a format calls an outcome, and the mark (empty: none) by which it tells what people decided."""

    said: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one format: by outcome, and where a decision changes them, by outcome and disposition."""

    outcomes: Mapping[str, str]
    decided: Mapping[tuple[str, str], Word] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)  # of outcomes that nobody decided about

    def word(self, outcome: str, disposition: str) -> Word:
        """The word for an outcome under a disposition. KeyError for what is neither."""
        Disposition(disposition)
        return self.decided.get((outcome, disposition)) or Word(self.outcomes[outcome], self.marks.get(outcome, ""))


OMITTED = "omitted"
"""The word of a format in which a result does not appear at all."""

WAIVABLE = (Outcome.FAIL.value, Outcome.ERROR.value, Outcome.MANUAL.value)
"""The outcomes that can be accepted. On any other a waiver changes no word."""


def _accepted(outcomes: Mapping[str, str], mark: str, said: str = "") -> dict[tuple[str, str], Word]:
    return {(outcome, "waived"): Word(said or outcomes[outcome], mark) for outcome in WAIVABLE}


def _stated(passed: str, failed: str, needless: str, mark: str = "", failed_mark: str = "") -> dict[tuple[str, str], Word]:
    """What a statement that can be relied on says where no machine can tell."""
    return {
        ("manual", "attested"): Word(passed, mark),
        ("manual", "attested_fail"): Word(failed, mark or failed_mark),
        ("manual", "attested_not_applicable"): Word(needless, mark),
    }


_XCCDF = {
    "pass": "pass",
    "fail": "fail",
    "error": "error",
    "not_applicable": "notapplicable",
    "manual": "notchecked",
    "skipped": "notselected",
    "unreachable": "error",
}
_SARIF = {  # result.kind; `open`: evaluated, but not enough is known to tell
    "pass": "pass",
    "fail": "fail",
    "error": "open",
    "not_applicable": "notApplicable",
    "manual": "review",
    "skipped": OMITTED,
    "unreachable": "notification",
}
_JUNIT = {  # the element below <testcase>; a passed test has none
    "pass": "",
    "fail": "failure",
    "error": "error",
    "not_applicable": "skipped",
    "manual": "skipped",
    "skipped": "skipped",
    "unreachable": "error",
}
_HDF = {  # results[].status; `skipped` of a control without impact is read as Not Applicable
    "pass": "passed",
    "fail": "failed",
    "error": "error",
    "not_applicable": "skipped",
    "manual": "skipped",
    "skipped": "skipped",
    "unreachable": "error",
}
_OCSF = {  # compliance.status
    "pass": "Pass",
    "fail": "Fail",
    "error": "Warning",
    "not_applicable": "Other",
    "manual": "Unknown",
    "skipped": OMITTED,
    "unreachable": "Unknown",
}
_OSCAL = {  # finding.target.status.state, which knows two words; everything else is an observation without a finding
    "pass": "satisfied",
    "fail": "not-satisfied",
    "error": "observation",
    "not_applicable": "observation",
    "manual": "observation",
    "skipped": OMITTED,
    "unreachable": "observation",
}
_NAGIOS = {  # what one result asks of the people on duty; a failure by its severity
    "pass": "OK",
    "fail": "by severity",
    "error": "UNKNOWN",
    "not_applicable": "OK",
    "manual": "OK",
    "skipped": "OK",
    "unreachable": "UNKNOWN",
}

VOCABULARIES: Mapping[str, Vocabulary] = {
    "xccdf": Vocabulary(_XCCDF, {**_accepted(_XCCDF, "message"), **_stated("pass", "fail", "notapplicable", "override")}),
    "sarif": Vocabulary(_SARIF, {**_accepted(_SARIF, "accepted"), **_stated("pass", "fail", "notApplicable")}),
    "junit": Vocabulary(_JUNIT, _stated("", "failure", "skipped")),
    "hdf": Vocabulary(_HDF, {**_accepted(_HDF, "waiver_data"), **_stated("passed", "failed", "skipped")}),
    "ocsf": Vocabulary(
        _OCSF,
        {**_accepted(_OCSF, "Suppressed"), **_stated("Pass", "Fail", "Other", failed_mark="New")},
        {"fail": "New", "error": "New", "unreachable": "New"},
    ),
    "oscal": Vocabulary(
        _OSCAL,
        {**_accepted(_OSCAL, "deviation-approved"), **_stated("satisfied", "not-satisfied", "observation", failed_mark="open")},
        {"fail": "open"},
    ),
    "nagios": Vocabulary(_NAGIOS, {**_accepted(_NAGIOS, "", "OK"), ("manual", "attested_fail"): Word("by severity")}),
}
"""The formats that have words of their own. Text, HTML, Markdown, CSV, JSON and Prometheus say ours."""


FOREIGN: Mapping[str, Mapping[str, Outcome]] = {
    "xccdf": {  # rule-result/result; `fixed` was mended and looked at again, `informational` is no verdict
        "pass": Outcome.PASS,
        "fixed": Outcome.PASS,
        "fail": Outcome.FAIL,
        "error": Outcome.ERROR,
        "unknown": Outcome.ERROR,
        "notapplicable": Outcome.NOT_APPLICABLE,
        "notchecked": Outcome.MANUAL,
        "informational": Outcome.MANUAL,
        "notselected": Outcome.SKIPPED,
    },
    "hdf": {  # results[].status
        "passed": Outcome.PASS,
        "failed": Outcome.FAIL,
        "error": Outcome.ERROR,
        "skipped": Outcome.MANUAL,
    },
    "sarif": {  # result.kind
        "pass": Outcome.PASS,
        "fail": Outcome.FAIL,
        "open": Outcome.ERROR,
        "review": Outcome.MANUAL,
        "informational": Outcome.MANUAL,
        "notApplicable": Outcome.NOT_APPLICABLE,
    },
}
"""What the words of others mean for us. A word that is not here could not be judged."""
