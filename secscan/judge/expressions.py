"""Laying expectations on observations, in three values: holds, does not hold, cannot be told.

False decides `all`, true decides `any`; an unknown operand makes the rest unknown, never true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secscan.model.assessment import Finding
from secscan.model.check import Combined, Comparison, Each, Expression, Literal, No, ObservedRef, ParameterRef, Path, That
from secscan.model.matcher import Match, Matcher, OperandKind, Setting
from secscan.model.probe import Observation, Observed
from secscan.model.values import Absent, Scalar, Type, Unobservable, Value, write_duration, write_value

_MEANS_SOMETHING = {OperandKind.ITEM, OperandKind.PATTERN}  # an empty text is found in every text, and says nothing


@dataclass(frozen=True, slots=True)
class Judgement:
    """The truth of an expression, what stands against it, and how many records were looked at (None: no collection)."""

    truth: bool | None
    findings: tuple[Finding, ...] = ()
    examined: int | None = None


_HOLDS = Judgement(True)
_NOT_SELECTED = Judgement(False)
_NO_MATCH = Match(False)
_NO_FIELD = Unobservable("no such field")
_NO_RECORD = Judgement(None, (Finding("", "each", None, None, None, "one of the collection is no record"),))


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything an expression may ask about. `now` is the host's clock, epoch seconds."""

    observations: Mapping[str, Observation]
    parameters: Mapping[str, Scalar]
    matchers: Mapping[str, Matcher]
    now: float


@dataclass(frozen=True, slots=True)
class _Test:
    """A comparison with everything that does not depend on the record."""

    attribute: str
    matcher: Matcher
    operand: Any
    without: str  # why there is nothing to compare with
    setting: Setting

    def match(self, value: Value | Observed) -> Match:
        """What the matcher says to a value; unknown when there is nothing to compare or it cannot be compared."""
        if isinstance(value, Unobservable):
            return Match(None, value.reason)
        if self.without:
            return Match(None, self.without)
        if isinstance(value, Absent) and not self.matcher.takes_absent:
            return _NO_MATCH  # the finding's actual value says that it is absent
        try:
            return self.matcher.test(value, self.operand, self.setting)  # type: ignore[arg-type] # a bare observation is for presence alone
        except Exception as error:  # noqa: BLE001 - hosts are hostile: no value may stop the judging of the others
            return Match(None, f"cannot be compared: {type(error).__name__}: {error}"[:300])


@dataclass(frozen=True, slots=True)
class _Term:
    """A condition on the records of a collection, and its comparisons where these are prepared."""

    expression: Expression
    tests: tuple[_Test, ...] = ()


def judge_all(expressions: Iterable[Expression], facts: Facts, record: Mapping[str, Value] | None = None) -> Judgement:
    """All of the expressions; findings are those of the ones that do not hold."""
    judgements = [judge(expression, facts, record) for expression in expressions]
    truth = conjunction(judgement.truth for judgement in judgements)
    findings = tuple(finding for judgement in judgements if judgement.truth is not True for finding in judgement.findings)
    return Judgement(truth, findings, _sum(judgement.examined for judgement in judgements))


def judge(expression: Expression, facts: Facts, record: Mapping[str, Value] | None = None) -> Judgement:
    """One expression, for the record at hand when inside a collection."""
    if isinstance(expression, That):
        return _judge_that(expression, facts, record)
    if isinstance(expression, Combined):
        return _judge_combined(expression, facts, record)
    return _judge_collection(expression, facts, record)


def conjunction(truths: Iterable[bool | None]) -> bool | None:
    """Three-valued and: false wins, then unknown."""
    values = list(truths)
    return False if False in values else None if None in values else True


def disjunction(truths: Iterable[bool | None]) -> bool | None:
    """Three-valued or: true wins, then unknown."""
    values = list(truths)
    return True if True in values else None if None in values else False


def negation(truth: bool | None) -> bool | None:
    """Three-valued not: unknown stays unknown."""
    return None if truth is None else not truth


def _judge_that(that: That, facts: Facts, record: Mapping[str, Value] | None) -> Judgement:
    value = look_up(that.path, facts, record)
    findings = [finding for comparison in that.comparisons if (finding := _compare(comparison, that.path, value, facts, record))]
    return Judgement(conjunction([True, *(finding.holds for finding in findings)]), tuple(findings))


def look_up(path: Path, facts: Facts, record: Mapping[str, Value] | None) -> Value | Observed:
    """The value at a path; the observation itself when no attribute is named."""
    if not path.name:
        return record.get(path.attribute, _NO_FIELD) if record is not None else Unobservable("no record at hand")
    observation = facts.observations.get(path.name, Unobservable("this question was not asked"))
    if not isinstance(observation, Observed) or not path.attribute:
        return observation
    return observation.attributes.get(path.attribute, Unobservable(f"the probe did not tell {path.attribute}"))


