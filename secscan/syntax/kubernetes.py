"""How the programs of Kubernetes are told what to do: flags of the process that runs, and settings in a file of YAML or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from secscan.model.values import Unobservable, Value
from secscan.probing import Unreadable

# find_process NAME: the first process that the kernel calls so, in $pid
# list_flags SWITCHES FLAGS: those flags of process $pid that are named, as `flag NAME VALUE`; a switch takes no word after it
FLAGS = r"""find_process() {
  pid=''
  for comm in /proc/[0-9]*/comm; do
    called=''
    { IFS= read -r called <"$comm"; } 2>/dev/null
    if [ "$called" = "$1" ]; then pid=${comm%/comm} pid=${pid#/proc/}; return 0; fi
  done
  return 1
}
list_flags() {
  tr '\n\000' ' \n' <"/proc/$pid/cmdline" | awk -v switches=" $1 " -v flags=" $2 " '
    NR == 1 { next }
    pending != "" { print "flag " pending " " $0; pending = ""; next }
    /^--?[a-z]/ {
      name = $0; sub(/^--?/, "", name)
      at = index(name, "="); value = at ? substr(name, at + 1) : "true"
      if (at) name = substr(name, 1, at - 1)
      if (index(switches, " " name " ")) print "flag " name " " value
      else if (index(flags, " " name " ")) { if (at) print "flag " name " " value; else pending = name }
    }'
}
"""

# list_settings FILE KEYS: the settings of a YAML file that are named, as `set a.b.c VALUE`, or `fault REASON`.
# Only block style is understood. A value where a named key should go on (`a: {b: ...}`) is printed too, so that it is noticed.
SETTINGS = r"""list_settings() {
  if [ ! -r "$1" ]; then printf 'fault %s cannot be read\n' "$1"; return 0; fi
  first=$(head -c 65536 "$1" | tr -d ' \t\r\n' | head -c 1)
  if [ "$first" = '{' ]; then
    if grep -q staticPodURLHeader "$1"; then printf 'fault %s holds request headers, which may be secret\n' "$1"
    else printf 'json %s\n' "$(head -c 65536 "$1" | tr '\n\r' '  ')"; fi
    return 0
  fi
  head -c 65536 "$1" | awk -v keys=" $2 " -v file="$1" '
    { sub(/\r$/, "") }
    /^[ \t]*(#.*)?$/ { next }
    /^---/ { if (seen) { print "fault " file " holds more than one document"; exit }; next }
    /^ *\t/ { print "fault " file " is indented with tabs"; exit }
    {
      match($0, /^ */); indent = RLENGTH; line = substr($0, indent + 1)
      while (depth && indent <= at[depth]) depth--
      if (line ~ /^- / || line == "-") next
      if (!match(line, /^["\047]?[A-Za-z][A-Za-z0-9._-]*["\047]? *:( |$)/)) next
      key = substr(line, 1, RLENGTH); value = substr(line, RLENGTH + 1)
      sub(/ *: *$/, "", key); gsub(/["\047]/, "", key)
      sub(/^ +/, "", value); if (value !~ /^["\047]/) sub(/(^| +)#.*$/, "", value); sub(/ +$/, "", value)
      if (value ~ /^".*"$/ || value ~ /^\047.*\047$/) value = substr(value, 2, length(value) - 2)
      seen = 1; depth++; at[depth] = indent; name[depth] = key
      path = name[1]; for (i = 2; i <= depth; i++) path = path "." name[i]
      if (value != "" && (index(keys, " " path " ") || index(keys, " " path "."))) print "set " path " " value
    }'
}
"""


def read_told(lines: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Flags and settings from the lines of the shell above; what comes later holds. Raises LookupError with the host's reason."""
    flags: dict[str, str] = {}
    settings: dict[str, str] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        if word == "flag":
            flags[name] = value
        elif word == "set":
            settings[name] = value
        elif word == "json":
            settings |= _flattened(json.loads(rest))
        elif word == "fault":
            raise LookupError(rest)
        else:
            raise Unreadable(f"neither a flag nor a setting: {line[:120]!r}")
    return flags, settings


def _flattened(told: Mapping[str, object], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in told.items():
        if isinstance(value, Mapping):
            found |= _flattened(value, f"{before}{name}.")
        elif isinstance(value, bool):
            found[before + name] = str(value).lower()
        else:
            found[before + name] = str(value)
    return found


def read_switch(value: str | None, default: bool | Unobservable) -> Value:
    """A flag or setting that is true or false; the words are those that Go's flags take.

    >>> read_switch("false", True), read_switch(None, True), read_switch("1", False)
    (False, True, True)
    """
    if value is None:
        return default
    if value in {"true", "True", "TRUE", "t", "T", "1"}:
        return True
    if value in {"false", "False", "FALSE", "f", "F", "0"}:
        return False
    return Unobservable(f"{value[:60]!r} is neither true nor false")


def read_number(value: str | None, default: int) -> Value:
    """A flag or setting that is a whole number."""
    if value is None:
        return default
    return int(value) if value.isdecimal() else Unobservable(f"{value[:60]!r} is no number")
