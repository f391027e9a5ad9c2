"""The files of Apache httpd's configuration: the shell that fetches them, and its answer taken apart.

`apachectl -t -D DUMP_CONFIG` would tell the same where mod_info is loaded, but it makes run and lock directories where they are
missing; so the files are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from secscan.model.probe import Answer
from secscan.probing import MASK_AWK, Unreadable, closed_lines, quote
from secscan.syntax.servers import FIND_SERVERS

TOUCHES = (
    "apache2 -v, -l (httpd -v, -l)",
    "/etc/apache2/apache2.conf, /etc/httpd/conf/httpd.conf and what they include",
    "/etc/apache2/envvars",
    "/proc/*/{stat,cmdline,ns/pid} of httpd",
    "awk",
)
STRUCTURE = ("define", "undefine", "include", "includeoptional", "listen", "loadmodule", "serveralias", "servername", "serverroot",
             "sslengine", "use")  # fmt: skip
_FILES = 800

# Joined lines of sections and of wanted directives; other directives stay on the host. Values with names of secrets are masked.
_LINES = f"""{MASK_AWK}
function hide(line,   low, at) {{
  if (tolower(line) ~ /^servertokens[ \\t]/) return line
  line = mask(line)
  gsub(/(Bearer|Basic|Digest)[ \\t]+[^"\\047 \\t]+/, "********", line)
  low = tolower(line)
  if (match(low, /^[ \\t]*[a-z]*(password|passphrase|secret|token)[a-z]*[ \\t]+[^ \\t]/)) {{
    at = RSTART + RLENGTH - 1
    line = substr(line, 1, at - 1) "********"
  }} else if (match(low, /(password|passphrase|passwd|secret|token|api[_-]?key)[a-z0-9_-]*["\\047]?[ \\t]+[^ \\t]/)) {{
    at = RSTART + RLENGTH - 1
    line = substr(line, 1, at - 1) "********"
  }}
  return line
}}
BEGIN {{ many = split(names, each, " "); for (i = 1; i <= many; i++) wanted[each[i]] = 1 }}
{{
  sub(/\\r$/, "")
  line = held $0
  if (line ~ /\\\\$/) {{ held = substr(line, 1, length(line) - 1); next }}
  held = ""
  tell(line)
}}
END {{ if (held != "") tell(held) }}
function tell(line,   name) {{
  sub(/^[ \\t]+/, "", line)
  if (line == "" || line ~ /^#/) return
  name = tolower(line)
  if (name ~ /^<(if|elseif|else)[ \\t>]/) {{
    match(line, /^<[A-Za-z]+/)
    print "| " substr(line, 1, RLENGTH) " condition>"
    return
  }}
  sub(/[ \\t].*/, "", name)
  if (line ~ /^</ || name in wanted) print "| " hide(line)
}}"""
_INCLUDES = r"""{
  sub(/\r$/, "")
  line = held $0
  if (line ~ /\\$/) { held = substr(line, 1, length(line) - 1); next }
  held = ""
  sub(/^[ \t]+/, "", line)
  name = tolower(line)
  sub(/[ \t].*/, "", name)
  if (name != "include" && name != "includeoptional" && name != "serverroot") next
  sub(/^[^ \t]+[ \t]+/, "", line)
  sub(/[ \t]+$/, "", line)
  gsub(/^["\047]|["\047]$/, "", line)
  print (name == "serverroot" ? "root " : "include ") line
}"""
_SHELL = r"""nl='
'
take_words() { # WORD...: what the command line of a running httpd says
  while [ $# -gt 0 ]; do
    case $1 in
      -D) printf 'define %s\n' "${2:-}"; shift ;;
      -D?*) printf 'define %s\n' "${1#-D}" ;;
      -f) conf=${2:-}; shift ;;
      -d) root=${2:-}; shift ;;
      -c | -C | -c?* | -C?*) printf 'unread the command line, which holds directives\n' ;;
    esac
    [ $# = 0 ] || shift
  done
}
find_main() { # sets $conf and $root
  conf='' root=''
  for pid in $servers; do
    words=$(tr '\000\n' '\n ' <"/proc/$pid/cmdline" 2>/dev/null)
    IFS=$nl
    set -f
    # shellcheck disable=SC2086 # one word a line
    set -- $words
    set +f
    IFS=" 	$nl"
    [ $# = 0 ] || shift
    take_words "$@"
  done
  case $conf in '' | /*) ;; *) conf=${root:+$root/}$conf ;; esac
  for file in ${root:+"$root/apache2.conf"} /etc/apache2/apache2.conf /etc/httpd/conf/httpd.conf /etc/apache2/httpd.conf \
    /usr/local/apache2/conf/httpd.conf; do
    if [ -z "$conf" ] && [ -e "$file" ]; then conf=$file; fi
  done
  case $conf in */conf/httpd.conf) root=${root:-${conf%/conf/httpd.conf}} ;; *) root=${root:-${conf%/*}} ;; esac
}
matches() { # PATTERN: the files of it, a directory's own below it
  IFS=''
  for match in $1; do
    if [ -d "$match" ]; then matches "$match/*"
    elif [ -e "$match" ]; then printf 'match %s\n' "$match"; fi
  done
  IFS=" 	$nl"
}
fetch() {
  queue=$conf$nl seen=$nl count=0
  while [ -n "$queue" ]; do
    file=${queue%%"$nl"*}
    queue=${queue#*"$nl"}
    case $seen in *"$nl$file$nl"*) continue ;; esac
    seen=$seen$file$nl
    count=$((count + 1))
    if [ $count -gt @FILES@ ]; then printf 'unread more than @FILES@ files\n'; break; fi
    printf 'file %s\n' "$file"
    if [ ! -r "$file" ] || [ ! -f "$file" ]; then printf 'unread %s\n' "$file"; continue; fi
    awk -v names="$names" "$lines" "$file"
    found=$(awk "$includes" "$file")
    set -f
    IFS=$nl
    for entry in $found; do
      pattern=${entry#* }
      case $pattern in /*) whole=$pattern ;; *) whole=$root/$pattern ;; esac
      case $entry in 'root '*) root=$pattern; continue ;; esac
      printf 'include %s\n' "$pattern"
      set +f
      told=$(matches "$whole")
      set -f
      IFS=$nl
      for match in $told; do queue=$queue${match#match }$nl; done
      [ -z "$told" ] || printf '%s\n' "$told"
    done
    set +f
    IFS=" 	$nl"
  done
}
program=''
# busybox has an httpd too: asked for its version it would start, and show every file of the host to everybody
for file in /usr/sbin/apache2 /usr/sbin/httpd /usr/sbin/httpd-prefork /usr/local/apache2/bin/httpd; do
  if [ -z "$program" ] && [ -x "$file" ] && grep -q 'Apache/' "$file"; then
    case $("$file" -v 2>/dev/null </dev/null) in *'Server version: Apache/'*) program=$file ;; esac
  fi
done
if [ -r /proc/self/stat ]; then find_servers apache2 httpd httpd-prefork; else servers='' elsewhere=0; fi
set -f
# shellcheck disable=SC2086 # process ids
set -- $servers
set +f
if [ -z "$program" ] && [ $# = 0 ]; then printf 'absent\n'
elif [ -z "$program" ]; then printf 'unobservable: an httpd runs here whose program is not where packages put it\n'
elif ! have awk; then printf 'unobservable: there is no awk command\n'
elif [ $# -gt 1 ]; then printf 'unobservable: %s servers run here, each with a configuration of its own\n' $#
else
  "$program" -v 2>/dev/null </dev/null | sed -n 's,^Server version: Apache/\([0-9.]*\).*,version \1,p'
  "$program" -l 2>/dev/null </dev/null | sed -n 's/^ *\([A-Za-z0-9_]*\)\.c$/built \1/p'
  find_main
  if [ -r /etc/apache2/envvars ] && [ "$conf" = /etc/apache2/apache2.conf ]; then
    # shellcheck disable=SC2016 # the text of the file
    sed -n 's/^[ 	]*export[ 	]*\(APACHE_[A-Z_]*\)=\([^ `]*\)[ 	]*$/\1 \2/p' /etc/apache2/envvars | sed 's/\$SUFFIX//g' |
      grep -v '[$"]' | sed 's/^/env /'
  fi
  if [ -z "$conf" ]; then printf 'unread the main file, which is at none of the usual places\n'; else fetch; fi
  printf 'end\n'
fi"""


def fetch(names: Iterable[str]) -> str:
    """Shell that prints the files of the configuration: of directives only the named ones and what gives them their place."""
    wanted = " ".join(dict.fromkeys([*STRUCTURE, *(name.lower() for name in names)]))
    shell = _SHELL.replace("@FILES@", str(_FILES))
    return f"lines={quote(_LINES)}\nincludes={quote(_INCLUDES)}\nnames={quote(wanted)}\n{FIND_SERVERS}{shell}"


@dataclass(slots=True)
class Told:
    """What the host said, and, while it is read, what httpd knows at that point."""

    version: str = ""
    main: str = ""
    modules: list[str] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)
    texts: dict[str, list[str]] = field(default_factory=dict)
    matches: dict[str, list[str]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def read_answer(answer: Answer) -> Told:
    """`version`, `built`, `define`, `env`, `file`, `| LINE`, `include`, `match`, `unread`, then `end`."""
    told = Told()
    file = pattern = ""
    for line in closed_lines(answer):
        word, _, rest = line.partition(" ")
        if word == "file" and rest.startswith("/"):
            file, pattern = rest, ""
            told.main = told.main or file
            told.texts[file] = []
        elif word == "|" and file:
            told.texts[file].append(rest)
        elif word == "include" and file:
            pattern = rest
            told.matches[pattern] = []
        elif word == "match" and pattern:
            told.matches[pattern].append(rest)
        elif not _take_fact(told, word, rest):
            raise Unreadable(f"not a line of a configuration: {line[:120]!r}")
    if not told.version or not told.sources or not (told.main or told.unread):
        raise Unreadable("the version, the built-in modules or the main file is missing")
    return told


def _take_fact(told: Told, word: str, rest: str) -> bool:
    """Keep what a line says outside of files; False when it is no such line."""
    name, _, value = rest.partition(" ")
    if word == "version" and re.fullmatch(r"\d+(\.\d+)+", rest):
        told.version = rest
    elif word == "built" and rest:
        told.sources.add(f"{rest}.c")
        told.modules.append(_module_of(rest))
    elif word == "define" and rest:
        told.defined.add(rest.partition("=")[0])
        told.variables[rest.partition("=")[0]] = rest.partition("=")[2]
    elif word == "env" and value:
        told.variables.setdefault(name, value)
    elif word == "unread" and rest:
        told.unread[rest if rest.startswith("/") else ""] = rest
    else:
        return False
    return True


def _module_of(source: str) -> str:
    """mod_unixd -> unixd_module, core -> core_module, http_core -> http_module."""
    return f"{source.removeprefix('mod_').removesuffix('_core')}_module"
