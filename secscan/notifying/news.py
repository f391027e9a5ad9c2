"""The nouns of telling: one thing that is so, what may be told through a channel, and what was told through it before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

WORST = "critical"  # the severity of failures that are told again as long as they stay


class Topic(StrEnum):
    """What a piece of news is about."""

    RUN = "run"  # a run that did not happen
    FAILURE = "failure"
    UNREACHED = "unreached"
    GONE = "gone"  # a host that the last run asked and this one did not
    WAIVER = "waiver"
    STATEMENT = "statement"
    CERTIFICATE = "certificate"


GROUPS: Mapping[str, tuple[Topic, ...]] = {
    "failures": (Topic.FAILURE,),
    "hosts": (Topic.UNREACHED, Topic.GONE),
    "runs": (Topic.RUN,),
    "endings": (Topic.WAIVER, Topic.STATEMENT, Topic.CERTIFICATE),
}
"""What a channel can be asked to tell, in the words of the project file."""

ENDINGS = frozenset(GROUPS["endings"])

Key: TypeAlias = tuple[Topic, str, str, str]  # topic, baseline, host, what


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is so and that somebody may have to know.

    `what` tells it from others of its topic, baseline and host, and changes when it must be told anew. `fresh` says that it
    was not so at the last run, `by_content` that the check or its parameters changed since, so that it may not be the host's
    doing. `name` is a check, waiver, statement, certificate or run; `title` says more of it, `subject` what of the host it is
    about; `ends` is a moment, seconds since the epoch.
    """

    topic: Topic
    what: str
    baseline: str = ""
    host: str = ""
    severity: str = ""
    name: str = ""
    title: str = ""
    subject: str = ""
    fresh: bool = False
    by_content: bool = False
    ends: float | None = None

    @property
    def key(self) -> Key:
        """The same for the same thing, run after run."""
        return (self.topic, self.baseline, self.host, self.what)


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a run looked, so that nothing is taken for mended that was only not looked at.

    `reached` and `asked` are hosts. `whole` is False for a run over a part of the inventory. `unjudged` is what
    could not be judged on hosts that were reached: host, and check or check and subject.
    """

    baseline: str
    reached: frozenset[str]
    asked: frozenset[str]
    whole: bool = True
    unjudged: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """What one channel is told: topics, failures from a severity upwards (its rank, 0 is the worst), reminders after seconds."""

    topics: frozenset[Topic]
    severity_rank: int
    remind_s: float


@dataclass(frozen=True, slots=True)
class Digest:
    """What one channel is to be told now. `told` is when each thing was told, once this message is delivered.

    `kept` is the same when it is not. `owed` are hosts that were lost from the inventory, which only the run that first missed
    them knows, and `owing` those whose loss stays to be told when this message is not delivered.
    """

    news: tuple[Item, ...]
    reminders: tuple[Item, ...]
    told: Mapping[Key, float] = field(repr=False)
    kept: Mapping[Key, float] = field(default_factory=dict, repr=False)
    owed: frozenset[str] = frozenset()
    owing: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether there is anything to be told."""
        return bool(self.news or self.reminders)
