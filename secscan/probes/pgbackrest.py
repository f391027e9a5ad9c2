"""pgBackRest's own account of its repositories, asked as the user who owns them, and what its last verification found.

The format of the account: doc/xml/reference, command info. `pgbackrest verify` reads everything that is stored, ends well whatever
it finds, and tells what that was only to its log; a log that nobody wrote to for a quarter tells nothing any more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secscan.filesystem.entries import PATH
from secscan.model.probe import Answer, Argument, Arguments, Observation, Probe, Question
from secscan.model.values import Absent, Type
from secscan.probing import BECOME, Unreadable, closed_lines, quote, reply
from secscan.syntax.restore_points import ATTRIBUTES, Point, Repository, observe_repositories

_KINDS = {"full": "full", "incr": "incremental", "diff": "differential"}
_CURRENT_DAYS = 90
# From the log of `verify`: for each repository how its last run went. Of sound backups it says nothing. `-` is the repository that
# is taken where none is named.
_VERIFIED_AWK = """/ verify command begin / {
  repo = match($0, / --repo=[0-9]+/) ? substr($0, RSTART + 8, RLENGTH - 8) : "-"
  ended[repo] = 0; damaged[repo] = 0; bad[repo] = ""; log_of = 0; last = repo
}
/ archiveId: / { log_of = 1 }
/ backup: [^,]*, status: / {
  log_of = 0
  if ($0 ~ /, status: valid,/) next
  label = $0; sub(/.* backup: /, "", label); sub(/,.*/, "", label)
  bad[repo] = bad[repo] " " label
}
log_of && /^ *(missing|checksum invalid|size invalid|other): [0-9]/ {
  count = split($0, part, ": ")
  for (i = 2; i <= count; i++) damaged[repo] += part[i]
}
/ verify command end: completed successfully/ { ended[repo] = 1 }
END {
  for (repo in ended)
    if (ended[repo]) print "verified " stanza " " repo " " (repo == last ? at : "-") " " damaged[repo] bad[repo]
}"""
_SHELL = f"""{BECOME}
verified={quote(_VERIFIED_AWK)}
tell_verified() {{ # CONFIG
  logs=$(awk -F '[ \\t]*=[ \\t]*' '$1 ~ /^[ \\t]*log-path$/ {{ path = $2 }} END {{ print path }}' "$1" 2>/dev/null)
  for log in "${{logs:-/var/log/pgbackrest}}"/*-verify.log; do
    if [ ! -r "$log" ] || [ -z "$(find "$log" -mtime -{_CURRENT_DAYS} 2>/dev/null)" ]; then continue; fi
    stanza=${{log##*/}}
    tail -c 1024k "$log" | awk -v stanza="${{stanza%-verify.log}}" -v at="$(stat -c %Y -- "$log")" "$verified"
  done
}}
answer() {{ # CONFIG, or nothing for that of pgBackRest's own choice
  if ! have pgbackrest; then printf 'absent\\n'; return 0; fi
  config=$1
  for file in /etc/pgbackrest/pgbackrest.conf /etc/pgbackrest.conf; do
    if [ -z "$config" ] && [ -e "$file" ]; then config=$file; fi
  done
  if [ -z "$config" ]; then printf 'absent\\n'; return 0; fi
  place=$(awk -F '[ \\t]*=[ \\t]*' '$1 ~ /^[ \\t]*repo1-path$/ {{ path = $2 }} END {{ print path }}' "$config" 2>/dev/null)
  owner=''
  for place in "$place" /var/lib/pgbackrest /var/log/pgbackrest; do
    if [ -z "$owner" ] && [ -n "$place" ]; then owner=$(stat -c %U -- "$place" 2>/dev/null); fi
  done
  set -- info --output=json --log-level-file=off --log-level-console=off --log-level-stderr=error
  if told=$(become "${{owner:-root}}" pgbackrest --config="$config" "$@" 2>/dev/null) && [ -n "$told" ]; then
    printf '%s\\n' "$told"
    tell_verified "$config"
    printf 'end\\n'
    return 0
  fi
  complaint=$(become "${{owner:-root}}" pgbackrest --config="$config" "$@" 2>&1 | head -n 1)
  printf 'unobservable: pgbackrest: %s\\n' "${{complaint:-it said nothing}}"
}}
"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `pgbackrest info` per call; it writes neither log nor lock."""
    asked = "\n".join(f"answer {quote(call['config'])}\npart {index} 0" for index, call in enumerate(calls))
    touches = (
        "pgbackrest info, as the owner of its repository",
        "/etc/pgbackrest.conf",
        "its log-path",
        "stat",
        "awk",
        "find",
        "tail",
    )
    return Question(_SHELL + asked, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """The JSON of `pgbackrest info --output=json`; `verified STANZA REPO TIME DAMAGED LABEL...`, each once; then `end`.

    `absent` without pgBackRest or without a stanza.
    """
    said = reply(answer, "pgBackRest")
    if said:
        return said
    lines = closed_lines(answer)
    stanzas = json.loads("\n".join(line for line in lines if not line.startswith("verified ")))
    if not isinstance(stanzas, list):
        raise Unreadable("not a list of stanzas")
    if not stanzas:
        return Absent("a stanza of pgBackRest")
    found = dict(_read_verified(line) for line in lines if line.startswith("verified "))
    return observe_repositories([
        _repository(stanza, repo, found.get((name, str(repo["key"]))) or found.get((name, "" if place else "-")))
        for stanza, name in ((stanza, str(stanza["name"])) for stanza in stanzas)
        for place, repo in enumerate(stanza["repo"])
    ])  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Verified:
    """What the last verification of a repository found: damaged files of its log, labels of damaged backups. `at` is when."""

    at: float | None
    damaged: int
    bad: frozenset[str]


def _read_verified(line: str) -> tuple[tuple[str, str], _Verified]:
    _, stanza, repo, moment, damaged, *labels = line.split(" ")
    return (stanza, repo), _Verified(None if moment == "-" else float(moment), int(damaged), frozenset(labels))


def _repository(stanza: Mapping[str, Any], repo: Mapping[str, Any], verified: _Verified | None) -> Repository:
    backups = [backup for backup in stanza["backup"] if backup["database"]["repo-key"] == repo["key"]]
    cipher = repo["cipher"]
    told = {
        "evidence": "repository",
        "time_is": "exact",
        "data_set": str(stanza["name"]),
        "id": str(stanza["db"][-1]["system-id"]) if stanza["db"] else "-",
        "encrypted": "no" if cipher == "none" else "yes",
        "size": str(sum(backup["info"]["repository"]["delta"] for backup in backups)),
        "locks": "1" if stanza["status"]["lock"]["backup"]["held"] else "0",
        "last_result": "success" if repo["status"]["code"] == 0 else "failed",
    }
    if verified:
        told |= {"damaged": str(verified.damaged), **({"checked": f"{verified.at:.0f}"} if verified.at is not None else {})}
    location = f"{stanza['name']} repo{repo['key']}"
    return Repository("pgbackrest", location, told=told, points=[_point(backup, verified) for backup in backups])


def _point(backup: Mapping[str, Any], verified: _Verified | None) -> Point:
    error = backup.get("error")  # damaged pages; null when page checksums were not looked at
    if verified and backup["label"] in verified.bad:
        error = True
    elif error is None and verified and verified.at is not None and verified.at >= backup["timestamp"]["stop"]:
        error = False
    return Point(
        time=float(backup["timestamp"]["stop"]),
        size=int(backup["info"]["size"]),
        kind=_KINDS[backup["type"]],
        whole=None if error is None else not error,
        name=str(backup["label"]),
    )


PROBE = Probe(
    name="pgbackrest",
    summary="The repositories of pgBackRest and the backups in them, by its own account",
    arguments=(
        Argument(
            "config", Type.TEXT, "its configuration; without one that in /etc", default="", pattern=f"({PATH})?",
        ),
    ),
    attributes=ATTRIBUTES,
    ask=ask,
    read=read,
    example=(
        '[{"backup":[{"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":22992319,"repository":{"delta":3043387,'
        '"size":3043387},"size":22992319},"label":"20251231-220000F","timestamp":{"start":1767218400,"stop":1767218700},'
        '"type":"full"}],"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7710568639684442154,"version":"15"}],'
        '"name":"main","repo":[{"cipher":"aes-256-cbc","key":1,"status":{"code":0,"message":"ok"}}],'
        '"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]\nend\n'
    ),
    time_limit_s=60,
)  # fmt: skip
