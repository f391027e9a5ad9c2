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


def _ask_one(index: int, call: Arguments) -> str:
    expand = "\n".join(f"expand '' {quote(split_pattern(str(place)))}" for place in call["places"])
    return f"found='' gone='' fault='' total=0\nIFS=$nl\n{expand}\nanswer\npart {index} 0"


def ask(calls: Sequence[Arguments]) -> Question:
    """One du for each place: it stays on the place's file system, and what it cannot read makes the place unknown."""
    script = f"""{EXPAND}
answer() {{
  if ! have du; then fault='there is no du command'; fi
  if [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"; return 0; fi
  complaints=$(list_gone)
  if [ -z "$found$complaints" ]; then printf 'absent\\n'; return 0; fi
  if [ -n "$complaints" ]; then printf '%s\\n' "$complaints"; fi
  set -f
  for place in $found; do
    if [ -L "$place" ]; then continue; fi
    if size=$(du -skx -- "$place" 2>/dev/null); then printf '= %s %s\\n' "${{size%%[!0-9]*}}" "$place"
    else printf '! %s\\n' "$place"; fi
  done
  set +f
  printf 'end\\n'
}}
{chr(10).join(_ask_one(index, call) for index, call in enumerate(calls))}"""
    return Question(script, (*dict.fromkeys(str(place) for call in calls for place in call["places"]), "du"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`= KIBIBYTES PLACE`, `! PLACE` for one that could not be read whole, `? COMPLAINT`; then `end`; `absent` without any."""
    said = reply(answer, "data in these places")
    if said:
        return said
    records: list[Record] = []
    for line in closed_lines(answer):
        sign, _, rest = line.partition(" ")
        if sign == "?":
            return Unobservable(rest)
        if sign == "!":
            records.append({"path": rest, "size": Unobservable(f"not all of {rest} may be read by this user")})
        elif sign == "=":
            number, _, place = rest.partition(" ")
            records.append({"path": place, "size": int(number) * _KIB})
        else:
            raise Unreadable(f"not a place: {line[:120]!r}")
    if not records:
        raise Unreadable("no place at all")
    return Observed({"places": tuple(records), "count": len(records)})


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
            "one record per place that is there; links are not followed",
            (
                Attribute("path", Type.TEXT, "the place"),
                Attribute("size", Type.SIZE, "bytes that it takes on its file system, those on others left out"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many places"),
    ),
    ask=ask,
    read=read,
    example="= 52428800 /srv/erp\n= 1204 /home/ann\nend\n",
    time_limit_s=120,
)
