"""What lies on local disks without encryption: file systems and swap. Every disk below must be covered, not just one of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

# verity, integrity and the integrity layer of LUKS2 bear names of dm-crypt too, and encrypt nothing. A partition has no slaves of
# its own: those of the RAID array that it divides count.
_SCRIPT = r"""covered() { # NAME: whether all disks below a block device of this name are encrypted
  case $(cat "/sys/class/block/$1/dm/uuid" 2>/dev/null) in
    CRYPT-VERITY-* | CRYPT-INTEGRITY-* | CRYPT-SUBDEV-*) ;;
    CRYPT-*) return 0 ;;
  esac
  if [ -e "/sys/class/block/$1/partition" ]; then
    whole=$(readlink -f "/sys/class/block/$1")
    whole=${whole%/*}
    covered "${whole##*/}"
    return
  fi
  below=''
  for each in "/sys/class/block/$1/slaves"/*; do
    [ -e "$each" ] || continue
    covered "${each##*/}" || return 1
    below=1
  done
  [ -n "$below" ]
}
all_covered() { # NAME KIND: the same for all devices of the file system of this kind
  case $2 in
    btrfs)
      for one in /sys/fs/btrfs/*/devices/"$1"; do
        [ -e "$one" ] || continue
        for other in "${one%/*}"/*; do covered "${other##*/}" || return 1; done
      done
      ;;
  esac
  covered "$1"
}
tell() { # WHAT PATH DEVICE KIND
  block=$(readlink -f "$3" 2>/dev/null)
  if [ -z "$block" ] || [ ! -e "/sys/class/block/${block##*/}" ]; then printf 'unknown %s %s: no block device\n' "$1" "$3"
  elif all_covered "${block##*/}" "$4"; then printf '%s encrypted %s\n' "$1" "$2"
  else printf '%s open %s\n' "$1" "$2"; fi
}
tell_zfs() { # WHAT PATH DATASET
  case $(zfs get -H -o value encryption "$3" 2>/dev/null) in
    '') printf 'unknown %s zfs does not tell about %s\n' "$1" "$3" ;;
    - | off) printf '%s open %s\n' "$1" "$2" ;;
    *) printf '%s encrypted %s\n' "$1" "$2" ;;
  esac
}
tell_file() { # PATH FILE: of swap in a file, or in a loop device that a file backs
  if ! found=$(findmnt -n -v -o SOURCE,FSTYPE -T "$2" 2>/dev/null) || [ -z "$found" ]; then
    printf 'unknown swap the file system of %s cannot be told\n' "$2"
    return
  fi
  source=${found%%[[:blank:]]*} kind=${found##*[[:blank:]]}
  case $kind in zfs) tell_zfs swap "$1" "$source" ;; *) tell swap "$1" "$source" "$kind" ;; esac
}
if [ ! -d /sys/class/block ]; then printf 'unobservable: /sys is not mounted\n'; part 0 0; exit 0; fi
while read -r device point kind rest; do
  case $kind in
    zfs) tell_zfs filesystem "$point" "$device"; continue ;;
    squashfs | iso9660 | udf) continue ;;
  esac
  case $device in
    /dev/loop*) ;; # the file that backs it lies in a file system that is told itself
    /dev/*) tell filesystem "$point" "$device" "$kind" ;;
  esac
done </proc/self/mounts
if [ ! -r /proc/swaps ]; then printf 'unknown swap /proc/swaps cannot be read\n'
else
  while read -r place kind rest; do
    case $place in
      Filename) continue ;;
      /dev/zram*)
        behind=$(cat "/sys/class/block/${place#/dev/}/backing_dev" 2>/dev/null)
        case $behind in /*) tell swap "$place" "$behind" '' ;; *) printf 'swap memory %s\n' "$place" ;; esac
        continue
        ;;
      /dev/zd*) printf 'unknown swap whether the volume of ZFS behind %s is encrypted\n' "$place"; continue ;;
    esac
    if [ "$kind" = file ]; then tell_file "$place" "$place"; continue; fi
    backing=$(cat "/sys/class/block/${place#/dev/}/loop/backing_file" 2>/dev/null)
    if [ -n "$backing" ]; then tell_file "$place" "$backing"; else tell swap "$place" "$place" ''; fi
  done </proc/swaps
fi
printf 'end\n'
part 0 0"""
_LINE = re.compile(r"(filesystem|swap) (encrypted|open|memory) (/.*)|unknown (filesystem|swap) (.+)")


def ask(calls: Sequence[Arguments]) -> Question:
    """One walk through the devices below each mount and each swap."""
    files = ("/proc/self/mounts", "/proc/swaps", "/sys/class/block", "/sys/fs/btrfs")
    return Question(_SCRIPT, (*files, "findmnt", "zfs get encryption"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`filesystem open /boot`, `swap encrypted /dev/dm-1`; `unknown swap REASON` where one cannot be told; then `end`."""
    said = reply(answer, "local storage")
    if said:
        return said
    told: dict[str, list[str]] = {"filesystem": [], "swap": []}
    unknown: dict[str, str] = {}
    for line in closed_lines(answer):
        found = _LINE.fullmatch(line)
        if not found:
            raise Unreadable(f"not a line about storage: {line[:120]!r}")
        what, state, path, of, reason = found.groups()
        if of:
            unknown.setdefault(of, reason)
        else:
            told[what].append(f"{state} {_unescape(path)}")
    if not told["filesystem"]:
        unknown.setdefault("filesystem", "no file system of a local disk was seen")
    return Observed({f"open_{what}": _open(told[what], unknown.get(what, "")) for what in told})


def _open(lines: Sequence[str], unknown: str) -> Value:
    """Those that are open, each once; unknown where one was not told, for then others may be open."""
    if unknown:
        return Unobservable(unknown)
    return tuple(dict.fromkeys(line.removeprefix("open ") for line in lines if line.startswith("open ")))


def _unescape(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)


PROBE = Probe(
    name="storage_encryption",
    summary="Which file systems and which swap lie on local disks without encryption",
    arguments=(),
    attributes=(
        Attribute("open_filesystem", Type.LIST, "mount points of which not every disk below is encrypted"),
        Attribute("open_swap", Type.LIST, "swap partitions and files of which not every disk below is encrypted"),
    ),
    ask=ask,
    read=read,
    example="filesystem encrypted /\nfilesystem open /boot\nswap encrypted /dev/dm-2\nend\n",
    time_limit_s=30,
)
