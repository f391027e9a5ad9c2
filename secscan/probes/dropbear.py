"""The SSH servers of Dropbear that run, and what the options they were started with, and will be started with, allow.

They have no file of settings. The options of the next start stand in a file that the service reads, on Debian, RHEL, Alpine and
OpenWrt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.servers import FIND_SERVERS, STARTS_WITH_HOST

# Only letters of options and the number of -I leave the host: a forced command may hold a password.
_SCRIPT = rf"""{FIND_SERVERS}{STARTS_WITH_HOST}
letters() {{ # the options of a command line that comes with a word a line
  awk '
    function tell(letter, value) {{
      if (letter == "I") print "option I " (value ~ /^[0-9]+$/ ? value : "?")
      else print "option " letter
    }}
    !begun {{ begun = /(^|\/)dropbear$/; next }}
    next_is != "" {{ tell(next_is, $0); next_is = ""; next }}
    /^-[A-Za-z0-9]/ {{
      for (i = 2; i <= length($0); i++) {{
        letter = substr($0, i, 1)
        if (!index("bcDdGIKlpPrTWY2", letter)) {{ tell(letter, ""); continue }}
        if (i < length($0)) tell(letter, substr($0, i + 1)); else next_is = letter
        break
      }}
      next
    }}
    {{ print "strange" }}
    END {{ if (!begun || next_is != "") print "strange" }}'
}}
words() {{ # NAME FILE LINE: the words of a command line, with the value that a file gives the variable NAME in its place
  value=''
  if [ -r "$2" ]; then
    while IFS= read -r line; do
      case $line in "$1="*) value=${{line#*=}} ;; esac
    done <"$2"
  fi
  value=${{value#[\"\']}} value=${{value%[\"\']}}
  case $value in *[\$\`\"\']*) value='strange' ;; esac
  set -f
  for word in $3; do
    case $word in
      "\$$1" | "\${{$1}}") for each in $value; do printf '%s\n' "$each"; done ;;
      *) printf '%s\n' "$word" ;;
    esac
  done
  set +f
}}
next_start() {{ # `stored FILE` and the options with which the service of the distribution will start
  if [ -r /etc/openwrt_release ] && [ -r /etc/config/dropbear ]; then
    awk '
      function tell() {{
        if (!inside || off("enable")) return
        print "stored /etc/config/dropbear"
        if (off("PasswordAuth")) print "option s"
        if (off("RootPasswordAuth")) print "option g"
        if (off("RootLogin")) print "option w"
        if (set["IdleTimeout"] != "") print "option I " (set["IdleTimeout"] ~ /^[0-9]+$/ ? set["IdleTimeout"] : "?")
      }}
      function off(name) {{ return set[name] ~ /^(0|off|no|false|disabled)$/ }}
      $1 == "config" {{ tell(); split("", set); inside = $2 ~ /dropbear/ }}
      $1 == "option" {{ gsub(/["\047]/, "", $2); gsub(/["\047]/, "", $3); set[$2] = $3 }}
      END {{ tell() }}' /etc/config/dropbear
    return
  fi
  if ! starts_with_host dropbear 'dropbear@*'; then return; fi
  unit=''
  for file in /etc/systemd/system/dropbear.service /usr/lib/systemd/system/dropbear.service /lib/systemd/system/dropbear.service \
    /etc/init.d/dropbear; do
    if [ -z "$unit" ] && [ -r "$file" ]; then unit=$file; fi
  done
  if [ -z "$unit" ] || grep -qs '^ExecStart=' /etc/systemd/system/dropbear.service.d/*.conf; then return; fi
  if grep -q DROPBEAR_EXTRA_ARGS "$unit"; then name=DROPBEAR_EXTRA_ARGS file=/etc/default/dropbear
  elif grep -q DROPBEAR_OPTS "$unit"; then name=DROPBEAR_OPTS file=/etc/conf.d/dropbear
  elif grep -q '[$]OPTIONS' "$unit"; then name=OPTIONS file=/etc/sysconfig/dropbear
  else return; fi
  command=$(sed -n 's/^ExecStart=-*//p' "$unit")
  printf 'stored %s\n' "$file"
  words "$name" "$file" "${{command:-dropbear \$$name}}" | letters
}}
if [ ! -r /proc/self/stat ]; then printf 'unobservable: /proc is not mounted\n'; part 0 0; exit 0; fi
find_servers dropbear
if [ "$elsewhere" != 0 ]; then printf 'unobservable: needs root to tell whether dropbear runs in a container\n'
elif [ -n "$servers" ]; then
  if ! have awk; then printf 'unobservable: there is no awk command\n'
  else
    for pid in $servers; do
      printf 'server %s\n' "$pid"
      tr '\n\000' ' \n' 2>/dev/null <"/proc/$pid/cmdline" | letters
    done
    next_start
    printf 'end\n'
  fi
elif have dropbear && starts_with_host dropbear 'dropbear@*'; then
  printf 'unobservable: dropbear does not run now, and is started by %s\n' "$starter"
else printf 'absent\n'; fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """The command lines of the processes, and what would start one."""
    files = ("/etc/systemd/system", "/etc/runlevels", "dropbear in /etc/{init.d,default,conf.d,sysconfig,config}")
    return Question(_SCRIPT, ("/proc/*/{stat,comm,cmdline,ns/pid}", *files, "readlink", "awk", "tr", "grep", "sed"))


def read(call: Arguments, answer: Answer) -> Observation:
    """For each server `server PID` and its options, `option s` or `option I 900`, `strange` for another word; then `end`.

    What the next start will be comes as `stored FILE` with its options.
    """
    said = reply(answer, "a Dropbear that runs")
    if said:
        return said
    servers: list[tuple[int, str, list[str]]] = []
    for line in closed_lines(answer):
        if found := re.fullmatch(r"server (\d{1,10})", line):
            servers.append((int(found[1]), "process", []))
        elif found := re.fullmatch(r"stored (/\S+)", line):
            servers.append((0, found[1], []))
        elif servers and re.fullmatch(r"option [A-Za-z0-9]|option I (\d{1,10}|\?)|strange", line):
            servers[-1][2].append(line.removeprefix("option "))
        else:
            raise Unreadable(f"not an option of dropbear: {line[:120]!r}")
    if not servers:
        raise Unreadable("no server in the answer")
    running = sum(source == "process" for _, source, _ in servers)
    records = tuple({"pid": pid, "source": source, **_server(options)} for pid, source, options in servers)
    return Observed({"count": running, "servers": records})


def _server(options: list[str]) -> Record:
    if "strange" in options:
        return {**dict.fromkeys(_TOLD, Unobservable("a word of its command line is not known"))}
    given = set(options)
    limits = [option.removeprefix("I ") for option in options if option.startswith("I ")]
    idle: Value = 0
    if limits:
        idle = int(limits[-1]) if limits[-1].isdigit() else Unobservable("the time after -I is not a number")
    return {
        "root_passwords": not given & {"w", "g", "s"},
        "root": "w" not in given,
        "passwords": "s" not in given,
        "empty_passwords": "B" in given and "s" not in given,
        "two_factors": "t" in given and "s" not in given,
        "idle_limit": idle,
        "local_forwarding": "j" not in given,
        "remote_forwarding": "k" not in given,
    }


_FIELDS = (
    Attribute("pid", Type.INTEGER, "process id; 0 for the next start", passing=True),
    Attribute("source", Type.TEXT, "process, or the file that holds the options of the next start"),
    Attribute("root_passwords", Type.BOOLEAN, "root may sign in with a password: without -w, -g and -s"),
    Attribute("root", Type.BOOLEAN, "root may sign in at all: without -w"),
    Attribute("passwords", Type.BOOLEAN, "a password lets somebody in: without -s"),
    Attribute("empty_passwords", Type.BOOLEAN, "an empty password lets somebody in: with -B"),
    Attribute("two_factors", Type.BOOLEAN, "both a key and a password are demanded: with -t"),
    Attribute("idle_limit", Type.DURATION, "time without traffic after which a session ends, -I; 0 for never"),
    Attribute("local_forwarding", Type.BOOLEAN, "clients reach other hosts through it: without -j"),
    Attribute("remote_forwarding", Type.BOOLEAN, "others reach clients through it: without -k"),
)
_TOLD = tuple(field.name for field in _FIELDS if field.name not in {"pid", "source"})
PROBE = Probe(
    name="dropbear",
    summary="The SSH servers of Dropbear that run, and what their options allow",
    arguments=(),
    attributes=(
        Attribute("count", Type.INTEGER, "how many run; at least 1, without any the observation is absent"),
        Attribute("servers", Type.RECORDS, "the servers, and as one more what its service will start next", fields=_FIELDS),
    ),
    ask=ask,
    read=read,
    example="server 812\noption s\noption w\noption I 900\noption j\noption k\nstored /etc/default/dropbear\noption s\nend\n",
    needs_root=True,
)
