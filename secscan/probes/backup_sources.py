"""What backup programs are told to save on a host: by rsnapshot and borgmatic's configuration, and by commands that jobs run.

Of a command only the directories leave the host. A list that cannot be told for sure says so: it proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply

_TOOLS = frozenset({"restic", "borg", "rsnapshot"})
_LIMIT_KIB = 64  # of a script that a job runs
_ELSEWHERE, _UNWRITTEN = "it takes a list from elsewhere", "a part of the list is not written out"
_UNITS = "/etc/systemd/system/*.service /etc/systemd/system/*.d/*.conf /usr/local/lib/systemd/system/*.service"
_JOBS = (
    "/etc/crontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* /etc/cron.monthly/* "
    "/var/spool/cron/root /var/spool/cron/crontabs/*"
)
# `restic ... backup` and `borg ... create` in units, crontabs and the scripts they run: what stands after the word.
COMMANDS_AWK = r"""function tell() { print "source " tool " " FILENAME; for (i = 1; i <= many; i++) print found[i] }
{ whole = held $0; held = "" }
/\\$/ { held = substr(whole, 1, length(whole) - 1) " "; next }
whole ~ /^[ \t]*#/ { next }
{
  gsub(/["']/, "", whole); count = split(whole, word, /[ \t]+/); tool = ""; begun = 0; many = 0; split("", found)
  for (at = 1; at <= count; at++) {
    each = word[at]; before = at > 1 ? word[at - 1] : ""
    if (each == "") continue
    if (each ~ /^([;&|]+|[0-9]*[<>].*)$/) { if (begun) tell(); tool = ""; begun = 0; many = 0; continue }
    if (!begun && each ~ /(^|\/|=)(restic|borg)$/) { tool = each; sub(/.*[\/=]/, "", tool); continue }
    if (!begun && ((tool == "restic" && each == "backup") || (tool == "borg" && each == "create"))) { begun = 1; continue }
    if (!begun) continue
    if (each ~ /^(--files-from|--patterns?|--paths-from|--stdin)/) { found[++many] = "opaque @ELSEWHERE@"; continue }
    if (each ~ /^-./ || each ~ /::/) continue
    if (before ~ /^(-[eopr]|--(files-from|pattern|paths|i?exclude)[a-z-]*)$/) continue
    if (before ~ /^--(tag|host|password|repo|cache|option|comment|compression)[a-z-]*$/) continue
    last = each ~ /;$/; sub(/;$/, "", each)
    if (each ~ /^\/[^$*?`{]*$/) found[++many] = "path " each
    else if (before !~ /^-./) found[++many] = "opaque @UNWRITTEN@"
    if (last) { tell(); tool = ""; begun = 0; many = 0 }
  }
  if (begun) tell()
}""".replace("@ELSEWHERE@", _ELSEWHERE).replace("@UNWRITTEN@", _UNWRITTEN)
BORGMATIC_AWK = r"""/^[ \t]*(#|$)/ { next }
/^[ \t]*source_directories:[ \t]*$/ { print "source borg " FILENAME; inside = 1; next }
/^[ \t]*(patterns|patterns_from|source_directories):/ { print "source borg " FILENAME "\nopaque @ELSEWHERE@"; inside = 0; next }
inside && /^[ \t]*- / {
  sub(/^[ \t]*- +/, ""); sub(/[ \t]+(#.*)?$/, ""); gsub(/["']/, "")
  print ($0 ~ /^\/[^*?{]*$/ ? "path " $0 : "opaque @UNWRITTEN@"); next
}
{ inside = 0 }""".replace("@ELSEWHERE@", _ELSEWHERE).replace("@UNWRITTEN@", _UNWRITTEN)
RSNAPSHOT_AWK = r"""{ sub(/^[ \t]+/, ""); sub(/[ \t\r]+$/, ""); count = split($0, word, /\t+/) }
/^#/ || count < 2 { next }
word[1] == "snapshot_root" { print "source rsnapshot " FILENAME }
word[1] == "include_conf" { lists++ }
word[1] == "backup" && word[2] ~ /^\// { paths[++many] = "path " word[2] }
word[1] == "backup" && word[2] ~ /^[^\/]*:\// { sub(/^[^@\/]*@/, "", word[2]); paths[++many] = "remote " word[2] }
END { for (i = 1; i <= many; i++) print paths[i]; if (lists) print "opaque a part of its configuration lies elsewhere" }"""
_SCRIPT = f"""files='' closed=''
for file in {_UNITS} {_JOBS}; do
  case $file in *[!A-Za-z0-9/@:._-]*) continue ;; esac # no such name is run
  if [ ! -f "$file" ]; then continue; fi
  if [ -r "$file" ]; then files="$files $file"; else closed=$file; fi
done
for place in /var/spool/cron/crontabs /var/spool/cron /etc/cron.d; do
  if [ -d $place ] && [ ! -r $place ]; then closed=$place; fi
done
scripts=''
if [ -n "$files" ]; then
  # shellcheck disable=SC2086 # names without blanks, of the patterns above
  for script in $(cat -- $files | tr -c 'A-Za-z0-9/_.-' '\\n' | grep -E '^/(usr/local|opt|root|etc|home|srv)/' | sort -u); do
    if [ -f "$script" ] && [ -r "$script" ] && [ -x "$script" ] && [ "$(wc -c <"$script")" -le {_LIMIT_KIB * 1024} ]; then
      scripts="$scripts $script"
    fi
  done
fi
if ! have awk; then printf 'unobservable: there is no awk command\\n'
elif [ -n "$closed" ]; then printf 'unobservable: %s cannot be read by this user\\n' "$closed"
else
  told=$(
    # shellcheck disable=SC2086 # as above
    if [ -n "$files$scripts" ]; then awk {quote(COMMANDS_AWK)} $files $scripts; fi
    for file in /etc/borgmatic/config.yaml /etc/borgmatic.d/*.yaml; do
      if [ -r "$file" ]; then awk {quote(BORGMATIC_AWK)} "$file"; fi
    done
    if [ -r /etc/rsnapshot.conf ]; then awk {quote(RSNAPSHOT_AWK)} /etc/rsnapshot.conf; fi
  )
  if [ -n "$told" ]; then printf '%s\\nend\\n' "$told"; else printf 'absent\\n'; fi
fi
part 0 0"""


@dataclass(slots=True)
class _Source:
    tool: str
    file: str
    paths: list[str] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)
    opaque: str = ""


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    touches = (*_UNITS.split(), *_JOBS.split(), "scripts that they run", "/etc/borgmatic/config.yaml", "/etc/borgmatic.d/*.yaml",
               "/etc/rsnapshot.conf", "awk", "cat", "tr", "grep", "sort", "wc")  # fmt: skip
    return Question(_SCRIPT, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """`source TOOL FILE`, then `path PATH`, `remote HOST:PATH` and `opaque WHY` of it; then `end`. `absent` without a source."""
    said = reply(answer, "a list of what is saved")
    if said:
        return said
    found: list[_Source] = []
    for line in closed_lines(answer):
        word, _, rest = line.partition(" ")
        if word == "source":
            tool, _, file = rest.partition(" ")
            if tool not in _TOOLS or not file:
                raise Unreadable(f"not a source of backups: {line[:120]!r}")
            found.append(_Source(tool, file))
        elif not found or not rest:
            raise Unreadable(f"not a list of what is saved: {line[:120]!r}")
        elif word == "path":
            found[-1].paths.append(rest)
        elif word == "remote":
            found[-1].remote.append(rest)
        elif word == "opaque":
            found[-1].opaque = rest
        else:
            raise Unreadable(f"not a list of what is saved: {line[:120]!r}")
    return Observed({"sources": tuple(map(_record, found)), "count": len(found)})


def _record(source: _Source) -> Record:
    unknown = Unobservable(source.opaque) if source.opaque else None
    return {
        "tool": source.tool,
        "file": source.file,
        "paths": unknown or tuple(source.paths),
        "remote": unknown or (tuple(source.remote) if source.tool == "rsnapshot" else Absent("other hosts")),
    }


PROBE = Probe(
    name="backup_sources",
    summary="What restic, Borg and rsnapshot are told to save",
    arguments=(),
    attributes=(
        Attribute(
            "sources", Type.RECORDS, "one record per command or configuration",
            (
                Attribute("tool", Type.TEXT, "restic, borg or rsnapshot"),
                Attribute("file", Type.TEXT, "the unit, crontab, script or configuration that says so"),
                Attribute("paths", Type.LIST, "directories of this host; unobservable where not all are written out"),
                Attribute("remote", Type.LIST, "directories of other hosts, as HOST:PATH, which rsnapshot fetches"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many"),
    ),
    ask=ask,
    read=read,
    example="source restic /usr/local/sbin/backup-erp\npath /srv/erp\nend\n",
    time_limit_s=20,
    needs_root=True,
)  # fmt: skip
