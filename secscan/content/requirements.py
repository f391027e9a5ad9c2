"""Catalogues of requirements in full: where each stands, how far its source was read, what it comes from and maps to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from secscan.content.frameworks import fault_of
from secscan.content.reading import Cursor
from secscan.documents import Document, did_you_mean
from secscan.errors import Problem

KEYS = (
    "id", "level", "group", "title", "source", "statement", "parents", "check_modes", "applies_to", "evidence", "acceptance",
    "mappings", "checks", "checks_total", "children", "not_automated",
)  # fmt: skip
REQUIRED = ("id", "level", "group", "title", "source", "statement", "check_modes", "applies_to")
SOURCE_KEYS = ("document", "locator", "verification", "note")
MAPPINGS = {
    "nist_800_53r5": "nist_800_53", "nist_csf_2_0": "nist_csf", "iso_27001_2022": "iso_27001", "iso_22301_2019": "iso_22301",
    "cis_v8_1": "cis_v8", "pci_dss_4_0_1": "pci_dss",
}  # fmt: skip
"""Frameworks of a requirement's `mappings`, as `references` of checks name them."""


class Verification(StrEnum):
    """How much of its source was read."""

    SEED = "seed"
    WEB = "web"
    PARTIAL = "partial"
    UNVERIFIED = "unverified"
    NOT_OBTAINED = "not_obtained"
    DERIVED = "derived"

    @property
    def meaning(self) -> str:
        """The state in words; what was only remembered never sounds as if it had been read."""
        return _MEANINGS[self]


_MEANINGS = {
    Verification.SEED: "read in the source document",
    Verification.WEB: "read in a public page",
    Verification.PARTIAL: "partly read, the rest remembered and not verified",
    Verification.UNVERIFIED: "remembered only, not verified",
    Verification.NOT_OBTAINED: "the text was not obtained",
    Verification.DERIVED: "derived from its parents",
}


class Mode(StrEnum):
    """How a requirement can be looked at."""

    SSH = "ssh"
    NETWORK = "network"
    CROSS_HOST = "cross-host"
    ATTESTATION = "attestation"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row. `mappings` are ids by framework, named as in `references` of checks; `not_automated` says why no check serves it."""

    id: str
    level: int
    group: str
    title: str
    statement: str
    document: str
    locator: str
    verification: Verification
    note: str
    parents: tuple[str, ...]
    modes: tuple[Mode, ...]
    applies_to: str
    evidence: tuple[str, ...]
    acceptance: str
    mappings: Mapping[str, tuple[str, ...]]
    not_automated: str

    @property
    def place(self) -> str:
        """Where it stands: document and locator, or what it was derived from."""
        return "derived from " + ", ".join(self.parents) if self.parents else f"{self.document}, {self.locator}"


def read_requirements(documents: Iterable[Document]) -> tuple[dict[str, Requirement], list[Problem]]:
    """Every requirement of the catalogues by id, and what is wrong with the files."""
    documents = list(documents)
    found: dict[str, Requirement] = {}
    parents: list[tuple[Cursor, str]] = []
    for document in documents:
        listed = document.data.get("requirements") if isinstance(document.data, dict) else None
        for number, entry in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(entry, dict) and isinstance(entry.get("id"), str):
                cursor = Cursor(document, ("requirements", number), entry)
                requirement = _read(cursor)
                found.setdefault(requirement.id, requirement)
                parents += [(cursor.at("parents").at(index), name) for index, name in enumerate(requirement.parents)]
    for cursor, name in parents:
        if name not in found:
            cursor.report(f"no requirement is named {name!r}{did_you_mean(name, found)}", "an id of a catalogue")
    return found, sorted(problem for document in documents for problem in document.problems)


def _read(row: Cursor) -> Requirement:
    row.mapping(KEYS, REQUIRED)
    source = row.at("source")
    source.mapping(SOURCE_KEYS, SOURCE_KEYS[:3])

    def text(cursor: Cursor, key: str) -> str:
        return place.folded() if (place := cursor.find(key)) else ""

    def texts(key: str) -> tuple[str, ...]:
        return place.texts() if (place := row.find(key)) else ()

    level = row.value.get("level")
    if level not in (1, 2):
        row.at("level").report(f"'level' cannot be {level}", "1 (as a source has it), 2 (derived, to be checked)")
    return Requirement(
        id=text(row, "id"),
        level=level if isinstance(level, int) else 1,
        group=text(row, "group"),
        title=text(row, "title"),
        statement=text(row, "statement"),
        document=text(source, "document"),
        locator=text(source, "locator"),
        verification=source.at("verification").choice(Verification, Verification.UNVERIFIED),
        note=text(source, "note"),
        parents=texts("parents"),
        modes=tuple(place.choice(Mode, Mode.ATTESTATION) for place in row.at("check_modes").items()),
        applies_to=text(row, "applies_to"),
        evidence=texts("evidence"),
        acceptance=text(row, "acceptance"),
        mappings=_read_mappings(row.at("mappings")) if row.has("mappings") else {},
        not_automated=text(row, "not_automated"),
    )


def _read_mappings(cursor: Cursor) -> dict[str, tuple[str, ...]]:
    mappings = {}
    for key in cursor.mapping(tuple(MAPPINGS)):
        if key in MAPPINGS:
            place, framework = cursor.at(key), MAPPINGS[key]
            mappings[framework] = place.texts()
            for number, name in enumerate(mappings[framework]):
                fault, allowed = fault_of(framework, name)
                if fault:
                    place.at(number).report(fault, allowed)
    return mappings
