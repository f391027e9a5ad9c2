"""Globs over a host's files that say so when they could not look everywhere."""

from __future__ import annotations

import re

GLOB = r"/[^\x00-\x1f\x7f{}\\]*"  # braces and backslashes mean something else in every shell
CAP = 2000
# expand DIRECTORY REST: adds what matches DIRECTORY/REST to $found, a line each; why not all could be found goes to $fault.
# A directory that cannot be searched or listed is noticed, where a shell's own globs quietly match nothing.
# list_gone: complaints about what seemed not to be there: a line "? ..." unless the system says that it does not exist.
# Both want IFS to be a line break.
EXPAND = f"""nl='
'
found='' gone='' fault='' total=0
expand() {{
  if [ -n "$fault" ]; then return 0; fi
  if [ ! -d "$1/" ]; then
    if [ ! -e "$1" ]; then gone=$gone$1$nl; fi
    return 0
  fi
  if [ ! -x "$1/" ]; then fault="${{1:-/}} cannot be searched by this user"; return 0; fi
  case ${{2%%/*}} in
    *[*?[]*) if [ ! -r "$1/" ]; then fault="${{1:-/}} cannot be listed by this user"; return 0; fi ;;
  esac
  case $2 in
    */*) for match in "$1"/${{2%%/*}}; do expand "$match" "${{2#*/}}"; done ;;
    *)
      for match in "$1"/$2; do
        if [ ! -e "$match" ] && [ ! -L "$match" ]; then
          case $2 in *[*?[]*) ;; *) gone=$gone$match$nl ;; esac
          continue
        fi
        total=$((total + 1))
        if [ $total -gt {CAP} ]; then fault='more than {CAP} files match'; return 0; fi
        case $match in *"$nl"*) fault="a file name in ${{1:-/}} holds a line break" ;; *) found=$found$match$nl ;; esac
      done
      ;;
  esac
}}
list_gone() {{
  set -f
  # shellcheck disable=SC2086 # one path a line
  for complaint in ${{gone:+$(stat -L -- $gone 2>&1 >/dev/null)}}; do
    case $complaint in *'No such file or directory' | *'Not a directory') ;; *) printf '? %s\\n' "$complaint" ;; esac
  done
  set +f
}}"""


def split_pattern(pattern: str) -> str:
    """What `expand "" REST` takes for an absolute pattern: no slash at its ends, none doubled."""
    return re.sub(r"/+", "/", pattern).strip("/")
