"""Addresses that hosts take over from each other by VRRP, as keepalived is set up here, and whether this host holds them now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

_DEPTH = 4
# Passwords are cut out before anything is printed, and so are commands.
_SCRIPT = rf"""secrets='s/^[[:blank:]]*\(auth_pass\|password\|script\|notify[a-z_]*\)[[:blank:]].*/\1 ***/'
show() {{ # FILE DEPTH: its lines, those of included files in their place
  if [ ! -r "$1" ]; then printf 'fault %s cannot be read by this user\n' "$1"; return 0; fi
  if [ "$2" -gt {_DEPTH} ]; then printf 'fault %s: files include each other\n' "$1"; return 0; fi
  sed -e 's/[!#].*//' -e 's/[{{}}]/ & /g' -e "$secrets" "$1" | tr '\t\r' '  ' |
    while read -r word rest; do
      case $word in
        '') ;;
        include | includer | includem | includew | includea | includeg)
          (
            cd "${{1%/*}}" || exit
            # shellcheck disable=SC2086 # a pattern
            for file in $rest; do
              case $file in /*) ;; *) file=${{1%/*}}/$file ;; esac
              if [ -f "$file" ]; then show "$file" $(($2 + 1)); fi
            done
          )
          ;;
        @* | '$'*) printf 'fault keepalived.conf has lines for one host only, or variables, which are not understood\n' ;;
        *) printf '| %s\n' "$word $rest" ;;
      esac
    done
}}
main=/etc/keepalived/keepalived.conf
if [ ! -e "$main" ]; then printf 'absent\n'
elif [ ! -r "$main" ]; then printf 'unobservable: keepalived.conf cannot be read by this user\n'
elif [ ! -e /proc/self ]; then printf 'unobservable: /proc is not mounted, so what runs is not known\n'
elif ! have ip; then printf 'unobservable: there is no ip command\n'
else
  runs=no
  for comm in /proc/[0-9]*/comm; do
    called=''
    {{ IFS= read -r called <"$comm"; }} 2>/dev/null
    case $called in keepalived | keepalived_vrrp) runs=yes ;; esac
  done
  printf 'runs %s\n' "$runs"
  show "$main" 0
  ip -o address show 2>/dev/null | while read -r _ _ family address _; do
    case $family in inet | inet6) printf 'address %s\n' "${{address%%/*}}" ;; esac
  done
  printf 'end\n'
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """The configuration without its passwords, and one `ip address`."""
    return Question(_SCRIPT, ("/etc/keepalived/keepalived.conf and what it includes", "ip -o address show", "/proc/*/comm"))


@dataclass(slots=True)
class _Block:
    """A block in braces: what stands before it, its statements, its blocks."""

    words: tuple[str, ...]
    statements: list[tuple[str, ...]] = field(default_factory=list)
    blocks: list[_Block] = field(default_factory=list)

    def value(self, name: str) -> str | None:
        """What the last statement of this name says."""
        return next((" ".join(words[1:]) for words in reversed(self.statements) if words[0] == name), None)

    def below(self, *names: str) -> Iterator[_Block]:
        """Its blocks of these names."""
        return (block for block in self.blocks if block.words[:1] and block.words[0] in names)


def read(call: Arguments, answer: Answer) -> Observation:
    """`runs yes|no`, `| LINE` of the configuration, `address ADDRESS` for each that the host holds; then `end`."""
    said = reply(answer, "keepalived")
    if said:
        return said
    head, *lines = closed_lines(answer) or [""]
    if head not in {"runs yes", "runs no"}:
        raise Unreadable("the answer does not say whether keepalived runs")
    held: list[str] = []
    written: list[str] = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "fault":
            return Unobservable(rest)
        if kind not in {"|", "address"}:
            raise Unreadable(f"not a line about keepalived: {line[:120]!r}")
        (written if kind == "|" else held).append(rest if kind == "|" else _plain(rest))
    root = _parse(written)
    together = _tracked_together(root)
    instances = tuple(_instance(block, held, together) for block in root.below("vrrp_instance"))
    return Observed({"runs": head == "runs yes", "instances": instances, "count": len(instances)})


