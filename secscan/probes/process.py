"""Running processes by name, read from /proc without starting a program for each. Secrets in arguments are masked on the host."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Value
from secscan.probing import MASK_COMMAND_AWK, Unreadable, closed_lines, quote, reply

_LIMIT = 300
# The kernel keeps 15 bytes of a name; a longer one is told apart by the program's path, where that can be read.
_SCRIPT = r"""
hidden=
while read -r _ point kind options _; do
  if [ "$point" = /proc ] && [ "$kind" = proc ]; then
    case ,$options, in
      *,hidepid=[124],* | *,hidepid=noaccess,* | *,hidepid=invisible,* | *,hidepid=ptraceable,*) hidden=yes ;;
      *) hidden= ;;
    esac
  fi
done 2>/dev/null </proc/mounts
why=
if [ ! -r /proc/self/stat ]; then why='/proc is not mounted'
elif [ -n "$hidden" ] && [ "$(id -u)" != 0 ]; then why='/proc hides other users'\'' processes from this user (hidepid)'
elif ! have awk; then why='awk is missing'; fi
newline='
'
# is process $1 this question's own: the shell that asks, or what it has started; the process vanished counts too
own() {
  ancestor=$1
  while [ "$ancestor" != 0 ] && [ "$ancestor" != 1 ]; do
    [ "$ancestor" != $$ ] || return 0
    stat=
    { IFS= read -r stat <"/proc/$ancestor/stat"; } 2>/dev/null
    [ -n "$stat" ] || return 0
    stat=${stat##*) }; stat=${stat#* }; ancestor=${stat%% *}
  done
  return 1
}
names='' line=''
[ -n "$why" ] || for dir in /proc/[0-9]*; do
  { IFS= read -r line <"$dir/comm"; } 2>/dev/null || continue
  names="$names${dir#/proc/} $line$newline"
done
# is process $1 really a program of the long name $2: by its path, or by the first words of its command line
is_called() {
  told=$(readlink "/proc/$1/exe" 2>/dev/null; head -c 4096 "/proc/$1/cmdline" 2>/dev/null | tr '\000' '\n' | head -n 3)
  [ -n "$told" ] || return 0
  for word in $told; do
    case ${word% (deleted)} in */"$2" | "$2") return 0 ;; esac
  done
  return 1
}
# one line: PID, user id, name, security label, words of the command line separated by \037
described() {
  uid='' label=''
  while IFS='	 ' read -r key value _; do
    if [ "$key" = Uid: ]; then uid=$value; fi
  done 2>/dev/null <"/proc/$1/status"
  { IFS= read -r label <"/proc/$1/attr/current"; } 2>/dev/null
  [ -n "$uid" ] || return
  printf '%s\036%s\036%s\036%s' "$1" "$uid" "$2" "$label" | tr '\000-\035\037\177' '?'
  printf '\036'
  head -c 8192 "/proc/$1/cmdline" 2>/dev/null | tr '\000\n\036' '\037  '
  printf '\n'
}
[ -n "$names$why" ] || why='no process is shown'
set -f
i=0
while [ $# -gt 0 ]; do
  wanted=$1 saying=$2
  shift 2
  if [ -n "$why" ]; then printf 'unobservable: %s\n' "$why"; part $i 0; i=$((i + 1)); continue; fi
  short=$wanted found='' saying_it=
  if [ -n "$saying" ]; then
    set +f
    saying_it=" $(cd /proc && grep -liE -e "$saying" [0-9]*/cmdline 2>/dev/null | tr '\n' ' ')"
    set -f
  fi
  case $wanted in *[*?]*) ;; ????????????????*) while [ ${#short} -gt 15 ]; do short=${short%?}; done ;; esac
  IFS=$newline
  for entry in $names; do
    # shellcheck disable=SC2254 # the wanted name is a pattern
    case ${entry#* } in $short) ;; *) continue ;; esac
    case $saying_it in '' | *" ${entry%% *}/cmdline "*) ;; *) continue ;; esac
    if [ "$short" != "$wanted" ] && ! is_called "${entry%% *}" "$wanted"; then continue; fi
    own "${entry%% *}" || found=$found$entry$newline
  done
  if [ -z "$found" ]; then printf 'absent\n'
  else
    for entry in $found; do described "${entry%% *}" "${entry#* }"; done | awk -F '\036' '@MASK@
      BEGIN { while ((getline line <"/etc/passwd") > 0) { split(line, p, ":"); if (!(p[3] in user)) user[p[3]] = p[1] } }
      NR > @LIMIT@ { exit }
      {
        many = split($5, words, "\037")
        if (many && words[many] == "") many--
        command = mask_command(words, many)
        print $1 "\t" ($2 in user ? user[$2] : $2) "\t" $3 "\t" $4 "\t" (command == "" ? "[" $3 "]" : command)
      }
      END { if (NR > @LIMIT@) print "too many"; print NR ? "end" : "absent" }'
  fi
  part $i 0
  i=$((i + 1))
done""".replace("@MASK@", MASK_COMMAND_AWK).replace("@LIMIT@", str(_LIMIT))
_FIELDS = (
    Attribute("pid", Type.INTEGER, "process id", passing=True),
    Attribute("name", Type.TEXT, "name the kernel keeps: the first 15 bytes of the program's name, unless the process changed it"),
    Attribute("user", Type.TEXT, "the user it runs as (real user id); the number when /etc/passwd has no name for it"),
    Attribute("command", Type.TEXT, "the command line, with *** for what looks like a secret; [name] for kernel threads"),
    Attribute("label", Type.TEXT, "its AppArmor profile and mode or SELinux context; absent without such a module"),
)


def ask(calls: Sequence[Arguments]) -> Question:
    """One pass over /proc by the shell itself; a few small processes for each match."""
    words = (word for call in calls for word in (call["name"], call["saying"] or ""))
    tools = ("awk", "tr", "head", "readlink", "grep")
    touches = ("/proc/*/{comm,status,cmdline,exe,attr/current}", "/proc/mounts", "/etc/passwd", *tools)
    return Question(f"set -- {quote(*words)}{_SCRIPT}", touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """Tab-separated `PID USER NAME LABEL COMMAND` lines, closed by `end`."""
    said = reply(answer, f"process {call['name']}")
    if said:
        return said
    lines = closed_lines(answer)
    if not lines or "too many" in lines:
        raise Unreadable(f"more than {_LIMIT} processes" if lines else "no process in the answer")
    records = tuple(_record(line) for line in lines)
    users: Value = tuple(dict.fromkeys(str(record["user"]) for record in records))
    return Observed({"count": len(records), "users": users, "processes": records})


def _record(line: str) -> Record:
    columns = line.split("\t")
    if len(columns) != 5:
        raise Unreadable(f"not a process: {line[:120]!r}")
    pid, user, name, label, command = columns
    return {"pid": int(pid), "name": name, "user": user, "command": command, "label": label or Absent("a label")}


PROBE = Probe(
    name="process",
    summary="Running processes of one name",
    arguments=(
        Argument(
            "name",
            Type.TEXT,
            "name of the program, such as sshd; may hold * and ?, which then see only the first 15 bytes of names",
            required=True,
            pattern=r"[A-Za-z0-9_.:@/+*?-]+",
        ),
        Argument(
            "saying",
            Type.TEXT,
            "extended regular expression of grep; only processes whose command line matches it in any case are meant, and told",
        ),
    ),
    attributes=(
        Attribute("count", Type.INTEGER, "how many processes have this name; at least 1, without any the observation is absent"),
        Attribute("users", Type.LIST, "the users they run as"),
        Attribute("processes", Type.RECORDS, "the processes", fields=_FIELDS),
    ),
    ask=ask,
    read=read,
    example="812\troot\tsshd\tunconfined\tsshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups\nend\n",
    condition="name",
)
