"""Every installed package: the inventory of dpkg, rpm or apk, with what is only half there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Value
from secscan.probing import Unreadable, closed_lines, repeated, reply
from secscan.syntax.rpm import ASK_RPM

_SCRIPT = r"""@ASK_RPM@apkdb=
for f in /usr/lib/apk/db/installed /lib/apk/db/installed; do [ ! -s "$f" ] || apkdb=$f; done
if [ -s /var/lib/dpkg/status ]; then
  if have dpkg-query; then
    form='${Package} ${Version} ${db:Status-Status} ${Architecture} ${source:Package} ${db:Status-Eflag}\n'
    if list=$(dpkg-query -W -f="$form"); then
      printf 'manager dpkg\n'
      printf '%s\n' "$list" | awk '$3 != "not-installed" && $3 != "config-files"' && printf 'end\n'
    else printf 'unobservable: dpkg-query failed\n'; fi
  else printf 'unobservable: dpkg-query is missing\n'; fi
elif [ -n "$apkdb" ]; then
  if [ -r "$apkdb" ]; then
    printf 'manager apk\n'
    awk 'function flush() { if (name != "") print name, version, state, arch, (origin == "" ? name : origin), "ok"; name = "" }
      /^P:/ { name = substr($0, 3); version = arch = "-"; origin = ""; state = "installed" }
      /^V:/ { version = substr($0, 3) }
      /^A:/ { arch = substr($0, 3) }
      /^o:/ { origin = substr($0, 3) }
      /^f:/ { state = "broken" }
      /^$/ { flush() }
      END { flush(); print "end" }' "$apkdb"
  else printf 'unobservable: %s cannot be read by this user\n' "$apkdb"; fi
elif have rpm; then
  form='%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE} installed %{ARCH} %{SOURCERPM} ok\n'
  if list=$(ask_rpm -qa --qf "$form") && [ -n "$list" ]; then
    printf 'manager rpm\n'
    printf '%s\n' "$list" | awk '{ sub(/(-[^-]*-[^-]*\.(no)?src\.rpm)$/, "", $5); print }' && printf 'end\n'
  else printf 'unobservable: %s\n' "$(why_no_rpm)"; fi
else
  printf 'unobservable: no package database of dpkg, rpm or apk\n'
fi
part 0 0""".replace("@ASK_RPM@", ASK_RPM)
_FIELDS = (
    Attribute("name", Type.TEXT, "the package's name"),
    Attribute("version", Type.VERSION, "the installed version"),
    Attribute(
        "status",
        Type.TEXT,
        "installed; else half-installed, unpacked, half-configured, triggers-awaited, triggers-pending or broken",
    ),
    Attribute("architecture", Type.TEXT, "the package's architecture"),
    Attribute("source", Type.TEXT, "name of the source package it was built from"),
)
# rpm keeps several of these side by side on purpose; of any other, two versions are an upgrade that was cut off
_SEVERAL = re.compile(r"gpg-pubkey|kernel(-.*)?|kmod-.*|.*-kmp(-.*)?")
_WHOLE = {"installed", "triggers-awaited", "triggers-pending"}


def ask(calls: Sequence[Arguments]) -> Question:
    """One query for the whole database."""
    return Question(_SCRIPT, ("/var/lib/dpkg/status", "/lib/apk/db/installed", "dpkg-query", "rpm -qa", "setpriv", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`manager NAME`, then `NAME VERSION STATUS ARCHITECTURE SOURCE FLAG` lines, then `end`. An empty database is not believed."""
    said = reply(answer, "a package database")
    if said:
        return said
    first, *lines = closed_lines(answer)
    if first not in {"manager dpkg", "manager rpm", "manager apk"} or not lines:
        raise Unreadable("expected a package manager and its packages")
    rows = [line.split(" ") for line in lines]
    for row in rows:
        if len(row) != 6 or not all(row):
            raise Unreadable(f"not a package: {' '.join(row)[:120]!r}")
    records: tuple[dict[str, Value], ...] = tuple({field.name: row[at] for at, field in enumerate(_FIELDS)} for row in rows)
    broken = tuple(row[0] for row in rows if row[2] not in _WHOLE or row[5] != "ok")
    if first == "manager rpm":
        twice = repeated(f"{row[0]} {row[3]}" for row in rows if not _SEVERAL.fullmatch(row[0]))
        broken += tuple(text.partition(" ")[0] for text in twice)
    return Observed({"packages": records, "count": len(rows), "broken": broken, "manager": first.removeprefix("manager ")})


PROBE = Probe(
    name="packages",
    summary="Every installed package, from the database of dpkg, rpm or apk",
    arguments=(),
    attributes=(
        Attribute("packages", Type.RECORDS, "every package that is installed, wholly or half", fields=_FIELDS),
        Attribute("count", Type.INTEGER, "how many packages"),
        Attribute(
            "broken",
            Type.LIST,
            "names of packages that are half installed, marked for reinstallation, or (rpm) left in two versions",
        ),
        Attribute("manager", Type.TEXT, "dpkg, rpm or apk"),
    ),
    ask=ask,
    read=read,
    example="manager dpkg\nbase-files 12.4+deb12u11 installed amd64 base-files ok\nbash 5.2.15-2+b8 installed amd64 bash ok\nend\n",
    time_limit_s=60,
)
