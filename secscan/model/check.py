"""A check as the loader leaves it: typed, resolved against the installed probes and matchers, ready to be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from secscan.model.probe import Answer, Argument
from secscan.model.values import Scalar, Type


class Severity(StrEnum):
    """How bad a failure is, mildest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low up to 3 for critical."""
        return list(Severity).index(self)


class Subject(StrEnum):
    """What a check is about."""

    HOST = "host"
    SERVICE = "service"  # judged once for each service of the inventory, on what all hosts said
    ORGANIZATION = "organization"  # asked of people, or judged on what all hosts said, once a run


class Effort(StrEnum):
    """How long the remedy takes a person."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


class When(StrEnum):
    """When the remedy takes effect."""

    RUNTIME = "runtime"
    RESTART = "restart"
    REBOOT = "reboot"
    REINSTALL = "reinstall"


class Stricter(StrEnum):
    """Which way a parameter is tighter."""

    LOWER = "lower"
    HIGHER = "higher"
    SUBSET = "subset"
    SUPERSET = "superset"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A typed value that a baseline or an inventory may set.

    What its uses demand of a value: `fills` are the arguments of probes that it fills, `is_pattern` says that it is used as a
    regular expression, `item_types` are the types that the elements of a list are compared as.
    """

    name: str
    type: Type
    default: Scalar
    describe: str
    stricter: Stricter | None = None
    choices: tuple[str, ...] = ()
    fills: tuple[Argument, ...] = ()
    is_pattern: bool = False
    item_types: tuple[Type, ...] = ()


@dataclass(frozen=True, slots=True)
class Literal:
    """An operand as written in the check, already of the type its matcher wants."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class ParameterRef:
    """An operand that a parameter fills."""

    name: str


@dataclass(frozen=True, slots=True)
class Path:
    """Names an attribute of an observation, or of the record at hand when `name` is empty."""

    name: str
    attribute: str
    type: Type

    def __str__(self) -> str:
        return f"{self.name}.{self.attribute}" if self.name else self.attribute


@dataclass(frozen=True, slots=True)
class ObservedRef:
    """An operand that another observation fills."""

    path: Path


Operand: TypeAlias = "Literal | ParameterRef | ObservedRef"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One matcher and its operand."""

    matcher: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class That:
    """Comparisons that must all hold for one attribute."""

    path: Path
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Combined:
    """`all`, `any` or `none` of some expressions."""

    kind: str
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """Every record of a collection for which `where` holds must satisfy `expect`."""

    path: Path
    where: tuple[Expression, ...]
    expect: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class No:
    """No record of a collection may satisfy `where`."""

    path: Path
    where: tuple[Expression, ...]


Expression: TypeAlias = "That | Combined | Each | No"


@dataclass(frozen=True, slots=True)
class Ask:
    """A named question of a check: a probe and its arguments, some of which a parameter may fill."""

    name: str
    probe: str
    arguments: tuple[tuple[str, Literal | ParameterRef], ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of `applies_to`: any of its asks is Observed; or `labels` of the host; or an expression over `observe`."""

    kind: str  # probe, label or when
    asks: tuple[Ask, ...] = ()
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    expressions: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One example inside a check: raw answers by name, and the outcome they must lead to."""

    name: str
    outcome: str
    answers: Mapping[str, Answer]
    parameters: Mapping[str, Scalar]
    applies: bool | None = True
    at: float = 1_767_225_600.0  # 2026-01-01T00:00:00Z: the host's clock in this example
    line: int = field(default=0, compare=False)  # 0 when the check comes from a cache


@dataclass(frozen=True, slots=True)
class Remediation:
    """How to mend a failure, how much work it is and when it takes effect."""

    text: str
    effort: Effort
    when: When


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so, and how to tell. `questions` is filled instead of `asks` for a check a person answers."""

    id: str
    domain: str
    title: str
    severity: Severity
    rationale: str
    remediation: Remediation
    references: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, Parameter]
    applies_to: tuple[Condition, ...]
    asks: tuple[Ask, ...]
    expect: tuple[Expression, ...]
    cases: tuple[Case, ...]
    questions: tuple[str, ...] = ()
    subject: Subject = Subject.HOST
    formerly: tuple[str, ...] = ()
    path: str = ""
    sha256: str = ""


def name_now(name: str, checks: Mapping[str, Check]) -> str:
    """The id of the check that once had this one; empty when none had."""
    return next((check.id for check in checks.values() if name in check.formerly), "")


@dataclass(frozen=True, slots=True)
class Selection:
    """A check as a baseline wants it."""

    check: str
    parameters: Mapping[str, Scalar]
    severity: Severity
    requirements: tuple[str, ...]
    locked: bool = False


@dataclass(frozen=True, slots=True)
class LocalChange:
    """What a baseline changed against the one it extends."""

    baseline: str
    check: str
    change: str  # "dropped", "tightened limit: 1h -> 15m" or "changed limit: 15m -> 1h"
    reason: str
    approver: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """Which checks, with which parameters, for which requirements; `extends` already merged."""

    id: str
    title: str
    description: str
    selections: tuple[Selection, ...]
    not_automated: Mapping[str, str]
    changes: tuple[LocalChange, ...] = ()
    lineage: tuple[str, ...] = ()
    waiver_limits: Mapping[str, float] = field(default_factory=dict)  # the longest waiver in seconds, by severity
    path: str = ""
    sha256: str = field(default="", compare=False)
