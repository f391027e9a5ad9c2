"""Files as lines of text: how `stat` and `find` are made to print them, and how they are read.

A file travels as one line, the same from GNU stat, busybox stat and GNU find:
  -rw-r----- 640 0:42 1234 1767225600 root:shadow /etc/shadow
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from secscan.model.probe import Attribute
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import Unreadable

PATH = r"/[^\x00-\x1f\x7f]*"  # absolute, without control characters, so that one line holds it

STAT = "stat -c '%A %a %u:%g %s %Y %U:%G %n'"
STAT_FOLLOWING = "stat -L -c '%A %a %u:%g %s %Y %U:%G %n'"
FIND_PRINTF = "%M %m %U:%G %s %Ts %u:%g %p\\n"

_LINE = re.compile(r"([-dlbcps])[-rwxsStT]{9} ([0-7]{1,4}) (\d{1,10}):(\d{1,10}) (\d{1,19}) (-?\d{1,12}) ([^:]*):([^:]*?) (/.*)")
_TYPES = {
    "-": "regular", "d": "directory", "l": "symlink", "b": "block", "c": "character", "p": "fifo", "s": "socket",
}  # fmt: skip
_MISSING = ("No such file or directory", "Not a directory")

ENTRY_FIELDS = (
    Attribute("path", Type.TEXT, "absolute path"),
    Attribute("type", Type.TEXT, "regular, directory, symlink, block, character, fifo or socket"),
    Attribute("mode", Type.MODE, "permission bits"),
    Attribute("owner", Type.TEXT, "name of the owner; absent when the user id has no name"),
    Attribute("group", Type.TEXT, "name of the group; absent when the group id has no name"),
    Attribute("uid", Type.INTEGER, "user id of the owner"),
    Attribute("gid", Type.INTEGER, "group id"),
    Attribute("size", Type.SIZE, "size in bytes"),
    Attribute("modified", Type.TIMESTAMP, "when the content was last changed"),
)

# list_errors COMMAND...: runs it; its output passes, then each of its complaints as a line that begins with "? "
LIST_ERRORS = """nl='
'
list_errors() {
  { complaints=$("$@" 2>&1 >&4 4>&-); } 4>&1
  set -f
  IFS=$nl
  for complaint in $complaints; do printf '? %s\\n' "$complaint"; done
  set +f
  IFS=" $nl"
}"""


def stat_record(line: str) -> Record:
    """The fields of ENTRY_FIELDS from one line of STAT or FIND_PRINTF; Unreadable when it is not one."""
    match = _LINE.fullmatch(line)
    if not match:
        raise Unreadable(f"not a line about a file: {line[:120]!r}")
    kind, mode, uid, gid, size, modified, owner, group, path = match.groups()
    return {
        "path": path,
        "type": _TYPES[kind],
        "mode": int(mode, 8),
        "owner": _name(owner, uid, "user"),
        "group": _name(group, gid, "group"),
        "uid": int(uid),
        "gid": int(gid),
        "size": int(size),
        "modified": float(modified),
    }


def _name(name: str, number: str, kind: str) -> str | Absent:
    """stat prints UNKNOWN and find prints the number when an id has no name."""
    return Absent(f"a name of {kind} id {number}") if name in {"UNKNOWN", "", number} else name


def unknown_record(path: str, reason: str, fields: Iterable[Attribute], **known: str) -> Record:
    """A record about a path of which nothing but `known` could be seen."""
    record: Record = {field.name: Unobservable(reason) for field in fields}
    record["path"] = path
    record.update(known)
    return record


def settle(asked: Sequence[str], lines: Iterable[str]) -> dict[str, str]:
    """For every path that was given to one `stat`: its line, `absent`, or `unobservable: why`.

    stat complains in the order of its arguments, so the n-th complaint belongs to the n-th path without a line; its quoting
    of odd names need not be undone. When the numbers do not fit, none of the complaints is trusted.
    """
    answers: dict[str, str] = {}
    complaints = []
    for line in lines:
        if line.startswith("? "):
            complaints.append(line[2:])
        elif match := _LINE.fullmatch(line):
            answers[match[9]] = line
    missing = [path for path in asked if path not in answers]
    for number, path in enumerate(missing):
        if len(complaints) == len(missing):
            answers[path] = classify_complaint(complaints[number])
        else:
            said = complaints[0] if complaints else "stat said nothing about it"
            answers[path] = f"unobservable: {said}"
    return answers


def classify_complaint(complaint: str) -> str:
    """`absent` when the system says that there is no such file; else `unobservable: ` and what it says."""
    return "absent" if complaint.endswith(_MISSING) else f"unobservable: {complaint.removeprefix('stat: ')}"
