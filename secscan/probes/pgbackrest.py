"""pgBackRest's own account of its repositories, asked as the user who owns them. Its format: doc/xml/reference, command info."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from secscan.filesystem.entries import PATH
from secscan.model.probe import Answer, Argument, Arguments, Observation, Probe, Question
from secscan.model.values import Absent, Type
from secscan.probing import BECOME, Unreadable, closed_lines, quote, reply
from secscan.syntax.restore_points import ATTRIBUTES, Point, Repository, observe_repositories

_KINDS = {"full": "full", "incr": "incremental", "diff": "differential"}
_SHELL = f"""{BECOME}
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
    printf '%s\\nend\\n' "$told"
    return 0
  fi
  complaint=$(become "${{owner:-root}}" pgbackrest --config="$config" "$@" 2>&1 | head -n 1)
  printf 'unobservable: pgbackrest: %s\\n' "${{complaint:-it said nothing}}"
}}
"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `pgbackrest info` per call; it writes neither log nor lock."""
    asked = "\n".join(f"answer {quote(call['config'])}\npart {index} 0" for index, call in enumerate(calls))
    return Question(_SHELL + asked, ("pgbackrest info, as the owner of its repository", "/etc/pgbackrest.conf", "stat", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """The JSON of `pgbackrest info --output=json`, then `end`; `absent` without pgBackRest or without a stanza."""
    said = reply(answer, "pgBackRest")
    if said:
        return said
    stanzas = json.loads("\n".join(closed_lines(answer)))
    if not isinstance(stanzas, list):
        raise Unreadable("not a list of stanzas")
    if not stanzas:
        return Absent("a stanza of pgBackRest")
    return observe_repositories([_repository(stanza, repo) for stanza in stanzas for repo in stanza["repo"]])


def _repository(stanza: Mapping[str, Any], repo: Mapping[str, Any]) -> Repository:
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
    location = f"{stanza['name']} repo{repo['key']}"
    return Repository("pgbackrest", location, told=told, points=[_point(backup) for backup in backups])


def _point(backup: Mapping[str, Any]) -> Point:
    error = backup.get("error")  # damaged pages; null when page checksums were not looked at
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
