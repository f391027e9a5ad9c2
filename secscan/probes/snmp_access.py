"""Whom the SNMP agent of the host answers: communities, which are passwords in clear and are never told, and users."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply

_DEPTH = 4
_COMMUNITY = re.compile(r"community (ro|rw) usual=(yes|no) source=(\S{1,200})")
_USER = re.compile(r"user (\S{1,100}) (ro|rw) level=(\S{1,20})")
_LISTEN = re.compile(r"listen (\S{1,300})")
# Files in the order in which snmpd reads them. What is behind createUser is never looked at.
_SCRIPT = rf"""show() {{ # FILE DEPTH
  if [ ! -r "$1" ]; then printf 'fault %s cannot be read by this user\n' "$1"; return 0; fi
  if [ "$2" -gt {_DEPTH} ]; then printf 'fault %s: files include each other\n' "$1"; return 0; fi
  tr '\t\r' '  ' <"$1" | while read -r word rest; do
    case $word in
      [Ii]nclude[Ff]ile) case $rest in /*) show "$rest" $(($2 + 1)) ;; *) show "${{1%/*}}/$rest" $(($2 + 1)) ;; esac ;;
      [Ii]nclude[Dd]ir) for file in "${{rest%/}}"/*.conf; do if [ -e "$file" ]; then show "$file" $(($2 + 1)); fi; done ;;
      *) printf '%s %s\n' "$word" "$rest" | awk '
        function usual(word) {{ gsub(/["\047]/, "", word); return word == "public" || word == "private" ? "yes" : "no" }}
        function from(word) {{ gsub(/["\047]/, "", word); return word == "" || word ~ /^-/ ? "default" : word }}
        {{ name = tolower($1) }}
        name ~ /^r[ow]community6?$/ {{ print "community " substr(name, 1, 2) " usual=" usual($2) " source=" from($3) }}
        name ~ /^com2sec6?$/ {{
          if ($2 == "-Cn") {{ $2 = $4; $3 = $5; $4 = $6 }}
          print "community ro usual=" usual($4) " source=" from($3)
        }}
        name ~ /^r[ow]user$/ {{
          i = $2 == "-s" ? 4 : 2
          level = tolower($(i + 1)); if (level == "" || level ~ /^[-.]/) level = "auth"
          print "user " $i " " substr(name, 1, 2) " level=" level
        }}
        name == "agentaddress" {{ $1 = ""; gsub(/ /, ""); print "listen " $0 }}' ;;
    esac
  done
}}
if ! have awk; then printf 'unobservable: there is no awk command\n'; part 0 0; exit 0; fi
found=''
for file in /etc/snmp/snmpd.conf /usr/share/snmp/snmpd.conf /usr/local/share/snmp/snmpd.conf /etc/snmp/snmpd.local.conf; do
  if [ -e "$file" ]; then found="$found $file"; fi
done
if [ -z "$found" ]; then printf 'absent\n'
else
  printf 'looked\n'
  for file in $found; do show "$file" 0; done
  printf 'end\n'
fi
part 0 0"""
_LOCAL = re.compile(r"(?:(?:udp|tcp|dtlsudp|tlstcp|udp6|tcp6):)?(?:127\.[0-9.]+|localhost|\[?::1\]?)(?::\d+)?|unix:.*|/.*")


def ask(calls: Sequence[Arguments]) -> Question:
    """The agent's files, a line at a time."""
    return Question(_SCRIPT, ("/etc/snmp/snmpd.conf and what it includes", "/usr/share/snmp/snmpd.conf", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`looked`, then `community ro usual=yes|no source=ADDRESS`, `user NAME rw level=LEVEL`, `listen ADDRESSES`; then `end`."""
    said = reply(answer, "a configuration of snmpd")
    if said:
        return said
    head, *lines = closed_lines(answer) or [""]
    if head != "looked":
        raise Unreadable("nothing tells that the host looked")
    communities: list[Record] = []
    users: list[Record] = []
    named: list[str] = []
    for line in lines:
        community, user, listen = _COMMUNITY.fullmatch(line), _USER.fullmatch(line), _LISTEN.fullmatch(line)
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        if community:
            source = community[3]
            communities.append({
                "access": community[1], "usual": community[2] == "yes", "source": source,
                "everybody": source in {"default", "0.0.0.0/0", "::/0"}, "local": bool(_LOCAL.fullmatch(source)),
            })  # fmt: skip
        elif user:
            users.append(
                {"name": user[1], "access": user[2], "level": {"authpriv": "priv", "authnopriv": "auth"}.get(user[3], user[3])}
            )
        elif listen:
            named += filter(None, listen[1].split(","))  # the agent takes them all
        else:
            raise Unreadable(f"not a line about SNMP: {line[:120]!r}")
    listens = tuple(named) or ("udp:161",)
    return Observed({
        "communities": tuple(communities), "users": tuple(users), "listens": listens,
        "local": all(map(_LOCAL.fullmatch, listens)), "count": len(communities) + len(users),
    })  # fmt: skip


PROBE = Probe(
    name="snmp_access",
    summary="Whom the SNMP agent of the host answers",
    arguments=(),
    attributes=(
        Attribute(
            "communities",
            Type.RECORDS,
            "communities of SNMP 1 and 2c: passwords that cross the network in clear",
            (
                Attribute("access", Type.TEXT, "ro: may read; rw: may change"),
                Attribute("usual", Type.BOOLEAN, "it is public or private, which everybody tries first"),
                Attribute("source", Type.TEXT, "who may use it; default: everybody"),
                Attribute("everybody", Type.BOOLEAN, "any address may use it"),
                Attribute("local", Type.BOOLEAN, "only this host itself may"),
            ),
        ),
        Attribute(
            "users",
            Type.RECORDS,
            "users of SNMP 3 that may do something",
            (
                Attribute("name", Type.TEXT, "name of the user"),
                Attribute("access", Type.TEXT, "ro: may read; rw: may change"),
                Attribute("level", Type.TEXT, "the least that is asked for: noauth, auth, or priv, which also encrypts"),
            ),
        ),
        Attribute("listens", Type.LIST, "the addresses it listens on"),
        Attribute("local", Type.BOOLEAN, "all of these are reached from this host only"),
        Attribute("count", Type.INTEGER, "how many communities and users"),
    ),
    ask=ask,
    read=read,
    example="looked\nlisten 127.0.0.1,[::1]\ncommunity ro usual=yes source=default\nuser monitor ro level=priv\nend\n",
)  # fmt: skip