def _parse(lines: Sequence[str]) -> _Block:
    """The configuration as blocks: a statement is a line, a brace opens and closes."""
    root = _Block(())
    open_blocks = [root]
    for line in lines:
        words: list[str] = []
        for word in line.split():
            if word == "{":
                named = tuple(words) or (open_blocks[-1].statements.pop() if open_blocks[-1].statements else ())
                block = _Block(named)
                open_blocks[-1].blocks.append(block)
                open_blocks.append(block)
                words = []
            elif word == "}":
                if words:
                    open_blocks[-1].statements.append(tuple(words))
                    words = []
                open_blocks.pop()
                if not open_blocks:
                    raise Unreadable("a brace of keepalived.conf closes nothing")
            else:
                words.append(word)
        if words:
            open_blocks[-1].statements.append(tuple(words))
    if len(open_blocks) != 1:
        raise Unreadable("a block of keepalived.conf does not end")
    return root


_TRACKS = ("track_script", "track_process", "track_file", "track_bfd")


def _tracked_together(root: _Block) -> set[str]:
    """Names of the instances that a group moves when something that the group watches fails."""
    return {
        words[0]
        for group in root.below("vrrp_sync_group")
        if any(inner.statements for inner in group.below(*_TRACKS))
        for members in group.below("group")
        for words in members.statements
    }


def _instance(block: _Block, held: Sequence[str], together: set[str]) -> Record:
    addresses = tuple(
        _plain(words[0].partition("/")[0])
        for inner in block.below("virtual_ipaddress", "virtual_ipaddress_excluded")
        for words in inner.statements
        if words[0] not in {"no_track", "no_prefix_route"}
    )
    here = [_plain(address) in held for address in addresses]
    holds: Value = (
        Absent("an address") if not here else all(here) if all(here) or not any(here) else Unobservable("it holds some, not all")
    )
    tracked = [
        words
        for inner in block.below(*_TRACKS)  # the link of the instance is watched anyway
        for words in inner.statements
    ]
    return {
        "name": block.words[1] if len(block.words) > 1 else "?",
        "addresses": addresses,
        "holds": holds,
        "router": block.value("virtual_router_id") or Absent("a number"),
        "interface": block.value("interface") or Absent("an interface"),
        "starts_as": (block.value("state") or "BACKUP").upper(),
        "tracks": bool(tracked) or not together.isdisjoint(block.words[1:2]),
    }


def _plain(address: str) -> str:
    """An address in the one way that it is written shortest; something else as it is."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address


PROBE = Probe(
    name="keepalived",
    summary="Addresses that hosts take over from each other by keepalived, and who holds them",
    arguments=(),
    attributes=(
        Attribute("runs", Type.BOOLEAN, "keepalived runs"),
        Attribute(
            "instances",
            Type.RECORDS,
            "the instances of VRRP",
            (
                Attribute("name", Type.TEXT, "its name in the configuration"),
                Attribute("addresses", Type.LIST, "the addresses that are taken over"),
                Attribute("holds", Type.BOOLEAN, "this host holds them now; could not tell when it holds some; absent without any"),
                Attribute("router", Type.TEXT, "number that all hosts of the group have in common (virtual_router_id)"),
                Attribute("interface", Type.TEXT, "the network interface"),
                Attribute("starts_as", Type.TEXT, "MASTER or BACKUP"),
                Attribute("tracks", Type.BOOLEAN, "it gives the addresses up when a service fails, not only its link"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many instances"),
    ),
    ask=ask,
    read=read,
    example=(
        "runs yes\n| vrrp_instance web {\n| state MASTER\n| interface eth0\n| virtual_router_id 51\n"
        "| virtual_ipaddress {\n| 192.0.2.10/24\n| }\n| track_script {\n| check_web\n| }\n| }\n"
        "address 127.0.0.1\naddress 192.0.2.10\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)  # fmt: skip
