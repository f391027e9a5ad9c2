"""The catalogue of a Bacula or Bareos director, asked through its console: how the backups of every client ended.

A client of these programs knows little; the director knows all. The console prints all rows of `.sql` on one line, so each row
begins with a word and has a fixed number of columns. JobTDate is the end of a job in seconds since 1970. The letters of states are
those of Bacula's src/jcr.h.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Observation, Probe, Question
from secscan.model.values import Unobservable
from secscan.probing import Unreadable, closed_lines, fields, quote, reply
from secscan.syntax.restore_points import ATTRIBUTES, Point, Repository, observe_repositories

_LIMIT = 10000
_DAYS = 90
_LEVELS = {"F": "full", "I": "incremental", "D": "differential", "f": "full"}
_RUNNING = {"R", "C"}  # running; made and waiting for it, when its files are not known yet
_RESULTS = {"T": "success", "W": "warnings", "R": "running", "C": "running"}
_WHERE = (
    "FROM Job JOIN Client ON Client.ClientId = Job.ClientId LEFT JOIN FileSet ON FileSet.FileSetId = Job.FileSetId WHERE Type = 'B'"
)
_COLUMNS = "'job', Job.JobId, JobTDate, JobStatus, Level, JobBytes, Client.Name, FileSet.FileSet"
_AWK = """BEGIN { FS = "\\t" }
/^1000 OK: / { greeting = $0 }
{
  for (i = 1; i <= NF; i++) {
    if ($i == "count" && i < NF) total = $(i + 1)
    if ($i == "job" && i + 7 <= NF) {
      row = $(i + 1)
      for (j = 2; j <= 7; j++) row = row "\\t" ($(i + j) == "" ? "-" : $(i + j))
      rows[++count] = row; i += 7
    }
  }
  if ($0 != "") last = $0
}
END {
  if (greeting == "") { print "unobservable: the director does not answer: " substr(last, 1, 200); exit }
  if (total == "" || total != count + 0) { print "unobservable: the catalogue told " count + 0 " of " total + 0 " jobs"; exit }
  print "tool " (tolower(greeting) ~ /bareos/ || bareos ? "bareos" : "bacula")
  for (i = 1; i <= count; i++) print "job " rows[i]
  print "end"
}"""
_SCRIPT = f"""if ! have bconsole; then printf 'absent\\n'
elif ! have awk; then printf 'unobservable: there is no awk command\\n'
else
  bareos=''
  config=''
  for file in /etc/bacula/bconsole.conf /etc/bareos/bconsole.conf; do
    if [ -e "$file" ] || [ ! -x "${{file%/*}}/" ] && [ -d "${{file%/*}}" ]; then config=$file; fi
    case $config in */bareos/*) bareos=1 ;; esac
  done
  since=$(($(date +%s) - {_DAYS * 86400}))
  where={quote(_WHERE)}" AND JobTDate > $since"
  if [ -n "$config" ] && [ ! -r "$config" ]; then printf 'unobservable: %s cannot be read by this user\\n' "$config"
  else
    printf '.sql query="%s"\\n' "SELECT 'count', COUNT(*) $where" {quote(f"SELECT {_COLUMNS} ")}"$where LIMIT {_LIMIT + 1}" |
      HOME=/dev/null bconsole 2>&1 | awk -v bareos="$bareos" {quote(_AWK)}
  fi
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One run of the console, which reads the password it needs from its own configuration.

    Without a home it keeps no history of what it was asked.
    """
    return Question(_SCRIPT, ("bconsole", "/etc/bacula/bconsole.conf", "/etc/bareos/bconsole.conf", "awk", "date"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`tool bacula`, then tab-separated `job ID TIME STATE LEVEL BYTES CLIENT FILESET` lines; then `end`."""
    said = reply(answer, "the console of a director")
    if said:
        return said
    first, *lines = closed_lines(answer)
    if first not in {"tool bacula", "tool bareos"}:
        raise Unreadable("expected which program it is")
    if len(lines) > _LIMIT:
        return Unobservable(f"more than {_LIMIT} jobs in {_DAYS} days")
    jobs = [_job(line) for line in lines]
    ended = [job for job in jobs if job["state"] not in _RUNNING]
    tool = first.removeprefix("tool ")
    return observe_repositories([_repository(tool, client, files, jobs) for client, files in dict.fromkeys(map(_saved, ended))])


def _job(line: str) -> dict[str, str]:
    if not line.startswith("job "):
        raise Unreadable(f"not a job: {line[:120]!r}")
    return fields(line.removeprefix("job "), ("id", "time", "state", "level", "bytes", "client", "files"), "\t")


def _saved(job: dict[str, str]) -> tuple[str, str]:
    return job["client"], job["files"]


def _repository(tool: str, client: str, files: str, jobs: Sequence[dict[str, str]]) -> Repository:
    own = [job for job in jobs if _saved(job) == (client, files)]
    latest = max(own, key=lambda job: int(job["id"]))
    told = {"evidence": "catalogue", "time_is": "end", "last_result": _RESULTS.get(latest["state"], "failed")}
    points = [_point(job) for job in own if job["state"] not in _RUNNING]
    return Repository(tool, f"{client}: {files}", told=told, points=points)


def _point(job: dict[str, str]) -> Point:
    return Point(
        time=float(int(job["time"])),
        size=int(job["bytes"]) if job["bytes"] != "-" else None,
        kind=_LEVELS.get(job["level"], job["level"]),
        whole=job["state"] in {"T", "W"},
        name=job["id"],
    )


PROBE = Probe(
    name="backup_catalogue",
    summary=f"The backups of the last {_DAYS} days in the catalogue of a Bacula or Bareos director",
    arguments=(),
    attributes=ATTRIBUTES,
    ask=ask,
    read=read,
    example="tool bacula\njob 1\t1767222000\tT\tF\t52428800\tapp-fd\tFull Set\nend\n",
    time_limit_s=60,
)
