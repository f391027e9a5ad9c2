"""Backups that are plain files or directories, one for each run: dumps, archives, copies by rsync.

Names that differ by a date or by the number of a rotation are one series. Into the newest file of a series it is looked: whether
the compressed stream is whole, and whether a dump has the last line that the dumping program writes when it ended well.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.patterns import EXPAND, GLOB, split_pattern
from secscan.model.probe import Answer, Argument, Arguments, Observation, Probe, Question
from secscan.model.values import Type
from secscan.probing import quote
from secscan.syntax.restore_points import ATTRIBUTES, read_restore_points

_BUDGET = 128 * 2**20  # bytes of compressed files that are unpacked in all to see their ends
# From `stat -c '%A %a %Y %Z %s %n'`: series, type, mode, time, size, name, with tabs between. A copy by rsync has the content's own
# time as its modification time; when it was made is told by its change time.
_SERIES_AWK = r"""BEGIN {
  two = "[0-9][0-9]"
  date = "(19|20)" two "[-_.]?[01][0-9][-_.]?[0-3][0-9]"
  clock = "([-T_. ]?[0-2][0-9][-_.:h]?[0-5][0-9]([-_.:m]?[0-5][0-9])?)?(Z|[-+]" two two ")?"
  seconds = "1[0-9]" two two two two
  short = "[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un"
  weekday = "[-_.]((" short "|[Tt]ues|[Ww]ednes|[Tt]hurs|[Ss]atur)day|" short ")([-_.]|$)"
}
function series(name,   base, path) {
  path = name; sub(/[^\/]*$/, "", path); base = substr(name, length(path) + 1)
  sub(/(\.(part|partial|tmp|incomplete)|~)$/, "", base)
  gsub(date clock, "#", base)
  gsub(seconds, "#", base)
  if (match(base, weekday))
    base = substr(base, 1, RSTART) "#" (substr(base, RSTART + RLENGTH - 1, 1) ~ /[-_.]/ ? substr(base, RSTART + RLENGTH - 1) : "")
  if (match(base, /\.[0-9]+(\.(gz|zst|xz|bz2))?$/)) sub(/\.[0-9]+/, ".#", base)
  return path base
}
{
  type = substr($1, 1, 1); mode = $2; modified = $3; changed = $4; size = $5
  for (i = 1; i <= 5; i++) sub(/^[^ ]* /, "")
  gsub(/[\001-\037]/, "?")
  if (type == "d") print series($0) "\t" type "\t" mode "\t" changed "\t-\t" $0
  else if (type == "-") print series($0) "\t" type "\t" mode "\t" modified "\t" size "\t" $0
}"""
_ENDING_AWK = r"""/^-- PostgreSQL database (cluster )?dump complete/ || /^-- Dump completed/ { ended = 1 }
{ last = $0 }
END { print (last == "!0" ? "sound" : "broken") " " (ended ? "ended" : "open") }"""
_SHELL = f"""series={quote(_SERIES_AWK)}
ending={quote(_ENDING_AWK)}
name_packer() {{ # FILE: the program that packed it goes to $tool
  case $1 in
    *.gz | *.tgz) tool=gzip ;;
    *.zst | *.zstd) tool=zstd ;;
    *.xz | *.txz) tool=xz ;;
    *.bz2 | *.tbz2) tool=bzip2 ;;
    *) tool='' ;;
  esac
}}
dumped() {{ # FILE: true when its first lines are those of pg_dump or mysqldump; reads the content
  head -c 400 | grep -q -e '^-- PostgreSQL database' -e '^-- MySQL dump' -e '^-- MariaDB dump' 2>/dev/null
}}
hollow() {{ # COMMAND...: true when it says nothing
  [ "$("$@" 2>/dev/null | head -c 1 | wc -c)" -eq 0 ]
}}
look_into() {{ # DIRECTORY: the files in it, or that not all of it can be seen
  find "$1" -type f 2>/dev/null || printf '!\\n'
}}
judge() {{ # FILE SIZE: y when it is whole, n when it is broken, ? when that cannot be told cheaply
  if [ "$2" = 0 ]; then whole=n; return 0; fi
  whole='?'
  case $1 in *.gpg | *.pgp | *.age | *.asc | *.enc | *.aes | *.7z | *.zip) return 0 ;; esac
  if [ ! -r "$1" ]; then return 0; fi
  name_packer "$1"
  if [ -z "$tool" ]; then
    case $1 in
      *.sql)
        case $({{ tail -c 1000 -- "$1"; printf '\\n!%s\\n' $?; }} | awk "$ending") in
          'sound ended') whole=y ;;
          'sound open') if dumped <"$1"; then whole=n; fi ;;
        esac
        ;;
      *.tar) if [ "$(tail -c 1024 -- "$1" | tr -d '\\000' | wc -c)" -ne 0 ]; then whole=n; else whole=y; fi ;;
    esac
    return 0
  fi
  if [ "$2" -gt $budget ] || ! have $tool; then return 0; fi
  budget=$((budget - $2))
  case $1 in
    *.sql.*)
      case $({{ $tool -dcq -- "$1" 2>/dev/null; printf '\\n!%s\\n' $?; }} | tail -c 1000 | awk "$ending") in
        broken*) whole=n ;;
        'sound ended') whole=y ;;
        *) if $tool -dcq -- "$1" 2>/dev/null | dumped || hollow $tool -dcq -- "$1"; then whole=n; fi ;;
      esac
      ;;
    *.tar.* | *.tgz | *.txz | *.tbz2)
      # a tar ends in two blocks of nothing
      case $({{ $tool -dcq -- "$1" 2>/dev/null; printf '\\n!%s\\n' $?; }} | tail -c 1000 | tr -d '\\000') in
        "$nl!0") whole=y ;;
        *) whole=n ;;
      esac
      ;;
    *) if $tool -tq -- "$1" 2>/dev/null && ! hollow $tool -dcq -- "$1"; then whole=y; else whole=n; fi ;;
  esac
}}
close_series() {{ # what was looked into and found whole is verified
  if [ "$judged" = y ]; then printf '| damaged=0\\n'; fi
  printf '| unfinished=%s\\ndone %s\\n' $unfinished $points
}}
list_series() {{
  at='' points=0 budget={_BUDGET}
  while IFS=$tab read -r pattern type mode time size name; do
    if [ "$pattern $type" != "$at" ]; then
      if [ -n "$at" ]; then close_series; fi
      at="$pattern $type" points=0 unfinished=0
      if [ "$type" = d ]; then printf 'repository tree %s\\n| evidence=repository time_is=end' "$pattern"
      else printf 'repository file %s\\n| evidence=repository time_is=end' "$pattern"; fi
      printf ' mode=%s' "$mode"
      case $pattern in
        *.gpg | *.pgp | *.age | *.asc | *.enc | *.aes) printf ' encrypted=yes\\n' ;;
        *.7z | *.zip) printf '\\n' ;;
        *) printf ' encrypted=no\\n' ;;
      esac
      judged=''
    fi
    case $name in
      *.part | *.partial | *.tmp | *.incomplete | *~) unfinished=$((unfinished + 1)); continue ;;
    esac
    whole='?'
    if [ "$type" = d ]; then
      kind='tree'
      if [ -z "$judged" ] && hollow look_into "$name"; then whole=n; else judged=1; fi
    else
      kind="file"
      if [ "$size" = 0 ]; then whole=n; elif [ -z "$judged" ]; then judge "$name" "$size"; judged=$whole; fi
    fi
    points=$((points + 1))
    printf 'point %s %s %s %s %s\\n' "$time" "$size" $kind "$whole" "$name"
  done
  if [ -n "$at" ]; then close_series; fi
}}
answer() {{
  for tool in stat awk sort tail grep; do if ! have $tool; then fault="there is no $tool command"; fi; done
  if [ -z "$fault" ]; then
    set -f
    # shellcheck disable=SC2086 # one path a line
    if [ -n "$found" ] && ! lines=$(stat -c '%A %a %Y %Z %s %n' -- $found 2>&1); then
      fault="$(printf '%s\\n' "$lines" | grep '^stat: ' | head -n 1)"
      fault=${{fault:-stat failed}}
    fi
    set +f
  fi
  if [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"; return 0; fi
  told=''
  if [ -n "$found" ]; then
    told=$(printf '%s\\n' "$lines" | awk "$series" | sort -t "$tab" -k1,1 -k2,2 -k4,4rn -k6,6r | list_series)
  fi
  if [ -n "$told" ]; then printf '%s\\nend\\n' "$told"; else printf 'absent\\n'; fi
}}
"""


def _ask_one(index: int, call: Arguments) -> str:
    expand = "\n".join(f"expand '' {quote(split_pattern(str(pattern)))}" for pattern in call["patterns"])
    return f"found='' gone='' fault='' total=0\nIFS=$nl\n{expand}\nanswer\npart {index} 0"


def ask(calls: Sequence[Arguments]) -> Question:
    """The shell's own globs find the files, one `stat` tells about them; a few processes look into the newest of a series."""
    script = f"""{EXPAND}
tab=$(printf '\\t')
{_SHELL}
{chr(10).join(_ask_one(index, call) for index, call in enumerate(calls))}"""
    patterns = [str(pattern) for call in calls for pattern in call["patterns"]]
    return Question(script, (*dict.fromkeys(patterns), "stat", "awk", "sort", "tail", "gzip, zstd, xz, bzip2 (to test)"))


def read(call: Arguments, answer: Answer) -> Observation:
    """A repository per series, as syntax/restore_points.py describes it; `absent` when no file matches."""
    return read_restore_points(answer, "backup files")


PROBE = Probe(
    name="backup_files",
    summary="Series of backup files and trees: how old, how large, and whether the newest is whole",
    arguments=(
        Argument("patterns", Type.LIST, "files or directories, with * ? [...] as a shell takes them", required=True, pattern=GLOB),
    ),
    attributes=ATTRIBUTES,
    ask=ask,
    read=read,
    example=(
        "repository file /srv/dumps/erp-#.sql.gz\n| evidence=repository time_is=end mode=600 encrypted=no\n"
        "point 1767222000 52428800 file y /srv/dumps/erp-2025-12-31.sql.gz\n"
        "point 1767135600 52427000 file ? /srv/dumps/erp-2025-12-30.sql.gz\n| unfinished=0\ndone 2\nend\n"
    ),
    time_limit_s=120,
)  # fmt: skip
