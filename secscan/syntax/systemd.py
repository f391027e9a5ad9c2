"""Configuration of systemd's own services: main file, drop-ins, masks and assignments, merged as systemd does; its sizes and times.

Directories in order of precedence: /etc, /run, /usr/local/lib, /usr/lib (and /lib where that is another directory). The first main
file found counts, then every drop-in in the order of its name; of equal names the one of the first directory hides the others.
"""

from __future__ import annotations

import re

from secscan.probing import quote

_UNITS_S = {
    **dict.fromkeys(("s", "sec", "second", "seconds", ""), 1.0),
    **dict.fromkeys(("us", "usec", "µs"), 1e-6),
    **dict.fromkeys(("ms", "msec"), 1e-3),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
    **dict.fromkeys(("M", "month", "months"), 2629800.0),
    **dict.fromkeys(("y", "year", "years"), 31557600.0),
}
_SIZES = {"": 1, "B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50, "E": 2**60}
_BOOLEANS = {
    **dict.fromkeys(("1", "yes", "y", "true", "t", "on"), True),
    **dict.fromkeys(("0", "no", "n", "false", "f", "off"), False),
}
# systemd_is_init: whether systemd is process 1, or would be in a tree that does not run.
# Where it is not, its files say nothing.
SYSTEMD_IS_INIT = """systemd_is_init() {
  [ ! -d /run/systemd/system ] || return 0
  [ ! -e /proc/self ] || return 1
  case $(readlink -f /sbin/init) in */systemd) ;; *) return 1 ;; esac
}
"""
# $made: units that a generator wants, between blanks. systemctl calls them enabled-runtime, yet they are wanted anew at every boot.
GENERATED = """made=' '
for link in /run/systemd/generator*/*.wants/* /run/systemd/generator*/*.requires/*; do
  if [ -h "$link" ]; then made="$made${link##*/} "; fi
done
"""
# for awk, with made as its variable: enablement(UnitFileState, Id)
ENABLEMENT_AWK = """function enablement(state, id) {
  return state == "enabled-runtime" && index(made, " " id " ") ? "generated" : state
}
"""
_SCRIPT = """tell() { # FILE: every assignment of the section, as FILE: KEY=VALUE
  if [ ! -r "$1" ]; then printf 'fault %s cannot be read by this user\\n' "$1"; return; fi
  inside='' held=''
  while IFS= read -r line || [ -n "$line" ]; do
    line=$held$line
    held=''
    line=${line#"${line%%[!$blank]*}"}
    case $line in
      '' | '#'* | ';'*) ;;
      *\\\\) held="${line%?} " ;;
      '['*) inside=''; case $line in "[$section]"*) inside=yes ;; esac ;;
      *=*)
        [ -n "$inside" ] || continue
        key=${line%%=*}
        value=${line#*=}
        value=${value#"${value%%[!$blank]*}"}
        printf '%s: %s=%s\\n' "$1" "${key%"${key##*[!$blank]}"}" "${value%"${value##*[!$blank]}"}"
        ;;
    esac
  done <"$1"
}
blank=' 	'
set -- /etc/systemd /run/systemd /usr/local/lib/systemd /usr/lib/systemd
[ -L /lib ] || set -- "$@" /lib/systemd
for dir in "$@"; do
  if [ -e "$dir/$name" ]; then
    if [ -f "$dir/$name" ]; then tell "$dir/$name"; fi
    break
  fi
done
dropins=$(
  for dir in "$@"; do
    if [ -d "$dir/$name.d" ] && [ ! -r "$dir/$name.d" ]; then printf 'fault\\n'; fi
    for file in "$dir/$name.d"/*.conf; do
      if [ -e "$file" ] || [ -L "$file" ]; then printf '%s\\n' "${file##*/}"; fi
    done
  done
)
[ -z "$dropins" ] || dropins=$(printf '%s\\n' "$dropins" | sort -u)
while IFS= read -r file; do
  case $file in '') continue ;; fault) printf 'fault a directory %s.d cannot be listed by this user\\n' "$name"; continue ;; esac
  for dir in "$@"; do
    if [ -f "$dir/$name.d/$file" ]; then tell "$dir/$name.d/$file"; break; fi
    if [ -e "$dir/$name.d/$file" ] || [ -L "$dir/$name.d/$file" ]; then break; fi
  done
done <<EOT
$dropins
EOT
"""


# settings_of FILE SECTION: the same as a function, for files whose names the host knows (`system/ssh.service`)
SETTINGS_OF = f"settings_of() ( # FILE SECTION\nname=$1 section=$2\n{_SCRIPT})\n"


def list_settings(name: str, section: str) -> str:
    """Shell that prints each assignment in the order systemd reads them, `FILE: KEY=VALUE`; `fault REASON` for what is hidden."""
    return f"name={quote(name)} section={quote(section)}\n{_SCRIPT}"


def read_seconds(text: str) -> float:
    """Seconds of systemd.time(7) spans such as `90`, `1month`, `2h 30min`; ValueError otherwise. `infinity` is infinite."""
    if text.strip() == "infinity":
        return float("inf")
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-zA-Zµ]*)", text)
    if not parts or re.sub(r"\s+", "", "".join(number + unit for number, unit in parts)) != re.sub(r"\s+", "", text):
        raise ValueError(text)
    if unknown := [unit for _, unit in parts if unit not in _UNITS_S]:
        raise ValueError(unknown[0])
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def read_bytes(text: str) -> int:
    """Bytes of `1G`, `512M`, `4096`, to the base 1024 as systemd counts; ValueError otherwise."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([BKMGTPE]?)", text.strip())
    if not found:
        raise ValueError(text)
    return int(float(found[1]) * _SIZES[found[2]])


def read_boolean(text: str) -> bool:
    """yes, true, on, 1 and their opposites, whatever the case; ValueError otherwise."""
    if text.lower() not in _BOOLEANS:
        raise ValueError(text)
    return _BOOLEANS[text.lower()]
