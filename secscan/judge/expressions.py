"""Laying expectations on observations, in three values: holds, does not hold, cannot be told.

False decides `all`, true decides `any`; an unknown operand makes the rest unknown, never true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from secscan.model.assessment import Finding
from secscan.model.check import Combined, Comparison, Each, Expression, Literal, No, ObservedRef, ParameterRef, Path, That
from secscan.model.matcher import Match, Matcher, OperandKind, Setting
from secscan.model.probe import Observation, Observed
from secscan.model.values import Absent, Scalar, Type, Unobservable, Value, write_duration, write_value

Teller: TypeAlias = Callable[[Mapping[str, Value]], bool | None]
"""Tells the truth of something about a record."""
_MEANS_SOMETHING = {OperandKind.ITEM, OperandKind.PATTERN}  # an empty text is found in every text, and says nothing


@dataclass(frozen=True, slots=True)
class Judgement:
    """The truth of an expression, what stands against it, and how many records were looked at (None: no collection)."""

    truth: bool | None
    findings: tuple[Finding, ...] = ()
    examined: int | None = None


_HOLDS = Judgement(True)
_NO_MATCH = Match(False)
_NO_FIELD = Unobservable("no such field")
_NOT_THERE = (Absent, Unobservable)
_NO_RECORD = Judgement(None, (Finding("", "each", None, None, None, "one of the collection is no record"),))


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything an expression may ask about. `now` is the host's clock, epoch seconds."""

    observations: Mapping[str, Observation]
    parameters: Mapping[str, Scalar]
    matchers: Mapping[str, Matcher]
    now: float


def judge_all(expressions: Iterable[Expression], facts: Facts, record: Mapping[str, Value] | None = None) -> Judgement:
    """All of the expressions; findings are those of the ones that do not hold."""
    judgements = [judge(expression, facts, record) for expression in expressions]
    if len(judgements) == 1:
        return judgements[0]
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
    return Judgement(conjunction(finding.holds for finding in findings), tuple(findings)) if findings else _HOLDS


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
    match = _match(value, matcher, operand, _why_no_operand(matcher, operand), _setting(path.type, facts.now))
    if match.holds:
        return None
    kind = matcher.operand_type(path.type)
    return Finding(
        that=str(path).rstrip("."),
        matcher=matcher.name,
        expected=None if isinstance(operand, _NOT_THERE) else as_json(kind, operand),
        actual=as_json(path.type, value),
        holds=match.holds,
        reason=match.reason,
        missing=match.missing,
        extra=match.extra,
    )


@lru_cache(256)
def _setting(kind: Type, now: float) -> Setting:
    return Setting(kind, now)


def _match(value: Value | Observed, matcher: Matcher, operand: Any, without: str, setting: Setting) -> Match:
    """What a matcher says to a value; unknown when it cannot be compared, or (`without` says why) with nothing to compare with."""
    if isinstance(value, Unobservable):
        return Match(None, value.reason)
    if without:
        return Match(None, without)
    if isinstance(value, Absent) and not matcher.takes_absent:
        return _NO_MATCH  # the finding's actual value says that it is absent
    try:
        return matcher.test(value, operand, setting)  # type: ignore[arg-type] # a bare observation is for presence alone
    except Exception as error:  # noqa: BLE001 - hosts are hostile: no value may stop the judging of the others
        return Match(None, f"cannot be compared: {type(error).__name__}: {error}"[:300])


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

    tell_selected = _teller(Combined("all", expression.where), facts)
    tell_met = _teller(Combined("all", expression.expect), facts) if isinstance(expression, Each) else _never

    def judge_record(item: Mapping[str, Value]) -> Judgement:
        selected = tell_selected(item)
        if selected is False or tell_met(item) is True:
            return _HOLDS
        unknown = () if selected else _unknown(expression.where, facts, item)
        if isinstance(expression, No):
            return _judge_no(expression, item, selected, unknown)
        return _judge_each(expression, facts, item, selected, unknown)

    judged = (judge_record(item) if isinstance(item, dict) else _NO_RECORD for item in records)
    judgements = [judgement for judgement in judged if judgement is not _HOLDS]
    findings = tuple(finding for judgement in judgements for finding in judgement.findings)
    return Judgement(conjunction(judgement.truth for judgement in judgements), findings, len(records))


