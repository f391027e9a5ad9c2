"""Storage that several hosts hold together, DRBD and Ceph, as this host sees it: is every copy there and up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply

# DRBD 8 tells everything in /proc/drbd, DRBD 9 only its version. A host with Ceph's command alone is a client of somebody's.
_SCRIPT = r"""show_drbd() {
  version=''
  { read -r _ version _ </proc/drbd; } 2>/dev/null
  case $version in
    8.*) sed -n 's/^ *\([0-9][0-9]*: cs:.*\)/drbd8 \1/p' /proc/drbd ;;
    *)
      if ! have drbdsetup; then printf 'fault DRBD runs, and there is no drbdsetup command\n'
      elif told=$(drbdsetup status --json 2>/dev/null); then printf 'drbd9 %s\n' "$(printf '%s' "$told" | tr '\n' ' ')"
      else printf 'fault drbdsetup: %s\n' "$(drbdsetup status --json 2>&1 >/dev/null | tr '\n' ' ')"; fi
      ;;
  esac
}
show_ceph() {
  keeps=''
  for place in /var/lib/ceph/mon/* /var/lib/ceph/osd/* /var/lib/ceph/mgr/* /var/lib/ceph/*-*-*-*-*; do
    if [ -d "$place" ]; then keeps=yes; fi
  done
  if [ -z "$keeps" ]; then return 0; fi
  if ! have ceph; then printf 'fault the host keeps a part of a Ceph cluster, and there is no ceph command\n'
  elif told=$(ceph --connect-timeout 10 health --format json 2>/dev/null); then
    printf 'ceph %s\n' "$(printf '%s' "$told" | tr '\n' ' ')"
  else printf 'fault the Ceph cluster does not answer to this user\n'; fi
}
if [ ! -d /proc/self ]; then printf 'unobservable: /proc is not mounted\n'; part 0 0; exit 0; fi
told=$(if [ -e /proc/drbd ]; then printf 'looked drbd\n'; show_drbd; fi; show_ceph)
if [ -n "$told" ]; then printf '%s\nend\n' "$told"; else printf 'absent\n'; fi
part 0 0"""
_OLD = re.compile(r"(\d{1,7}): cs:(\S+)(?: (?:ro|st):(\S+))?(?: ds:([^/\s]+)/(\S+))?(?: .*)?")


def ask(calls: Sequence[Arguments]) -> Question:
    """/proc/drbd or one `drbdsetup status`, and one `ceph health`."""
    return Question(_SCRIPT, ("/proc/drbd", "drbdsetup status --json", "/var/lib/ceph", "ceph health --format json"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`looked drbd`; `drbd8 LINE` per device of /proc/drbd or `drbd9 JSON`; `ceph JSON`; then `end`."""
    said = reply(answer, "replicated storage")
    if said:
        return said
    copies: list[Record] = []
    lines = closed_lines(answer)
    if not lines:
        raise Unreadable("neither replicated storage nor `absent`")
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "fault":
            return Unobservable(rest.strip())
        if kind == "drbd8":
            copies.append(_old(rest))
        elif kind == "drbd9":
            copies += [record for resource in json.loads(rest) for record in _resource(resource)]
        elif kind == "ceph":
            copies.append(_ceph(json.loads(rest)))
        elif line != "looked drbd":
            raise Unreadable(f"not a line about replicated storage: {line[:120]!r}")
    return Observed({"copies": tuple(copies), "count": len(copies)})


def _old(line: str) -> Record:
    """A device of DRBD 8; source: the user's guide of DRBD 8.4, "Status information in /proc/drbd"."""
    match = _OLD.fullmatch(line)
    if not match:
        raise Unreadable(f"not a device of DRBD: {line[:120]!r}")
    connection, here, there = match[2], match[4] or "Unconfigured", match[5] or "Unconfigured"
    return _drbd(f"drbd{match[1]}", connection, here, there)


def _resource(told: Mapping[str, Any]) -> Iterator[Record]:
    """What DRBD 9 tells of a resource: a record per volume and peer, or one without a connection when there is no peer."""
    here = {device["volume"]: device for device in told["devices"]}
    for connection in told["connections"]:
        peers = {peer["volume"]: peer for peer in connection["peer_devices"]}
        for volume, device in here.items():
            peer = peers.get(volume, {})
            state = str(peer.get("replication-state", "Off"))
            linked = str(connection["connection-state"])
            name = f"{told['name']}/{volume} with {connection['name']}"
            # a diskless client keeps no data by intent: only the other side counts
            kept = "UpToDate" if device.get("client") is True else str(device["disk-state"])
            sent = "UpToDate" if peer.get("peer-client") is True else str(peer.get("peer-disk-state", "DUnknown"))
            yield _drbd(name, state if linked == "Connected" and state != "Established" else linked, kept, sent)
    if not told["connections"]:
        for volume, device in here.items():
            yield _drbd(f"{told['name']}/{volume}", "StandAlone", str(device["disk-state"]), "DUnknown")


def _drbd(name: str, connection: str, here: str, there: str) -> Record:
    return {
        "kind": "drbd", "name": name, "connected": connection == "Connected", "in_sync": here == there == "UpToDate",
        "healthy": connection == "Connected" and here == there == "UpToDate",
        "state": f"{connection} {here}/{there}", "complaints": (),
    }  # fmt: skip


def _ceph(told: Mapping[str, Any]) -> Record:
    """`ceph health`; source: docs.ceph.com, "Health checks". What an operator has muted is a complaint like the others."""
    unknown = Absent("a value for it: Ceph tells its health as a whole")
    return {
        "kind": "ceph", "name": "ceph", "connected": unknown, "in_sync": unknown, "healthy": told["status"] == "HEALTH_OK",
        "state": str(told["status"]), "complaints": tuple(sorted(str(name) for name in told.get("checks", {}))),
    }  # fmt: skip


PROBE = Probe(
    name="replicated_storage",
    summary="Storage that several hosts hold together: DRBD and Ceph",
    arguments=(),
    attributes=(
        Attribute(
            "copies",
            Type.RECORDS,
            "one record per DRBD device and peer, and one for the Ceph cluster that the host is a part of",
            (
                Attribute("kind", Type.TEXT, "drbd or ceph"),
                Attribute("name", Type.TEXT, "the device, the resource with its peer, or ceph"),
                Attribute("connected", Type.BOOLEAN, "the peer is there and what is written goes to it; absent for ceph"),
                Attribute("in_sync", Type.BOOLEAN, "both copies are complete; absent for ceph"),
                Attribute("healthy", Type.BOOLEAN, "connected and in sync; for ceph: HEALTH_OK"),
                Attribute("state", Type.TEXT, "as its own program words it, such as Connected UpToDate/UpToDate or HEALTH_WARN"),
                Attribute("complaints", Type.LIST, "the health checks of Ceph that complain, such as OSD_DOWN"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many records"),
    ),
    ask=ask,
    read=read,
    example="looked drbd\ndrbd8 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\nend\n",
    time_limit_s=60,
)  # fmt: skip
