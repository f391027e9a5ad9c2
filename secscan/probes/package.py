"""Installed packages by name: one query of the package database of dpkg, rpm or apk for all names together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, one_line, quote, reply, same_for_all
from secscan.syntax.rpm import ASK_RPM

# rpm says "not installed" of every package when it cannot open its database, so a package that every such system has is asked too.
_SCRIPT = r"""
@ASK_RPM@apkdb=
for f in /usr/lib/apk/db/installed /lib/apk/db/installed; do [ ! -s "$f" ] || apkdb=$f; done
if [ -s /var/lib/dpkg/status ]; then
  if ! have dpkg-query; then printf 'unobservable: dpkg-query is missing\n'; exit 0; fi
  found=$(dpkg-query -W -f='dpkg ${Package} ${Version} ${db:Status-Status} ${Architecture} ${source:Package}\n' -- "$@" 2>/dev/null)
  code=$?
  if [ $code -gt 1 ]; then
    printf 'unobservable: dpkg-query: %s\n' "$(dpkg-query -W -- dpkg 2>&1 >/dev/null | tr -s '\n' ' ')"
    exit 0
  fi
  [ -z "$found" ] || printf '%s\n' "$found"
  printf 'end\n'
elif [ -n "$apkdb" ]; then
  if [ ! -r "$apkdb" ]; then printf 'unobservable: %s cannot be read by this user\n' "$apkdb"; exit 0; fi
  awk 'BEGIN { for (i = 2; i < ARGC; i++) { wanted[ARGV[i]] = 1; delete ARGV[i] } }
    function flush() {
      if (name in wanted) print "apk", name, version, "installed", arch, (origin == "" ? name : origin)
      name = ""
    }
    /^P:/ { name = substr($0, 3); version = arch = "-"; origin = ""; seen++ }
    /^V:/ { version = substr($0, 3) }
    /^A:/ { arch = substr($0, 3) }
    /^o:/ { origin = substr($0, 3) }
    /^$/ { flush() }
    END { flush(); if (seen) print "end"; else print "unobservable: the apk database lists no package" }' "$apkdb" "$@"
elif have rpm; then
  form='rpm %{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE} installed %{ARCH} %{SOURCERPM}\n'
  ask_rpm -q --qf "$form" -- filesystem glibc rpm "$@" 2>/dev/null |
    awk '$1 == "rpm" && NF == 6 { seen++; sub(/(-[^-]*-[^-]*\.(no)?src\.rpm)$/, "", $6); print }
      END { if (seen) print "end"; else exit 1 }' || printf 'unobservable: %s\n' "$(why_no_rpm)"
else
  printf 'unobservable: no package database of dpkg, rpm or apk\n'
fi""".replace("@ASK_RPM@", ASK_RPM)


def ask(calls: Sequence[Arguments]) -> Question:
    """One query for all names."""
    script = f"set -- {quote(*(call['name'] for call in calls))}{_SCRIPT}"
    return Question(script, ("/var/lib/dpkg/status", "/lib/apk/db/installed", "dpkg-query", "rpm -q", "setpriv", "awk"))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own packages on one line, ` | ` between several of one name; `absent` where there is none."""
    if reply(answer):
        return same_for_all(calls, answer)
    found: dict[str, list[str]] = {}
    for line in closed_lines(answer):
        manager, name, _version, status = (*line.split(" "), "", "", "", "")[:4]
        if manager not in {"dpkg", "rpm", "apk"} or not status:
            raise Unreadable(f"not a package: {line[:120]!r}")
        if status not in {"config-files", "not-installed"}:
            found.setdefault(name, []).append(line)
    return [
        replace(answer, stdout=((" | ".join(found[name]) if name in found else "absent") + "\n").encode(), exit=0)
        for name in (str(call["name"]) for call in calls)
    ]


def read(call: Arguments, answer: Answer) -> Observation:
    """`dpkg NAME VERSION STATUS ARCHITECTURE SOURCE`; several installed versions make `version` alone unobservable."""
    said = reply(answer, f"package {call['name']}")
    if said:
        return said
    installed = [_columns(text, str(call["name"])) for text in one_line(answer).split(" | ")]
    versions = tuple(dict.fromkeys(columns[2] for columns in installed))
    version: Value = versions[0] if len(versions) == 1 else Unobservable(f"several versions are installed: {', '.join(versions)}")
    states = [columns[3] for columns in installed]
    return Observed(
        {
            "version": version,
            "name": installed[0][1],
            "status": next((state for state in states if state != "installed"), "installed"),
            "architecture": installed[0][4],
            "source": installed[0][5],
            "versions": versions,
            "manager": installed[0][0],
        }
    )


def _columns(text: str, name: str) -> list[str]:
    columns = text.split(" ")
    if len(columns) != 6 or not all(columns) or columns[1] != name:
        raise Unreadable(f"expected 'MANAGER {name} VERSION STATUS ARCHITECTURE SOURCE'")
    return columns


PROBE = Probe(
    name="package",
    summary="An installed package, from the database of dpkg, rpm or apk",
    arguments=(
        Argument(
            "name",
            Type.TEXT,
            "name of the binary package, without architecture",
            required=True,
            pattern=r"[A-Za-z0-9][A-Za-z0-9+._-]*",
        ),
    ),
    attributes=(
        Attribute("version", Type.VERSION, "the installed version; could not look when several different ones are installed"),
        Attribute("name", Type.TEXT, "the package's name"),
        Attribute(
            "status", Type.TEXT, "installed; else half-installed, unpacked, half-configured, triggers-awaited or triggers-pending"
        ),
        Attribute("architecture", Type.TEXT, "the package's architecture"),
        Attribute("source", Type.TEXT, "name of the source package it was built from"),
        Attribute("versions", Type.LIST, "every installed version"),
        Attribute("manager", Type.TEXT, "dpkg, rpm or apk"),
    ),
    ask=ask,
    read=read,
    split=split,
    example="dpkg openssh-server 1:9.2p1-2+deb12u6 installed amd64 openssh\n",
    time_limit_s=30,
    condition="name",
)