def _judge_each(
    each: Each, facts: Facts, item: Mapping[str, Value], selected: bool | None, unknown: Sequence[Finding]
) -> Judgement:
    """A record that does not meet what is expected; `unknown` is why it cannot be told whether anything is expected of it."""
    met = judge_all(each.expect, facts, item)
    truth = met.truth if selected else None
    return Judgement(truth, tuple(_about(finding, each.path, item, truth) for finding in (*unknown, *met.findings)))


def _unknown(where: Iterable[Expression], facts: Facts, item: Mapping[str, Value]) -> list[Finding]:
    """Why it cannot be told whether a record is one of those that are looked for."""
    judgements = [judge(expression, facts, item) for expression in where]
    return [finding for judgement in judgements if judgement.truth is None for finding in judgement.findings]


def _teller(expression: Expression, facts: Facts) -> Teller:
    """Tells the truth of an expression about a record, without what stands against it, which hardly anybody asks for.

    What is the same for all records is looked up once: collections have thousands, and most are none that anybody looks for.
    """
    if isinstance(expression, Combined):
        tellers = [_teller(term, facts) for term in expression.terms]
        if expression.kind == "all":
            return tellers[0] if len(tellers) == 1 else lambda item: _first(False, tellers, item)
        if expression.kind == "any":
            return lambda item: _first(True, tellers, item)
        return lambda item: negation(_first(True, tellers, item))
    if not isinstance(expression, That) or expression.path.name:
        return lambda item: judge(expression, facts, item).truth
    operands = [comparison.operand for comparison in expression.comparisons]
    if any(isinstance(operand, ObservedRef) and not operand.path.name for operand in operands):
        return lambda item: judge(expression, facts, item).truth  # compared with a field of the record itself
    comparers = [_comparer(comparison, expression.path, facts) for comparison in expression.comparisons]
    return comparers[0] if len(comparers) == 1 else lambda item: _first(False, comparers, item)


def _comparer(comparison: Comparison, path: Path, facts: Facts) -> Teller:
    matcher, operand = facts.matchers[comparison.matcher], _operand(comparison, facts, None)
    without, setting, attribute = _why_no_operand(matcher, operand), _setting(path.type, facts.now), path.attribute
    return lambda item: _match(item.get(attribute, _NO_FIELD), matcher, operand, without, setting).holds


def _first(decisive: bool, tellers: Iterable[Teller], item: Mapping[str, Value]) -> bool | None:
    """What decides, as soon as one tells it; else unknown where one is unknown, else the opposite."""
    truth: bool | None = not decisive
    for tell in tellers:
        told = tell(item)
        if told is decisive:
            return decisive
        if told is None:
            truth = None
    return truth


def _never(_: Mapping[str, Value]) -> bool | None:
    return False


def _judge_no(no: No, item: Mapping[str, Value], selected: bool | None, unknown: Sequence[Finding]) -> Judgement:
    if selected is None:
        return Judgement(None, tuple(_about(finding, no.path, item, None) for finding in unknown if finding.holds is None))
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
    if type(value) is str:  # most are
        return value
    if isinstance(value, Absent):
        return {"absent": value.what}
    if isinstance(value, Unobservable):
        return {"unobservable": value.reason}
    if isinstance(value, Observed):
        return {"present": True}
    if isinstance(value, tuple) and value and isinstance(value[0], dict):
        return [record_as_json(item) for item in value]
    numbered = kind is Type.DURATION and isinstance(value, int | float)
    return write_duration(value) if numbered else write_value(kind, value)


def record_as_json(item: Mapping[str, Value]) -> dict[str, Any]:
    """A record for documents; types are told by the fields' names and values alone."""
    return {name: _plain(name, value) for name, value in item.items()}


def _plain(name: str, value: Any) -> Any:
    if name.endswith("mode") and isinstance(value, int):
        return write_value(Type.MODE, value)
    if isinstance(value, Sequence) and not isinstance(value, str) and value and isinstance(value[0], dict):
        return [record_as_json(item) for item in value]
    return as_json(Type.TEXT, value)
