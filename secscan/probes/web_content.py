"""What the workers of nginx, Apache and PHP-FPM can change of what their servers give out: the roots of the sites, file by file.

Roots are those that the configuration names. Workers are those that run; where none does, the user that the configuration names.
Of what can be changed the topmost is told: whoever may write a directory decides over all below it. What symbolic
links in a root lead to, and what is mounted in one, is looked at as another root. Access lists beyond owner, group and others
are not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.filesystem.entries import ENTRY_FIELDS, STAT, stat_record
from secscan.filesystem.mounts import VIRTUAL
from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.apache_files import fetch as fetch_apache
from secscan.syntax.nginx import FETCH as FETCH_NGINX
from secscan.syntax.servers import FIND_SERVERS

_FILES = 200_000  # below one root
_FOUND = 200  # that can be changed, below one root
_LINKS = 1000  # symbolic links below one root
_PLACES = 200  # that one root with a variable stands for
_APACHE = ("documentroot", "virtualdocumentroot", "alias", "aliasmatch", "scriptalias", "scriptaliasmatch", "user", "group")
# The roots and the user that lines of nginx name, a line each; variables stand for any name. A quoted value loses its quotes.
_NGINX_AWK = r"""/^fault / { print; next }
/^unobservable: / { print "fault " substr($0, 15); next }
!/^\| / { next }
{
  line = substr($0, 3)
  if (line ~ /^[ \t]*user[ \t]+[^;]+;/) { sub(/;.*/, "", line); sub(/^[ \t]*/, "", line); print line; next }
  if (line !~ /["\047]/) sub(/[ \t]#.*/, "", line)
  if (line ~ /(^|[;{} \t])(root|alias)[ \t]*$/) print "fault a root is written over several lines"
  while (match(line, /(^|[;{} \t])(root|alias)[ \t]+[^;]+;/)) {
    found = substr(line, RSTART, RLENGTH - 1)
    line = substr(line, RSTART + RLENGTH)
    sub(/^.?(root|alias)[ \t]+/, "", found)
    gsub(/^["\047]|["\047]$|[ \t]+$/, "", found)
    gsub(/\$\{[A-Za-z0-9_]+\}|\$[A-Za-z0-9_]+/, "*", found)
    print "root " found
  }
}"""
_APACHE_AWK = r"""/^unobservable: / { print "fault " substr($0, 15); next }
/^unread / { print "fault " substr($0, 8) " cannot be read"; next }
/^env / { variable[$2] = $3 }
!/^\| [A-Za-z]/ { next }
{
  line = substr($0, 3)
  sub(/[ \t]+$/, "", line)
  name = tolower(line)
  sub(/[ \t].*/, "", name)
  if (name == "define" && NF == 4) variable[$3] = $4
  if (name ~ /^(user|group)$/ && NF == 3) {
    own[name] = $3
    if (match($3, /^\$\{[A-Z_]+\}$/)) own[name] = variable[substr($3, 3, length($3) - 3)]
  }
  if (name !~ /^(documentroot|virtualdocumentroot|(script)?alias(match)?)$/) next
  if (line ~ /"$/) { sub(/"$/, "", line); sub(/.*"/, "", line) } else sub(/.*[ \t]/, "", line)
  for (each in variable) while (at = index(line, "${" each "}"))
    line = substr(line, 1, at - 1) variable[each] substr(line, at + length(each) + 3)
  gsub(/\$[0-9]|%-?[0-9p][-0-9.+]*/, "*", line)
  print "root " line
}
END { if ("user" in own) print "user", own["user"], own["group"] }"""
_SHELL = r"""nl='
'
is_server() { # NAME
  case $1 in nginx | apache2 | httpd | httpd-prefork | php-fpm*) return 0 ;; esac
  return 1
}
list_workers() { # `worker NAME UID GID...` for each process that does the work; `master` for one that others do it for
  own=$(readlink /proc/self/ns/pid)
  for stat in /proc/[0-9]*/stat; do
    line=''
    { IFS= read -r line <"$stat"; } 2>/dev/null
    name=${line#*\(} name=${name%\)*}
    if ! is_server "$name"; then continue; fi
    pid=${line%% *} rest=${line##*) } parent=''
    case $rest in Z*) continue ;; esac
    rest=${rest#* }
    { IFS= read -r parent <"/proc/${rest%% *}/comm"; } 2>/dev/null
    if [ "$(readlink "/proc/$pid/ns/pid")" != "$own" ]; then continue; fi
    kind=master uid='' gids=''
    if is_server "$parent"; then kind=worker; fi
    while read -r key first second others; do
      case $key in
        Uid:) uid=$second ;;
        Gid:) gids=$second ;;
        Groups:) gids="$gids $first $second $others" ;;
      esac
    done 2>/dev/null <"/proc/$pid/status"
    if [ -n "$uid" ]; then printf '%s %s %s %s\n' $kind "$name" "$uid" "$gids"; fi
  done | sort -u
}
configured() { # SERVER TOLD: the worker that there will be, by what was told of the configuration
  named=$(printf '%s\n' "$2" | sed -n 's/^user //p' | tail -n 1)
  if [ -z "$named" ] && [ "$1" = nginx ]; then
    named=$(nginx -V 2>&1 | tr ' ' '\n' | sed -n 's/^--user=//p')
    named=${named:-nobody}
  fi
  user=${named%% *} group=''
  case $named in *' '*) group=$(awk -F : -v name="${named#* }" '$1 == name { print $3 }' /etc/group) ;; esac
  if [ -n "$user" ] && id -u "$user" >/dev/null 2>&1; then
    printf 'worker %s %s %s %s\n' "$1" "$(id -u "$user")" "$(id -G "$user")" "$group"
  fi
}
list_pools() { # the users of pools of PHP-FPM, which may have no worker at the moment
  for file in /etc/php/*/fpm/pool.d/*.conf /etc/php-fpm.d/*.conf /etc/php[0-9]*/fpm/php-fpm.d/*.conf \
    /etc/php[0-9]*/php-fpm.d/*.conf; do
    if [ -r "$file" ]; then sed -n 's/^[ 	]*user[ 	]*=[ 	]*\([A-Za-z0-9_.-]*\).*/\1/p' "$file"; fi
  done | sort -u | while IFS= read -r user; do
    if id -u "$user" >/dev/null 2>&1; then
      printf 'worker php-fpm %s %s\n' "$(id -u "$user")" "$(id -G "$user")"
    fi
  done
}
changeable() { # PATH OPTION...: what the workers can change there; complaints follow as `! WHAT`
  place=$1
  shift
  {
    # shellcheck disable=SC2086 # words
    said=$(find -H "$place" "$@" -xdev -name "*$nl*" -prune -exec echo '?' \; -o ! -type l \( $reach \) -print -prune 2>&1 >&3 3>&-)
  } 3>&1
  printf '%s\n' "$said" | sed -e '/No such file or directory$/d' -e '/^$/d' -e 's/^/! /'
}
tell() { # PATH of something that can be changed
  case $1 in
    '?') printf 'fault a file name below %s holds a line break\n' "$root" ;;
    '! '*) printf 'fault %s\n' "${1#! }" ;;
    *) @STAT@ -- "$1" 2>/dev/null ;;
  esac
}
mounted() { # ROOT: file systems mounted below it, at which a walk ends
  if [ ! -e /proc/self ]; then return 0; fi # an image: nothing is mounted
  top=${1%/}/ awk '
    BEGIN { split("@VIRTUAL@", names, " "); for (i in names) virtual[names[i]] = 1 }
    {
      point = $5
      gsub(/\\011/, "\t", point); gsub(/\\040/, " ", point); gsub(/\\134/, "\\", point)
      for (i = 7; i < NF && $i != "-"; i++) ;
      if (index(point, ENVIRON["top"]) == 1 && !($(i + 1) in virtual)) print point
    }' /proc/self/mountinfo 2>/dev/null || printf '!\n'
}
outward() { # ROOT OPTION...: where the symbolic links in it lead that lead out of it
  place=$1
  shift
  find -H "$place" "$@" -xdev -type l -print 2>/dev/null | head -n $((@LINKS@ + 1)) | {
    count=0
    while IFS= read -r link; do
      count=$((count + 1))
      if [ $count -gt @LINKS@ ]; then printf '?\n'; break; fi
      target=$(readlink -f "$link" 2>/dev/null)
      case $target in '' | "$place" | "${place%/}"/*) ;; *) printf '%s\n' "$target" ;; esac
    done
  } | sort -u
}
look() { # ROOT
  root=${1%/}
  if [ ! -e "${root:=/}" ]; then return 0; fi
  case $nl$looked$nl in *"$nl$root$nl"*) return 0 ;; esac
  looked=$looked$nl$root
  printf 'root %s\n' "$root"
  depth=''
  if [ "$(find -H "$root" -xdev 2>/dev/null | head -n $((@FILES@ + 1)) | wc -l)" -gt @FILES@ ]; then
    printf 'fault more than @FILES@ files are below %s\n' "$root"
    depth='-maxdepth 3'
  fi
  IFS=' '
  # shellcheck disable=SC2086 # words
  found=$(changeable "$root" $depth | head -n $((@FOUND@ + 1)))
  # shellcheck disable=SC2086 # words
  linked=$linked$nl$(outward "$(readlink -f "$root")" $depth)$nl$(mounted "$(readlink -f "$root")")
  IFS=$nl
  # shellcheck disable=SC2086 # one path a line
  set -- $found
  if [ $# -gt @FOUND@ ]; then printf 'fault more than @FOUND@ files below %s can be changed\n' "$root"; fi
  for each; do tell "$each"; done
  up=${root%/*}
  while [ -n "$up" ]; do # who may write a directory above puts another root in the place of this one
    IFS=' '
    # shellcheck disable=SC2086 # words
    found=$(find -H "$up" -prune ! -perm -1000 \( $reach \) -print 2>/dev/null)
    IFS=$nl
    if [ -n "$found" ]; then tell "$found"; fi
    up=${up%/*}
  done
}
follow_links() { # what links in roots lead to, and what is mounted there, is given out as well, with what links there lead to
  rounds=0
  while [ -n "${linked#"${linked%%[!$nl]*}"}" ]; do
    rounds=$((rounds + 1))
    # shellcheck disable=SC2086 # one path a line
    set -- $linked
    linked=''
    if [ $rounds -gt 8 ] || [ $# -gt @PLACES@ ]; then printf 'fault links in the roots lead to too many places\n'; return 0; fi
    for place; do
      case $place in
        '?') printf 'fault more than @LINKS@ symbolic links are below a root\n' ;;
        '!') printf 'fault what is mounted below the roots cannot be told\n' ;;
        *) look "$place" ;;
      esac
    done
  done
}
look_at() { # ROOT as it is written
  case $1 in
    /\* | /\*/* | [!/]*) printf 'fault where %s is cannot be told\n' "$1"; return 0 ;;
    *\**) ;;
    *) look "$1"; return 0 ;;
  esac
  set +f
  # shellcheck disable=SC2086 # a pattern
  set -- $1
  set -f
  if [ $# -gt @PLACES@ ]; then printf 'fault more than @PLACES@ places fit %s\n' "$1"; return 0; fi
  for place; do look "$place"; done
}
of_pages() { # what is told of a server's configuration; `fault` where that is not known
  case $1 in
    nginx) nginx_files | awk "$of_nginx" ;;
    *) apache_files | awk "$of_apache" ;;
  esac
}
answer() {
  roots=''
  for server in $servers; do
    told=$(of_pages "$server")
    roots=$roots$nl$(printf '%s\n' "$told" | grep -v '^user ')
    case $server:$told in nginx:*root\ *) ;; nginx:*)
      for prefix in $(nginx -V 2>&1 | tr ' ' '\n' | sed -n 's/^--prefix=//p'); do roots=$roots${nl}root\ $prefix/html; done ;;
    esac
    if printf '%s\n' "$workers" | grep -q "^worker $server "; then continue; fi
    own=$(printf '%s\n' "$masters" | sed -n "s/^master \($server .*\)/worker \1/p") # one that works alone is its own worker
    own=${own:-$(configured "$server" "$told")}
    if [ -z "$own" ]; then roots=$roots${nl}fault\ the\ user\ of\ $server\ cannot\ be\ told; fi
    workers=$workers$nl$own
  done
  workers=$(printf '%s\n' "$workers" | grep . | sort -u)
  printf '%s\n' "$workers" | awk '
    BEGIN { while ((getline line <"/etc/passwd") > 0) { split(line, p, ":"); if (!(p[3] in user)) user[p[3]] = p[1] } }
    NF { print "worker " $2 " " ($3 in user ? user[$3] : $3) }' | sort -u
  reach='-perm -002'
  for uid in $(printf '%s\n' "$workers" | awk 'NF { print $3 }' | sort -u); do reach="$reach -o -user $uid"; done
  for gid in $(printf '%s\n' "$workers" | awk '{ for (i = 4; i <= NF; i++) print $i }' | sort -u); do
    reach="$reach -o -group $gid -perm -020"
  done
  set -f
  IFS=$nl
  for each in $(printf '%s\n' "$roots" | grep . | sort -u); do
    case $each in
      'root '*) look_at "${each#root }" ;;
      *) printf '%s\n' "$each" ;;
    esac
  done
  follow_links
  printf 'end\n'
}
looked='' linked=''
workers='' masters=''
if [ -r /proc/self/stat ]; then
  told=$(list_workers)
  workers=$(printf '%s\n' "$told" | grep '^worker ')
  masters=$(printf '%s\n' "$told" | grep '^master ')
  case $masters in *' php-fpm'*) workers=$workers$nl$(list_pools) ;; esac
