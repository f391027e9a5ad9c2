"""Expectations are judged in Kleene's three values: checked against a model that knows nothing of the engine."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan import plugins
from secscan.judge.expressions import Facts, conjunction, disjunction, judge, judge_all, negation
from secscan.model.check import Combined, Comparison, Each, Expression, Literal, No, ObservedRef, ParameterRef, Path, That
from secscan.model.matcher import Matcher, OperandKind
from secscan.model.probe import Observed
from secscan.model.values import Absent, Type, Unobservable

TRUTHS = (True, False, None)
UNKNOWN = Unobservable("no rights")
NAMES = ("a", "b", "c")


def facts(values: dict[str, Any], parameters: dict[str, Any] | None = None, matchers: dict[str, Matcher] | None = None) -> Facts:
    observations = {
        name: value if isinstance(value, Absent | Unobservable) else Observed({"value": value}) for name, value in values.items()
    }
    return Facts(observations, parameters or {}, {**plugins.matchers(), **(matchers or {})}, 1_767_225_600.0)


def is_yes(name: str) -> That:
    return That(Path(name, "value", Type.TEXT), (Comparison("equals", Literal("yes")),))


def value_of(truth: bool | None) -> Any:
    return {True: "yes", False: "no", None: UNKNOWN}[truth]


def model(expression: Expression, values: dict[str, bool | None]) -> bool | None:
    """What the expression is worth: True if it is in every completion of the unknown leaves' own formula, the Kleene way."""
    if isinstance(expression, That):
        return values[expression.path.name]
    assert isinstance(expression, Combined)
    terms = [model(term, values) for term in expression.terms]
    if expression.kind == "all":
        return min(terms, key=(False, None, True).index)
    most = max(terms, key=(False, None, True).index)
    return most if expression.kind == "any" else {True: False, False: True, None: None}[most]


