"""Snapshots of volumes and file systems on this host: LVM, ZFS and btrfs.

They share the disk of what they show: good against mistakes, nothing against the loss of the host.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.restore_points import ATTRIBUTES, EPOCH_AWK, Point, Repository, observe_repositories

_LIMIT = 10000
_LVM_AWK = """BEGIN { OFS = "\\t" }
{ sub(/^ +/, "") }
$7 ~ /^[sSV]/ && $3 != "" {
  used = $5 != "" ? $5 : ($7 ~ /^V/ ? "-" : "?")
  print "snapshot", "lvm", $4, $6, used, (substr($7, 5, 1) ~ /[IS]/ ? "n" : "y"), $2 "/" $3, $2 "/" $1
}"""
_ZFS_AWK = """BEGIN { FS = OFS = "\\t" }
{ origin = $1; sub(/@.*/, "", origin); print "snapshot", "zfs", $2, $3, "-", "y", origin, $1 }"""
_BTRFS_AWK = f"""{EPOCH_AWK}
BEGIN {{ OFS = "\\t" }}
{{
  at = 0
  for (i = 1; i <= NF; i++) {{
    if ($i == "otime") {{ split($(i + 1) "-" $(i + 2), t, /[-:]/); at = epoch(t[1], t[2], t[3], t[4], t[5], t[6]) }}
    if ($i == "path") {{ name = $0; sub(/.* path /, "", name); gsub(/[\\001-\\037]/, "?", name); break }}
  }}
  print "snapshot", "btrfs", at, "-", "-", "y", ENVIRON["point"], name
}}"""
_SCRIPT = f"""list_snapshots() {{
  if have lvs; then
    if lines=$(lvs --nolocking --noheadings --units b --nosuffix --separator '|' --config 'report/time_format="%s"' \\
      -o lv_name,vg_name,origin,lv_time,snap_percent,lv_size,lv_attr 2>/dev/null); then
      printf '%s\\n' "$lines" | awk -F '|' {quote(_LVM_AWK)}
    else printf 'fault\\tlvs does not answer this user\\n'; fi
  fi
  if [ -d /proc/spl/kstat/zfs ]; then
    if ! have zfs; then printf 'fault\\tthere are ZFS pools, and no zfs command\\n'
    elif lines=$(zfs list -Hp -t snapshot -o name,creation,used 2>/dev/null); then
      if [ -n "$lines" ]; then printf '%s\\n' "$lines" | awk {quote(_ZFS_AWK)}; fi
    else printf 'fault\\tzfs does not answer this user\\n'; fi
  fi
  while read -r device point kind _; do
    if [ "$kind" != btrfs ]; then continue; fi
    case "$seen " in *" $device "*) continue ;; esac
    seen="$seen $device"
    point=$(printf '%b' "$point")
    if ! have btrfs; then printf 'fault\\tthere is a btrfs at %s, and no btrfs command\\n' "$point"
    elif lines=$(TZ=UTC btrfs subvolume list -s -- "$point" 2>/dev/null); then
      if [ -n "$lines" ]; then printf '%s\\n' "$lines" | point=$point awk {quote(_BTRFS_AWK)}; fi
    else printf 'fault\\tbtrfs does not answer this user about %s\\n' "$point"; fi
  done </proc/self/mounts
}}
seen=''
if [ ! -r /proc/self/mounts ]; then printf 'unobservable: /proc is not mounted\\n'
elif ! have awk; then printf 'unobservable: there is no awk command\\n'
else
  list_snapshots | awk 'NR > {_LIMIT} {{ next }} {{ print }}
    END {{ if (NR > {_LIMIT}) print "fault\\tmore than {_LIMIT} snapshots"; if (!NR) print "none"; print "end" }}'
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One process for each kind of storage that is there."""
    return Question(_SCRIPT, ("lvs", "zfs list", "btrfs subvolume list", "/proc/self/mounts", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """Tab-separated `snapshot TOOL TIME SIZE USED WHOLE ORIGIN NAME` lines, or `none`; then `end`."""
    said = reply(answer, "snapshots")
    if said:
        return said
    lines = [line.split("\t") for line in closed_lines(answer)]
    if not lines:
        raise Unreadable("neither a snapshot nor `none`")
    repositories: dict[tuple[str, str], Repository] = {}
    snapshots: list[Record] = []
    for line in lines:
        if line[0] == "fault":
            return Unobservable(line[1])
        if line == ["none"]:
            continue
        word, tool, time, size, used, whole, origin, name = line
        if word != "snapshot" or whole not in {"y", "n"}:
            raise Unreadable(f"not a snapshot: {line!r}"[:120])
        told = {"evidence": "repository", "time_is": "exact"}
        repository = repositories.setdefault((tool, origin), Repository(tool, origin, told=told))
        point = Point(float(int(time)), None if size == "-" else int(size), "snapshot", whole == "y", name)
        repository.points.append(point)
        snapshots.append({
            "time": point.time, "location": origin, "tool": tool, "name": name, "whole": point.whole or False,
            "used_percent": _percent(used),
        })  # fmt: skip
    told_all: dict[str, Value] = {**observe_repositories(list(repositories.values())).attributes, "snapshots": tuple(snapshots)}
    return Observed(told_all)


def _percent(used: str) -> Value:
    if used == "?":
        return Unobservable("LVM tells it of active volumes only")
    return float(used) if used != "-" else Absent("a limit of its own")


PROBE = Probe(
    name="snapshots",
    summary="Snapshots of LVM volumes, ZFS datasets and btrfs file systems",
    arguments=(),
    attributes=(
        Attribute(
            "snapshots", Type.RECORDS, "one record per snapshot",
            (
                Attribute("time", Type.TIMESTAMP, "when it was made"),
                Attribute("location", Type.TEXT, "the volume, dataset or file system it shows"),
                Attribute("tool", Type.TEXT, "lvm, zfs or btrfs"),
                Attribute("name", Type.TEXT, "its own name"),
                Attribute("whole", Type.BOOLEAN, "false for an LVM snapshot that ran full: it is lost"),
                Attribute(
                    "used_percent", Type.NUMBER,
                    "how much of its room for changes an LVM snapshot has used; absent where it has no limit of its own",
                ),
            ),
        ),
        *ATTRIBUTES,
    ),
    ask=ask,
    read=read,
    example="snapshot\tzfs\t1767222000\t65536\t-\ty\ttank/data\ttank/data@autosnap_2025-12-31\nend\n",
    time_limit_s=60,
)  # fmt: skip
