"""Directories in which root's commands are looked for: every PATH that the files of a sign-in may give root.

The files are read, never run: whatever branch of them may set PATH counts. What the environment adds is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply

_FILES = (
    "/etc/environment /etc/login.defs /usr/etc/login.defs /etc/profile /usr/etc/profile /etc/profile.local /etc/profile.d/*.sh "
    "/etc/bash.bashrc /etc/bashrc /root/.profile /root/.bash_profile /root/.bash_login /root/.bashrc"
)
# one line `SOURCE<tab>ENTRY` per entry, in order; what comes from variables is left as it is written
_AWK = r"""
function tell(value,   parts, count, i, entry) {
  gsub(/["\047]/, "", value); gsub(/[\001-\037\177]/, "?", value)
  sub(/[ \t;&|)].*/, "", value)
  gsub(/\$\{?HOME\}?|^~|:~/, "&\n", value)
  while (match(value, /(\$\{?HOME\}?|~)\n/)) value = substr(value, 1, RSTART - 1) root substr(value, RSTART + RLENGTH)
  count = split(value, parts, ":")
  for (i = 1; i <= count; i++) {
    entry = parts[i]
    if (entry ~ /^\$\{?PATH(:[+-].*)?\}?$/ || entry ~ /^\$\{PATH$/ || entry ~ /^[+-]/) continue
    if (value ~ /^\$\{?PATH\}?$/) continue
    print FILENAME ":" FNR "\t" entry
  }
}
/^[ \t]*#/ { next }
FILENAME ~ /login\.defs$/ { if ($1 ~ /^ENV_(SUPATH|ROOTPATH)$/) { sub(/^PATH=/, "", $2); tell($2) }; next }
match($0, /(^|[ \t;&(])PATH=/) { tell(substr($0, RSTART + RLENGTH)); next }
/^[ \t]*pathmunge[ \t]+[^( \t]/ { tell($2) }
"""
_SCRIPT = f"""nl='
'
fault=''
set --
for file in {_FILES}; do
  [ -f "$file" ] || continue
  if [ -r "$file" ]; then set -- "$@" "$file"; else fault="$file cannot be read by this user"; fi
done
if [ -n "$fault" ] || [ ! -x /root ]; then printf 'unobservable: %s\\n' "${{fault:-/root cannot be searched by this user}}"
elif [ $# = 0 ]; then printf 'unobservable: there is no file that sets PATH\\n'
else
  entries=$(awk -v root=/root {quote(_AWK)} "$@")
  printf '%s' "${{entries:+$entries$nl}}" | while IFS='	' read -r source entry; do
    printf 'entry %s %s\\n' "$source" "${{entry:-.}}"
  done
  set -f
  IFS=$nl
  # shellcheck disable=SC2046 # one path a line
  set -- $(printf '%s\\n' "$entries" | sed -n 's/^[^	]*	\\(\\/.*\\)$/\\1/p' | sort -u)
  set +f
  for directory in "$@"; do
    shift
    if [ -d "$directory" ]; then set -- "$@" "$directory"; fi
  done
  if [ $# -gt 0 ]; then stat -L -c 'directory %a %U %n' -- "$@"; fi
  printf 'end\\n'
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One awk for the entries, one stat for the directories."""
    return Question(_SCRIPT, (*_FILES.split(), "directories of PATH (stat)"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`entry SOURCE DIRECTORY` in order, `directory MODE OWNER PATH` for those that exist, then `end`."""
    said = reply(answer, "root's PATH")
    if said:
        return said
    entries: dict[str, list[str]] = {}
    known: dict[str, tuple[int, str]] = {}
    for line in closed_lines(answer):
        if found := re.fullmatch(r"entry (/\S+) (.+)", line):
            entries.setdefault(found[2], []).append(found[1])
        elif found := re.fullmatch(r"directory ([0-7]{1,4}) (\S+) (/.*)", line):
            known[found[3]] = (int(found[1], 8), found[2])
        else:
            raise Unreadable(f"expected 'entry SOURCE DIRECTORY', got {line[:120]!r}")
    return Observed({"entries": tuple(_record(path, sources, known) for path, sources in entries.items())})


def _record(path: str, sources: Sequence[str], known: dict[str, tuple[int, str]]) -> Record:
    told = path.startswith("/") and "$" not in path
    otherwise: Value = Absent("the directory") if told else Unobservable("depends on where and how the shell runs")
    mode, owner = known.get(path, (otherwise, otherwise))
    return {
        "path": path,
        "absolute": Unobservable("depends on a variable") if "$" in path else told,
        "exists": path in known if told else Unobservable("depends on where and how the shell runs"),
        "mode": mode,
        "owner": owner,
        "sources": tuple(sources),
    }


PROBE = Probe(
    name="root_path",
    summary="Directories in which root's commands are looked for",
    arguments=(),
    attributes=(
        Attribute(
            "entries",
            Type.RECORDS,
            "one record per directory that some file puts into root's PATH",
            (
                Attribute("path", Type.TEXT, "the directory as written; . for an empty entry"),
                Attribute("absolute", Type.BOOLEAN, "it begins with /; could not look where a variable is part of it"),
                Attribute("exists", Type.BOOLEAN, "it is a directory"),
                Attribute("mode", Type.MODE, "its permissions, links followed"),
                Attribute("owner", Type.TEXT, "its owner"),
                Attribute("sources", Type.LIST, "files and lines that name it"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    example=(
        "entry /etc/profile:5 /usr/local/sbin\nentry /etc/profile:5 /usr/sbin\n"
        "directory 755 root /usr/local/sbin\ndirectory 755 root /usr/sbin\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)
