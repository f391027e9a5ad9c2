"""What restic, Borg and duplicity remember on the host they save: where its backups go, and when something last went there.

A claim, not a proof: only the repository itself (probe backup_repositories, asked where it is kept) shows that a copy exists.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.patterns import EXPAND, GLOB, split_pattern
from secscan.model.probe import Answer, Argument, Arguments, Observation, Probe, Question
from secscan.model.values import Type
from secscan.probing import quote
from secscan.syntax.backup_layouts import SHELL, TOUCHES
from secscan.syntax.restore_points import ATTRIBUTES, EPOCH_AWK, read_restore_points

USUAL = ("/root", "/home/*", "/var/lib/*", "/var/backups")
_MARKS = (".cache/restic/*/snapshots", ".config/borg/security/*/location", ".cache/duplicity/*/duplicity-full.*.manifest")
# Borg notes the time of the newest manifest it saw: that of the last change. The kinds of keys: borg/constants.py, KeyType.
_BORG_AWK = f"""{EPOCH_AWK}
FILENAME ~ /\\/location$/ {{ sub(/:\\/\\/[^\\/@:]*:[^\\/@]*@/, "://***@"); gsub(/[\\001-\\037]/, "?"); target = $0 }}
FILENAME ~ /\\/key-type$/ {{ if ($0 ~ /^[01345]$/) encrypted = "yes"; else if ($0 ~ /^[267]$/) encrypted = "no" }}
FILENAME ~ /\\/manifest-timestamp$/ {{ split($0, t, /[-T:.]/); at = epoch(t[1], t[2], t[3], t[4], t[5], t[6]) }}
END {{
  if (target == "" || at == "") {{ print "fault what Borg remembers could not be read"; exit }}
  print "target " target
  if (encrypted) print "| encrypted=" encrypted
  print "point " at " - transaction y manifest"
  print "done 1"
}}"""


def _ask_one(index: int, call: Arguments) -> str:
    homes = [split_pattern(str(home)) for home in call["homes"]]
    expand = "\n".join(f"expand '' {quote(f'{home}/{mark}'.lstrip('/'))}" for home in homes for mark in _MARKS)
    return f"found='' gone='' fault='' total=0\nIFS=$nl\n{expand}\nanswer\npart {index} 0"


def ask(calls: Sequence[Arguments]) -> Question:
    """The shell's own globs find the traces; a few processes for each."""
    script = f"""{EXPAND}
{SHELL}
noted={quote(_BORG_AWK)}
tell_trace() {{ # DIRECTORY
  case $1 in
    */.cache/restic/*)
      printf 'repository restic %s\\n' "$1"
      listable "$1" "$1/snapshots" || return 0
      printf '| evidence=client time_is=change encrypted=yes id=%s\\n' "${{1##*/}}"
      (cd "$1/snapshots" && tell_files 2) | awk -v kind=snapshot -v whole=y -v verified= "$hashed"
      ;;
    */.config/borg/*)
      printf 'repository borg %s\\n' "$1"
      listable "$1" || return 0
      printf '| evidence=client time_is=change id=%s\\n' "${{1##*/}}"
      awk "$noted" "$1/location" "$1/key-type" "$1/manifest-timestamp" 2>/dev/null
      ;;
    *)
      printf 'repository duplicity %s\\n' "$1"
      listable "$1" || return 0
      printf '| evidence=client time_is=exact\\n'
      (cd "$1" && tell_files) | awk -v cache=1 "$sets"
      ;;
  esac
}}
answer() {{
  for tool in stat awk find; do if ! have $tool; then fault="there is no $tool command"; fi; done
  if [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"; return 0; fi
  seen=$nl
  traces=$(
    set -f
    for mark in $found; do
      place=${{mark%/*}}
      case $seen in *"$nl$place$nl"*) continue ;; esac
      seen=$seen$place$nl
      tell_trace "$place"
    done
  )
  if [ -n "$traces" ]; then printf '%s\\nend\\n' "$traces"; else printf 'absent\\n'; fi
}}
{chr(10).join(_ask_one(index, call) for index, call in enumerate(calls))}"""
    touches = [f"{home}/{mark}" for call in calls for home in call["homes"] for mark in _MARKS]
    return Question(script, (*dict.fromkeys(touches), *TOUCHES[:4]))


def read(call: Arguments, answer: Answer) -> Observation:
    """Repositories as syntax/restore_points.py describes them; `absent` when no program remembers one."""
    return read_restore_points(answer, "what a client of backups remembers")


PROBE = Probe(
    name="backup_clients",
    summary="What restic, Borg and duplicity remember of the backups that this host sends away",
    arguments=(
        Argument("homes", Type.LIST, "home directories of who makes backups, with * ? [...]", default=USUAL, pattern=GLOB),
    ),
    attributes=ATTRIBUTES,
    ask=ask,
    read=read,
    example=(
        "repository borg /root/.config/borg/security/0a1b2c\n| evidence=client time_is=change id=0a1b2c\n"
        "target ssh://borg@vault.example.org/./host\n| encrypted=yes\npoint 1767222000 - transaction y manifest\ndone 1\nend\n"
    ),
    time_limit_s=60,
)  # fmt: skip
