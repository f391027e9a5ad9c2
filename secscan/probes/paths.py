"""Every file that matches some patterns: all of /etc/cron.d, all host keys, the tree of log files."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.entries import (
    ENTRY_FIELDS,
    LIST_ERRORS,
    STAT,
    STAT_FOLLOWING,
    classify_complaint,
    stat_record,
    unknown_record,
)
from secscan.filesystem.patterns import CAP, EXPAND, GLOB, split_pattern
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply

_DESCEND = f"""if [ -z "$fault" ] && [ -n "$found" ]; then
  set -f
  # shellcheck disable=SC2086 # one path a line
  found=$({{ find -H $found -xdev \\( -name "*$nl*" -prune -exec echo '?' \\; -o -print \\) || echo '!'; }} 2>/dev/null |
    head -n {CAP + 1})
  set -- $found
  if [ $# -gt {CAP} ]; then fault='more than {CAP} files match'; fi
  case $nl$found$nl in
    *"$nl!$nl"*) fault='a part of the tree cannot be read by this user' ;;
    *"$nl?$nl"*) fault='a file name in the tree holds a line break' ;;
  esac
  set +f
fi
"""


def _ask_one(index: int, call: Arguments) -> str:
    patterns = call["patterns"] if isinstance(call["patterns"], tuple) else ()
    expand = "\n".join(f"expand '' {quote(split_pattern(str(pattern)))}" for pattern in patterns)
    return f"""found='' gone='' fault='' links='' total=0
IFS=$nl
{expand}
{_DESCEND if call["recursive"] else ""}answer {STAT_FOLLOWING if call["follow"] else STAT}
part {index} 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """The shell's own globs find the files of a call, one `stat` tells about them."""
    script = f"""{LIST_ERRORS}
{EXPAND}
answer() {{
  if ! have stat; then fault='there is no stat command'; fi
  if [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"; return 0; fi
  list_gone
  set -f
  files=''
  for file in $found; do
    if [ ! -e "$file" ] && [ "$2" = -L ]; then links=${{links}}link\\ $file$nl; else files=$files$file$nl; fi
  done
  # shellcheck disable=SC2086 # one path a line
  if [ -n "$files" ]; then list_errors "$@" -- $files; elif [ -z "$links" ]; then printf 'none\\n'; fi
  printf '%send\\n' "$links"
  set +f
}}
{chr(10).join(_ask_one(index, call) for index, call in enumerate(calls))}"""
    patterns = [str(pattern) for call in calls if isinstance(call["patterns"], tuple) for pattern in call["patterns"]]
    return Question(script, (*dict.fromkeys(patterns), "stat", *(("find",) if any(call["recursive"] for call in calls) else ())))


def read(call: Arguments, answer: Answer) -> Observation:
    """A line per file, `link PATH` for a symbolic link that cannot be followed, then `end`; `none` when no file matches."""
    said = reply(answer, "files that match")
    if said:
        return said
    entries: dict[str, Record] = {}
    lines = closed_lines(answer)
    if not lines:
        raise Unreadable("neither files nor `none`")
    for line in lines:
        if line.startswith("? "):
            verdict = classify_complaint(line[2:])
            if verdict != "absent":  # a file that went away between the glob and the stat is not there any more
                return Unobservable(verdict.removeprefix("unobservable: "))
        elif line == "none":
            continue
        elif line.startswith("link /"):
            path = line.removeprefix("link ")
            entries[path] = unknown_record(path, "the symbolic link cannot be followed", ENTRY_FIELDS, type="symlink")
        else:
            record = stat_record(line)
            entries[str(record["path"])] = record
    return Observed({"entries": tuple(entries.values()), "count": len(entries)})


PROBE = Probe(
    name="paths",
    summary="Every file or directory that matches some patterns",
    arguments=(
        Argument("patterns", Type.LIST, "absolute paths, with * ? [...] as a shell takes them", required=True, pattern=GLOB),
        Argument(
            "recursive", Type.BOOLEAN, "also everything below the directories that match, on the same file system", default=False
        ),
        Argument("follow", Type.BOOLEAN, "tell about what a symbolic link leads to", default=True),
    ),
    attributes=(
        Attribute("entries", Type.RECORDS, "one record per file, in the order of the patterns", ENTRY_FIELDS),
        Attribute("count", Type.INTEGER, "how many files match"),
    ),
    ask=ask,
    read=read,
    example=(
        "-rw-r--r-- 644 0:0 201 1767225600 root:root /etc/cron.d/e2scrub_all\n"
        "-rw-rw-r-- 664 0:33 94 1767225600 root:www-data /etc/cron.d/report\nend\n"
    ),
    time_limit_s=60,
)
