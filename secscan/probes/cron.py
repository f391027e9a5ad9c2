"""Jobs of cron and anacron: system tables, periodic directories and users' tables, with secrets in commands masked on the host."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable, Value
from secscan.probing import MASK_COMMAND_AWK, Unreadable, closed_lines, reply

_LIMIT = 2000
# A line of a table: five fields or @word, then (in system tables) a user, then the command. cron skips assignments and comments.
_TABLE_AWK = r"""
BEGIN { OFS = "\t"; source = "/" ENVIRON["secscan_table"]; gsub(/[\001-\037]/, "?", source) }
{ sub(/^[ \t]+/, "") }
/^#/ || /^$/ || /^[A-Za-z_"][A-Za-z0-9_"]*[ \t]*=/ { next }
{
  count = split($0, field, /[ \t]+/)
  user = owner
  if (kind == "anacron") { when = field[1] ~ /^@/ ? field[1] : "every " field[1] " days"; at = 4 }
  else if (field[1] ~ /^@/) { when = field[1]; at = 2 }
  else { when = field[1] " " field[2] " " field[3] " " field[4] " " field[5]; at = 6 }
  if (kind == "system") { user = field[at]; at++ }
  split("", words); many = 0
  for (i = at; i <= count; i++) words[++many] = field[i]
  if (many) print "job", source, when, user, mask_command(words, many)
}
"""
_SCRIPT = r"""table() { secscan_table=$3 awk -v kind="$1" -v owner="$2" '@TABLE@' <"$3" || closed "$3"; }
# what run-parts and cron of this system leave out
skipped() {
  case $1 in *'~' | *, | *.rpmsave | *.rpmnew | *.rpmorig | *.swp | *.cfsaved | *.dpkg-* | *.bak) return 0 ;; esac
  [ -n "$dots" ] || case $1 in *.*) return 0 ;; esac
  return 1
}
closed() { printf 'closed\t/%s\n' "$1"; }
jobs() {
  dots=
  if [ -e etc/redhat-release ] || [ -d etc/zypp ]; then dots=yes; fi
  for dir in etc/cron.d etc/cron.hourly etc/cron.daily etc/cron.weekly etc/cron.monthly etc/periodic/* \
    var/spool/cron/crontabs var/spool/cron/tabs var/spool/cron etc/crontabs; do
    if [ -d "$dir" ] && { [ ! -r "$dir" ] || [ ! -x "$dir" ]; }; then closed "$dir"; fi
  done
  for file in etc/crontab etc/cron.d/* etc/anacrontab; do
    [ -f "$file" ] || continue
    case $file in etc/cron.d/*) if skipped "${file##*/}"; then continue; fi ;; esac
    if [ ! -r "$file" ]; then closed "$file"
    elif [ "$file" = etc/anacrontab ]; then table anacron root "$file"
    else table system - "$file"; fi
  done
  for file in etc/cron.hourly/* etc/cron.daily/* etc/cron.weekly/* etc/cron.monthly/* etc/periodic/*/*; do
    if [ ! -f "$file" ] || [ ! -x "$file" ] || skipped "${file##*/}"; then continue; fi
    when=${file%/*}; when=${when##*/}
    printf 'job\t/%s\t%s\troot\t/%s\n' "$file" "${when#cron.}" "$file"
  done
  for file in var/spool/cron/crontabs/* var/spool/cron/tabs/* var/spool/cron/* etc/crontabs/*; do
    case $file in
      var/spool/cron/crontabs/*) [ ! -h var/spool/cron/crontabs ] || continue ;;
      */tmp.* | */cron.update) continue ;;
    esac
    [ -f "$file" ] || continue
    if [ -r "$file" ]; then table user "${file##*/}" "$file"; else closed "$file"; fi
  done
}
installed=no
for program in crond cron anacron fcron bcron-start; do
  if have $program; then installed=yes; fi
done
cd /
jobs | awk -v installed=$installed 'BEGIN { print "installed " installed } NR > @LIMIT@ { exit } { print }
  END { if (NR > @LIMIT@) print "too many"; print "end" }'
part 0 0""".replace("@TABLE@", MASK_COMMAND_AWK + _TABLE_AWK).replace("@LIMIT@", str(_LIMIT))
_FIELDS = (
    Attribute("source", Type.TEXT, "the table or directory entry the job comes from"),
    Attribute("schedule", Type.TEXT, "five fields, @reboot and the like, hourly, daily, ..., or every N days"),
    Attribute("user", Type.TEXT, "the user it runs as"),
    Attribute("command", Type.TEXT, "the command, with *** for what looks like a secret"),
)


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    touches = ("/etc/crontab", "/etc/cron.d", "/etc/cron.{hourly,daily,weekly,monthly}", "/etc/periodic",
               "/etc/anacrontab", "/etc/crontabs", "/var/spool/cron", "awk")  # fmt: skip
    return Question(_SCRIPT, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """`installed yes|no`, then tab-separated `job SOURCE SCHEDULE USER COMMAND` and `closed PATH` lines, then `end`."""
    said = reply(answer, "cron")
    if said:
        return said
    first, *lines = closed_lines(answer)
    if first not in {"installed yes", "installed no"}:
        raise Unreadable("expected whether cron is installed")
    if "too many" in lines:
        return Unobservable(f"more than {_LIMIT} jobs")
    jobs: list[Record] = []
    closed: list[str] = []
    for line in lines:
        word, *columns = line.split("\t")
        if word == "job" and len(columns) == 4:
            jobs.append(dict(zip((field.name for field in _FIELDS), columns, strict=True)))
        elif word == "closed" and len(columns) == 1:
            closed.append(columns[0])
        else:
            raise Unreadable(f"not a job: {line[:120]!r}")
    return Observed(
        {
            "jobs": _readable(jobs, closed),
            "system_jobs": _readable(
                [job for job in jobs if not _personal(str(job["source"]))], [path for path in closed if not _personal(path)]
            ),
            "installed": first == "installed yes",
        }
    )


def _personal(path: str) -> bool:
    return path.startswith(("/var/spool/cron", "/etc/crontabs"))


def _readable(jobs: list[Record], closed: list[str]) -> Value:
    return Unobservable(f"cannot be read by this user: {', '.join(closed)}") if closed else tuple(jobs)


PROBE = Probe(
    name="cron",
    summary="Jobs of cron and anacron, of the system and of users",
    arguments=(),
    attributes=(
        Attribute("jobs", Type.RECORDS, "every job; could not look when a table cannot be read", fields=_FIELDS),
        Attribute(
            "system_jobs",
            Type.RECORDS,
            "the jobs of the system's own tables and directories, without users' tables",
            fields=_FIELDS,
        ),
        Attribute("installed", Type.BOOLEAN, "a cron or anacron program is there"),
    ),
    ask=ask,
    read=read,
    example=(
        "installed yes\njob\t/etc/crontab\t17 * * * *\troot\tcd / && run-parts --report /etc/cron.hourly\n"
        "job\t/etc/cron.daily/logrotate\tdaily\troot\t/etc/cron.daily/logrotate\n"
        "job\t/var/spool/cron/crontabs/root\t0 2 * * *\troot\tRESTIC_PASSWORD=*** restic backup /srv\nend\n"
    ),
)
