"""What ends by itself: certificates, revocation lists, signing keys, signatures, statements, waivers. One list for all hosts."""

from __future__ import annotations

from collections.abc import Iterator

from secscan.continuity.evidence import Evidence
from secscan.model.attestation import Standing
from secscan.model.probe import Observed
from secscan.model.values import Record, Unobservable, Value

_FILES = "certificate_file"
_KEYS = "signing_keys"


def expiry_records(evidence: Evidence) -> tuple[Record, ...]:
    """Everything that ends, each once, the earliest first; what could not be looked at stands before all."""
    found: dict[tuple[str, str, float], dict[str, None]] = {}
    unknown: list[Record] = []
    for record in (*_certificates(evidence), *_keys(evidence), *_signatures(evidence), *_decisions(evidence)):
        ends = record["ends"]
        if isinstance(ends, int | float):
            key = (str(record["kind"]), str(record["name"]), float(ends))
            found.setdefault(key, {})[str(record["place"])] = None
        elif isinstance(ends, Unobservable):
            unknown.append(record)
    known: list[Record] = [
        {"kind": kind, "name": name, "place": ", ".join(places), "ends": ends}
        for (kind, name, ends), places in sorted(found.items(), key=lambda item: (item[0][2], item[0]))
    ]
    return (*unknown, *known)


def _record(kind: str, name: str, place: str, ends: Value) -> Record:
    return {"kind": kind, "name": name, "place": place, "ends": ends}


def _name(told: Value) -> str:
    """What something that ends names; a question mark where it cannot be read, which then is told of its end too."""
    return told if isinstance(told, str) else "?"


def _certificates(evidence: Evidence) -> Iterator[Record]:
    for host in evidence.hosts:
        if fault := evidence.why_untold(host, _FILES):
            yield _record("certificate", "certificates in files", host, Unobservable(fault))
        for probe, where in ((_FILES, "path"), ("tls_endpoint", "endpoint")):
            for record in evidence.records(host, probe, "certificates"):
                yield _record("certificate", _name(record["subject"]), f"{host}:{record[where]}", record["not_after"])
        for record in evidence.records(host, _FILES, "revocation_lists"):
            yield _record("CRL", _name(record["issuer"]), f"{host}:{record['path']}", record["next_update"])


def _keys(evidence: Evidence) -> Iterator[Record]:
    """Keys of packages. One that has signed nothing of what a host uses ends without harm, and a revoked one has ended."""
    for host in evidence.hosts:
        if fault := evidence.why_untold(host, _KEYS):
            yield _record("signing key", "keys of packages", host, Unobservable(fault))
        for record in evidence.records(host, _KEYS, "keys"):
            if record["used"] is not False and record["revoked"] is not True:
                digest = f" {record['fingerprint'][-16:]}" if isinstance(record["fingerprint"], str) else ""
                yield _record("signing key", f"{_name(record['name'])}{digest}", f"{host}:{record['file']}", record["ends"])


def _signatures(evidence: Evidence) -> Iterator[Record]:
    for host in evidence.hosts:
        for look in evidence.looks(host, "dns_record"):
            if isinstance(look.observation, Observed):
                told = look.observation.attributes
                yield _record("DNSSEC signature", str(told["name"]), host, told["signature_expires"])


def _decisions(evidence: Evidence) -> Iterator[Record]:
    """Statements that hold, each until the last one about the same thing ends; waivers that are in force."""
    ends: dict[tuple[str, str], tuple[float, str]] = {}
    for each in evidence.attestations:
        for check in each.checks:
            demand = evidence.demands.get(check)
            if demand is not None and each.standing(demand, evidence.now) is Standing.HOLDS:
                key = (check, str(each.scope))
                ends[key] = max(ends.get(key, (0.0, "")), (each.expires_at(demand), each.id))
    for (check, scope), (moment, statement) in ends.items():
        yield _record("statement", f"{check} ({scope})", statement, moment)
    for waiver in evidence.waivers:
        if waiver.starts_at <= evidence.now < waiver.expires_at:
            yield _record("waiver", waiver.id, waiver.path, waiver.expires_at)