fi
servers=$(printf '%s\n%s\n' "$workers" "$masters" | sed -n 's/^[a-z]* \(nginx\|apache2\|httpd[a-z-]*\) .*/\1/p' | sort -u)
case $nl$servers in *"$nl"nginx*) ;; *) if have nginx; then servers=$servers${nl}nginx; fi ;; esac
case $servers in *apache2* | *httpd*) ;; *)
  for file in /usr/sbin/apache2 /usr/sbin/httpd /usr/sbin/httpd-prefork; do
    if [ -x "$file" ] && grep -q 'Apache/' "$file"; then servers=$servers$nl${file##*/}; fi
  done ;;
esac
if [ -z "$servers" ]; then printf 'absent\n'
elif [ "$(id -u)" != 0 ]; then printf 'unobservable: only root can look into every directory\n'
else
  why=''
  for tool in find awk sort stat head wc sed grep readlink; do if ! have $tool; then why="there is no $tool command"; fi; done
  if [ -n "$why" ]; then printf 'unobservable: %s\n' "$why"; else answer; fi
fi
part 0 0"""


def _script() -> str:
    """The configurations are fetched as for the probes of their directives, in functions, so that nothing of it is printed."""
    shell = (
        _SHELL.replace("@VIRTUAL@", " ".join(kind for kind in VIRTUAL if kind != "ramfs"))
        .replace("@STAT@", STAT)
        .replace("@FILES@", str(_FILES))
    )
    shell = shell.replace("@FOUND@", str(_FOUND)).replace("@PLACES@", str(_PLACES)).replace("@LINKS@", str(_LINKS))
    return (
        f"of_nginx={quote(_NGINX_AWK)}\nof_apache={quote(_APACHE_AWK)}\nnginx_files() {{\n{FETCH_NGINX}\n}}\n"
        f"apache_files() {{\n{fetch_apache(_APACHE)}\n}}\n{FIND_SERVERS}{shell}"
    )


def ask(calls: Sequence[Arguments]) -> Question:
    """One look at the processes, the files of settings, and a walk below each root."""
    touches = (
        "/proc/*/{stat,status,comm,ns/pid} of nginx, httpd and php-fpm",
        "the files of settings of nginx, Apache httpd and PHP-FPM",
        "the roots that they name, and the directories above",
        "/proc/self/mountinfo",
        "find", "stat", "awk", "sort", "head", "wc",
    )  # fmt: skip
    return Question(_script(), touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """`worker SERVER USER` for each, `root PATH` and a line per file that they can change, `fault REASON`; then `end`."""
    said = reply(answer, "a web server that runs")
    if said:
        return said
    workers: dict[str, None] = {}
    servers: dict[str, None] = {}
    roots: dict[str, None] = {}
    found: dict[str, Record] = {}
    fault = ""
    for line in closed_lines(answer):
        word, _, rest = line.partition(" ")
        if word == "worker" and re.fullmatch(r"\S+ \S+", rest):
            server, user = rest.split(" ")
            servers[server] = workers[user] = None
        elif word == "root" and rest.startswith("/"):
            roots[rest] = None
        elif word == "fault":
            fault = fault or rest
        else:
            record = stat_record(line)
            found[str(record["path"])] = record
    if not workers and not fault:
        raise Unreadable("a web server without a worker")
    unknown = Unobservable(fault)
    rest_unknown = ({field.name: unknown for field in ENTRY_FIELDS},) if fault else ()
    shown: Value = tuple(roots) if roots or not fault else unknown
    return Observed({
        "servers": tuple(servers), "workers": tuple(workers), "roots": shown, "changeable": (*found.values(), *rest_unknown),
    })  # fmt: skip


PROBE = Probe(
    name="web_content",
    summary="What the workers of web servers can change of what the servers give out",
    arguments=(),
    attributes=(
        Attribute("servers", Type.LIST, "programs that run: nginx, apache2, httpd, php-fpm"),
        Attribute("workers", Type.LIST, "users that their workers run as"),
        Attribute("roots", Type.LIST, "roots and aliases of the sites, what is mounted in them and where links in them lead"),
        Attribute(
            "changeable", Type.RECORDS,
            "the topmost of what workers can change in the roots, and the directories above a root that they can", ENTRY_FIELDS,
        ),
    ),
    ask=ask,
    read=read,
    example="worker nginx www-data\nroot /srv/www\ndrwxrwxr-x 775 0:33 4096 1767225600 root:www-data /srv/www/uploads\nend\n",
    time_limit_s=90,
    needs_root=True,
)  # fmt: skip
