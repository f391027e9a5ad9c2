"""How numbers, shares, days and durations are written: by language in reports, and as checks write them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


class Figures(Protocol):
    """How a language writes what is counted and measured."""

    def number(self, number: float) -> str:
        """A count."""

    def signed(self, number: float) -> str:
        """A number with its sign and one decimal."""

    def decimal(self, number: float) -> str:
        """A number with one decimal."""

    def percent(self, percent: float) -> str:
        """A number of per cent, with one decimal."""

    def date(self, moment: str) -> str:
        """The day of an RFC 3339 moment in UTC."""

    def duration(self, seconds: float) -> str:
        """How long something is."""


class EnglishFigures:
    """Numbers with commas, days as ISO 8601 has them, durations as checks write them: what no reader takes for another."""

    def number(self, number: float) -> str:
        """1234 -> 1,234."""
        return f"{number:,}"

    def signed(self, number: float) -> str:
        """0.25 -> +0.2."""
        return f"{number:+.1f}"

    def decimal(self, number: float) -> str:
        """0.25 -> 0.2."""
        return f"{number:.1f}"

    def percent(self, percent: float) -> str:
        """83.3 -> 83.3%."""
        return f"{percent:.1f}%"

    def date(self, moment: str) -> str:
        """`2026-11-21T07:02:03.120Z` as `2026-11-21`."""
        return moment[:10]

    def duration(self, seconds: float) -> str:
        """93600 -> 26h."""
        return write_seconds(seconds)


def write_seconds(seconds: float) -> str:
    """Seconds as a duration is written in a check: 93600 -> 26h, 0.4 -> 0.4s."""
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def last_day(moment: str) -> str:
    """The last day, in UTC, on which something that ends at an RFC 3339 moment still holds, as ISO 8601 has it."""
    ends = datetime.fromisoformat(moment)
    return (ends - timedelta(seconds=1) if ends.year > 1 else ends).date().isoformat()


def seconds_between(start: str, end: str) -> float:
    """Seconds from one RFC 3339 moment to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
