"""Trees that rsnapshot keeps: their times, and how the last run ended by its log.

rsnapshot touches the newest tree of its first level at the end of a run; rotation keeps the time with the tree. Later levels
only move trees on, so that how they ended proves nothing about a backup.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.entries import PATH
from secscan.model.probe import Answer, Argument, Arguments, Observation, Probe, Question
from secscan.model.values import Type
from secscan.probing import quote
from secscan.syntax.restore_points import ATTRIBUTES, POINT_LIMIT, read_restore_points

_LIMIT_KIB = 4096  # of a log
_CONFIG_AWK = """{ sub(/^[ \\t]+/, ""); sub(/[ \\t\\r]+$/, "") }
/^#/ || NF == 0 { next }
{ split($0, word, /\\t+/) }
word[1] == "include_conf" && word[2] ~ /^`/ { print "fault a part of its configuration is what a command prints: " word[2]; next }
word[1] == "snapshot_root" { sub(/\\/+$/, "", word[2]) }
word[1] ~ /^(snapshot_root|logfile|lockfile|include_conf)$/ { print word[1] " " word[2] }
word[1] == "retain" || word[1] == "interval" { print "retain " word[2] }"""
_LOG_AWK = """index($0, " " level ": ") == 0 { next }
/: started$/ { state = "running" }
/: completed successfully/ { state = "success" }
/: completed, but with some warnings/ { state = "warnings" }
/: completed, but with some errors/ || /: ERROR: / { state = "failed" }
END { if (state != "") print state }"""
_TREES_AWK = f"""$0 == "!" {{ changed = 1; exit }}
BEGIN {{ count = split(levels, level, " "); for (i = 1; i <= count; i++) known[level[i]] = 1 }}
{{ name = $2; sub(/.*\\//, "", name); part = name; sub(/\\.[0-9]+$/, "", part) }}
name == ".sync" || (name != part && part in known) {{
  newest = name == ".sync" || name == level[1] ".0"
  sure = !newest || state == "success" || state == "warnings"
  print "point " $1 " - rotation " (name == hollow ? "n" : sure ? "y" : "?") " " name
  points++
}}
END {{
  if (changed) print "fault a part of it cannot be read by this user, or it changed while it was read"
  else if (points > {POINT_LIMIT}) print "fault more than {POINT_LIMIT} trees"
  else print "done " points + 0
}}"""
_SCRIPT = f"""nl='
'
settings={quote(_CONFIG_AWK)}
ends={quote(_LOG_AWK)}
trees={quote(_TREES_AWK)}
configured() {{ # FILE DEPTH
  awk "$settings" "$1" | while IFS= read -r line; do
    case $line in
      'include_conf '*)
        if [ "$2" -lt 5 ] && [ -r "${{line#* }}" ]; then configured "${{line#* }}" $(($2 + 1))
        else printf 'fault %s cannot be read by this user\\n' "${{line#* }}"; fi
        ;;
      *) printf '%s\\n' "$line" ;;
    esac
  done
}}
answer() {{ # CONFIG
  if [ ! -e "$1" ]; then
    if [ -x "${{1%/*}}/" ]; then printf 'absent\\n'
    else printf 'unobservable: %s cannot be searched by this user\\n' "${{1%/*}}"; fi
    return 0
  fi
  if [ ! -r "$1" ]; then printf 'unobservable: %s cannot be read by this user\\n' "$1"; return 0; fi
  for tool in stat awk find tail; do
    if ! have $tool; then printf 'unobservable: there is no %s command\\n' $tool; return 0; fi
  done
  root='' log='' lock='' levels='' first='' fault=''
  IFS=$nl
  set -f
  for line in $(configured "$1" 0); do
    case $line in
      'snapshot_root '*) root=${{line#* }} ;;
      'logfile '*) log=${{line#* }} ;;
      'lockfile '*) lock=${{line#* }} ;;
      'retain '*) levels="$levels ${{line#* }}" first=${{first:-${{line#* }}}} ;;
      'fault '*) fault=${{line#* }} ;;
    esac
  done
  set +f
  IFS=" $nl"
  printf 'repository rsnapshot %s\\n' "${{root:-$1}}"
  if [ -n "$fault" ]; then printf 'fault %s\\nend\\n' "$fault"; return 0; fi
  if [ -z "$root" ] || [ -z "$first" ]; then printf 'fault its configuration names no place or no level\\nend\\n'; return 0; fi
  printf '| evidence=repository time_is=end encrypted=no\\n'
  state=''
  if [ -n "$log" ] && [ -r "$log" ]; then state=$(tail -c {_LIMIT_KIB}k "$log" | awk -v level="$first" "$ends"); fi
  if [ "$state" = running ] && [ -n "$lock" ] && [ ! -e "$lock" ]; then state=failed; fi
  if [ -n "$state" ]; then printf '| last_result=%s\\n' "$state"; fi
  if [ -n "$lock" ]; then
    if since=$(stat -c %Y -- "$lock" 2>/dev/null); then printf '| locks=1 locked_since=%s\\n' "$since"
    else printf '| locks=0 locked_since=-\\n'; fi
  fi
  if [ ! -e "$root" ]; then
    if [ -x "${{root%/*}}/" ] || [ "$(id -u)" = 0 ]; then printf 'done 0\\nend\\n'
    else printf 'fault %s cannot be searched by this user\\nend\\n' "${{root%/*}}"; fi
    return 0
  fi
  stat -c '| mode=%a' -- "$root"
  hollow=''
  if [ -z "$({{ find "$root/$first.0" -type f 2>/dev/null || printf '!\\n'; }} | head -n 1)" ]; then hollow=$first.0; fi
  {{ find "$root" -maxdepth 1 -type d -name '*.*' -exec stat -c '%Y %n' -- {{}} + 2>/dev/null || printf '!\\n'; }} |
    awk -v levels="$levels" -v state="$state" -v hollow="$hollow" "$trees"
  printf 'end\\n'
}}
"""


def ask(calls: Sequence[Arguments]) -> Question:
    """A few processes for each configuration."""
    configs = [str(call["config"]) for call in calls]
    asked = "\n".join(f"answer {quote(config)}\npart {index} 0" for index, config in enumerate(configs))
    touches = (*dict.fromkeys(configs), "its snapshot_root, logfile and lockfile", "find", "stat", "tail", "awk")
    return Question(_SCRIPT + asked, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """One repository as syntax/restore_points.py describes it; `absent` without the configuration."""
    return read_restore_points(answer, str(call["config"]))


PROBE = Probe(
    name="rsnapshot",
    summary="The trees that rsnapshot keeps, and how its last run ended",
    arguments=(Argument("config", Type.TEXT, "its configuration", default="/etc/rsnapshot.conf", pattern=PATH),),
    attributes=ATTRIBUTES,
    ask=ask,
    read=read,
    example=(
        "repository rsnapshot /srv/rsnapshot\n| evidence=repository time_is=end encrypted=no\n| last_result=success\n"
        "| locks=0 locked_since=-\n| mode=700\npoint 1767222000 - rotation y alpha.0\npoint 1767207600 - rotation y alpha.1\n"
        "done 2\nend\n"
    ),
    time_limit_s=60,
    condition="config",
)  # fmt: skip
