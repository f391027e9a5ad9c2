"""What backup programs are told to save on a host, and to leave out: by their configuration, and by commands that jobs run.

Of a command only directories, patterns and the repository without its password leave the host. A list that cannot be told for sure
says so: it proves nothing. A list of patterns in a file is read when everybody may read it and it holds nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.backup_commands import (
    BORGMATIC_AWK,
    COMMANDS_AWK,
    DUPLY_AWK,
    FILESET_AWK,
    PATTERNS_AWK,
    RSNAPSHOT_AWK,
)

_TOOLS = frozenset({"restic", "borg", "duplicity", "rsync", "rsnapshot", "bacula", "bareos"})
_LIMIT_KIB = 64  # of a script that a job runs
_UNITS = "/etc/systemd/system/*.service /etc/systemd/system/*.d/*.conf /usr/local/lib/systemd/system/*.service"
_JOBS = (
    "/etc/crontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* /etc/cron.monthly/* "
    "/var/spool/cron/root /var/spool/cron/crontabs/*"
)
_FILE_SETS = (
    "/etc/bareos/bareos-dir.d/fileset/*.conf /etc/bareos/bareos-dir.conf /etc/bacula/bacula-dir.conf /etc/bacula/conf.d/*.conf"
)
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
  for script in $(cat -- $files | tr -c 'A-Za-z0-9/_.-' '\n' | grep -E '^/(usr/local|opt|root|etc|home|srv)/' | sort -u); do
    if [ -f "$script" ] && [ -r "$script" ] && [ -x "$script" ] && [ "$(wc -c <"$script")" -le {_LIMIT_KIB * 1024} ]; then
      scripts="$scripts $script"
    fi
  done
fi
take_lists() {{ # the lines that come in, with the patterns of a list in its place
  while IFS= read -r line; do
    case $line in
      'from '*)
        list=${{line#from }}
        if [ -z "$(find -L "$list" -maxdepth 0 -type f -perm -004 -size -{_LIMIT_KIB}k 2>/dev/null)" ]; then
          printf 'vague %s was not read: it is not there, not open to everybody, or large\n' "$list"
        else awk {quote(PATTERNS_AWK)} "$list"; fi
        ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
}}
if ! have awk; then printf 'unobservable: there is no awk command\n'
elif ! have find; then printf 'unobservable: there is no find command\n'
elif [ -n "$closed" ]; then printf 'unobservable: %s cannot be read by this user\n' "$closed"
else
  told=$({{
    # shellcheck disable=SC2086 # as above
    if [ -n "$files$scripts" ]; then awk {quote(COMMANDS_AWK)} $files $scripts; fi
    for file in /etc/borgmatic/config.yaml /etc/borgmatic.d/*.yaml; do
      if [ -r "$file" ]; then awk {quote(BORGMATIC_AWK)} "$file"; fi
    done
    if [ -r /etc/rsnapshot.conf ]; then awk {quote(RSNAPSHOT_AWK)} /etc/rsnapshot.conf; fi
    for file in /etc/duply/*/conf /root/.duply/*/conf; do
      left=${{file%conf}}exclude
      if [ ! -r "$left" ]; then left=/dev/null; fi
      if [ -r "$file" ]; then awk {quote(DUPLY_AWK)} "$file" "$left"; fi
    done
    for file in {_FILE_SETS}; do
      case $file in */bareos/*) tool=bareos ;; *) tool=bacula ;; esac
      if [ -r "$file" ]; then awk -v tool=$tool {quote(FILESET_AWK)} "$file"; fi
    done
  }} | take_lists)
  if [ -n "$told" ]; then printf '%s\nend\n' "$told"; else printf 'absent\n'; fi
fi
part 0 0"""


