"""What only all hosts together tell: clocks that differ, keys and addresses that two hosts share, restarts that nobody has seen."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from secscan.continuity.evidence import Evidence
from secscan.model.probe import Observed
from secscan.model.values import Absent, Record, Unobservable, Value

_KEYS = {  # probe -> its collection, the field that two keys have in common, what it is a key of
    "ssh_host_key": ("keys", "fingerprint", "SSH host key"),
    "certificate_file": ("certificates", "key_sha256", "certificate key"),
}


def clock_records(evidence: Evidence) -> tuple[Record, ...]:
    """Each host's clock against the scanner's and against the middle of all clocks, which no single host can move."""
    offsets = {host: evidence.offset(host) for host in evidence.hosts}
    known = [offset for offset in offsets.values() if offset is not None]
    middle = median(known) if known else 0.0
    return tuple(
        {
            "host": host,
            "offset": abs(offset) if offset is not None else Unobservable(_no_clock(host, evidence)),
            "apart": abs(offset - middle) if offset is not None else Unobservable(_no_clock(host, evidence)),
        }
        for host, offset in offsets.items()
    )


def key_records(evidence: Evidence) -> tuple[Record, ...]:
    """Each private key once, with the hosts that have it; and a record for what could not be looked at."""
    holders: dict[tuple[str, str], dict[str, list[str]]] = {}
    unknown: list[Record] = []
    for host in evidence.hosts:
        for probe, (collection, field, what) in _KEYS.items():
            if fault := evidence.why_untold(host, probe):
                unknown.append(_unknown_key(what, host, fault))
            for record in evidence.records(host, probe, collection):
                digest = record[field]
                if not isinstance(digest, str):
                    reason = digest.reason if isinstance(digest, Unobservable) else "its digest is not told"
                    unknown.append(_unknown_key(what, host, f"{host}: {record['path']}: {reason}"))
                elif _is_held(probe, record):
                    holders.setdefault((what, digest), {}).setdefault(host, []).append(str(record["path"]))
    found: list[Record] = [
        {
            "kind": what,
            "fingerprint": digest,
            "hosts": tuple(hosts),
            "count": len(hosts),
            "paths": tuple(dict.fromkeys(f"{host}:{path}" for host, paths in hosts.items() for path in paths)),
        }
        for (what, digest), hosts in sorted(holders.items())
    ]
    return (*found, *unknown)


def restart_records(evidence: Evidence) -> tuple[Record, ...]:
    """When each host last started, by the scanner's clock."""
    return tuple({"host": host, "booted": _booted(host, evidence)} for host in evidence.hosts)


def reading_records(evidence: Evidence) -> tuple[Record, ...]:
    """Each host of the inventory: whether and when it was read."""
    return tuple(_reading(host, evidence) for host in evidence.hosts)


def address_records(evidence: Evidence) -> tuple[Record, ...]:
    """Each address that hosts take over from each other once, with who may hold it and who does."""
    members: dict[str, dict[str, Value]] = {}
    unknown: list[Record] = []
    for host in evidence.hosts:
        if fault := evidence.why_untold(host, "keepalived"):
            reason = Unobservable(fault)
            unknown.append({
                "address": reason, "members": (host,), "member_count": reason, "holders": reason, "holder_count": reason,
            })  # fmt: skip
        for instance in evidence.records(host, "keepalived", "instances"):
            for address in _texts(instance["addresses"]):
                members.setdefault(address, {})[host] = instance["holds"]
    return (*(_address(address, holds) for address, holds in sorted(members.items())), *unknown)


def opener_records(evidence: Evidence) -> tuple[Record, ...]:
    """Each key that opens root somewhere once, with the hosts where it does."""
    entries: dict[str, dict[str, list[Value]]] = {}
    unknown: list[Record] = []
    for host in evidence.hosts:
        if fault := evidence.why_untold(host, "authorized_keys"):
            reason = Unobservable(fault)
            unknown.append({"fingerprint": reason, "opens": (host,), "count": reason, "restricted": reason})
        for key in evidence.records(host, "authorized_keys", "keys"):
            if key["uid"] == 0 and isinstance(key["fingerprint"], str):
                entries.setdefault(key["fingerprint"], {}).setdefault(host, []).append(key["restricted"])
    found: list[Record] = [
        {
            "fingerprint": digest,
            "opens": tuple(hosts),
            "count": len(hosts),
            "restricted": all(limit is True for limits in hosts.values() for limit in limits),
        }
        for digest, hosts in sorted(entries.items())
    ]
    return (*found, *unknown)


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, tuple) else ()


def _address(address: str, holds: Mapping[str, Value]) -> Record:
    holders = tuple(host for host, held in holds.items() if held is True)
    unclear = next((held for held in holds.values() if isinstance(held, Unobservable)), None)
    return {
        "address": address,
        "members": tuple(holds),
        "member_count": len(holds),
        "holders": unclear or holders,
        "holder_count": unclear or len(holders),
    }


def _no_clock(host: str, evidence: Evidence) -> str:
    return f"{host} told no time" if host in evidence.views else evidence.why_untold(host, "platform")


def _is_held(probe: str, record: Record) -> bool:
    """Whether a host has the key of a certificate: that of one with which it proves who it is, not of an authority's."""
    return probe != "certificate_file" or (record["is_ca"] is False and record["position"] == 0)


def _unknown_key(what: str, host: str, reason: str) -> Record:
    unknown = Unobservable(reason)
    return {"kind": what, "fingerprint": unknown, "hosts": (host,), "count": unknown, "paths": unknown}


def _booted(host: str, evidence: Evidence) -> Value:
    for look in evidence.looks(host, "kernel_boot"):
        if isinstance(look.observation, Observed):
            booted, offset = look.observation.attributes["booted"], evidence.offset(host)
            if not isinstance(booted, int | float):
                return booted
            return float(booted) - offset if offset is not None else Unobservable(f"the clock of {host} is not known")
        if isinstance(look.observation, Absent):
            return look.observation
    return Unobservable(evidence.why_untold(host, "kernel_boot"))


def _reading(host: str, evidence: Evidence) -> Record:
    view = evidence.views.get(host)
    why: Mapping[str, Value] = {"why": Absent("a reason")} if view else {"why": evidence.unread.get(host) or "it was not asked"}
    return {"host": host, "read": view is not None, "read_at": view.finished_at if view else Absent("a reading"), **why}