expressions = st.recursive(
    st.sampled_from(NAMES).map(is_yes),
    lambda inner: st.builds(Combined, st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=8,
)


@given(expressions, st.tuples(*[st.sampled_from(TRUTHS)] * 3))
def test_every_expression_is_worth_what_the_model_says(expression: Expression, truths: tuple[bool | None, ...]):
    values = dict(zip(NAMES, truths, strict=True))
    assert judge(expression, facts({name: value_of(truth) for name, truth in values.items()})).truth is model(expression, values)


@given(expressions, st.tuples(*[st.sampled_from(TRUTHS)] * 3))
def test_a_verdict_never_depends_on_what_is_unknown(expression: Expression, truths: tuple[bool | None, ...]):
    values = dict(zip(NAMES, truths, strict=True))
    verdict = judge(expression, facts({name: value_of(truth) for name, truth in values.items()})).truth
    if verdict is not None:
        for known in product((True, False), repeat=3):
            filled = {name: known[i] if truth is None else truth for i, (name, truth) in enumerate(values.items())}
            assert judge(expression, facts({name: value_of(truth) for name, truth in filled.items()})).truth is verdict


@given(expressions, st.tuples(*[st.sampled_from(TRUTHS)] * 3))
def test_whatever_does_not_hold_has_a_finding_and_whatever_cannot_be_told_a_reason(
    expression: Expression, truths: tuple[bool | None, ...]
):
    judgement = judge(expression, facts({name: value_of(truth) for name, truth in zip(NAMES, truths, strict=True)}))
    assert bool(judgement.findings) is (judgement.truth is not True)
    if judgement.truth is None:
        assert any(finding.holds is None and finding.reason for finding in judgement.findings)


@given(st.lists(st.sampled_from(TRUTHS), max_size=6))
def test_or_is_and_turned_inside_out(truths: list[bool | None]):
    assert disjunction(truths) is negation(conjunction(map(negation, truths)))


ROWS = Path("rows", "value", Type.RECORDS)
FIELD = Path("", "f", Type.TEXT)
CHOSEN = Path("", "chosen", Type.TEXT)


def record(chosen: bool | None, good: bool | None) -> dict[str, Any]:
    return {"chosen": value_of(chosen), "f": value_of(good)}


def holds(path: Path) -> That:
    return That(path, (Comparison("equals", Literal("yes")),))


@given(st.lists(st.tuples(st.sampled_from(TRUTHS), st.sampled_from(TRUTHS)), max_size=5))
def test_each_is_an_implication_over_all_records_and_no_is_its_negation(rows: list[tuple[bool | None, bool | None]]):
    known = facts({"rows": tuple(record(*row) for row in rows)})
    each = judge(Each(ROWS, (holds(CHOSEN),), (holds(FIELD),)), known)
    assert each.truth is conjunction(disjunction([negation(chosen), good]) for chosen, good in rows)
    none = judge(No(ROWS, (holds(CHOSEN), holds(FIELD))), known)
    assert none.truth is conjunction(negation(conjunction(row)) for row in rows)
    assert each.examined == none.examined == len(rows)
    assert bool(each.findings) is (each.truth is not True)
    assert bool(none.findings) is (none.truth is not True)


def of_record(expression: Expression) -> Expression:
    """The same about the fields of the record at hand."""
    if isinstance(expression, That):
        return holds(Path("", expression.path.name, Type.TEXT))
    assert isinstance(expression, Combined)
    return Combined(expression.kind, tuple(map(of_record, expression.terms)))


@given(expressions, st.tuples(*[st.sampled_from(TRUTHS)] * 3))
def test_every_expression_about_a_record_is_worth_what_the_model_says(expression: Expression, truths: tuple[bool | None, ...]):
    values = dict(zip(NAMES, truths, strict=True))
    worth, about = model(expression, values), of_record(expression)
    known = facts({"rows": ({name: value_of(truth) for name, truth in values.items()},)})
    assert judge(Each(ROWS, (), (about,)), known).truth is worth
    assert judge(No(ROWS, (about,)), known).truth is negation(worth)


@pytest.mark.parametrize("chosen", [True, None])
def test_of_a_record_that_may_be_none_of_those_looked_for_nothing_is_said_not_to_hold(chosen: bool | None):
    found = judge(Each(ROWS, (holds(CHOSEN),), (holds(FIELD),)), facts({"rows": (record(chosen, good=False),)}))
    assert found.truth is (False if chosen else None)
    assert {finding.holds for finding in found.findings} == {found.truth}


@pytest.mark.parametrize("form", [Each(ROWS, (), (holds(FIELD),)), No(ROWS, (holds(FIELD),))], ids=["each", "no"])
def test_a_collection_that_could_not_be_read_is_no_empty_collection(form: Each | No):
    assert judge(form, facts({"rows": UNKNOWN})).truth is None
    assert judge(form, facts({"rows": Absent("rows")})).truth is False
    assert judge(form, facts({"rows": ()})).truth is True
    assert judge(form, facts({"rows": "not records"})).truth is None
    assert judge(form, facts({"rows": ("no record",)})).truth is None
    assert judge(form, facts({})).truth is None


@pytest.mark.parametrize("name", ["equals", "in", "not_in", "contains", "lacks", "matches", "empty", "subset_of"])
def test_a_negative_expectation_needs_proof_of_the_look(name: str):
    operand: Any = {"in": ("x",), "not_in": ("x",), "subset_of": ("x",), "empty": True}.get(name, "x")
    kind = Type.LIST if name == "subset_of" else Type.TEXT
    that = That(Path("a", "value", kind), (Comparison(name, Literal(operand)),))
    assert judge(that, facts({"a": UNKNOWN})).truth is None
    assert judge(that, facts({})).truth is None, "never asked"
    assert judge(that, facts({"a": Absent("a")})).truth is False


@pytest.mark.parametrize(
    ("name", "operand", "worth"),
    [("present", True, False), ("present", False, True), ("absent", True, True), ("absent", False, False)],
)
def test_presence_tells_absent_from_unobservable(name: str, operand: bool, worth: bool):
    that = That(Path("a", "", Type.TEXT), (Comparison(name, Literal(operand)),))
    assert judge(that, facts({"a": Absent("a")})).truth is worth
    assert judge(that, facts({"a": "anything"})).truth is not worth
    assert judge(that, facts({"a": UNKNOWN})).truth is None


def test_an_operand_that_is_not_known_makes_the_answer_unknown():
    that = That(Path("a", "value", Type.TEXT), (Comparison("equals", ObservedRef(Path("b", "value", Type.TEXT))),))
    assert judge(that, facts({"a": "x", "b": "x"})).truth is True
    assert judge(that, facts({"a": "x", "b": "y"})).truth is False
    assert judge(that, facts({"a": "x", "b": UNKNOWN})).truth is None
    assert judge(that, facts({"a": "x", "b": Absent("b")})).truth is None


@pytest.mark.parametrize("name", ["contains", "lacks", "matches"])
def test_an_empty_parameter_never_holds_by_being_found_everywhere(name: str):
    that = That(Path("a", "value", Type.TEXT), (Comparison(name, ParameterRef("p")),))
    assert judge(that, facts({"a": "x"}, {"p": ""})).truth is None


@pytest.mark.parametrize("pattern", ["(", "[", "*", "(?<=a)b"])
def test_a_pattern_that_does_not_compile_is_an_unknown_and_its_negation_too(pattern: str):
    that = That(Path("a", "value", Type.TEXT), (Comparison("matches", ParameterRef("p")),))
    known = facts({"a": "x"}, {"p": pattern})
    assert judge(that, known).truth is None
    assert judge(Combined("none", (that,)), known).truth is None


def test_a_matcher_that_raises_stops_nothing():
    def explode(value: object, operand: object, setting: object) -> Any:
        raise ZeroDivisionError(value)

    broken = Matcher("broken", "raises", frozenset(Type), OperandKind.SAME, explode)
    that = That(Path("a", "value", Type.TEXT), (Comparison("broken", Literal("x")),))
    judgement = judge_all([that, is_yes("b")], facts({"a": "x", "b": "yes"}, matchers={"broken": broken}))
    assert judgement.truth is None
    assert "ZeroDivisionError" in judgement.findings[0].reason


def test_what_must_not_hold_and_does_is_told_term_by_term():
    both = Combined("all", (is_yes("a"), Combined("any", (is_yes("b"), is_yes("c")))))
    found = judge(Combined("none", (both,)), facts({"a": "yes", "b": "no", "c": "yes"}))
    assert found.truth is False
    assert [(each.that, each.matcher, each.actual) for each in found.findings] == [
        ("a.value", "none equals", "yes"),
        ("c.value", "none equals", "yes"),
    ]


def test_a_collection_without_the_record_that_must_be_there_is_named():
    found = judge(Combined("none", (No(ROWS, (holds(CHOSEN),)),)), facts({"rows": ()}))
    assert found.truth is False
    assert [(each.that, each.matcher) for each in found.findings] == [(str(ROWS), "none no")]
