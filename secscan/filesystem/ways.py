"""The way to a file: every directory that is passed on it, with the symbolic links followed one by one."""

from __future__ import annotations

# walk PATH: adds every directory on the way to $dirs, a line each, and tells where the path ends once all links could be followed:
# way<TAB>PATH<TAB>/<TAB>/etc<TAB>/etc/x. Wants $nl to be a line break.
WALK = """tab=$(printf '\\t')
dirs=$nl
walk() {
  rest=${1#/} here='' hops=0 way=''
  while [ -n "$rest" ]; do
    step=${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest='' ;; esac
    [ -n "$step" ] || continue
    case $dirs in *"$nl${here:-/}$nl"*) ;; *) dirs=$dirs${here:-/}$nl ;; esac
    way=$way${here:-/}$tab
    case $step in .) continue ;; ..) here=${here%/*}; continue ;; esac
    if [ -L "$here/$step" ]; then
      hops=$((hops + 1))
      if [ $hops -gt 40 ] || ! to=$(readlink -- "$here/$step"); then return 0; fi
      case $to in '' | *"$nl"* | *"$tab"*) return 0 ;; /*) here='' ;; esac
      rest=${to#/}/$rest
    else here=$here/$step; fi
  done
  printf 'way\\t%s\\t%s\\n' "$1" "$way${here:-/}"
}"""
