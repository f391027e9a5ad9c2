"""Redundant storage and its health: Linux software RAID, ZFS, btrfs over several devices, LVM RAID."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, fields, reply

# Everything but LVM is told by /proc and /sys to everybody, without a process. `-` stands for a file that is not there.
_SCRIPT = r"""if [ ! -d /sys/block ]; then printf 'unobservable: /sys is not mounted\n'; part 0 0; exit 0; fi
list_arrays() {
  slurp() {
    value=-
    if [ -r "$1" ]; then IFS= read -r value <"$1" || :; elif [ -e "$1" ]; then value='?'; fi
    value=${value:--}
  } 2>/dev/null
  for array in /sys/block/md*/md; do
    if [ ! -d "$array" ]; then continue; fi
    name=${array%/md}
    printf 'md %s' "${name##*/}"
    for file in level array_state raid_disks degraded sync_action mismatch_cnt metadata_version; do
      slurp "$array/$file"
      printf ' %s' "${value%% *}"
    done
    printf '\n'
  done
  for state in /proc/spl/kstat/zfs/*/state; do
    if [ ! -e "$state" ]; then continue; fi
    name=${state%/state}
    slurp "$state"
    printf 'zfs %s %s\n' "$value" "${name##*/}"
  done
  if [ -d /proc/spl/kstat/zfs ]; then
    for pool in /proc/spl/kstat/zfs/*/io; do
      if [ -e "$pool" ] && [ ! -e "${pool%/io}/state" ]; then printf 'fault this ZFS is too old to tell its state in /proc\n'; fi
    done
  fi
  for system in /sys/fs/btrfs/*-*-*-*-*; do
    if [ ! -d "$system/devices" ]; then continue; fi
    devices=0 missing=0 errors=0 level=single
    for device in "$system"/devinfo/*; do
      if [ ! -e "$device/missing" ]; then continue; fi
      devices=$((devices + 1))
      slurp "$device/missing"
      if [ "$value" != 0 ]; then missing=$((missing + 1)); fi
      if [ -r "$device/error_stats" ]; then
        while read -r _ number; do errors=$((errors + number)); done <"$device/error_stats"
      else errors='?'; fi
      if [ "$errors" = '?' ]; then errors=0 unknown=1; fi
    done
    if [ -n "${unknown:-}" ]; then errors='?'; unknown=''; fi
    if [ $devices = 0 ]; then missing='?'; for device in "$system"/devices/*; do devices=$((devices + 1)); done; fi
    for profile in "$system"/allocation/data/*; do
      case ${profile##*/} in raid* | dup) if [ -d "$profile" ]; then level=${profile##*/}; fi ;; esac
    done
    if [ "$devices $level $missing" = '1 single 0' ] || [ "$devices $level $missing" = '1 dup 0' ]; then continue; fi
    printf 'btrfs %s %s %s %s %s\n' "${system##*/}" "$level" "$devices" "$missing" "$errors"
  done
  volumes=''
  for name in /sys/block/dm-*/dm/name; do
    if [ ! -r "$name" ]; then continue; fi
    slurp "$name"
    case $value in
      *_rimage_*) volumes=1 ;;
      *_mimage_*) printf 'fault the old kind of LVM mirror (%s) is not understood\n' "$value" ;;
    esac
  done
  if [ -n "$volumes" ]; then
    if ! have dmsetup; then printf 'fault there are LVM RAID volumes, and no dmsetup command\n'
    elif ! dmsetup status --target raid 2>/dev/null; then
      printf 'fault there are LVM RAID volumes, and only root can ask about them\n'
    fi |
      while IFS= read -r line; do case $line in 'fault '*) ;; *) line="lvm $line" ;; esac; printf '%s\n' "$line"; done
  fi
}
arrays=$(list_arrays)
printf '%s\n' "${arrays:-none}"
printf 'end\n'
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One look for all: there are no arguments."""
    return Question(_SCRIPT, ("/sys/block/md*/md", "/proc/spl/kstat/zfs", "/sys/fs/btrfs", "/sys/block/dm-*/dm/name", "dmsetup"))


def read(call: Arguments, answer: Answer) -> Observation:
    """A line per array, or `none`; then `end`. In place of a value, `-` is not there and `?` is not readable.

    `md NAME LEVEL STATE DISKS DEGRADED ACTION MISMATCHES METADATA`, `zfs STATE NAME`, `btrfs ID LEVEL DEVICES MISSING ERRORS`,
    `lvm` and a line of `dmsetup status`.
    """
    said = reply(answer, "arrays")
    if said:
        return said
    arrays = []
    lines = closed_lines(answer)
    if not lines:
        raise Unreadable("neither arrays nor `none`")
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "fault":
            return Unobservable(rest)
        if line == "none":
            continue
        if kind not in _READERS:
            raise Unreadable(f"not a line about an array: {line[:120]!r}")
        arrays.append(_READERS[kind](rest))
    return Observed({"arrays": tuple(arrays), "count": len(arrays)})


def _md(rest: str) -> Record:
    seen = fields(rest, ("name", "level", "state", "disks", "degraded", "action", "mismatches", "metadata"))
    container = seen["level"] == "container" or (seen["level"] == "-" and seen["metadata"].startswith("external:"))
    running = seen["state"] in {"clean", "active", "active-idle", "write-pending", "readonly", "read-auto"}
    missing = 0 if container or seen["level"] in {"raid0", "linear"} else _number(seen["degraded"], "the number of missing members")
    healthy: Value = container or (running and missing == 0)
    if running and isinstance(missing, Unobservable | Absent):
        healthy = Unobservable("the number of missing members is not told")
    return {
        "name": seen["name"], "kind": "md", "level": "container" if container else _text(seen["level"], "a level"),
        "state": _text(seen["state"], "a state"), "healthy": healthy, "members": _number(seen["disks"], "a number of members"),
        "missing": missing, "activity": _text(seen["action"], "an activity"),
        "errors": _number(seen["mismatches"], "a count of mismatches"),
    }  # fmt: skip


def _zfs(rest: str) -> Record:
    seen = fields(rest, ("state", "name"))
    known = seen["state"] not in {"-", "?"}
    unknown = Unobservable("ZFS tells only the state of a pool")
    return {
        "name": seen["name"], "kind": "zfs", "level": unknown, "state": seen["state"] if known else Unobservable("not told"),
        "healthy": seen["state"] == "ONLINE" if known else Unobservable("the state is not told"),
        "members": unknown, "missing": unknown, "activity": unknown, "errors": unknown,
    }  # fmt: skip


def _btrfs(rest: str) -> Record:
    seen = fields(rest, ("name", "level", "devices", "missing", "errors"))
    missing = _number(seen["missing"], "a number of missing devices")
    return {
        "name": seen["name"], "kind": "btrfs", "level": seen["level"],
        "state": missing if isinstance(missing, Unobservable | Absent) else ("degraded" if missing else "online"),
        "healthy": missing if isinstance(missing, Unobservable | Absent) else missing == 0,
        "members": _number(seen["devices"], "a number of devices"), "missing": missing,
        "activity": Unobservable("btrfs tells it only to its own tools"), "errors": _number(seen["errors"], "a count of errors"),
    }  # fmt: skip


def _lvm(rest: str) -> Record:
    """A line of `dmsetup status --target raid`; source: the kernel's dm-raid documentation. A alive, a not in sync, D dead."""
    name, colon, status = rest.partition(": ")
    seen = fields(status, ("start", "length", "target", "level", "members", "health", "ratio", "action", "mismatches"))
    health = seen["health"]
    if not colon or seen["target"] != "raid" or len(health) != int(seen["members"]) or set(health) - set("AaD"):
        raise Unreadable(f"not a line of dmsetup: {rest[:120]!r}")
    missing = health.count("D") + (health.count("a") if seen["action"] == "recover" else 0)
    return {
        "name": name, "kind": "lvm", "level": seen["level"], "state": health, "healthy": not missing, "members": len(health),
        "missing": missing, "activity": seen["action"], "errors": int(seen["mismatches"].split()[0]),
    }  # fmt: skip


