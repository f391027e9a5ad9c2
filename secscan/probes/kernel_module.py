"""Kernel modules: loaded, loadable, built in, and whether modprobe's own configuration keeps them out."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, one_line, quote, reply

# kmod prints the configuration as it reads it, in its order of directories. In a tree where it does not run the files are read in
# the same order, a name in an earlier directory hiding the same name in later ones. Names are compared with _ for -.
# The modprobe of busybox has no such option, and passes over every `install` line.
_SCRIPT = r"""
release=$(uname -r)
modules=/lib/modules/$release
configuration() {
  for file in /etc/modprobe.d /etc/modprobe.d/*.conf /run/modprobe.d/*.conf; do
    if [ -e "$file" ] && [ ! -r "$file" ]; then printf 'unreadable %s\n' "$file"; fi
  done
  if have modprobe && modprobe --showconfig 2>/dev/null; then return; fi
  kept='p'
  case $(readlink -f "$(command -v modprobe)") in */busybox*) kept='/^[ 	]*install[ 	]/!p' ;; esac
  seen=' '
  for dir in /etc/modprobe.d /run/modprobe.d /usr/local/lib/modprobe.d /usr/lib/modprobe.d /lib/modprobe.d; do
    for file in "$dir"/*.conf; do
      case $seen in *" ${file##*/} "*) continue ;; esac
      [ -e "$file" ] || continue
      seen="$seen${file##*/} "
      sed -n "$kept" "$file" && printf '\n'
    done
  done
  tr ' ' '\n' </proc/cmdline 2>/dev/null | sed -n 's/^modprobe\.blacklist=//p' | tr ',' '\n' | sed 's/^/blacklist /'
}
{ printf '@loaded\n'
  if [ -r /proc/modules ]; then cat /proc/modules; printf '@loaded-known\n'
  elif [ -r /proc/sys/kernel/ostype ]; then printf '@loaded-known\n'; fi
  if [ -r "$modules/modules.builtin" ] || [ -r "$modules/modules.dep" ]; then
    printf '@builtin\n'; cat "$modules/modules.builtin" 2>/dev/null
    printf '@available\n'; cat "$modules/modules.dep" 2>/dev/null
    printf '@files-known\n'
  fi
  printf '@kernel\n'
  tr ' ' '\n' </proc/cmdline 2>/dev/null | sed -n 's/^module_blacklist=//p' | tr ',' '\n'
  printf '@configuration\n'; configuration
} 2>/dev/null | awk '
  BEGIN { for (i = 1; i < ARGC; i++) { asked[i] = ARGV[i]; delete ARGV[i] }; many = ARGC - 1 }
  function plain(name) { gsub(/-/, "_", name); return name }
  function base(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); return plain(path) }
  /^@/ { part = $1; if (part ~ /-known$/) known[part] = 1; next }
  part == "@loaded" { loaded[plain($1)] = 1 }
  part == "@builtin" { builtin[base($1)] = 1 }
  part == "@available" { path = $1; sub(/:$/, "", path); available[base(path)] = 1 }
  part == "@kernel" && $1 != "" { refused[plain($1)] = 1 }
  part == "@configuration" {
    sub(/^[ \t]+/, "")
    if (held != "") { $0 = held $0; held = "" }
    if (/\\$/) { held = substr($0, 1, length($0) - 1); next }
    if ($1 == "blacklist") blacklisted[plain($2)] = 1
    if ($1 == "install" && !(plain($2) in install)) {
      line = $0; sub(/^install[ \t]+[^ \t]+[ \t]*/, "", line)
      gsub(/[\001-\037]/, " ", line); install[plain($2)] = line
    }
    if ($1 == "unreadable") closed = $2
  }
  END {
    for (i = 1; i <= many; i++) {
      name = plain(asked[i])
      print asked[i], "loaded=" (known["@loaded-known"] ? (name in loaded ? "yes" : "no") : "?"),
        "available=" (known["@files-known"] ? (name in available || name in builtin ? "yes" : "no") : "?"),
        "builtin=" (known["@files-known"] ? (name in builtin ? "yes" : "no") : "?"),
        "blacklisted=" (name in blacklisted ? "yes" : closed != "" ? "?" : "no"),
        "refused=" (name in refused ? "yes" : "no"),
        "install=" (name in install ? install[name] : closed != "" ? "?" : "")
    }
  }' "$@" | {
  i=0
  while IFS= read -r line; do printf '%s\n' "$line"; part $i 0; i=$((i + 1)); done
}"""
_NOTHING = {"true", "false", ":", "exit", "nologin"}
_GOES_ON = frozenset(";&|`$\n")  # another command comes after


def ask(calls: Sequence[Arguments]) -> Question:
    """One awk over what the kernel, its module directory and modprobe's configuration say, for all names."""
    touches = ("/proc/modules", "/proc/cmdline", "/lib/modules/*/modules.{dep,builtin}", "/etc/modprobe.d",
               "/run/modprobe.d", "/usr/lib/modprobe.d", "modprobe --showconfig", "uname", "awk", "sed", "tr")  # fmt: skip
    return Question(f"set -- {quote(*(call['name'] for call in calls))}{_SCRIPT}", touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """`NAME loaded=.. available=.. builtin=.. blacklisted=.. refused=.. install=COMMAND`; `?` is unknown."""
    said = reply(answer, f"kernel module {call['name']}")
    if said:
        return said
    name, _, text = one_line(answer).partition(" ")
    front, separator, command = text.partition("install=")
    if name != call["name"] or not separator:
        raise Unreadable(f"not the answer for {call['name']}")
    told = dict(word.split("=", 1) for word in front.split())
    refused = told.get("refused") == "yes"
    no_files: Value = Unobservable("no module directory for the running kernel: a container, or a kernel from outside")
    closed: Value = Unobservable("modprobe's configuration cannot be read by this user")
    return Observed(
        {
            "loaded": _truth(told["loaded"], Unobservable("/proc is not mounted")),
            "available": _truth(told["available"], no_files),
            "blocked": refused or (closed if command == "?" else _does_nothing(command)),
            "builtin": _truth(told["builtin"], no_files),
            "blacklisted": refused or _truth(told["blacklisted"], closed),
            "install_command": closed if command == "?" else command or Absent("an install line"),
        }
    )


def _truth(word: str, unknown: Value) -> Value:
    if word not in {"yes", "no", "?"}:
        raise Unreadable(f"expected yes, no or ?, not {word[:20]!r}")
    return unknown if word == "?" else word == "yes"


def _does_nothing(command: str) -> bool:
    words = command.split()
    return bool(words) and words[0].rsplit("/", 1)[-1] in _NOTHING and not _GOES_ON & set(command)


PROBE = Probe(
    name="kernel_module",
    summary="A kernel module: loaded, loadable, and kept out by modprobe's configuration or not",
    arguments=(Argument("name", Type.TEXT, "name of the module; - and _ are the same", required=True, pattern=r"[A-Za-z0-9_-]+"),),
    attributes=(
        Attribute("loaded", Type.BOOLEAN, "it is in the running kernel as a module"),
        Attribute("available", Type.BOOLEAN, "it is there for the running kernel, as a file or built in"),
        Attribute(
            "blocked",
            Type.BOOLEAN,
            "loading it by name does nothing: an install line to true or false, or module_blacklist= of the kernel",
        ),
        Attribute("builtin", Type.BOOLEAN, "it is part of the kernel image and cannot be kept out"),
        Attribute(
            "blacklisted",
            Type.BOOLEAN,
            "it is not loaded for its aliases (devices, protocols); by name it still is, unless blocked",
        ),
        Attribute("install_command", Type.TEXT, "what modprobe runs instead of loading it"),
    ),
    ask=ask,
    read=read,
    example="usb-storage loaded=no available=yes builtin=no blacklisted=yes refused=no install=/bin/false\n",
    time_limit_s=20,
    condition="name",
)