@dataclass(slots=True)
class _Source:
    tool: str
    file: str
    targets: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)
    opaque: str = ""
    excludes: list[str] = field(default_factory=list)
    vague: str = ""
    bounded: bool = False
    relative: bool = False
    linked: bool = False

    def add(self, word: str, rest: str) -> None:
        """One line about it."""
        lists = {"target": self.targets, "path": self.paths, "remote": self.remote, "exclude": self.excludes}
        if word in lists and rest:
            lists[word].append(rest)
        elif word == "opaque" and rest:
            self.opaque = rest
        elif word == "vague" and rest:
            self.vague = rest
        elif word in {"bounded", "relative", "linked"} and not rest:
            self.bounded |= word == "bounded"
            self.relative |= word == "relative"
            self.linked |= word == "linked"
        else:
            raise Unreadable(f"not a list of what is saved: {word[:60]!r} {rest[:60]!r}")


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    touches = (*_UNITS.split(), *_JOBS.split(), "scripts that they run", "/etc/borgmatic/config.yaml", "/etc/borgmatic.d/*.yaml",
               "/etc/rsnapshot.conf", "/etc/duply/*", "/root/.duply/*", *_FILE_SETS.split(), "lists of patterns that these name",
               "awk", "cat", "find", "tr", "grep", "sort", "wc")  # fmt: skip
    return Question(_SCRIPT, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """The lines of syntax/backup_commands.py, without `from`; then `end`. `absent` without a source."""
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
        elif not found:
            raise Unreadable(f"not a list of what is saved: {line[:120]!r}")
        else:
            found[-1].add(word, rest)
    return Observed({"sources": tuple(map(_record, found)), "count": len(found)})


def _record(source: _Source) -> Record:
    unknown = Unobservable(source.opaque) if source.opaque else None
    excludes = tuple(dict.fromkeys(pattern for each in source.excludes for pattern in _placed(source, each)))
    return {
        "tool": source.tool,
        "file": source.file,
        "targets": tuple(source.targets),
        "paths": unknown or tuple(source.paths),
        "remote": unknown or (tuple(source.remote) if source.tool in {"rsnapshot", "rsync"} else Absent("other hosts")),
        "excludes": Unobservable(source.vague) if source.vague else excludes,
        "one_file_system": source.bounded,
        "follows_links": source.linked,
    }


def _placed(source: _Source, pattern: str) -> Iterator[str]:
    """A pattern as a path of the host where it is one. rsync begins at what is copied, Borg at the root whatever it is called."""
    if source.tool == "borg":
        style, colon, rest = pattern.partition(":")
        pattern = rest if colon and style in {"fm", "sh", "pp", "pf"} else pattern
        yield pattern if pattern.startswith(("/", "*", "re:", "!", "+")) else f"/{pattern}"
    elif source.tool == "rsync" and pattern.startswith("/") and not source.relative:
        places = [*source.paths, *(place.partition(":")[2] for place in source.remote)]
        yield from (f"{place.rpartition('/')[0]}{pattern}" for place in places)
    else:
        yield pattern


PROBE = Probe(
    name="backup_sources",
    summary="What restic, Borg, duplicity, rsync, rsnapshot and directors of Bareos are told to save, and to leave out",
    arguments=(),
    attributes=(
        Attribute(
            "sources", Type.RECORDS, "one record per command or configuration",
            (
                Attribute("tool", Type.TEXT, "restic, borg, duplicity, rsync, rsnapshot, bacula or bareos"),
                Attribute("file", Type.TEXT, "the unit, crontab, script or configuration that says so; the name of a file set"),
                Attribute("targets", Type.LIST, "where it goes, as far as that is written out; without a password"),
                Attribute("paths", Type.LIST, "directories of this host; unobservable where not all are written out"),
                Attribute("remote", Type.LIST, "directories of other hosts, as HOST:PATH, which rsnapshot or rsync fetches"),
                Attribute(
                    "excludes", Type.LIST, "patterns of what is left out; unobservable where more is left out than patterns tell",
                ),
                Attribute("one_file_system", Type.BOOLEAN, "file systems that are mounted below are left out"),
                Attribute("follows_links", Type.BOOLEAN, "what links point to is saved too, and not only the link"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many"),
    ),
    ask=ask,
    read=read,
    example="source restic /usr/local/sbin/backup-erp\npath /srv/erp\nexclude /srv/erp/cache\nend\n",
    time_limit_s=20,
    needs_root=True,
)  # fmt: skip
