"""Local groups with everybody who is in them: members listed in /etc/group and accounts whose primary group it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, repeated, reply
from secscan.syntax.names import ID_AWK

_CAP = 20000
# The system looks for the groups of an account by their ids: who is in one group of an id is in all groups of that id.
_AWK = (
    ID_AWK
    + r"""
function add(gid, names,   one, i, number) {
  number = split(names, one, ",")
  for (i = 1; i <= number; i++) {
    if (one[i] == "" || (gid, one[i]) in member) continue
    member[gid, one[i]] = 1; members[gid] = members[gid] "," one[i]
  }
}
BEGIN { FS = ":" }
FNR == 1 { file++ }
{ sub(/^[ \t\r\f\v]+/, "") }
$1 == "" || $1 ~ /^#/ { next }
file == 1 { if (id($3) != "" && id($4) != "") { primary[id($4)] = primary[id($4)] "," $1; wanted[id($4)] = 1 }; next }
{
  gid = id($3)
  if (gid == "" && $1 !~ /^[+-]/) next # skipped by the C library too
  if (++count > cap) { print "unobservable: more than " cap " groups"; capped = 1; exit }
  delete wanted[gid]
  gsub(/[ \t\001-\037\177]/, "", $4); gsub(/[ \t\001-\037\177]/, "?", $1)
  names[count] = $1; gids[count] = gid == "" ? "?" : gid; keys[count] = gid == "" ? "line " count : gid
  add(keys[count], $4)
}
END {
  if (capped) exit
  for (i = 1; i <= count; i++) {
    if (keys[i] in primary) add(keys[i], primary[keys[i]])
    printf "group %s gid=%s members=%s\n", names[i], gids[i], substr(members[keys[i]], 2)
  }
  for (gid in wanted) print "missing " gid
}
"""
)
_SCRIPT = f"awk -v cap={_CAP} {quote(_AWK)} /etc/passwd /etc/group\nprintf 'end\\n'\npart 0 0"


def ask(calls: Sequence[Arguments]) -> Question:
    """One awk over both files."""
    return Question(_SCRIPT, ("/etc/group", "/etc/passwd"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`group NAME gid=GID members=a,b` for each group, `missing GID` for primary groups that do not exist, then `end`."""
    said = reply(answer, "groups")
    if said:
        return said
    lines = closed_lines(answer)
    capped = next((line for line in lines if line.startswith("unobservable: ")), "")
    if capped:
        return Unobservable(capped.removeprefix("unobservable: "))
    missing = sorted((line.removeprefix("missing ") for line in lines if re.fullmatch(r"missing \d+", line)), key=int)
    groups = tuple(_record(line) for line in lines if not line.startswith("missing "))
    if not groups:
        raise Unreadable("no groups before the closing line")
    return Observed({
        "groups": groups,
        "shared_gids": repeated(str(group["gid"]) for group in groups if isinstance(group["gid"], int)),
        "shared_names": repeated(str(group["name"]) for group in groups),
        "missing_gids": tuple(missing),
    })  # fmt: skip


def _record(line: str) -> Record:
    found = re.fullmatch(r"group (\S+) gid=(\d+|\?) members=(\S*)", line)
    if not found:
        raise Unreadable(f"expected 'group NAME gid=GID members=...', got {line[:120]!r}")
    return {
        "name": found[1],
        "gid": int(found[2]) if found[2] != "?" else Unobservable("no group id in /etc/group"),
        "members": tuple(found[3].split(",")) if found[3] else (),
    }


PROBE = Probe(
    name="group",
    summary="Every local group and its members",
    arguments=(),
    attributes=(
        Attribute(
            "groups",
            Type.RECORDS,
            "one record per line of /etc/group",
            (
                Attribute("name", Type.TEXT, "name of the group; one that begins with + or - is a leftover of NIS"),
                Attribute("gid", Type.INTEGER, "group id"),
                Attribute("members", Type.LIST, "accounts in it, those included whose primary group it is"),
            ),
        ),
        Attribute("shared_gids", Type.LIST, "group ids that more than one group has"),
        Attribute("shared_names", Type.LIST, "names that more than one line of /etc/group has"),
        Attribute("missing_gids", Type.LIST, "primary group ids of accounts that no group has"),
    ),
    ask=ask,
    read=read,
    example="group root gid=0 members=root\ngroup sudo gid=27 members=alice,bob\nend\n",
)
