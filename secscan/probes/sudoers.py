"""Who may become whom with sudo: rules and defaults of sudoers with its includes, aliases expanded, one record per command."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.sudoers import Default, Rule, parse_sudoers

_LISTS = ("env_keep", "env_check", "env_delete")  # what += adds to; every line of them counts
_SCRIPT = r"""blank=' 	'
strip() { text=${text#"${text%%[!$blank]*}"}; text=${text%"${text##*[!$blank]}"}; }
tell() ( # FILE DEPTH: its lines, continued ones joined, includes in place
  if [ ! -f "$1" ]; then exit 0; fi
  if [ ! -r "$1" ]; then printf 'fault %s cannot be read by this user\n' "$1"; exit 0; fi
  if [ "$2" -gt 64 ]; then printf 'fault files include each other more than 64 deep\n'; exit 0; fi
  number=0 held='' first=0
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    [ -n "$held" ] || first=$number
    case $line in
      [!#]*\\ | \\) held="$held${line%?} "; continue ;;
    esac
    text=$held$line
    held=''
    strip
    case $text in
      '#include'[$blank]* | '@include'[$blank]* | '#includedir'[$blank]* | '@includedir'[$blank]*)
        word=${text%%[$blank]*}
        text=${text#"$word"}
        case $word in @*) text=${text%%#*} ;; esac
        strip
        text=${text#\"}
        path=${text%\"}
        while :; do
          case $path in
            *%h*) path=${path%%%h*}$host${path#*%h} ;;
            *'\ '*) path="${path%%\\ *} ${path#*\\ }" ;;
            *) break ;;
          esac
        done
        case $path in /*) ;; *) path=${1%/*}/$path ;; esac
        case $word in
          ?include) tell "$path" $(($2 + 1)) ;;
          *)
            if [ -d "$path" ] && [ ! -r "$path" ]; then printf 'fault %s cannot be listed by this user\n' "$path"; fi
            for file in "${path%/}"/*; do
              case ${file##*/} in *.* | *~) continue ;; esac
              tell "$file" $(($2 + 1))
            done
            ;;
        esac
        ;;
      '' | '#' | '#'[!0-9]*) ;;
      *) printf '%s:%s: %s\n' "$1" "$first" "$text" ;;
    esac
  done <"$1"
)
main=/etc/sudoers
[ -e "$main" ] || [ ! -e /usr/etc/sudoers ] || main=/usr/etc/sudoers
if ! have sudo; then printf 'absent\n'
elif [ ! -e "$main" ]; then printf 'unobservable: there is no %s, or it cannot be seen by this user\n' "$main"
elif [ ! -r "$main" ]; then printf 'unobservable: %s cannot be read by this user\n' "$main"
else
  host=$(uname -n)
  host=${host%%.*}
  told=$(sudo -V 2>/dev/null)
  version=${told%%"
"*}
  printf 'version %s\n' "${version##*[Vv]ersion }"
  case $told in
    *'Authentication timestamp timeout: '*)
      timeout=${told#*'Authentication timestamp timeout: '}
      printf 'timeout %s\n' "${timeout%%[!0-9.-]*}"
      ;;
  esac
  sources=files
  if [ -r /etc/nsswitch.conf ]; then
    while read -r word rest; do
      case $word in sudoers:) sources=${rest%%#*} ;; esac
    done </etc/nsswitch.conf
  fi
  printf 'sources %s\n' "$sources"
  tell "$main" 0
  printf 'end\n'
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """Every line that counts, by the shell alone."""
    return Question(_SCRIPT, ("/etc/sudoers and what it includes", "/etc/nsswitch.conf", "sudo -V"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`version V`, `timeout MINUTES`, `sources files sss` (all may be left out), `FILE:LINE: TEXT` per line that counts, `end`."""
    said = reply(answer, "sudo")
    if said:
        return said
    lines = closed_lines(answer)
    faults = [line.removeprefix("fault ") for line in lines if line.startswith("fault ")]
    if faults:
        return Unobservable(faults[0])
    version = next((line.removeprefix("version ") for line in lines if line.startswith("version ")), "")
    timeout = next((line.removeprefix("timeout ") for line in lines if line.startswith("timeout ")), "")
    sources = next((line.split()[1:] for line in lines if line.startswith("sources ")), ["files"])
    others = ", ".join(source for source in sources if source != "files")
    located = [_without_comment(line) for line in lines if line.startswith("/")]
    if not located:
        raise Unreadable("no lines before the closing line")
    found = parse_sudoers(located)
    return Observed({
        "rules": tuple(map(_rule, found.rules)),
        "defaults": tuple(_default(default, found.defaults[number + 1 :]) for number, default in enumerate(found.defaults)),
        "sources": tuple(sources),
        "complete": Unobservable(f"sudo also takes rules from {others}, which are not seen here") if others else True,
        "timeout": _number(timeout),
        "version": version or Unobservable("sudo -V told none"),
    })  # fmt: skip


def _without_comment(line: str) -> str:
    """A `#` begins a comment unless a digit follows (a user id), or it is quoted or escaped."""
    found = re.match(r'((?:"(?:[^"\\]|\\.)*"|\\.|#\d|[^#\\"])*)', line)
    return found[1].rstrip() if found and found.end() < len(line) and line[found.end()] == "#" else line


def _rule(rule: Rule) -> Record:
    command = rule.command
    return {
        "users": rule.users,
        "hosts": rule.hosts,
        "runas": command.runas,
        "runas_groups": command.runas_groups,
        "as_root": any(map(_may_be_root, command.runas)),
        "command": command.command,
        "negated": command.negated,
        "nopasswd": "NOPASSWD" in command.tags,
        "noexec": "NOEXEC" in command.tags,
        "setenv": "SETENV" in command.tags,
        "tags": command.tags,
        "file": rule.file,
        "line": rule.line,
    }


def _may_be_root(who: str) -> bool:
    """One of those that a command may be run as is root, or may be: everybody, or a group that root may be in."""
    return who in {"ALL", "root"} or who.startswith(("%", "+")) or re.fullmatch(r"#0+", who) is not None


def _default(default: Default, later: Sequence[Default]) -> Record:
    overridden = default.name not in _LISTS and any((other.name, other.scope) == (default.name, default.scope) for other in later)
    return {
        "name": default.name,
        "operator": default.operator,
        "value": default.value,
        "number": _number(default.value) if default.value else Absent("a value"),
        "negated": default.negated,
        "scope": default.scope,
        "effective": not overridden,
        "file": default.file,
        "line": default.line,
    }


def _number(text: str) -> Value:
    return float(text) if re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", text) else Unobservable(f"{text[:60]!r} is not a number")


PROBE = Probe(
    name="sudoers",
    summary="Rules and defaults of sudo, includes and aliases resolved",
    arguments=(),
    attributes=(
        Attribute(
            "rules",
            Type.RECORDS,
            "one record per command of each user specification, in order; a later match wins in sudo",
            (
                Attribute("users", Type.LIST, "who: names, %groups, #ids, ALL, aliases expanded; a leading ! excludes"),
                Attribute("hosts", Type.LIST, "on which hosts: names, addresses, ALL, aliases expanded"),
                Attribute("runas", Type.LIST, "as which users; root where nothing is said"),
                Attribute("runas_groups", Type.LIST, "as which groups"),
                Attribute("as_root", Type.BOOLEAN, "root is, or may be, one of those whom it may be run as"),
                Attribute("command", Type.TEXT, "ALL, or the command with its arguments; without !"),
                Attribute("negated", Type.BOOLEAN, "the command is excluded (!)"),
                Attribute("nopasswd", Type.BOOLEAN, "no password is asked (NOPASSWD)"),
                Attribute("noexec", Type.BOOLEAN, "the command may not start others (NOEXEC)"),
                Attribute("setenv", Type.BOOLEAN, "the environment may be set (SETENV)"),
                Attribute("tags", Type.LIST, "every tag in force, such as NOPASSWD"),
                Attribute("file", Type.TEXT, "file it stands in"),
                Attribute("line", Type.INTEGER, "line it begins on"),
            ),
        ),
        Attribute(
            "defaults",
            Type.RECORDS,
            "one record per setting of Defaults lines, in order",
            (
                Attribute("name", Type.TEXT, "name of the setting, such as use_pty"),
                Attribute("operator", Type.TEXT, "=, +=, -=, or nothing for a flag"),
                Attribute("value", Type.TEXT, "its value, quotes removed; empty for a flag"),
                Attribute("number", Type.NUMBER, "its value as a number, such as the minutes of timestamp_timeout"),
                Attribute("negated", Type.BOOLEAN, "switched off with !"),
                Attribute("scope", Type.TEXT, "empty for everybody, or user, host, runas or command and for whom"),
                Attribute("effective", Type.BOOLEAN, "no later line of the same scope replaces it"),
                Attribute("file", Type.TEXT, "file it stands in"),
                Attribute("line", Type.INTEGER, "line it begins on"),
            ),
        ),
        Attribute(
            "sources", Type.LIST, "where sudo looks, from nsswitch.conf: files, and sss or ldap whose rules are not seen here"
        ),
        Attribute("complete", Type.BOOLEAN, "true when files are the only source; could not look when rules come from others too"),
        Attribute(
            "timeout", Type.NUMBER, "minutes for which sudo remembers a password, as sudo -V tells: built in or set for everybody"
        ),
        Attribute("version", Type.VERSION, "version of sudo, such as 1.9.13p3"),
    ),
    ask=ask,
    read=read,
    example=(
        "version 1.9.13p3\ntimeout 15.0\nsources files\n/etc/sudoers:9: Defaults use_pty, timestamp_timeout=5\n"
        "/etc/sudoers:44: root ALL=(ALL:ALL) ALL\n/etc/sudoers.d/backup:1: backup ALL=(root) NOPASSWD: /usr/bin/rsync\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)
