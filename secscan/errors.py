"""Every error secscan raises on purpose, with the exit code it ends in.

SecscanError                        something a person can fix
├── InputError                2     files that cannot be used: all their problems at once
├── UsageError                2     a command, name or value that does not exist; says what is allowed
│   └── PluginError           2     an installed plugin that cannot be used
├── TargetError               3     a target that could not be asked
│   ├── UnreachableError      3     no connection: name, route, refusal, time-out
│   ├── HostKeyError          3     the host key is unknown, changed or revoked
│   ├── AuthenticationError   3     connected, but not let in
│   └── ExchangeError         3     let in, but the conversation broke
├── EvidenceError             2     a bundle that is not what it claims to be
└── HistoryError              2     a database that cannot be used
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from secscan.messages import Message


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong at one place of a file. Lines and columns count from 1; 0 means the whole file."""

    path: str
    line: int
    column: int
    message: str
    allowed: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{place}: {self.message}" + (f"; allowed: {self.allowed}" if self.allowed else "")


class SecscanError(Exception):
    """The root: catch this to catch everything secscan raises on purpose. As text it is English; `message` can be translated."""

    exit_code = 2

    def __init__(self, text: str = "", /, **values: object) -> None:
        self.message = text if isinstance(text, Message) and not values else Message(text, **values)
        super().__init__(str(self.message))


class InputError(SecscanError):
    """Input files with problems; `problems` holds every one of them, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(SecscanError):
    """A name, option or value that cannot be used."""


class PluginError(UsageError):
    """A plugin that is installed but cannot be used."""


class TargetError(SecscanError):
    """A target that could not be asked; becomes the outcome `unreachable` of that one host."""

    exit_code = 3


class UnreachableError(TargetError):
    """No connection could be made."""


class HostKeyError(TargetError):
    """The host key is unknown, has changed or is revoked."""


class AuthenticationError(TargetError):
    """The host did not let us in."""


class ExchangeError(TargetError):
    """The connection was made but the exchange broke."""


class EvidenceError(SecscanError):
    """A bundle that cannot be read or does not match its digest."""


class HistoryError(SecscanError):
    """A database of the history that cannot be opened, read or written."""
