"""A baseline with everything it takes to judge by it. What is the same for all hosts of a fleet is made here, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from secscan.content.uses import all_expressions
from secscan.judge.alike import Known
from secscan.judge.expressions import as_json
from secscan.model.assessment import Change, CheckText, RequirementText
from secscan.model.check import Ask, Baseline, Check, Condition, Literal, Selection, Subject, That
from secscan.model.matcher import Matcher
from secscan.model.probe import Call, Probe
from secscan.model.values import Scalar

ABOVE_HOSTS = (Subject.SERVICE, Subject.ORGANIZATION)
"""Subjects that are judged once a run, on what all hosts said and on what people state."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A selection with what is the same for every host.

    `asked` are the calls of the check's asks by name, `shown` its parameters as documents have them, and `conditions` come with
    the calls that they are told by. `number` is its place in the rulebook, and `told_by` all calls whose answers decide it; none
    where something else has a say: the clock, a label.
    """

    selection: Selection
    check: Check
    asked: Mapping[str, Call]
    shown: Mapping[str, Any]
    conditions: tuple[tuple[Condition, Mapping[str, Call]], ...]
    number: int = -1
    told_by: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Rulebook:
    """A baseline with everything it takes to judge by it. Judges a whole fleet: what is the same for all hosts is made once."""

    baseline: Baseline
    checks: Mapping[str, Check]
    probes: Mapping[str, Probe]
    matchers: Mapping[str, Matcher]
    requirements: Mapping[str, RequirementText]
    content_sha256: str = ""

    @cached_property
    def about_hosts(self) -> tuple[Entry, ...]:
        """What is judged of every host."""
        entries = map(self.entry, self.about(Subject.HOST))
        return tuple(replace(entry, number=number, told_by=self._told_by(entry)) for number, entry in enumerate(entries))

    def _told_by(self, entry: Entry) -> tuple[Call, ...]:
        matchers = {
            comparison.matcher
            for expression in all_expressions(entry.check)
            if isinstance(expression, That)
            for comparison in expression.comparisons
        }
        if any(condition.labels for condition, _ in entry.conditions) or not all(self.matchers[name].timeless for name in matchers):
            return ()
        return tuple(dict.fromkeys([*entry.asked.values(), *(call for _, asked in entry.conditions for call in asked.values())]))

    @cached_property
    def known(self) -> Known:
        """What the answers of the hosts before were found to say."""
        return Known()

    @cached_property
    def described(self) -> Mapping[str, Any]:
        """The parts of every host's assessment that come from content alone."""
        return describe_rulebook(self, self.about(Subject.HOST))

    def entry(self, selection: Selection) -> Entry:
        """A selection, ready to be judged."""
        check, parameters = self.checks[selection.check], selection.parameters
        asked = {ask.name: make_call(ask, parameters) for ask in check.asks}
        conditions = tuple(
            (condition, {ask.name: make_call(ask, parameters) for ask in condition.asks} or asked) for condition in check.applies_to
        )
        shown = {name: as_json(check.parameters[name].type, value) for name, value in parameters.items()}
        return Entry(selection, check, asked, shown, conditions)

    def about(self, *subjects: Subject) -> tuple[Selection, ...]:
        """The selections whose checks are about these kinds of subjects."""
        return tuple(selection for selection in self.baseline.selections if self.checks[selection.check].subject in subjects)

    def calls(self) -> list[Call]:
        """Every call that hosts must answer for the baseline's checks, some more than once."""
        asked = [
            make_call(ask, selection.parameters)
            for selection in self.baseline.selections
            for ask in every_ask(self.checks[selection.check])
            if not self.probes[ask.probe].derived
        ]
        return asked + [self._whole(call) for probe in self.derived() for call in probe.needs]

    def _whole(self, call: Call) -> Call:
        """A call with the defaults of what it does not say."""
        said = call.mapping()
        return Call.of(call.probe, {each.name: said.get(each.name, each.default) for each in self.probes[call.probe].arguments})

    def derived(self) -> list[Probe]:
        """The probes that tell what is made of the answers of all hosts, once each."""
        names = {ask.probe: None for selection in self.about(*ABOVE_HOSTS) for ask in self.checks[selection.check].asks}
        return [self.probes[name] for name in names]


def every_ask(check: Check) -> Iterable[Ask]:
    """What a check asks: for its conditions and for itself."""
    for condition in check.applies_to:
        yield from condition.asks
    yield from check.asks


def make_call(ask: Ask, parameters: Mapping[str, Scalar]) -> Call:
    """The call of an ask with its parameters filled in."""
    filled = {name: value.value if isinstance(value, Literal) else parameters[value.name] for name, value in ask.arguments}
    return Call.of(ask.probe, filled)


def describe_rulebook(rulebook: Rulebook, about: Iterable[Selection]) -> dict[str, Any]:
    """The parts of an assessment by these selections of a baseline that come from content alone."""
    baseline = rulebook.baseline
    return {
        "baseline": baseline.id,
        "baseline_title": baseline.title,
        "baseline_sha256": baseline.sha256,
        "content_sha256": rulebook.content_sha256,
        "checks": {selection.check: _describe_check(rulebook.checks[selection.check]) for selection in about},
        "requirements": rulebook.requirements,
        "changes": tuple(Change(c.baseline, c.check, c.change, c.reason, c.approver) for c in baseline.changes),
    }


def _describe_check(check: Check) -> CheckText:
    remedy = check.remediation
    return CheckText(
        check.id,
        check.domain,
        check.title,
        check.rationale,
        remedy.text,
        remedy.effort.value,
        remedy.when.value,
        check.references,
        check.sha256,
    )
