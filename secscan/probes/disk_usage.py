"""How full file systems are, in bytes and inodes, counted as `df` counts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.filesystem.entries import PATH
from secscan.filesystem.mounts import LOCAL, classify_file_system
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply

_FORMAT = "type=%T block=%S blocks=%b free=%f available=%a inodes=%c inodes_free=%d %n"
_LINE = re.compile(r"type=(\S+) block=(\d+) blocks=(\d+) free=(\d+) available=(-?\d+) inodes=(\d+) inodes_free=(\d+) (/.*)")
_POINTS = f"""BEGIN {{ split("{" ".join(LOCAL)}", names, " "); for (i in names) local[names[i]] = 1 }}
$2 !~ /^\\/(proc|sys|dev|run)(\\/|$)/ && ($3 in local || ($3 == "overlay" && $2 == "/")) && !(($1, $3) in seen) {{
  if ($3 != "tmpfs") seen[$1, $3] = 1
  print $2
}}"""


def _ask_one(index: int, path: str) -> str:
    if not path:
        return f"measure $points\nprintf 'end\\n'\npart {index} 0"
    return f"measure {quote(path)}\nprintf 'end\\n'\npart {index} 0"


def ask(calls: Sequence[Arguments]) -> Question:
    """One `stat -f` per call, each with its own limit so that a dead network share spoils only the question about itself."""
    everywhere = ""
    if any(not call["path"] for call in calls):
        everywhere = f"""points=$(awk {quote(_POINTS)} /proc/self/mounts)
case $points in *\\\\*) points=$(printf '%b' "$points") ;; esac
"""
    script = f"""limit=''
if timeout -s KILL 1 true 2>/dev/null; then limit='timeout -s KILL 10'; fi
{everywhere}measure() {{
  if ! have stat; then printf 'fault there is no stat command\\n'; return 0; fi
  if [ $# = 0 ]; then printf 'fault no local file system is known\\n'; return 0; fi
  IFS=' '
  # shellcheck disable=SC2086 # the limit is several words
  {{ complaints=$($limit stat -f -c {quote(_FORMAT)} -- "$@" 2>&1 >&4 4>&-); }} 4>&1
  case $? in
    0) ;;
    124 | 137) printf 'fault it did not answer within 10 s\\n' ;;
    *) printf 'fault %s\\n' "${{complaints:-stat failed}}" ;;
  esac
  IFS='
'
}}
IFS='
'
set -f
{chr(10).join(_ask_one(index, str(call["path"])) for index, call in enumerate(calls))}"""
    return Question(script, (*dict.fromkeys(str(call["path"]) or "all local file systems" for call in calls), "stat"))


def read(call: Arguments, answer: Answer) -> Observation:
    """A line per file system, or `fault REASON`, then `end`. Without a path, the attributes are those of the fullest."""
    said = reply(answer, str(call["path"]))
    if said:
        return said
    records: list[Record] = []
    for line in closed_lines(answer):
        if line.startswith("fault "):
            missing = line.endswith(("No such file or directory", "Not a directory")) and call["path"]
            return Absent(str(call["path"])) if missing else Unobservable(line.removeprefix("fault "))
        records.append(_record(line))
    if not records or (call["path"] and [record["path"] for record in records] != [call["path"]]):
        raise Unreadable("not the file systems that were asked about")
    fullest = max(records, key=lambda record: _sortable(record["used_percent"]))
    inodes = max(records, key=lambda record: _sortable(record["inodes_percent"]))["inodes_percent"]
    return Observed({
        **{name: fullest[name] for name in ("used_percent", "available", "size")},
        "inodes_percent": inodes,
        "file_systems": tuple(records),
    })  # fmt: skip


def _sortable(value: Value) -> float:
    return value if isinstance(value, int | float) else -1.0


def _record(line: str) -> Record:
    match = _LINE.fullmatch(line)
    if not match:
        raise Unreadable(f"not a line about a file system: {line[:120]!r}")
    kind, path = match[1], match[8]
    block, blocks, free, available, inodes, inodes_free = (int(number) for number in match.groups()[1:7])
    used = blocks - free
    uncounted = Absent(f"a count of inodes: {kind} makes them as needed")
    return {
        "path": path,
        "used_percent": _percent(used, used + max(available, 0)) if blocks else Unobservable(f"{kind} tells no size"),
        "inodes_percent": _percent(inodes - inodes_free, inodes) if inodes else uncounted,
        "available": max(available, 0) * block,
        "size": blocks * block,
        "kind": "network" if classify_file_system(kind) == "network" else "local",
    }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


_FIELDS = (
    Attribute("used_percent", Type.NUMBER, "share of the space that ordinary users may fill which is taken, as df shows it"),
    Attribute(
        "inodes_percent", Type.NUMBER, "share of the inodes that is taken; absent where the file system makes them as needed"
    ),
    Attribute("available", Type.SIZE, "bytes that ordinary users may still write"),
    Attribute("size", Type.SIZE, "size of the file system in bytes"),
)
PROBE = Probe(
    name="disk_usage",
    summary="How full the file system of a path is, or without a path every local file system",
    arguments=(
        Argument(
            "path", Type.TEXT, "a path on the file system; without one the fullest local file system is told",
            default="", pattern=f"({PATH})?",
        ),
    ),
    attributes=(
        *_FIELDS,
        Attribute(
            "file_systems", Type.RECORDS, "one record per file system that was looked at",
            (
                Attribute("path", Type.TEXT, "the path, or the mount point"), *_FIELDS,
                Attribute("kind", Type.TEXT, "local or network"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    example="type=ext2/ext3 block=4096 blocks=2564101 free=1282050 available=1148932 inodes=655360 inodes_free=589824 /var\nend\n",
    time_limit_s=60,
    condition="path",
)  # fmt: skip
