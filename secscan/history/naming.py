"""Names that the tables keep once and number: hosts, checks, versions of checks. Looked up once in a process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from secscan.history.tables import checks, hosts, versions

_AT_ONCE = 500  # databases take no endless lists
_INSERT: Mapping[str, Callable[[Any], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""Both can wait for others who are making the same text."""


@dataclass(slots=True)
class Numbered:
    """The texts of one column and their numbers, as far as they were asked for. Texts are never renumbered or removed."""

    table: Any
    column: str
    _numbers: dict[str, int] = field(default_factory=dict)
    _texts: dict[int, str] = field(default_factory=dict)

    def numbers(self, connection: Connection, texts: set[str]) -> Mapping[str, int]:
        """The numbers of texts (and of others), made where they are new."""
        missing = sorted(texts - self._numbers.keys())
        if missing:
            self._look(connection, self.table.c[self.column], missing)
            new = [text for text in missing if text not in self._numbers]
            if new:
                insert = _INSERT[connection.dialect.name](self.table).on_conflict_do_nothing()
                connection.execute(insert, [{self.column: text} for text in new])
                self._look(connection, self.table.c[self.column], new)
        return self._numbers

    def text(self, connection: Connection, number: int) -> str:
        """The text that has a number."""
        return self.texts(connection, {number})[number]

    def texts(self, connection: Connection, numbers: set[int]) -> Mapping[int, str]:
        """The texts that have these numbers (and others)."""
        missing = sorted(numbers - self._texts.keys())
        if missing:
            self._look(connection, self.table.c.id, missing)
        return self._texts

    def forget(self) -> None:
        """Know nothing: a transaction that did not come to its end has numbered texts that are not there."""
        self._numbers.clear()
        self._texts.clear()

    def _look(self, connection: Connection, column: Any, values: list[Any]) -> None:
        for first in range(0, len(values), _AT_ONCE):
            some: Iterable[Any] = values[first : first + _AT_ONCE]
            for number, text in connection.execute(select(self.table.c.id, self.table.c[self.column]).where(column.in_(some))):
                self._numbers[text], self._texts[number] = number, text


@dataclass(slots=True)
class Names:
    """Everything that is numbered. `applied` has the numbers of check and version by check, digest of its file and parameters."""

    hosts: Numbered = field(default_factory=lambda: Numbered(hosts, "name"))
    checks: Numbered = field(default_factory=lambda: Numbered(checks, "name"))
    versions: Numbered = field(default_factory=lambda: Numbered(versions, "digest"))
    applied: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)

    def forget(self) -> None:
        """Know nothing."""
        for each in (self.hosts, self.checks, self.versions):
            each.forget()
        self.applied.clear()
