"""How restic, Borg and duplicity lay out what they store: shell that knows a repository by its files, without a key.

Sources: restic's doc/design.rst; Borg's docs/internals/data-structures.rst; duplicity's man page. What the times mean:
- restic writes one file per snapshot, once, at the end of a run; no later command of restic touches it.
- Borg 1 keeps its archives' times encrypted. Its index is written anew by each change; an append-only repository lists them all.
- Borg 2 writes one object per archive.
- duplicity puts the start of a run into its files' names.
"""

from __future__ import annotations

from secscan.probing import quote
from secscan.syntax.restore_points import EPOCH_AWK, POINT_LIMIT

TOUCHES = ("find", "stat", "od", "awk", "grep", "lsattr")
_FILES = 20000  # more are not weighed
_CHANGED = "it changed while it was read, or a part of it cannot be read by this user"

# From tell_files of duplicity's files: a line per backup set. A set is whole when its manifest and all its volumes are there,
# and all it builds on is. Without volumes (a client's cache), the manifests alone tell.
_DUPLICITY_AWK = f"""{EPOCH_AWK}
function whole(set, depth) {{
  if (!manifest[set] || depth > 5000 || volumes[set] != last[set]) return 0
  return from[set] == "" || whole(from[set], depth + 1)
}}
$0 == "!" {{ changed = 1; exit }}
{{
  sub(/^\\.\\//, "", $3)
  if ($3 ~ /\\.part$/) {{ unfinished++; next }}
  if ($3 !~ /^duplicity-(full|inc)\\./) next
  count = split($3, part, ".")
  if (part[1] == "duplicity-full") {{ set = part[2]; kind[set] = "full"; rest = part[3] }}
  else {{ set = part[4]; kind[set] = "incremental"; from[set] = part[2]; rest = part[5] }}
  if (set !~ /^[0-9]+T[0-9]+Z$/ || length(set) != 16) {{ unfinished++; delete kind[set]; next }}
  if (part[count] != "gpg") open = 1
  if (rest == "manifest") manifest[set] = 1
  else if (rest ~ /^vol[0-9]+$/) {{
    volumes[set]++; bytes[set] += $2; total += $2
    if (substr(rest, 4) + 0 > last[set] + 0) last[set] = substr(rest, 4) + 0
  }}
}}
END {{
  if (changed) {{ print "fault {_CHANGED}"; exit }}
  for (set in kind) {{
    if (++sets > {POINT_LIMIT}) {{ print "fault more than {POINT_LIMIT} backup sets"; exit }}
    at = epoch(substr(set, 1, 4), substr(set, 5, 2), substr(set, 7, 2), substr(set, 10, 2), substr(set, 12, 2), substr(set, 14, 2))
    weight = cache ? "-" : sprintf("%.0f", bytes[set])
    if (!manifest[set]) unfinished++
    print "point " at " " weight " " kind[set] " " (whole(set, 0) ? "y" : "n") " " set
  }}
  print "| unfinished=" unfinished + 0 (cache ? "" : " encrypted=" (open ? "no" : "yes") " size=" sprintf("%.0f", total))
  print "done " sets + 0
}}"""

# From lines of sha256sum, then lines of tell_files about files that are named by the hash of what they hold: a point per file. It
# is whole when the hash is right (or nobody looked); anything else is a leaving.
_HASHED_AWK = f"""$0 == "!" {{ changed = 1; exit }}
NF == 2 {{ name = $2; sub(/.*\\//, "", name); hash[name] = $1; if (length(name) == 64 && $1 != name) damaged++; next }}
{{ name = $3; sub(/.*\\//, "", name) }}
length(name) != 64 || name ~ /[^0-9a-f]/ {{ unfinished++; next }}
++points <= {POINT_LIMIT} {{
  good = whole == "y" && $2 > 0 && (!(name in hash) || hash[name] == name)
  print "point " $1 " - " kind " " (good ? "y" : "n") " " substr(name, 1, 16)
}}
END {{
  if (changed) {{ print "fault {_CHANGED}"; exit }}
  print "| unfinished=" unfinished + 0 (verified ? " damaged=" damaged + 0 : "")
  print (points > {POINT_LIMIT} ? "fault more than {POINT_LIMIT} restore points" : "done " points + 0)
}}"""

# The first transaction of Borg makes the empty repository. `whole`: the segment that ends the newest one is there.
_BORG_LOG_AWK = f"""{EPOCH_AWK}
/^transaction [0-9]+, UTC time [0-9]/ {{
  number = $2 + 0; moment = $5; split(moment, t, /[-T:.]/)
  if (number == newest) listed = 1
  if (number < 2) next
  print "point " epoch(t[1], t[2], t[3], t[4], t[5], t[6]) " - transaction " whole " " number; points++
}}
END {{
  if (!listed && newest > 1) {{ print "point " changed " - transaction " whole " " newest; points++ }}
  print (points > {POINT_LIMIT} ? "fault more than {POINT_LIMIT} transactions" : "done " points + 0)
}}"""