def _number(text: str, what: str) -> int | Absent | Unobservable:
    if text in {"-", "?"}:
        return Absent(what) if text == "-" else Unobservable(f"{what} cannot be read by this user")
    return int(text)


def _text(text: str, what: str) -> str | Absent | Unobservable:
    if text in {"-", "?"}:
        return Absent(what) if text == "-" else Unobservable(f"{what} cannot be read by this user")
    return text


_READERS: dict[str, Callable[[str], Record]] = {"md": _md, "zfs": _zfs, "btrfs": _btrfs, "lvm": _lvm}
PROBE = Probe(
    name="raid",
    summary="Redundant storage arrays and their health: software RAID, ZFS, btrfs, LVM RAID",
    arguments=(),
    attributes=(
        Attribute(
            "arrays", Type.RECORDS, "one record per array, pool or volume",
            (
                Attribute("name", Type.TEXT, "md0, a pool, a file system's id, group-volume"),
                Attribute("kind", Type.TEXT, "md, zfs, btrfs or lvm"),
                Attribute("level", Type.TEXT, "raid1, raid5, ..., as its own tools name it"),
                Attribute("state", Type.TEXT, "clean, active, inactive, ONLINE, DEGRADED, ..., as the kernel names it"),
                Attribute("healthy", Type.BOOLEAN, "it runs with all its members"),
                Attribute("members", Type.INTEGER, "how many members it should have"),
                Attribute("missing", Type.INTEGER, "how many of them are missing or failed"),
                Attribute("activity", Type.TEXT, "idle, check, resync, recover, ..."),
                Attribute("errors", Type.INTEGER, "mismatches of the last check (md), or errors of all devices (btrfs)"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many arrays"),
    ),
    ask=ask,
    read=read,
    example="md md0 raid1 clean 2 0 idle 0 1.2\nzfs ONLINE tank\nend\n",
    time_limit_s=30,
)  # fmt: skip
