"""PAM's files: which of them count, how their lines travel, and what a service's stack is once its includes are resolved.

A rule travels as `FILE: TYPE CONTROL MODULE ARGUMENT...`, blanks folded, comments gone, continued lines joined. Format: pam.d(5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secscan.probing import Unreadable, quote

DIRECTORIES = ("/etc/pam.d", "/usr/etc/pam.d", "/usr/lib/pam.d")  # the first that has a service's file wins
_DEPTH = 16
_WORD = re.compile(r"\[(?:[^\]\\]|\\.)*\]|\S+")
_AWK = r"""
function tell(line) {
  gsub(/[ \t\r\001-\037\177]+/, " ", line); sub(/^ /, "", line); sub(/ $/, "", line)
  if (line == "") return
  while (match(line, / [^ =]*(pass|pw|secret|key|token)[^ =]*=[^ \/*][^ ]*/)) {
    at = index(substr(line, RSTART), "=")
    line = substr(line, 1, RSTART + at - 1) "********" substr(line, RSTART + RLENGTH)
  }
  keep = !count || (includes && (line ~ /^@include / || line ~ / (include|substack) /))
  for (i = 1; i <= count; i++) keep = keep || index(line, wanted[i])
  if (keep) print FILENAME ": " line
}
BEGIN { count = split(only, wanted, " ") }
FNR == 1 { held = "" }
{
  text = held $0; held = ""
  sub(/#.*/, "", text)
  if (sub(/\\$/, "", text)) { held = text " "; next }
  tell(text)
}
"""
# shell that prints every rule of every file that counts; `fault REASON` lines when not all could be read, nothing without PAM
LIST_FILES = f"""set -- {quote(*DIRECTORIES)}
names=' ' faults=''
for dir in "$@"; do
  shift
  [ -d "$dir" ] || continue
  if [ ! -r "$dir" ]; then faults="$dir cannot be listed by this user"; continue; fi
  for file in "$dir"/*; do
    case $file in
      *~ | *.rpmnew | *.rpmsave | *.rpmorig | *.dpkg-* | *.ucf-* | *.bak | *.old | *.orig | *.pam-old) continue ;;
      *[!A-Za-z0-9_./+-]*) continue ;;
    esac
    [ -f "$file" ] || continue
    case $names in *" ${{file##*/}} "*) continue ;; esac
    names="$names${{file##*/}} "
    if [ -r "$file" ]; then set -- "$@" "$file"; else faults="$file cannot be read by this user"; fi
  done
done
[ -z "$faults" ] || printf 'fault %s\\n' "$faults"
"""


def list_rules(modules: Sequence[str] = (), *, includes: bool = True) -> str:
    """Shell, after LIST_FILES, that prints the rules of those files; only those of some modules, with or without includes."""
    only = quote(" ".join(modules))
    return f"""if [ $# -gt 0 ]; then awk -v only={only} -v includes={int(includes)} {quote(_AWK)} "$@"; fi\n"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a stack."""

    type: str
    control: str
    module: str
    arguments: tuple[str, ...]
    file: str

    def __str__(self) -> str:
        return " ".join((f"{self.file}:", self.type, self.control, self.module, *self.arguments))


def parse_rule(line: str) -> Rule:
    """A rule of `FILE: TYPE CONTROL MODULE ARGUMENT...`; an @include is of type and control "@include". Else Unreadable."""
    file, separator, text = line.partition(": ")
    words = [re.sub(r"\s+", " ", word) for word in _WORD.findall(text)] if "[" in text else text.split()
    if separator and file.startswith("/"):
        if len(words) == 2 and words[0] == "@include":
            return Rule("@include", "@include", words[1], (), file)
        if len(words) >= 3:
            return Rule(words[0].lstrip("-").lower(), words[1].lower(), words[2], tuple(words[3:]), file)
    raise Unreadable(f"expected 'FILE: TYPE CONTROL MODULE ARGUMENTS', got {line[:120]!r}")


def by_service(lines: Sequence[str]) -> dict[str, list[Rule]]:
    """Rules by the name of their file."""
    found: dict[str, list[Rule]] = {}
    for line in lines:
        rule = parse_rule(line)
        found.setdefault(rule.file.rsplit("/", 1)[-1], []).append(rule)
    return found


def resolve(service: str, files: Mapping[str, Sequence[Rule]], kind: str = "", depth: int = 0) -> list[Rule]:
    """The stack of a service, of one type or of all, with what it includes in place. Unreadable when an include is missing."""
    if depth > _DEPTH:
        raise Unreadable(f"files include each other more than {_DEPTH} deep")
    stack: list[Rule] = []
    for rule in files.get(service, ()):
        if rule.type == "@include" or rule.control in {"include", "substack"}:
            inner = kind if rule.type == "@include" else rule.type
            if kind in {"", inner}:
                name = rule.module.rsplit("/", 1)[-1]
                if name not in files:
                    raise Unreadable(f"{rule.file} includes {rule.module}, which is empty or missing")
                stack += resolve(name, files, inner, depth + 1)
        elif kind in {"", rule.type}:
            stack.append(rule)
    return stack


def module_name(written: str) -> str:
    """pam_unix.so of /lib/security/pam_unix.so, and of pam_unix as a person may write it."""
    name = written.rsplit("/", 1)[-1]
    return name if name.endswith(".so") else name + ".so"