def _compare(
    comparison: Comparison, path: Path, value: Value | Observed, facts: Facts, record: Mapping[str, Value] | None
) -> Finding | None:
    matcher = facts.matchers[comparison.matcher]
    operand = _operand(comparison, facts, record)
    match = _Test(path.attribute, matcher, operand, _why_no_operand(matcher, operand), Setting(path.type, facts.now)).match(value)
    if match.holds:
        return None
    kind = matcher.operand_type(path.type)
    return Finding(
        that=str(path).rstrip("."),
        matcher=matcher.name,
        expected=as_json(kind, operand) if not isinstance(operand, Absent | Unobservable) else None,
        actual=as_json(path.type, value),
        holds=match.holds,
        reason=match.reason,
        missing=match.missing,
        extra=match.extra,
    )


def _why_no_operand(matcher: Matcher, operand: Any) -> str:
    if isinstance(operand, Unobservable):
        return operand.reason or "nothing to compare with"
    if isinstance(operand, Absent):
        return f"nothing to compare with: {operand.what or 'it'} is absent"
    if operand == "" and matcher.operand in _MEANS_SOMETHING:
        return "nothing to compare with: the operand is empty"
    return ""


def _operand(comparison: Comparison, facts: Facts, record: Mapping[str, Value] | None) -> Any:
    operand = comparison.operand
    if isinstance(operand, Literal):
        return operand.value
    if isinstance(operand, ParameterRef):
        return facts.parameters[operand.name]
    assert isinstance(operand, ObservedRef)  # noqa: S101 - the union has three members
    return look_up(operand.path, facts, record)


def _judge_combined(combined: Combined, facts: Facts, record: Mapping[str, Value] | None) -> Judgement:
    if combined.kind == "all":
        return judge_all(combined.terms, facts, record)
    judgements = [judge(term, facts, record) for term in combined.terms]
    truth = disjunction(judgement.truth for judgement in judgements)
    examined = _sum(judgement.examined for judgement in judgements)
    if combined.kind == "any":
        findings = tuple(finding for judgement in judgements for finding in judgement.findings)
        return Judgement(truth, () if truth else findings, examined)
    unknown = tuple(finding for judgement in judgements if judgement.truth is None for finding in judgement.findings)
    if truth is True:
        held = [term for term, judgement in zip(combined.terms, judgements, strict=True) if judgement.truth]
        return Judgement(False, tuple(finding for term in held for finding in _held(term, facts, record)), examined)
    return Judgement(negation(truth), unknown, examined)


def _held(expression: Expression, facts: Facts, record: Mapping[str, Value] | None) -> Iterator[Finding]:
    """Findings for a term of `none` that holds: the actual values are what must not be."""
    if isinstance(expression, That):
        value = look_up(expression.path, facts, record)
        actual = as_json(expression.path.type, value)
        for comparison in expression.comparisons:
            kind = facts.matchers[comparison.matcher].operand_type(expression.path.type)
            operand = as_json(kind, _operand(comparison, facts, record))
            yield Finding(str(expression.path), f"none {comparison.matcher}", operand, actual, False)
    elif isinstance(expression, Combined) and expression.kind == "none":
        yield Finding("none", "none", None, None, False, "none of what stands there holds, and something must")
    elif isinstance(expression, Combined):
        for term in expression.terms:
            if judge(term, facts, record).truth:
                yield from _held(term, facts, record)
    else:
        kind_of = "each" if isinstance(expression, Each) else "no"
        yield Finding(str(expression.path), f"none {kind_of}", None, None, False)


def _judge_collection(expression: Each | No, facts: Facts, record: Mapping[str, Value] | None) -> Judgement:
    records = look_up(expression.path, facts, record)
    if isinstance(records, Unobservable):
        return Judgement(None, (_whole(expression, None, records.reason),))
    if isinstance(records, Absent):
        return Judgement(False, (_whole(expression, False, f"{records.what or expression.path} is absent"),))
    if not isinstance(records, tuple):
        return Judgement(None, (_whole(expression, None, "not a collection"),))

    selector = [_prepare(condition, facts) for condition in expression.where]

    def judge_record(item: Mapping[str, Value]) -> Judgement:
        selected = _judge_where(selector, facts, item)
        if selected.truth is False:
            return _HOLDS
        if isinstance(expression, No):
            return _judge_no(expression, item, selected)
        return _judge_each(expression, facts, item, selected)

    judgements = [judge_record(item) if isinstance(item, dict) else _NO_RECORD for item in records]
    findings = tuple(finding for judgement in judgements for finding in judgement.findings)
    return Judgement(conjunction(judgement.truth for judgement in judgements), findings, len(judgements))


