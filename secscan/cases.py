"""A check's own examples, and the ones nobody writes: the proof that comes with every check, run without a host."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from secscan.content.parameters import default_parameters
from secscan.content.uses import walk
from secscan.judge.assess import judge_check
from secscan.judge.expressions import Facts, conjunction, judge_all
from secscan.judge.observe import observe
from secscan.judge.rulebook import make_call
from secscan.model.assessment import Outcome
from secscan.model.check import Case, Check
from secscan.model.matcher import Matcher
from secscan.model.probe import Answer, Observation, Probe
from secscan.model.values import Scalar, Unobservable

GARBAGE = (b"garbage\n", b"\x00\xff\xfe\n", b"<html>captive portal</html>\n", b"sh: syntax error\n")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case came out. `line` is where it stands; 0 for one that nobody wrote."""

    check: str
    case: str
    expected: str
    actual: str
    line: int
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether the outcome is the expected one; an unwritten case only demands `not pass`."""
        return self.actual != "pass" if self.expected == "not pass" else self.actual == self.expected


def run_cases(check: Check, probes: Mapping[str, Probe], matchers: Mapping[str, Matcher]) -> Iterator[CaseResult]:
    """Every written case of a check, then the unwritten ones made from its passing cases."""
    for case in check.cases:
        outcome, reason = run_case(check, case, case.answers, probes, matchers)
        yield CaseResult(check.id, case.name, case.outcome, outcome, case.line, reason)
    if not check.asks:
        return
    nothing = Case("nothing was collected", "error", {}, {})
    outcome, reason = run_case(check, nothing, {}, probes, matchers)
    yield CaseResult(check.id, nothing.name, "error", outcome, 0, reason)
    for case in check.cases:
        if case.outcome == "pass":
            yield from _run_unwritten(check, case, probes, matchers)


def _run_unwritten(check: Check, case: Case, probes: Mapping[str, Probe], matchers: Mapping[str, Matcher]) -> Iterator[CaseResult]:
    """Variations of a passing case in which every answer is spoilt: none may pass."""
    spoilt: dict[str, dict[str, Answer]] = {
        "every answer is empty": {name: Answer(b"") for name in case.answers},
        "every answer is cut in half": {
            name: Answer(answer.stdout[: len(answer.stdout) // 2]) for name, answer in case.answers.items()
        },
        "every answer lacks its last byte": {name: Answer(answer.stdout[:-1]) for name, answer in case.answers.items()},
        "every answer was broken off": {name: Answer(answer.stdout, fault="broken off") for name, answer in case.answers.items()},
        **{f"every answer is garbage: {junk!r}": dict.fromkeys(case.answers, Answer(junk)) for junk in GARBAGE},
    }
    for name, answers in spoilt.items():
        outcome, reason = run_case(check, case, answers, probes, matchers)
        yield CaseResult(check.id, f"{case.name}, but {name}", "not pass", outcome, 0, reason)


def run_case(
    check: Check, case: Case, answers: Mapping[str, Answer], probes: Mapping[str, Probe], matchers: Mapping[str, Matcher]
) -> tuple[str, str]:
    """The outcome of a case with these answers in place of its own, and why."""
    parameters: dict[str, Scalar] = {**default_parameters(check), **case.parameters}
    observations: dict[str, Observation] = {}
    for ask in check.asks:
        call = make_call(ask, parameters)
        answer = answers.get(ask.name)
        observations[ask.name] = (
            observe(probes[ask.probe], call, answer) if answer else Unobservable("this case has no answer for it")
        )
    applies = _applies(check, case, answers, Facts(observations, parameters, matchers, case.at))
    if applies is not True:
        return (Outcome.NOT_APPLICABLE if applies is False else Outcome.ERROR).value, ""
    outcome, judgement = judge_check(check, observations, parameters, matchers, case.at)
    reasons = dict.fromkeys(
        f"{finding.that} {finding.matcher}: {finding.reason or finding.actual}" for finding in judgement.findings
    )
    return outcome.value, "; ".join(list(reasons)[:3])


def _applies(check: Check, case: Case, given: Container[str], facts: Facts) -> bool | None:
    """Whether the check applies: what a `when` makes of the answers it needs, and for all else what the case says."""
    truths = []
    for condition in check.applies_to:
        names = {expression.path.name for expression in walk(condition.expressions)} - {""}
        told = condition.kind == "when" and all(name in given for name in names)
        truths.append(judge_all(condition.expressions, facts).truth if told else case.applies)
    return conjunction(truths)
