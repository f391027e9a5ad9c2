"""What machine formats say of one result, in plain text that no reader of theirs obeys: sentences, references, names, digests."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from secscan.assessments import Document
from secscan.decisions import write_decision
from secscan.findings import write_finding
from secscan.inert import block, prose, shorten
from secscan.terms import CATALOGUES, OUTCOMES
from secscan.wording import ENGLISH, Wording

SENTENCE_LIMIT = 2000  # characters
EVIDENCE_LIMIT = 2000  # characters
_SENTENCES = 20
_OUTCOMES = {term.key: term.word for term in OUTCOMES}
_NAMESPACE = uuid.UUID("5d2a4a4c-3c52-5f0b-9a0e-0d6a3f1c7b11")

Result = Mapping[str, Any]


def line(text: str, limit: int = SENTENCE_LIMIT) -> str:
    """Text on one line, visible, of bounded length."""
    return prose(shorten(text, limit))


def sentences(result: Result, w: Wording = ENGLISH) -> list[str]:
    """What was found, a sentence each; the first twenty, and how many more there are."""
    said = [line(write_finding(w, finding)) for finding in result["findings"][:_SENTENCES]]
    unseen = result["findings_total"] - len(said)
    if result["reason"]:
        said = [*([] if any(line(result["reason"]) in sentence for sentence in said) else [line(result["reason"])]), *said]
    return [*said, *([f"... and {unseen} more"] if unseen > 0 else [])]


def gist(result: Result, document: Document, w: Wording = ENGLISH) -> str:
    """Why a result has its outcome, in one sentence; the outcome's own word where nothing more is known."""
    if document["unreachable"]:
        return line(document["unreachable"])
    said = sentences(result, w)
    return said[0] if said else w.translate(_OUTCOMES.get(result["outcome"], str(result["outcome"])))


def account(result: Result, document: Document) -> str:
    """Everything that is to be said of a result, a line each: what was found, what was decided."""
    decision = write_decision(ENGLISH, result, document)
    said = sentences(result) or [gist(result, document)]
    return "\n".join([*said, *([line(decision)] if decision else [])])


def subject_of(result: Result, document: Document) -> str:
    """What a result is about, where that is not just the host; else empty."""
    return "" if result["subject"] == document["host"]["name"] else line(result["subject"], 200)


def references(check: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Catalogue, what people call it, and each identifier in it that a check refers to."""
    for catalogue, identifiers in check["references"].items():
        for identifier in identifiers:
            yield line(catalogue, 100), CATALOGUES.get(catalogue, line(catalogue, 100)), line(identifier, 200)


def excerpts(result: Result, document: Document) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each proof of a result with the beginning of its raw answer as visible lines."""
    for number in result["proofs"]:
        proof = document["proofs"][number]
        yield proof, block(shorten(proof["stdout"] or proof["stderr"], EVIDENCE_LIMIT))


def judged_by(document: Document) -> str:
    """The tool that judged, and for imported results in which form they came: `openscap 1.3.7, imported from ARF`."""
    provenance = document["provenance"]
    origin = provenance["origin"]
    if origin:
        return line(f"{origin['tool']}, imported from {origin['format']}", 300)
    return line(f"secscan {provenance['tool_version']}", 300)


def host_key(document: Document) -> tuple[str, ...]:
    """Tells one host from every other: its name, and its site where it has one, for names may recur at sites."""
    host = document["host"]
    return (host["name"], host["site"]) if host["site"] else (host["name"],)


def fingerprint(result: Result, document: Document) -> str:
    """The same for a check on a subject of a host under a baseline in every scan: 64 hexadecimal digits."""
    return _digest(*host_key(document), document["baseline"]["id"], result["check"], result["subject"])


def fingerprint_without_site(result: Result, document: Document) -> str:
    """The fingerprint as it was before it told sites apart: what remembers those of earlier reports still finds them."""
    return _digest(document["host"]["name"], document["baseline"]["id"], result["check"], result["subject"])


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def moment_key(document: Document) -> str:
    """Tells one assessment from every other: host and site, baseline and moment."""
    host = document["host"]
    return json.dumps([host["name"], host["site"], document["baseline"]["id"], document["started_at"], document["finished_at"]])


def identifier(*parts: str) -> str:
    """A UUID (version 5) that is the same for the same parts, so that the same documents make the same report."""
    return str(uuid.uuid5(_NAMESPACE, json.dumps(parts)))


def milliseconds(moment: str) -> int:
    """An RFC 3339 moment in milliseconds since the epoch."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def write_json(value: object) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
