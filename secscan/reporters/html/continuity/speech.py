"""Words of the continuity report: verdicts, kinds of knowledge, figures and indicators, and how spans of time are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from secscan.messages import mark
from secscan.terms import Term
from secscan.wording import Wording

VERDICTS = (
    Term("met", mark("Met"), "✓", mark("The figure is within the objective, and it was measured or attested.")),
    Term("partly met", mark("Partly met"), "◐", mark("Only an estimate is within the objective. An estimate is never met.")),
    Term("unknown", mark("Unknown"), "?", mark("Nothing tells, or not enough. What is not known is never met.")),
    Term("missed", mark("Not met"), "✕", mark("The figure is known, and it is not within the objective.")),
)
"""What an objective makes of a figure, the best first."""
KNOWLEDGE = (
    Term("measured", mark("measured"), "", mark("Read where it lies, from a run that ended well and without damage found since.")),
    Term(
        "attested",
        mark("attested"),
        "",
        mark("People say so, with evidence; or only the inventory says that nobody can change it."),
    ),
    Term("estimated", mark("estimated"), "", mark("Computed or seen in part: the time, the whole or the clock is in doubt.")),
    Term("unknown", mark("unknown"), "", mark("Not read, not asked, or not allowed to look.")),
)
"""How surely a figure is known, the surest first."""
FIGURES: Mapping[str, str] = {
    "rpo_now": mark("Data loss now"),
    "worst_gap": mark("Worst gap in the window"),
    "site_loss": mark("After the loss of the site"),
    "cyber": mark("After an attack on backups"),
    "rto": mark("Recovery time"),
}
KINDS: Mapping[str, str] = {
    "host": mark("Host"),
    "site": mark("Site"),
    "disk": mark("Disk"),
    "resolver": mark("Resolver"),
    "uplink": mark("Uplink"),
    "credentials": mark("The administrator’s credentials"),  # noqa: RUF001 - as it is printed
}
INDICATORS: Mapping[str, str] = {
    "K1": mark("data sets with a restore point"),
    "K2": mark("data sets that lose no more than the objective"),
    "K3-site": mark("data sets that survive the loss of their site within the objective"),
    "K3-cyber": mark("data sets that survive an attack on backups within the objective"),
    "K4": mark("critical data sets with a restore that was tested in time"),
    "K5": mark("critical services that recover within the objective"),
    "K6": mark("critical services whose recovery was exercised in time"),
    "K7": mark("plans that were reviewed in time"),
    "K8": mark("data sets with owner and objectives"),
    "K9": mark("open actions that are not overdue"),
    "K10": mark("things that end by themselves, and not within 90 days"),
    "K11": mark("critical services that need no single host or site"),
    "K12": mark("owners for whom K1 to K5 are met in everything"),
}
ENDINGS: Mapping[str, str] = {
    "certificate": mark("certificate"),
    "CRL": mark("list of revoked certificates"),
    "signing key": mark("key that signs packages"),
    "DNSSEC signature": mark("DNSSEC signature"),
    "statement": mark("statement"),
    "waiver": mark("waiver"),
}
"""Kinds of what ends by itself."""
UNSEEN = frozenset({"certificates in files", "keys of packages"})
"""Names of what could not be looked at on a host: all of its kind."""
CRITICALITIES: Mapping[str, str] = {
    "critical": mark("Critical"), "high": mark("High"), "medium": mark("Medium"), "low": mark("Low"),
}  # fmt: skip
NOTHING = "\u2013"
"""What stands where there is nothing to name."""
_UNITS = (86400, 3600, 60, 1)
_UNITS_WRITTEN = 2
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def write_span(w: Wording, seconds: float) -> str:
    """A span of time in its two largest units: `2d 3h`."""
    left = int(seconds)
    parts: list[str] = []
    for unit in _UNITS:
        if left >= unit and len(parts) < _UNITS_WRITTEN:
            parts.append(w.figures.duration(left // unit * unit))
            left %= unit
    return " ".join(parts) or w.figures.duration(0)


def write_figure(w: Wording, figure: Mapping[str, Any], name: str = "") -> str:
    """The length of a figure, which is named where it is no loss: words where it has no end, a question mark when not known."""
    if figure["never"]:
        return w.translate(mark("never") if name == "rto" else mark("all of it"))
    return "?" if figure["seconds"] is None else write_span(w, figure["seconds"])


def write_size(w: Wording, size: float | None) -> str:
    """Bytes with a binary unit, which every language writes the same; a question mark when they are not known."""
    if size is None:
        return "?"
    value, rank = float(size), 0
    while value >= 1024 and rank < len(_BYTES) - 1:
        value, rank = value / 1024, rank + 1
    return f"{w.figures.decimal(value) if rank else w.figures.number(int(value))} {_BYTES[rank]}"


def write_ending(w: Wording, name: str) -> tuple[str, str]:
    """The name of something that ends, as an indicator lists it, in two parts: its kind in a language, and which one."""
    kind = next((kind for kind in ENDINGS if name.startswith(f"{kind} ")), "")
    rest = name.removeprefix(f"{kind} ") if kind else name
    for unseen in UNSEEN:
        rest = rest.removeprefix(f"{unseen} ")
    return w.translate(ENDINGS[kind]) if kind else "", rest


def write_element(name: str) -> str:
    """The name of an element without the word for its kind, which stands beside it.

    >>> write_element("uplink of db1"), write_element("/dev/sda1 of db1"), write_element("db1")
    ('db1', 'db1:/dev/sda1', 'db1')
    """
    what, _, host = name.rpartition(" of ")
    return host if not what or what in {"uplink", "resolver", "disks"} else f"{host}:{what}"


def write_moment(seconds: float) -> str:
    """Seconds since 1970 as RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
