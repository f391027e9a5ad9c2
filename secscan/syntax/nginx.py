"""The configuration of nginx: its files as the shell fetches them, and the tree they make with all includes in place.

`nginx -T` would print the same, but it makes log files and a pid file where they are missing; so the files are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from secscan.model.probe import Answer
from secscan.model.values import Absent, Unobservable
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.blocks import Statement, parse_blocks

TOUCHES = ("nginx -V", "/etc/nginx/nginx.conf and what it includes", "/proc/*/cmdline of nginx", "awk")
_FILES = 400
# Words after names of secrets, credentials in headers and in URLs are masked. A `;` or brace is never eaten by that.
_MASK = r"""function hide(line,   rest, out, held) {
  gsub(/:\/\/[^\/@ \t;]*:[^\/@ \t;]*@/, "://********@", line)
  gsub(/(Bearer|Basic)[ \t]+[^"\047; \t{}$]+/, "********", line)
  out = ""; rest = line
  while (match(tolower(rest), name value)) {
    out = out substr(rest, 1, RSTART - 1)
    held = substr(rest, RSTART, RLENGTH)
    rest = substr(rest, RSTART + RLENGTH)
    match(tolower(held), name)
    out = out substr(held, 1, RLENGTH) "********"
  }
  return out rest
}
BEGIN {
  name = "(passw(or)?d|passphrase|secret|token|api[_-]?key|authorization|x-[a-z-]*key)[\"\047]?[ \t]+"
  value = "(\"[^\"$]*\"|\047[^\047$]*\047|[^\"\047$ \t;{}/~!=][^\"\047 \t;{}]*)"
}
{ sub(/\r$/, "") }
/^[ \t]*(#|$)/ { next }
{ print "| " hide($0) }"""
FETCH = r"""nl='
'
mask='@MASK@'
includes='/^[ \t]*#/ { next }
{
  line = $0
  while (match(line, /(^|[;{} \t])include[ \t]+[^;]+;/)) {
    found = substr(line, RSTART, RLENGTH)
    line = substr(line, RSTART + RLENGTH)
    sub(/^.?[ \t]*include[ \t]+|^include[ \t]+/, "", found)
    sub(/[ \t]*;$/, "", found)
    gsub(/^["\047]|["\047]$/, "", found)
    print found
  }
}'
find_main() {
  conf=''
  for file in /proc/[0-9]*/cmdline; do
    case $(tr '\000' ' ' <"$file" 2>/dev/null) in
      'nginx: master process '*' -c '*) conf=$(tr '\000' ' ' <"$file" 2>/dev/null) conf=${conf#* -c } conf=${conf%% *} ;;
    esac
  done
  [ -n "$conf" ] || conf=$(nginx -V 2>&1 | tr ' ' '\n' | sed -n 's/^--conf-path=//p')
  conf=${conf:-/etc/nginx/nginx.conf}
}
fetch() {
  queue=$conf$nl seen=$nl count=0
  while [ -n "$queue" ]; do
    file=${queue%%"$nl"*}
    queue=${queue#*"$nl"}
    case $seen in *"$nl$file$nl"*) continue ;; esac
    seen=$seen$file$nl
    count=$((count + 1))
    if [ $count -gt @FILES@ ]; then printf 'fault more than @FILES@ files\n'; break; fi
    if [ ! -r "$file" ] || [ -d "$file" ]; then printf 'fault %s cannot be read by this user\n' "$file"; continue; fi
    printf 'file %s\n' "$file"
    case $file in */mime.types) continue ;; esac
    awk "$mask" "$file"
    patterns=$(awk "$includes" "$file")
    set -f
    IFS=$nl
    for pattern in $patterns; do
      case $pattern in /*) whole=$pattern ;; *) whole=${conf%/*}/$pattern ;; esac
      printf 'include %s\n' "$pattern"
      set +f
      for match in $whole; do
        if [ -e "$match" ]; then printf 'match %s\n' "$match"; queue=$queue$match$nl; fi
      done
      set -f
    done
    set +f
    IFS=" 	$nl"
  done
}
if ! have nginx && [ ! -e /etc/nginx/nginx.conf ]; then printf 'absent\n'
elif ! have awk; then printf 'unobservable: there is no awk command\n'
else
  find_main
  if [ ! -e "$conf" ]; then printf 'unobservable: %s is not there\n' "$conf"
  else
    fetch
    printf 'end\n'
  fi
fi""".replace("@MASK@", _MASK.replace("'", "'\\''")).replace("@FILES@", str(_FILES))


@dataclass(frozen=True, slots=True)
class Placed:
    """A directive with the blocks around it, the outermost first."""

    directive: Statement
    around: tuple[Statement, ...]


def read_files(answer: Answer) -> tuple[Statement, ...] | Absent | Unobservable:
    """The whole configuration with its includes in place, from `file PATH`, `| LINE`, `include PATTERN`, `match PATH`, `end`."""
    said = reply(answer, "nginx")
    if said:
        return said
    texts: dict[str, list[str]] = {}
    matches: dict[str, list[str]] = {}
    main = file = pattern = ""
    for line in closed_lines(answer):
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        if line.startswith("file /"):
            file = line.removeprefix("file ")
            main = main or file
            texts[file] = []
        elif line.startswith("| ") and file:
            texts[file].append(line[2:])
        elif line.startswith("include ") and file:
            pattern = line.removeprefix("include ")
            matches[pattern] = []
        elif line.startswith("match /") and pattern:
            matches[pattern].append(line.removeprefix("match "))
        else:
            raise Unreadable(f"not a line of a configuration: {line[:120]!r}")
    if not main:
        raise Unreadable("neither a file nor `absent`")
    trees = {path: parse_blocks("\n".join(lines)) for path, lines in texts.items()}
    return tuple(_expand(trees[main], trees, matches, 0))


def _expand(
    statements: Iterable[Statement], trees: dict[str, tuple[Statement, ...]], matches: dict[str, list[str]], depth: int
) -> Iterator[Statement]:
    if depth > 16:
        raise Unreadable("includes are nested deeper than 16")
    for statement in statements:
        if statement.name == "include" and statement.body is None:
            if statement.value not in matches:
                raise Unreadable(f"what {statement.value[:120]!r} includes was not fetched")
            for path in matches[statement.value]:
                yield from _expand(trees[path], trees, matches, depth + 1)
        elif statement.body is not None and not statement.name.endswith("_by_lua_block"):
            yield Statement(statement.words, tuple(_expand(statement.body, trees, matches, depth)))
        else:
            yield statement


def place(name: str, statements: Sequence[Statement], around: tuple[Statement, ...] = ()) -> Iterator[Placed]:
    """Every directive of that name, wherever it stands."""
    for statement in statements:
        if statement.name == name:
            yield Placed(statement, around)
        if statement.body is not None:
            yield from place(name, statement.body, (*around, statement))
