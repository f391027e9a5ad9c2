"""Addresses inside a page: `#host/` is a host, `#host/check` a result, `#/check` a check."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote


@dataclass(slots=True)
class Anchors:
    """Hands out every address once; a name that comes back gets a number."""

    _used: dict[str, int] = field(default_factory=dict)

    def host(self, name: str) -> str:
        """The address of a host."""
        return self._once(_quote(name)) + "/"

    def result(self, host: str, check: str, subject: str = "") -> str:
        """The address of a result below a host's; `subject` only where it is not the host itself."""
        return self._once(host + _quote(check) + (f"/{_quote(subject)}" if subject else ""))

    def _once(self, address: str) -> str:
        self._used[address] = number = self._used.get(address, 0) + 1
        return address if number == 1 else f"{address}~{number}"


def check_anchor(check: str) -> str:
    """The address of a check."""
    return "/" + _quote(check)


def requirement_anchor(requirement: str) -> str:
    """The address of a requirement."""
    return "requirement/" + _quote(requirement) + "/"


def recommendation_anchor(recommendation: str) -> str:
    """The address of a recommendation of an oversight body."""
    return "recommendation/" + _quote(recommendation) + "/"


def _quote(name: str) -> str:
    return quote(name, safe="", errors="replace") or "-"
