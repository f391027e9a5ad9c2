"""Access-control lists of files: whom they let in besides owner and group, which the mode of a file does not show."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.filesystem.patterns import EXPAND, GLOB, split_pattern
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type
from secscan.probing import Unreadable, closed_lines, quote, reply

_GRANT = re.compile(r"grant (user|group) (\S{1,64}) ([r-][w-][x-]) (/.*)")
# In a file with such a list the bits of the group are the most that the list may grant, so where they are all off it grants
# nothing. GNU's ls shows which files have a list; that of busybox does not.
_ANSWER = r"""
answer() { # FILE...: what the lists of these files grant
  if ! have stat; then printf 'unobservable: there is no stat command\n'; return 0; fi
  if ! modes=$(stat -L -c '%a %n' -- "$@" 2>/dev/null); then
    # what is gone, or a link to nowhere, grants nothing
    why=$(stat -L -- "$@" 2>&1 >/dev/null | grep -v 'No such file or directory$' | head -n 1)
    if [ -n "$why" ]; then printf 'unobservable: %s\n' "$why"; return 0; fi
  fi
  # shellcheck disable=SC2046 # one path a line
  set -- $(printf '%s\n' "$modes" | sed -n 's/^[0-7]*[1-7][0-7] //p')
  if [ $# = 0 ]; then printf 'end\n'
  elif have getfacl; then
    if told=$(getfacl -p -s -- "$@" 2>/dev/null); then
      printf '%s\n' "$told" | awk -F: '
        /^# file: / { path = substr($0, 9); next }
        /^(user|group):[^:]+:/ {
          may = substr($3, 1, 3)
          if (match($0, /#effective:/)) may = substr($0, RSTART + 11, 3)
          if (may != "---") print "grant " $1 " " $2 " " may " " path
        }' && printf 'end\n'
    else printf 'unobservable: getfacl failed\n'; fi
  else
    case $(ls --version 2>/dev/null) in
      *'GNU coreutils'*)
        if ! listed=$(ls -lLd -- "$@" 2>/dev/null); then printf 'unobservable: ls failed\n'; return 0; fi
        listed=$(printf '%s\n' "$listed" | sed -n 's/^.\{10\}+[^/]* \//\//p' | head -n 1)
        if [ -z "$listed" ]; then printf 'end\n'
        else printf 'unobservable: %s has an access-control list, and there is no getfacl command\n' "$listed"; fi ;;
      *) printf 'unobservable: neither getfacl nor an ls that shows access-control lists is there\n' ;;
    esac
  fi
}
"""


def _ask_one(index: int, call: Arguments) -> str:
    patterns = call["patterns"] if isinstance(call["patterns"], tuple) else ()
    expand = "\n".join(f"expand '' {quote(split_pattern(str(pattern)))}" for pattern in patterns)
    return f"""found='' gone='' fault='' total=0
{expand}
gone=$(list_gone)
if [ -n "$gone" ]; then fault=${{gone#'? '}} fault=${{fault%%"$nl"*}}; fi
if [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"
elif [ -z "$found" ]; then printf 'end\\n'
else
  set -f
  # shellcheck disable=SC2086 # one path a line
  answer $found
  set +f
fi
part {index} 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """The shell's own globs find the files of a call, one `stat` tells which may have a list, one `getfacl` tells about these."""
    script = f"""{EXPAND}{_ANSWER}IFS=$nl
{chr(10).join(_ask_one(index, call) for index, call in enumerate(calls))}"""
    patterns = [str(pattern) for call in calls if isinstance(call["patterns"], tuple) for pattern in call["patterns"]]
    return Question(script, (*dict.fromkeys(patterns), "stat", "getfacl", "ls", "sed", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`grant user|group NAME rwx PATH` for each that a list lets in, then `end`."""
    said = reply(answer, "access-control lists")
    if said:
        return said
    grants: list[Record] = []
    for line in closed_lines(answer):
        match = _GRANT.fullmatch(line)
        if not match:
            raise Unreadable(f"not a line about an access-control list: {line[:120]!r}")
        grants.append({"path": match[4], "kind": match[1], "name": match[2], "may": match[3]})
    return Observed({"grants": tuple(grants), "count": len(grants)})


PROBE = Probe(
    name="access_list",
    summary="Whom access-control lists of files let in besides owner and group",
    arguments=(
        Argument("patterns", Type.LIST, "absolute paths, with * ? [...] as a shell takes them", required=True, pattern=GLOB),
    ),
    attributes=(
        Attribute(
            "grants",
            Type.RECORDS,
            "one record per user or group that a list lets in",
            (
                Attribute("path", Type.TEXT, "the file"),
                Attribute("kind", Type.TEXT, "user or group"),
                Attribute("name", Type.TEXT, "its name, or its number when it has none"),
                Attribute("may", Type.TEXT, "what it may do, such as r-- or rwx, as far as the mask of the list allows"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many"),
    ),
    ask=ask,
    read=read,
    example="grant user mallory r-- /etc/shadow\nend\n",
    time_limit_s=30,
)