_CONFIG_AWK = """{ gsub(/[ \\t\\r]/, "") }
/^append_only=/ { only = substr($0, 13) == "1" || tolower(substr($0, 13)) ~ /^(true|yes|on)$/ }
/^id=[0-9a-f]+$/ { id = substr($0, 4) }
END { print (only ? "yes" : "no") " " (id == "" ? "?" : id) }"""

SHELL = f"""nl='
'
hashed={quote(_HASHED_AWK)}
sets={quote(_DUPLICITY_AWK)}
transactions={quote(_BORG_LOG_AWK)}
settings={quote(_CONFIG_AWK)}
listable() {{ # DIRECTORY...: false, with a fault, when this user cannot look into one
  for part; do
    if [ -d "$part" ] && {{ [ ! -r "$part" ] || [ ! -x "$part" ]; }}; then
      printf 'fault %s cannot be listed by this user\\n' "$part"
      return 1
    fi
  done
}}
tell_files() {{ # [DEPTH]: a line per file of the directory at hand, `!` when it could not be read to its end
  find . -maxdepth "${{1:-1}}" -type f -exec stat -c '%Y %s %n' -- {{}} + 2>/dev/null || printf '!\\n'
}}
tell_hashes() {{ # restic names what it stores by its SHA-256: all that is small, and some of the newest data
  have sha256sum || return 0
  find snapshots index keys -type f -size -16384k -exec sha256sum -- {{}} + 2>/dev/null
  find data -type f -mtime -2 2>/dev/null | head -n 4 | while IFS= read -r pack; do sha256sum -- "$pack" 2>/dev/null; done
}}
weigh() {{ # the size of all files of a directory, when they are not too many
  find "$1" -xdev -type f -exec stat -c %s -- {{}} + 2>/dev/null | head -n {_FILES + 1} |
    awk '{{ bytes += $1 }} END {{ if (NR <= {_FILES}) printf "| size=%.0f\\n", bytes }}'
}}
tell_mode() {{ stat -c '| mode=%a' -- "$1" 2>/dev/null || printf '| mode=?\\n'; }}
tell_locks() {{ # FILE...: how many there are, and the age of the oldest
  held=0 oldest=-
  for lock; do
    since=$(stat -c %Y -- "$lock" 2>/dev/null) || continue
    held=$((held + 1))
    if [ "$oldest" = - ] || [ "$since" -lt "$oldest" ]; then oldest=$since; fi
  done
  printf '| locks=%s locked_since=%s\\n' $held "$oldest"
}}
tell_flags() {{ # DIRECTORY...: whether the file system lets files only be added to all of them, and root alone owns these
  for part; do
    if [ ! -d "$part" ]; then return 0; fi
    flags=$(find "$part" -type d -exec lsattr -d -- {{}} + 2>/dev/null) || return 0
    if [ -z "$flags" ] || printf '%s\\n' "$flags" | grep -q -v '^[^ ]*[ai]'; then return 0; fi
    if [ -n "$(find "$part" -type f ! -user 0 2>/dev/null | head -n 1)" ]; then return 0; fi
  done
  printf '| append_only=yes\\n'
}}
rest_server() {{ # DIRECTORY: what a rest-server that serves it allows
  for comm in /proc/[0-9]*/comm; do
    name=''
    {{ IFS= read -r name <"$comm"; }} 2>/dev/null
    [ "$name" = rest-server ] || continue
    served=/tmp/restic only=no previous=''
    for word in $(tr '\\000' '\\n' <"${{comm%comm}}cmdline" 2>/dev/null); do
      case $previous in --path) served=$word ;; esac
      case $word in --path=*) served=${{word#--path=}} ;; --append-only | --append-only=true) only=yes ;; esac
      previous=$word
    done
    case $1/ in "${{served%/}}"/*) printf '| append_only=%s\\n' $only ;; esac
  done
}}
look_restic() {{ # DIRECTORY
  if [ ! -e "$1/config" ] || [ ! -d "$1/snapshots" ] || [ ! -d "$1/keys" ] || [ ! -d "$1/data" ]; then return 0; fi
  printf 'repository restic %s\\n' "$1"
  listable "$1" "$1/snapshots" "$1/locks" "$1/keys" "$1/index" || return 0
  printf '| evidence=repository time_is=end encrypted=yes\\n'
  tell_mode "$1"
  tell_locks "$1"/locks/*
  rest_server "$1"
  tell_flags "$1/snapshots" "$1/index" "$1/keys" "$1/data"
  weigh "$1"
  whole=n verified='' packed=''
  for pack in "$1"/data/* "$1"/data/*/*; do if [ -f "$pack" ] && [ -s "$pack" ]; then packed=1; break; fi; done
  for key in "$1"/keys/*; do
    for index in "$1"/index/*; do
      if [ -n "$packed" ] && [ -s "$key" ] && [ -s "$index" ] && [ -s "$1/config" ]; then whole=y; fi
    done
  done
  if have sha256sum; then verified=1; fi
  (cd "$1" && {{ tell_hashes; cd snapshots && tell_files; }}) |
    awk -v kind=snapshot -v whole=$whole -v verified=$verified "$hashed"
}}
look_borg2() {{ # DIRECTORY
  if [ ! -d "$1/archives" ] || [ ! -e "$1/config/version" ]; then return 0; fi
  printf 'repository borg %s\\n' "$1"
  listable "$1" "$1/archives" "$1/config" "$1/locks" || return 0
  printf '| evidence=repository time_is=end\\n'
  tell_mode "$1"
  tell_locks "$1"/locks/*
  tell_flags "$1"
  weigh "$1"
  (cd "$1/archives" && tell_files) | awk -v kind=archive -v whole=y -v verified= "$hashed"
}}
borg_encrypted() {{ # DIRECTORY: the first byte of stored data tells the kind of key
  tried=0
  for segment in "$1"/data/*/*; do
    tried=$((tried + 1))
    if [ $tried -gt 50 ]; then break; fi
    # the magic word, then checksum, size, tag, key of the first entry; tag 0 stores data
    # shellcheck disable=SC2046 # numbers
    set -- $(od -A n -v -t u1 -N 50 -- "$segment" 2>/dev/null)
    if [ $# = 50 ] && [ "$1 $2 $3 $4 ${{17}}" = '66 79 82 71 0' ]; then
      case ${{50}} in
        0 | 1 | 3 | 4 | 5) printf '| encrypted=yes\\n' ;;
        2 | 6 | 7) printf '| encrypted=no\\n' ;;
      esac
      return 0
    fi
  done
}}
borg_keys() {{ # DIRECTORY: whether all keys of its owner may only add
  owner=$(stat -c %u -- "$1") home=''
  while IFS=: read -r _ _ uid _ _ place _; do if [ "$uid" = "$owner" ]; then home=$place; break; fi; done </etc/passwd
  if [ "$owner" = 0 ] || [ -z "$home" ]; then return 0; fi
  set --
  for keys in "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"; do # sshd takes both unless told otherwise
    if [ -r "$keys" ]; then set -- "$@" "$keys"; elif [ -e "$keys" ]; then return 0; fi
  done
  if [ $# = 0 ]; then return 0; fi
  awk '/^[ \\t]*(#|$)/ {{ next }} {{ keys++ }} /borg.* serve .*--append-only/ && /^([^"]*,)?command="/ {{ held++ }}
    END {{ if (keys) print "| append_only=" (keys == held ? "yes" : "no") }}' "$@"
}}
look_borg() {{ # DIRECTORY
  if [ ! -f "$1/config" ] || [ ! -d "$1/data" ] || [ -d "$1/snapshots" ]; then return 0; fi
  if [ -r "$1/config" ]; then
    line=''
    IFS= read -r line <"$1/config" 2>/dev/null
    case $line in '[repository]'*) ;; *) return 0 ;; esac
  elif [ ! -e "$1/README" ]; then return 0; fi
  printf 'repository borg %s\\n' "$1"
  listable "$1" "$1/data" || return 0
  if [ ! -r "$1/config" ]; then printf 'fault its config cannot be read by this user\\n'; return 0; fi
  config=$(awk "$settings" "$1/config")
  printf '| evidence=repository time_is=change id=%s\\n' "${{config#* }}"
  case $config in
    yes*) printf '| append_only=yes\\n' ;;
    *) borg_keys "$1" ;;
  esac
  tell_mode "$1"
  tell_locks "$1"/lock.exclusive
  borg_encrypted "$1"
  weigh "$1/data"
  newest='' changed=''
  for index in "$1"/index.[0-9]*; do
    number=${{index##*.}}
    case $number in *[!0-9]*) continue ;; esac
    if [ -z "$newest" ] || [ "$number" -gt "$newest" ]; then newest=$number changed=$(stat -c %Y -- "$index"); fi
  done
  log=/dev/null
  if [ -r "$1/transactions" ]; then log=$1/transactions; fi
  whole=n
  for segment in "$1"/data/*/"$newest"; do if [ -s "$segment" ]; then whole=y; fi; done
  awk -v newest="$newest" -v changed="$changed" -v whole=$whole "$transactions" "$log"
}}
look_duplicity() {{ # DIRECTORY
  set -- "$1" "$1"/duplicity-full.* "$1"/duplicity-inc.*
  if [ ! -e "$2" ] && [ ! -e "$3" ]; then return 0; fi
  printf 'repository duplicity %s\\n' "$1"
  listable "$1" || return 0
  printf '| evidence=repository time_is=exact\\n'
  tell_mode "$1"
  tell_flags "$1"
  (cd "$1" && tell_files) | awk -v cache=0 "$sets"
}}
"""
