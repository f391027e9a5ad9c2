"""How much data lies where data usually lies: what should be in a backup, found without being told of it."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.patterns import EXPAND, GLOB, split_pattern
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply

USUAL = (
    "/home/*", "/srv/*", "/data/*", "/export/*", "/var/www", "/var/mail", "/var/vmail", "/var/git", "/var/lib/git",
    "/var/lib/gitea", "/var/lib/gitlab", "/var/lib/postgresql", "/var/lib/pgsql", "/var/lib/mysql", "/var/lib/mongodb",
    "/var/lib/redis", "/var/lib/ldap", "/var/lib/grafana", "/var/lib/libvirt/images", "/var/lib/docker/volumes/*",
    "/var/lib/containers/storage/volumes/*", "/var/opt/*", "/var/spool/cron",
)  # fmt: skip
_KIB = 1024


_WILD = frozenset("*?[")


def _ask_one(index: int, call: Arguments) -> str:
    patterns = [split_pattern(str(place)) for place in call["places"]]
    expand = "\n".join(f"expand '' {quote(pattern)}" for pattern in patterns)
    named = quote("\n".join(["", *(f"/{pattern}" for pattern in patterns if _WILD.isdisjoint(pattern)), ""]))
    return f"found='' gone='' fault='' total=0 named={named}\nIFS=$nl\n{expand}\nanswer\npart {index} 0"


def ask(calls: Sequence[Arguments]) -> Question:
    """One du for each place: it stays on the place's file system, and what it cannot read makes the place unknown.

    What a pattern finds is passed over where it is a link. A place that is named is followed, and it is told how one gets there.
    """
    script = f"""{EXPAND}
tell_way() {{ # of a place that is named: links on the way, where it lies, and where other file systems begin on the real way
  rest=${{1#/}}/ at='' linked='' real=$1
  while [ -n "$rest" ]; do
    at=$at/${{rest%%/*}} rest=${{rest#*/}}
    if [ -L "$at" ]; then printf '~ %s\\n' "$at"; linked=1; fi
  done
  if [ -n "$linked" ]; then real=$(readlink -f -- "$1" 2>/dev/null); fi
  case $real in *"$nl"*) real='' ;; esac
  if [ -z "$real" ] || [ ! -e "$1" ]; then printf '>\\n'; return 0; fi
  printf '> %s\\n' "$real"
  rest=${{real#/}}/ at='' before=''
  if [ "$real" = / ]; then rest=''; fi
  set -- /
  while [ -n "$rest" ]; do at=$at/${{rest%%/*}} rest=${{rest#*/}}; set -- "$@" "$at"; done
  for device in $(stat -c %d -- "$@" 2>/dev/null); do
    if [ "$device" != "$before" ]; then printf '^ %s\\n' "$1"; fi
    before=$device
    shift
  done
}}
answer() {{
  if ! have du; then fault='there is no du command'; fi
  if [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"; return 0; fi
  complaints=$(list_gone)
  if [ -z "$found$complaints" ]; then printf 'absent\\n'; return 0; fi
  if [ -n "$complaints" ]; then printf '%s\\n' "$complaints"; fi
  some=''
  set -f
  for place in $found; do
    case $named in
      *"$nl$place$nl"*) known=1 ;;
      *) if [ -L "$place" ]; then continue; fi; known='' ;;
    esac
    some=1
    if size=$(du -skxH -- "$place" 2>/dev/null); then printf '= %s %s\\n' "${{size%%[!0-9]*}}" "$place"
    else printf '! %s\\n' "$place"; fi
    if [ -n "$known" ]; then tell_way "$place"; fi
  done
  set +f
  if [ -n "$some$complaints" ]; then printf 'end\\n'; else printf 'absent\\n'; fi
}}
{chr(10).join(_ask_one(index, call) for index, call in enumerate(calls))}"""
    return Question(script, (*dict.fromkeys(str(place) for call in calls for place in call["places"]), "du", "stat", "readlink"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`= KIBIBYTES PLACE`, `! PLACE` for one that could not be read whole, `? COMPLAINT`; then `end`; `absent` without any.

    After a place that is named: `~ LINK` for each link on the way, `>` and where it lies, `^ BORDER` for each other file system.
    """
    said = reply(answer, "data in these places")
    if said:
        return said
    records: list[Record] = []
    for line in closed_lines(answer):
        sign, _, rest = line.partition(" ")
        if sign == "?":
            return Unobservable(rest)
        if sign == "!":
            records.append({"path": rest, "size": Unobservable(f"not all of {rest} may be read by this user"), **_UNTOLD})
        elif sign == "=":
            number, _, place = rest.partition(" ")
            records.append({"path": place, "size": int(number) * _KIB, **_UNTOLD})
        elif records and sign in _WAY:
            _add_way(records[-1], sign, rest)
        else:
            raise Unreadable(f"not a place: {line[:120]!r}")
    if not records:
        raise Unreadable("no place at all")
    return Observed({"places": tuple(records), "count": len(records)})


_WAY = {"~": "links", ">": "real", "^": "borders"}
_UNTOLD: Record = dict.fromkeys(_WAY.values(), Unobservable("how one gets there is told of places without a pattern"))


def _add_way(record: Record, sign: str, rest: str) -> None:
    """One line about the way to a place. The line of where it lies is always there, the others where there is something to tell."""
    if sign == ">":
        links = record["links"]
        record |= {"real": rest or Unobservable("its links lead nowhere"), "links": links if isinstance(links, tuple) else ()}
    else:
        known = record[_WAY[sign]]
        record[_WAY[sign]] = (*(known if isinstance(known, tuple) else ()), rest)


PROBE = Probe(
    name="data_usage",
    summary="How much data lies where data usually lies",
    arguments=(
        Argument("places", Type.LIST, "files and directories, with * ? [...] as a shell takes them", default=USUAL, pattern=GLOB),
    ),
    attributes=(
        Attribute(
            "places",
            Type.RECORDS,
            "one record per place that is there; links that a pattern fits are passed over, those named are followed",
            (
                Attribute("path", Type.TEXT, "the place"),
                Attribute("size", Type.SIZE, "bytes that it takes on its file system, those on others left out"),
                Attribute("real", Type.TEXT, "where it lies, links followed; of places named without a pattern, as the next two"),
                Attribute("links", Type.LIST, "the parts of its path that are links"),
                Attribute("borders", Type.LIST, "the parts of where it lies at which another file system begins, the root first"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many places"),
    ),
    ask=ask,
    read=read,
    example="= 52428800 /srv/erp\n~ /srv/erp\n> /data/erp\n^ /\n^ /data\n= 1204 /home/ann\nend\n",
    time_limit_s=120,
)
