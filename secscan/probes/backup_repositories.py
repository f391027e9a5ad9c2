"""Repositories of restic, Borg and duplicity that lie on this host, read as files: without their keys, and without a trace.

This is the far end of a backup: only here it is proven that a copy exists. See syntax/backup_layouts.py for what each tool shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.patterns import EXPAND, GLOB, split_pattern
from secscan.model.probe import Answer, Argument, Arguments, Observation, Probe, Question
from secscan.model.values import Type
from secscan.probing import quote
from secscan.syntax.backup_layouts import SHELL, TOUCHES
from secscan.syntax.restore_points import ATTRIBUTES, read_restore_points

USUAL = (
    "/backup", "/backup/*", "/backup/*/*", "/backups", "/backups/*", "/backups/*/*", "/srv/*", "/srv/*/*", "/srv/*/*/*",
    "/var/backups/*", "/var/backups/*/*", "/var/lib/rest-server/*", "/var/lib/restic/*", "/var/lib/borg/*", "/home/*", "/home/*/*",
    "/home/*/*/*", "/mnt", "/mnt/*", "/mnt/*/*", "/media/*", "/media/*/*", "/data/*", "/data/*/*", "/root/*",
)  # fmt: skip
_MARKS = ("keys", "data", "archives", "duplicity-full.*.manifest*", "duplicity-inc.*.manifest*", "duplicity-full.*.vol1.*")


def _ask_one(index: int, call: Arguments) -> str:
    places = [split_pattern(str(place)) for place in call["places"]]
    expand = "\n".join(f"expand '' {quote(f'{place}/{mark}'.lstrip('/'))}" for place in places for mark in _MARKS)
    return f"found='' gone='' fault='' total=0\nIFS=$nl\n{expand}\nanswer\npart {index} 0"


def ask(calls: Sequence[Arguments]) -> Question:
    """The shell's own globs find what looks like a repository; a few processes for each that is one."""
    script = f"""{EXPAND}
{SHELL}
answer() {{
  for tool in stat awk od find; do if ! have $tool; then fault="there is no $tool command"; fi; done
  if [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"; return 0; fi
  seen=$nl
  repositories=$(
    set -f
    for mark in $found; do
      set +f
      place=${{mark%/*}}
      case $seen in *"$nl$place$nl"*) continue ;; esac
      seen=$seen$place$nl
      IFS=" $nl"
      look_restic "$place"
      look_borg "$place"
      look_borg2 "$place"
      look_duplicity "$place"
      IFS=$nl
    done
  )
  if [ -n "$repositories" ]; then printf '%s\\nend\\n' "$repositories"; else printf 'absent\\n'; fi
}}
{chr(10).join(_ask_one(index, call) for index, call in enumerate(calls))}"""
    places = [str(place) for call in calls for place in call["places"]]
    return Question(script, (*dict.fromkeys(places), *TOUCHES))


def read(call: Arguments, answer: Answer) -> Observation:
    """Repositories as syntax/restore_points.py describes them; `absent` when there is none in these places."""
    return read_restore_points(answer, "a repository of backups")


PROBE = Probe(
    name="backup_repositories",
    summary="Repositories of restic, Borg and duplicity on this host, and their restore points",
    arguments=(
        Argument(
            "places", Type.LIST, "directories to look at, with * ? [...] as a shell takes them", default=USUAL, pattern=GLOB,
        ),
    ),
    attributes=ATTRIBUTES,
    ask=ask,
    read=read,
    example=(
        "repository restic /srv/restic\n| evidence=repository time_is=end encrypted=yes\n| mode=700\n| locks=0 locked_since=-\n"
        "| size=52428800\npoint 1767139200 - snapshot y 1f2e3d4c5b6a7988\npoint 1767222000 - snapshot y a1b2c3d4e5f60718\n"
        "| unfinished=0\ndone 2\nend\n"
    ),
    time_limit_s=120,
)  # fmt: skip