def _judge_each(each: Each, facts: Facts, item: Mapping[str, Value], selected: Judgement) -> Judgement:
    met = judge_all(each.expect, facts, item)
    if met.truth is True:
        return _HOLDS
    truth = met.truth if selected.truth is True else None
    findings = met.findings if selected.truth is True else (*selected.findings, *met.findings)
    return Judgement(truth, tuple(_about(finding, each.path, item, truth) for finding in findings))


def _judge_where(selector: Sequence[_Term], facts: Facts, item: Mapping[str, Value]) -> Judgement:
    """All of the expressions, but no further than the first that is false: nobody asks what speaks against a record."""
    unknown: list[Judgement] = []
    for term in selector:
        truth = _tell(term.tests, item) if term.tests else judge(term.expression, facts, item).truth
        if truth is False:
            return _NOT_SELECTED
        if truth is None:
            unknown.append(judge(term.expression, facts, item))
    return Judgement(None if unknown else True, tuple(finding for judgement in unknown for finding in judgement.findings))


def _prepare(expression: Expression, facts: Facts) -> _Term:
    """A condition on records with what is the same for all of them looked up once: most records are none that anybody looks for."""
    if not isinstance(expression, That) or expression.path.name:
        return _Term(expression)
    operands = [comparison.operand for comparison in expression.comparisons]
    if any(isinstance(operand, ObservedRef) and not operand.path.name for operand in operands):
        return _Term(expression)  # compared with a field of the record itself
    return _Term(expression, tuple(_test(comparison, expression.path, facts) for comparison in expression.comparisons))


def _test(comparison: Comparison, path: Path, facts: Facts) -> _Test:
    matcher, operand = facts.matchers[comparison.matcher], _operand(comparison, facts, None)
    return _Test(path.attribute, matcher, operand, _why_no_operand(matcher, operand), Setting(path.type, facts.now))


def _tell(tests: Iterable[_Test], item: Mapping[str, Value]) -> bool | None:
    """The truth of comparisons of a record, without what stands against it."""
    truth: bool | None = True
    for test in tests:
        holds = test.match(item.get(test.attribute, _NO_FIELD)).holds
        if holds is False:
            return False
        truth = truth if holds else None
    return truth


def _judge_no(no: No, item: Mapping[str, Value], selected: Judgement) -> Judgement:
    if selected.truth is None:
        return Judgement(
            None, tuple(_about(finding, no.path, item, None) for finding in selected.findings if finding.holds is None)
        )
    return Judgement(False, (Finding(str(no.path), "no", None, None, False, item=record_as_json(item)),))


def _about(finding: Finding, path: Path, item: Mapping[str, Value], truth: bool | None) -> Finding:
    that = f"{path}.{finding.that}" if not finding.that.startswith(str(path)) else finding.that
    holds = finding.holds if truth is False else None
    return Finding(
        that, finding.matcher, finding.expected, finding.actual, holds, finding.reason,
        finding.item or record_as_json(item), finding.missing, finding.extra,
    )  # fmt: skip


def _whole(expression: Each | No, holds: bool | None, reason: str) -> Finding:
    return Finding(str(expression.path), "each" if isinstance(expression, Each) else "no", None, None, holds, reason)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def as_json(kind: Type, value: Any) -> Any:
    """A value for documents: what was observed, or why not."""
    if isinstance(value, Absent):
        return {"absent": value.what}
    if isinstance(value, Unobservable):
        return {"unobservable": value.reason}
    if isinstance(value, Observed):
        return {"present": True}
    if isinstance(value, tuple) and value and isinstance(value[0], dict):
        return [record_as_json(item) for item in value]
    if kind is Type.DURATION and isinstance(value, int | float):
        return write_duration(value)
    return write_value(kind, value)


def record_as_json(item: Mapping[str, Value]) -> dict[str, Any]:
    """A record for documents; types are told by the fields' names and values alone."""
    return {name: _plain(name, value) for name, value in item.items()}


def _plain(name: str, value: Any) -> Any:
    if name.endswith("mode") and isinstance(value, int):
        return write_value(Type.MODE, value)
    if isinstance(value, Sequence) and not isinstance(value, str) and value and isinstance(value[0], dict):
        return [record_as_json(item) for item in value]
    return as_json(Type.TEXT, value)
