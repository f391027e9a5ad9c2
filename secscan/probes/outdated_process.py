"""Programs that still run what an update has replaced: libraries and executables in memory that no longer lie on disk."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Value
from secscan.probing import Unreadable, closed_lines, reply

_CAP = 2000
_LINE = re.compile(r"(\d{1,6}) (\d{1,12}|-) (.{1,64})\t(/.*)")
# Only what is executed counts, and only below the system's own directories: a deleted file in /dev/shm is a program's own affair.
_SCRIPT = rf"""if [ "$(id -u)" != 0 ]; then printf 'unobservable: needs root to see what runs in memory\n'; part 0 0; exit 0; fi
if [ ! -r /proc/self/maps ]; then printf 'unobservable: /proc is not mounted\n'; part 0 0; exit 0; fi
if ! have awk || ! have stat; then printf 'unobservable: there is no awk or no stat command\n'; part 0 0; exit 0; fi
list_replaced() {{
  grep -HsE '^[^ ]+ ..x. [^ ]+ [^ ]+ [0-9]+ +/(usr|lib|lib32|lib64|bin|sbin|opt)/.* \(deleted\)$' /proc/[0-9]*/maps |
    awk '{{
      pid = $1; sub(/^\/proc\//, "", pid); sub(/\/.*/, "", pid)
      path = substr($0, index($0, $6)); sub(/ \(deleted\)$/, "", path); sub(/\.dpkg-(new|tmp)$/, "", path)
      if ((pid, path) in seen) next
      seen[pid, path] = 1
      comm = "/proc/" pid "/comm"
      if (!(pid in name)) {{ name[pid] = "?"; if ((getline line <comm) > 0) name[pid] = line; close(comm) }}
      if (!(count[name[pid] "\t" path]++) && ++pairs > {_CAP}) {{ print "too many"; exit }}
    }}
    END {{ if (pairs <= {_CAP}) for (pair in count) print count[pair] " " pair }}' | sort
}}
told=$(list_replaced)
case $told in
  *'too many'*) printf 'unobservable: more than {_CAP} programs and libraries\n'; part 0 0; exit 0 ;;
esac
known=''
if [ -n "$told" ]; then
  printf '%s\n' "$told" | while IFS= read -r line; do
    path=/${{line#*	/}} rest=${{line#* }}
    case $known in *"|$path="*) changed=${{known##*"|$path="}} changed=${{changed%%|*}} ;;
      *) changed=$(stat -c %Z -- "$path" 2>/dev/null) || changed=-; known="$known|$path=$changed|" ;;
    esac
    printf '%s %s %s\n' "${{line%% *}}" "$changed" "$rest"
  done
else printf 'none\n'; fi
printf 'end\n'
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `grep` over the maps of all processes."""
    return Question(_SCRIPT, ("/proc/*/{maps,comm}", "stat", "grep", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`COUNT REPLACED PROGRAM<tab>FILE` per program and file, REPLACED in epoch seconds or `-`; or `none`; then `end`."""
    said = reply(answer, "processes")
    if said:
        return said
    lines = closed_lines(answer)
    if not lines:
        raise Unreadable("neither programs nor `none`")
    records = tuple(_record(line) for line in lines if line != "none")
    return Observed(
        {"uses": records, "programs": tuple(dict.fromkeys(str(record["program"]) for record in records)), "count": len(records)}
    )


def _record(line: str) -> Record:
    match = _LINE.fullmatch(line)
    if not match:
        raise Unreadable(f"not a line about a program: {line[:120]!r}")
    replaced: Value = Absent("a file in its place") if match[2] == "-" else float(match[2])
    return {"program": match[3], "file": match[4], "processes": int(match[1]), "replaced": replaced}


PROBE = Probe(
    name="outdated_process",
    summary="Programs that still run libraries or executables which were replaced on disk",
    arguments=(),
    attributes=(
        Attribute(
            "uses",
            Type.RECORDS,
            "one record per program and file that it still runs",
            (
                Attribute("program", Type.TEXT, "name of the process"),
                Attribute("file", Type.TEXT, "path of the library or executable that was replaced or removed"),
                Attribute("processes", Type.INTEGER, "how many processes of that name do", passing=True),
                Attribute("replaced", Type.TIMESTAMP, "when the file that lies there now came; absent when there is none"),
            ),
        ),
        Attribute("programs", Type.LIST, "names of these programs"),
        Attribute("count", Type.INTEGER, "how many records"),
    ),
    ask=ask,
    read=read,
    example="1 1767139200 nginx\t/usr/lib/x86_64-linux-gnu/libssl.so.3\nend\n",
    time_limit_s=60,
    needs_root=True,
)
