"""Every TCP and UDP port the host listens on, by `ss` or, the same, by decoding /proc/net."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

_LIMIT = 5000
# Lines `PROTOCOL ADDRESS PORT USER PROCESS[,PROCESS]`; `?` is a process that this user may not see, `-` none (the kernel itself).
_SCRIPT = r"""unseen='?'
[ "$(id -u)" != 0 ] || unseen='-'
names='BEGIN { while ((getline line <"/etc/passwd") > 0) { split(line, p, ":"); if (!(p[3] in user)) user[p[3]] = p[1] } }'
by_ss() {
  told=$(ss -H -l -n -t -u -p -e 2>/dev/null) || return 1
  printf '%s\n' "$told" | awk -v unseen="$unseen" "$names"'
    $1 == "tcp" || $1 == "udp" {
      address = $5; port = $5
      sub(/.*:/, "", port); sub(/:[^:]*$/, "", address); sub(/%[^]]*/, "", address); gsub(/[][]/, "", address)
      if (address == "*") address = "::"
      uid = match($0, / uid:[0-9]+/) ? substr($0, RSTART + 5, RLENGTH - 5) : "0"
      program = ""; rest = $0; split("", seen)
      while (match(rest, /\("[^"]*",pid=/)) {
        name = substr(rest, RSTART + 2, RLENGTH - 8); rest = substr(rest, RSTART + RLENGTH)
        gsub(/[^ -~]|,/, "?", name)
        if (!(name in seen)) program = program (program == "" ? "" : ",") name
        seen[name] = 1
      }
      print $1, address, port, (uid in user ? user[uid] : uid), (program == "" ? unseen : program)
    }'
}
by_proc() {
  { if [ "$unseen" = - ]; then
      for dir in /proc/[0-9]*; do
        { IFS= read -r name <"$dir/comm"; } 2>/dev/null && printf 'name %s %s\n' "${dir#/proc/}" "$name"
      done
      ls -l /proc/[0-9]*/fd 2>/dev/null
    fi
    for file in tcp udp tcp6 udp6; do
      [ ! -r /proc/net/$file ] || { printf 'table %s\n' $file; cat /proc/net/$file; }
    done
  } | awk -v unseen="$unseen" "$names"'
    function number(hex,  i, sum) {
      sum = 0
      for (i = 1; i <= length(hex); i++) sum = sum * 16 + index("123456789ABCDEF", substr(hex, i, 1)); return sum
    }
    function turned(hex) { return substr(hex, 7, 2) substr(hex, 5, 2) substr(hex, 3, 2) substr(hex, 1, 2) }
    function four(hex,  t) {
      t = turned(hex)
      return number(substr(t, 1, 2)) "." number(substr(t, 3, 2)) "." number(substr(t, 5, 2)) "." number(substr(t, 7, 2))
    }
    function six(hex,  i, t, out) {
      out = ""
      for (i = 1; i < 32; i += 8) {
        t = turned(substr(hex, i, 8))
        out = out (i == 1 ? "" : ":") substr(t, 1, 4) ":" substr(t, 5, 4)
      }
      return tolower(out)
    }
    $1 == "name" { name = $0; sub(/^name [0-9]+ /, "", name); gsub(/[^ -~]|,/, "?", name); comm[$2] = name; next }
    /^\/proc\/[0-9]+\/fd:$/ { split($0, dir, "/"); pid = dir[3]; next }
    / -> socket:\[/ {
      inode = $NF; gsub(/[^0-9]/, "", inode)
      if (!((inode, comm[pid]) in seen)) program[inode] = program[inode] (program[inode] == "" ? "" : ",") comm[pid]
      seen[inode, comm[pid]] = 1
      next
    }
    $1 == "table" { kind = $2; next }
    kind != "" && ($4 == "0A" && kind ~ /^tcp/ || $4 == "07" && kind ~ /^udp/) {
      split($2, local, ":")
      print substr(kind, 1, 3), (kind ~ /6$/ ? six(local[1]) : four(local[1])), number(local[2]), ($8 in user ? user[$8] : $8),
        (program[$10] == "" ? unseen : program[$10])
    }'
}
if ! have awk; then printf 'unobservable: awk is missing\n'
elif [ ! -e /proc/self ]; then printf 'unobservable: /proc is not mounted\n' # ss would tell of the kernel around a tree
elif { have ss && list=$(by_ss); } || { [ -r /proc/net/tcp ] && list=$(by_proc); }; then
  [ -z "$list" ] || printf '%s\n' "$list" | head -n @LIMIT@
  printf 'end\n'
else printf 'unobservable: ss is missing and /proc/net/tcp cannot be read\n'; fi
part 0 0""".replace("@LIMIT@", str(_LIMIT + 1))
_FIELDS = (
    Attribute("protocol", Type.TEXT, "tcp or udp"),
    Attribute("address", Type.TEXT, "the address listened on; 0.0.0.0 or :: is every address (:: usually serves IPv4 too)"),
    Attribute("port", Type.INTEGER, "the port"),
    Attribute(
        "process",
        Type.TEXT,
        "name of the process; several are joined by a comma; could not look without root; absent when none is visible",
    ),
    Attribute("user", Type.TEXT, "owner of the socket"),
    Attribute("family", Type.TEXT, "ipv4 or ipv6"),
    Attribute("loopback", Type.BOOLEAN, "only this host itself can reach it"),
    Attribute("wildcard", Type.BOOLEAN, "every address of the host is listened on"),
)


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    return Question(
        _SCRIPT, ("ss -lntupe", "/proc/net/{tcp,udp,tcp6,udp6}", "/proc/*/{comm,fd}", "/etc/passwd", "awk", "ls", "head")
    )


def read(call: Arguments, answer: Answer) -> Observation:
    """`PROTOCOL ADDRESS PORT USER PROCESS` lines, closed by `end`; `?` is a process that could not be seen, `-` is none."""
    said = reply(answer, "listening ports")
    if said:
        return said
    lines = closed_lines(answer)
    if len(lines) > _LIMIT:
        return Unobservable(f"more than {_LIMIT} listening ports")
    found = sorted({_parsed(line) for line in lines})
    records = tuple(_record(*columns) for columns in found)
    return Observed(
        {
            "listeners": records,
            "exposed": _ports(record for record in records if not record["loopback"]),
            "local": _ports(record for record in records if record["loopback"]),
        }
    )


def _ports(records: Iterable[Record]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{record['protocol']}/{record['port']}" for record in records))


def _parsed(line: str) -> tuple[str, int, str, str, str]:
    columns = line.split(" ", 4)
    if len(columns) != 5 or columns[0] not in {"tcp", "udp"} or not columns[2].isdigit():
        raise Unreadable(f"not a listening port: {line[:120]!r}")
    protocol, address, port, user, process = columns
    return protocol, int(port), str(ipaddress.ip_address(address)), user, process


def _record(protocol: str, port: int, written: str, user: str, process: str) -> Record:
    address = ipaddress.ip_address(written)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    name: Value = ",".join(sorted(process.split(",")))
    if process == "?":
        name = Unobservable("processes of others are seen by root only")
    elif process == "-":
        name = Absent("a process that is seen to own the socket: the kernel does, or one in another namespace")
    return {
        "protocol": protocol,
        "address": str(mapped or address),
        "port": port,
        "process": name,
        "user": user,
        "family": f"ipv{(mapped or address).version}",
        "loopback": (mapped or address).is_loopback,
        "wildcard": (mapped or address).is_unspecified,
    }


PROBE = Probe(
    name="listening_port",
    summary="Every TCP and UDP port the host listens on",
    arguments=(),
    attributes=(
        Attribute("listeners", Type.RECORDS, "every listening socket", fields=_FIELDS),
        Attribute("exposed", Type.LIST, "ports that other hosts can reach as far as addresses tell, written tcp/22"),
        Attribute("local", Type.LIST, "ports on loopback addresses, written tcp/25; a port can be in both lists"),
    ),
    ask=ask,
    read=read,
    example="tcp 0.0.0.0 22 root sshd\ntcp 127.0.0.1 5432 postgres postgres\nudp 127.0.0.1 323 _chrony chronyd\nend\n",
    time_limit_s=30,
)
