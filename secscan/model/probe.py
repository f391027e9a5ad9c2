"""What a probe is: typed arguments in, shell out; a raw answer in, typed attributes out. Both directions are pure.

A probe that is asked from outside has no shell: the inquiry of its name (model/inquiry.py) asks from the scanner's side. Neither
has a derived one: its answer is made of what all hosts have said and what is declared (continuity/derive.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from secscan.model.values import Absent, Type, Unobservable, Value

Arguments: TypeAlias = Mapping[str, Any]  # an optional argument that was not given is None


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a probe. A missing optional argument arrives as `default`."""

    name: str
    type: Type
    describe: str
    required: bool = False
    default: Value | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""  # RE2, must match the whole text (every element of a list)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an observation. `fields` describes the records of a collection.

    `passing` says of a whole number or a text in a record that it changes by itself, such as the id of a process: no waiver is
    bound to it, unless the check asks for it. Moments, durations, sizes and fractions do so anyway.
    """

    name: str
    type: Type
    describe: str
    fields: tuple[Attribute, ...] = ()
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Shell that answers several calls of one probe at once, and what it touches (files and commands, for people).

    For a probe that is asked from outside the shell is empty, and it touches what is contacted.
    """

    script: str
    touches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, byte for byte. An incomplete answer carries the `fault` that cut it short.

    `uid` is the user id the question was asked as; -1 when unknown.
    """

    stdout: bytes
    stderr: bytes = b""
    exit: int = 0
    fault: str = ""
    uid: int = -1

    @property
    def complete(self) -> bool:
        """True when the whole answer arrived."""
        return not self.fault

    @property
    def text(self) -> str:
        """stdout as text; bytes that are not UTF-8 become U+FFFD."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def complaint(self) -> str:
        """stderr as one line of text, at most 300 characters."""
        return " ".join(self.stderr.decode("utf-8", "replace").split())[:300]


@dataclass(frozen=True, slots=True)
class Observed:
    """Looked and found. Single attributes may still be Absent or Unobservable."""

    attributes: Mapping[str, Value]


Observation: TypeAlias = Observed | Absent | Unobservable
Splitter: TypeAlias = Callable[[Sequence[Arguments], Answer], Sequence[Answer]]


@dataclass(frozen=True, slots=True)
class Probe:
    """One kind of question.

    ask    shell for all calls at once. Either it prints `part INDEX EXIT` after each call's own output, or `split` says how
           the joint output divides.
    read   one call's arguments and its own raw answer -> observation. May raise anything on an unreadable answer: the engine
           turns that into Unobservable. An empty answer must never be read as Observed or Absent.
    The first attribute is the one meant when a check names none. `time_limit_s` None means: cannot hang, needs no watch.
    `example` is one raw answer as a case would write it. `outside`: the inquiry of the same name asks, from the scanner's side.
    `derived`: the kind of subject (`service`, `organization`) that it tells about from what all hosts said to the calls of `needs`.
    """

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    attributes: tuple[Attribute, ...]
    ask: Callable[[Sequence[Arguments]], Question]
    read: Callable[[Arguments, Answer], Observation]
    example: str
    split: Splitter | None = None
    time_limit_s: int | None = None
    needs_root: bool = False
    outside: bool = False
    derived: str = ""
    needs: tuple[Call, ...] = ()
    condition: str = ""  # the argument that `applies_to: {probe: [values]}` fills; empty = not usable as a condition

    def argument(self, name: str) -> Argument | None:
        """The argument of that name, if any."""
        return next((argument for argument in self.arguments if argument.name == name), None)

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name; the first one for an empty name."""
        if not name:
            return self.attributes[0]
        return next((attribute for attribute in self.attributes if attribute.name == name), None)


@dataclass(frozen=True, slots=True)
class Call:
    """One question: a probe's name and its arguments, sorted by name, defaults filled in (None: not given)."""

    probe: str
    arguments: tuple[tuple[str, Value | None], ...]

    @classmethod
    def of(cls, probe: str, arguments: Mapping[str, Value | None]) -> Call:
        """The one way to make a call, so that equal questions are equal."""
        return cls(probe, tuple(sorted(arguments.items())))

    def mapping(self) -> dict[str, Any]:
        """The arguments by name."""
        return dict(self.arguments)
