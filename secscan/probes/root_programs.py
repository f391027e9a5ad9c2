"""What root starts: the programs that units, jobs and hooks of root name, with all directories on the way to them.

Units and their drop-ins are merged as systemd merges them; a unit counts whether it is enabled or not. Of scripts it is told what
they start by a path that stands in them; what this starts in its turn is not followed. What only a shell, a specifier or a variable
could tell is named, not guessed at.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.entries import ENTRY_FIELDS, LIST_ERRORS, STAT_FOLLOWING, stat_record
from secscan.filesystem.ways import WALK
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.root_commands import JOBS_AWK, UNITS_AWK
from secscan.syntax.root_hooks import HOOKS_AWK, LIST_HOOKS

_CAP = 3000  # programs
_SHELL = r"""nl='
'
unit_dirs='/etc/systemd/system.control /run/systemd/system.control /run/systemd/transient /run/systemd/generator.early
/etc/systemd/system /etc/systemd/system.attached /run/systemd/system /run/systemd/system.attached /run/systemd/generator
/usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system /run/systemd/generator.late'
list_units() { # main files and drop-ins that count, a path each; `fault WHY`
  IFS=" $nl"
  set +f
  for dir in $unit_dirs; do
    [ -d "$dir" ] || continue
    if [ ! -r "$dir" ] || [ ! -x "$dir" ]; then printf 'fault %s cannot be read by this user\n' "$dir"; continue; fi
    for file in "$dir"/*.service "$dir"/*.socket "$dir"/*.mount "$dir"/*.swap; do
      if [ -e "$file" ] || [ -L "$file" ]; then printf '0\t%s\t-\t%s\n' "${file##*/}" "$file"; fi
    done
    for folder in "$dir"/*.d; do
      [ -d "$folder" ] || continue
      if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then printf 'fault %s cannot be read by this user\n' "$folder"; continue; fi
      for file in "$folder"/*.conf; do
        if [ -e "$file" ]; then printf '1\t%s\t%s\t%s\n' "${folder##*/}" "${file##*/}" "$file"; fi
      done
    done
  done | awk -F '\t' '/^fault / { print "0\t" $0; next } !(($2, $3) in seen) { seen[$2, $3]; print }' |
    sort -t "$tab" -k 1,1 -k 2,2 -k 3,3 |
    while IFS=$tab read -r kind unit name file; do
      if [ "$kind" = 0 ] && [ -z "$file" ]; then printf '%s\n' "$unit${name:+ $name}"
      elif [ -s "$file" ]; then printf '%s\n' "$file"; fi # one without content is masked
    done
}
list_tables() { # tables of root's jobs, a path each
  IFS=" $nl"
  set +f
  printf 'kind=table\n'
  for dir in /etc/cron.d /var/spool/cron/crontabs /var/spool/cron/tabs /var/spool/cron /etc/crontabs; do looked "$dir"; done
  for file in /etc/crontab /etc/anacrontab /etc/cron.d/* /var/spool/cron/crontabs/root /var/spool/cron/tabs/root \
    /var/spool/cron/root /etc/crontabs/root; do
    if [ -f "$file" ]; then printf '%s\n' "$file"; fi
  done
}
list_jobs() { # tables, scripts of the periods (run-parts) and root's jobs of at; what their links lead to is told with the way
  list_tables
  printf 'kind=script\n'
  for dir in /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/cron.yearly /etc/periodic/*; do
    looked "$dir" || continue
    for file in "$dir"/*; do run_script "$file"; done
  done
  for dir in /var/spool/cron/atjobs /var/spool/at /var/spool/atjobs; do
    looked "$dir" || continue
    stat -c '%u %A %n' -- "$dir"/* 2>/dev/null | sed -n 's/^0 -[^ ]* //p'
  done
}
commands() { # AWK LIST: what the files of a list start
  set -f
  IFS=$nl
  # shellcheck disable=SC2046 # one path a line
  set -- "$1" $($2)
  IFS=" $nl"
  set +f
  reader=$1
  shift
  for file; do
    shift
    case $file in
      fault* | program*) printf '%s\n' "$file" ;;
      kind=*) set -- "$@" "$file" ;;
      *) if [ -r "$file" ]; then set -- "$@" "$file"; else printf 'fault %s cannot be read by this user\n' "$file"; fi ;;
    esac
  done
  if [ $# = 0 ]; then return 0; fi
  awk "$reader" "$@" 2>/dev/null </dev/null || printf 'fault awk failed\n'
}
locate() { # NAME: sets found to the path that a name without one has
  found=''
  for dir in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
    if [ -x "$dir/$1" ]; then found=$dir/$1; return 0; fi
  done
}
answer() { # LINES of commands()
  dirs=$nl programs=$nl folders=$nl there=''
  set -f
  IFS=$nl
  # shellcheck disable=SC2086 # one line each
  set -- $1
  IFS=" $nl"
  set +f
  for line; do
    case $line in
      program*) ;;
      *) printf '%s\n' "$line" | tr '\t' ' '; continue ;;
    esac
    line=${line#program?} source=${line%%"$tab"*} place=${line#*"$tab"}
    case $place in
      /*) ;;
      *)
        locate "$place"
        if [ -z "$found" ]; then
          printf 'note %s a command that is no program on the usual path: %s\n' "$source" "$place"
          continue
        fi
        place=$found ;;
    esac
    case $programs in *"$nl$place$nl"*) continue ;; esac
    programs=$programs$place$nl
    printf 'program %s\t%s\n' "$place" "$source"
    folder=${place%/*}
    case $folders in *"$nl$folder$nl"*) ;; *) folders=$folders$folder$nl; walk "$folder/." >/dev/null ;; esac
    if [ -L "$place" ]; then walk "$place" >/dev/null; fi
    if [ -e "$place" ]; then there=$there$place$nl; continue; fi
    if [ -L "$place" ]; then last=$(readlink -f "$place"); else last=$place; fi
    last=${last:-$place}
    while [ -n "$last" ] && [ ! -d "$last" ]; do last=${last%/*}; done
    last=$(cd -P "${last:-/}" 2>/dev/null && pwd)
    if [ -z "$last" ] || [ ! -x "$last" ]; then printf 'fault %s cannot be looked for by this user\n' "$place"
    else printf 'missing %s\t%s\n' "$last" "$place"; fi
  done
  set -f
  IFS=$nl
  # shellcheck disable=SC2086 # one path a line
  set -- $dirs $there
  if [ $# -gt @CAP@ ]; then printf 'fault more than @CAP@ programs\n'
  elif [ $# -gt 0 ]; then list_errors @STAT@ -- "$@"; fi
  set +f
  IFS=" $nl"
  printf 'end\n'
}
""".replace("@CAP@", str(_CAP)).replace("@STAT@", STAT_FOLLOWING)
_SOURCES = {
    "units": f'"$(commands {quote(UNITS_AWK)} list_units)"',
    "jobs": f'"$(commands {quote(JOBS_AWK)} list_jobs)"',
    "hooks": f'"$(commands {quote(HOOKS_AWK)} list_hooks; apt_hooks)"',
}


def ask(calls: Sequence[Arguments]) -> Question:
    """The shell and one awk find the programs of a call, one `stat` tells about them and the directories on the way."""
    answers = "\n".join(f"answer {_SOURCES[str(call['of'])]}\npart {index} 0" for index, call in enumerate(calls))
    script = f"""{LIST_ERRORS}
{WALK}
{LIST_HOOKS}{_SHELL}{answers}"""
    touches = (
        "unit files and drop-ins",
        "/etc/crontab",
        "/etc/cron.d",
        "/etc/anacrontab",
        "/var/spool/cron and /var/spool/at",
        "/etc/init.d, /etc/conf.d, /etc/inittab, /etc/rc.local and other hooks of root below /etc and /usr/lib",
        "udev rules, logrotate.conf, dpkg.cfg, apt-config dump",
        "start-up files of root's shells",
        "what they start",
        "stat",
    )
    return Question(script, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """`program PATH<tab>SOURCE`, `missing DIRECTORY<tab>PATH`, `note SOURCE WHY`, `fault WHY`, lines about files, `end`."""
    said = reply(answer, "programs that root starts")
    if said:
        return said
    programs: list[Record] = []
    ends: set[str] = set()
    notes: dict[str, None] = {}
    faults: list[str] = []
    places: dict[str, Record] = {}
    for line in closed_lines(answer):
        word, _, rest = line.partition(" ")
        first, tab, second = rest.partition("\t")
        if word == "program" and tab:
            programs.append({"path": first, "started_by": second})
        elif word == "missing" and tab:
            ends.add(first)
        elif word == "note":
            notes[rest] = None
        elif word == "fault":
            faults.append(rest)
        elif word == "?":
            if not rest.endswith(("No such file or directory", "Not a directory")):
                faults.append(rest)
        else:
            record = stat_record(line)
            places[str(record["path"])] = record
    if programs and "/" not in places and not faults:
        raise Unreadable("the directories on the way are missing")
    entries = tuple(record for record in places.values() if not _keeps_others_out(record) or record["path"] in ends)
    unknown: Record = {field.name: Unobservable("; ".join(faults)) for field in ENTRY_FIELDS}
    return Observed({
        "entries": (*entries, unknown) if faults else entries,
        "programs": tuple(programs),
        "not_looked_at": tuple(notes),
    })  # fmt: skip


def _keeps_others_out(record: Record) -> bool:
    """In a directory of root with the sticky bit nobody can put something else in the place of what belongs to root."""
    mode = record["mode"]
    return record["type"] == "directory" and record["uid"] == 0 and isinstance(mode, int) and bool(mode & 0o1000)


PROBE = Probe(
    name="root_programs",
    summary="Programs that root starts by units, jobs or hooks, and the directories on the way to them",
    arguments=(
        Argument(
            "of", Type.TEXT,
            "units: what services, sockets, mounts and swaps that run as root name; jobs: what tables of root's jobs, scripts of "
            "periods and jobs of at name; hooks: start scripts (OpenRC too), hooks of networks, packages, devices and logs, "
            "start-up files of root's shells, and what they name",
            required=True, choices=("units", "jobs", "hooks"),
        ),
    ),
    attributes=(
        Attribute(
            "entries", Type.RECORDS,
            "programs, scripts that interpreters are given, and every directory on the way, links followed; a directory of root "
            "with the sticky bit only where what is named is not there",
            ENTRY_FIELDS,
        ),
        Attribute(
            "programs", Type.RECORDS, "what is started",
            (
                Attribute("path", Type.TEXT, "as it is written, or where the usual path has it"),
                Attribute("started_by", Type.TEXT, "which first names it: FILE, FILE KEY of units and rules, FILE:LINE of a table"),
            ),
        ),
        Attribute("not_looked_at", Type.LIST, "where and why something that is started could not be told from the words alone"),
    ),
    ask=ask,
    read=read,
    example=(
        "program /opt/app/run.sh\t/etc/systemd/system/app.service ExecStart\n"
        "note /etc/cron.d/report:3 a program that a variable or a pattern names\n"
        "drwxr-xr-x 755 0:0 4096 1767225600 root:root /\n"
        "drwxr-xr-x 755 998:998 4096 1767225600 app:app /opt/app\n"
        "-rwxr-xr-x 755 998:998 94 1767225600 app:app /opt/app/run.sh\nend\n"
    ),
    time_limit_s=30,
)  # fmt: skip
