"""Folders that the host gives to others over the network: exports of NFS and shares of Samba, as their programs resolve them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply

# The table of exportfs tells what is exported now, by whomever; the files tell it for a server that is stopped.
# testparm reads every include.
_SCRIPT = r"""show_exports() {
  cat -- "$@" | tr '\t\r' '  ' | awk '
    { sub(/#.*/, ""); line = line $0 }
    /\\$/ { sub(/\\$/, " ", line); next }
    line ~ /[^ ]/ { sub(/^ +/, "", line); print "| " line }
    { line = "" }'
}
exports='' hidden=''
kernel=''
if [ -e /proc/fs/nfsd/exports ]; then kernel=/var/lib/nfs/etab; fi
for file in /etc/exports /etc/exports.d/*.exports $kernel; do
  if [ ! -e "$file" ]; then continue; fi
  if [ -r "$file" ]; then exports="$exports $file"; else hidden=$file; fi
done
smb=''
for file in /etc/samba/smb.conf /etc/smb.conf; do if [ -e "$file" ]; then smb=$file; break; fi; done
if ! have awk; then printf 'unobservable: there is no awk command\n'; part 0 0; exit 0; fi
if [ -n "$hidden" ]; then printf 'unobservable: %s cannot be read by this user\n' "$hidden"; part 0 0; exit 0; fi
if [ -n "$smb" ] && ! have smbd && [ ! -x /usr/sbin/smbd ]; then smb=''; fi # the file alone belongs to clients
if [ -z "$exports$smb" ]; then printf 'absent\n'
else
  printf 'looked\n'
  # shellcheck disable=SC2086 # one word a file
  if [ -n "$exports" ]; then printf 'nfs\n'; show_exports $exports; fi
  if [ -n "$smb" ]; then
    if ! have testparm; then printf 'fault there is a server of Samba, and no testparm command\n'
    elif told=$(testparm --suppress-prompt --verbose "$smb" 2>/dev/null); then
      printf 'smb\n'
      printf '%s\n' "$told" | awk '
        /^\[/ { print "| " $0; next }
        {
          low = tolower($0); sub(/^[ \t]+/, "", low)
          if (low !~ /^(server min protocol|server signing|path|guest ok|read only|available|printable) = /) next
          sub(/^[ \t]+/, ""); print "| " $0
        }'
    else printf 'fault testparm: smb.conf is not valid\n'; fi
  fi
  printf 'end\n'
fi
part 0 0"""
_CLIENT = re.compile(r"([^()\s]*)(?:\(([^()]*)\))?")
_EVERYBODY = {"", "*", "0.0.0.0/0", "::/0", "0.0.0.0/0.0.0.0"}


def ask(calls: Sequence[Arguments]) -> Question:
    """The files of exports, one `testparm`."""
    return Question(
        _SCRIPT, ("/etc/exports", "/etc/exports.d/*.exports", "/var/lib/nfs/etab", "testparm --suppress-prompt --verbose", "awk")
    )


def read(call: Arguments, answer: Answer) -> Observation:
    """`looked`; `nfs` and `| LINE` per export; `smb` and `| [SECTION]`, `| KEY = VALUE`; then `end`."""
    said = reply(answer, "a server of shared folders")
    if said:
        return said
    head, *lines = closed_lines(answer) or [""]
    if head != "looked":
        raise Unreadable("nothing tells that the host looked")
    parts: dict[str, list[str]] = {}
    current = ""
    for line in lines:
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        if line in {"nfs", "smb"}:
            current = line
            parts[current] = []
        elif line.startswith("| ") and current:
            parts[current].append(line[2:])
        else:
            raise Unreadable(f"not a line about shared folders: {line[:120]!r}")
    exports = tuple(record for line in parts.get("nfs", ()) for record in _exports(line))
    settings, shares = _samba(parts["smb"]) if "smb" in parts else ({}, ())
    return Observed({
        "exports": exports,
        "shares": shares,
        "smb": "smb" in parts,
        "smb_oldest_protocol": settings.get("server min protocol", Absent("a server of Samba")),
        "smb_signing": settings.get("server signing", Absent("a server of Samba")),
        "count": len(exports) + len(shares),
    })  # fmt: skip


def _exports(line: str) -> Iterator[Record]:
    """The clients of a line of exports(5): `/srv 10.0.0.0/8(rw,root_squash) -sec=krb5 host(ro)`."""
    if line.startswith('"'):
        path, _, rest = line[1:].partition('"')
    else:
        path, _, rest = line.partition(" ")
    common: tuple[str, ...] = ()
    words = rest.split()
    given = False
    for word in words:
        if word.startswith("-"):
            common = tuple(word[1:].split(","))
            continue
        match = _CLIENT.fullmatch(word)
        if not match:
            raise Unreadable(f"not a client of an export: {word[:80]!r}")
        given = True
        yield _export(path, match[1], (*common, *(match[2] or "").split(",")))
    if not given:
        yield _export(path, "", common)


def _export(path: str, client: str, options: Sequence[str]) -> Record:
    last = {"rw": False, "no_root_squash": False, "insecure": False}
    for option in options:
        plain = {"ro": ("rw", False), "root_squash": ("no_root_squash", False), "secure": ("insecure", False)}.get(
            option, (option, True)
        )
        last[plain[0]] = plain[1]
    security = [option.removeprefix("sec=") for option in options if option.startswith("sec=")]
    methods = tuple(security[-1].split(":")) if security else ("sys",)
    return {
        "path": path.replace("\\040", " "), "client": client or "*", "everybody": client in _EVERYBODY, "writable": last["rw"],
        "trusts_root": last["no_root_squash"], "any_port": last["insecure"], "security": methods,
    }  # fmt: skip


def _samba(lines: Sequence[str]) -> tuple[dict[str, str], tuple[Record, ...]]:
    """What testparm prints: the global settings, and the shares with what they inherit from these."""
    sections: dict[str, dict[str, str]] = {}
    name = ""
    for line in lines:
        if line.startswith("["):
            name = line.strip("[]")
            sections[name] = {}
            continue
        key, equals, value = line.partition(" = ")
        if not name or not equals:
            raise Unreadable(f"not a line of testparm: {line[:120]!r}")
        sections[name][key.strip().lower()] = value.strip()
    settings = sections.pop("global", None)
    if settings is None:
        raise Unreadable("testparm told no global settings")
    return settings, tuple(_share(name, {**settings, **own}) for name, own in sections.items() if own.get("available") != "No")


def _share(name: str, own: dict[str, str]) -> Record:
    return {
        "name": name, "path": own.get("path", ""), "guests": own.get("guest ok") == "Yes",
        "writable": own.get("read only") == "No" and own.get("printable") != "Yes",
    }  # fmt: skip


PROBE = Probe(
    name="shared_folder",
    summary="Folders that the host gives to others by NFS and Samba",
    arguments=(),
    attributes=(
        Attribute(
            "exports",
            Type.RECORDS,
            "one record per directory and client of NFS",
            (
                Attribute("path", Type.TEXT, "the directory"),
                Attribute("client", Type.TEXT, "host, network or pattern; *: everybody"),
                Attribute("everybody", Type.BOOLEAN, "any address may mount it"),
                Attribute("writable", Type.BOOLEAN, "it may be changed there"),
                Attribute("trusts_root", Type.BOOLEAN, "root of the client is root of the files (no_root_squash)"),
                Attribute("any_port", Type.BOOLEAN, "ordinary users of the client may talk to the server themselves (insecure)"),
                Attribute("security", Type.LIST, "sys: the client says who one is; krb5, krb5i, krb5p: Kerberos proves it"),
            ),
        ),
        Attribute(
            "shares",
            Type.RECORDS,
            "one record per share of Samba",
            (
                Attribute("name", Type.TEXT, "its name"),
                Attribute("path", Type.TEXT, "the directory; empty for printers and homes"),
                Attribute("guests", Type.BOOLEAN, "who has no account comes in too"),
                Attribute("writable", Type.BOOLEAN, "files may be changed there"),
            ),
        ),
        Attribute("smb", Type.BOOLEAN, "there is a server of Samba"),
        Attribute("smb_oldest_protocol", Type.TEXT, "the oldest SMB it speaks: NT1, SMB2_02, SMB3_11, ...; absent without it"),
        Attribute("smb_signing", Type.TEXT, "whether messages must be signed: default, required, ...; absent without it"),
        Attribute("count", Type.INTEGER, "how many exports and shares"),
    ),
    ask=ask,
    read=read,
    example="looked\nnfs\n| /srv/share 10.0.0.0/8(rw,sync,root_squash)\nend\n",
    time_limit_s=30,
)  # fmt: skip
