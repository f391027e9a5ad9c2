"""Whether the journal survives a reboot: what journald.conf says, whether the directory is there that decides under `auto`.

And whether journald runs at all: where another program is process 1, systemd's files lie there and nothing reads them.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.servers import FIND_SERVERS
from secscan.syntax.systemd import SYSTEMD_IS_INIT, list_settings

# A program under which syslog(3) ends elsewhere than in the journal.
_OTHERS = "rsyslogd syslog-ng syslogd metalog socklog logd"
_SCRIPT = f"""{FIND_SERVERS}{SYSTEMD_IS_INIT}unseen='processes of other users, or of containers, cannot be told apart by this user'
collects() {{
  if ! systemd_is_init; then printf 'no'; return; fi
  if [ -e /proc/self ]; then
    find_servers systemd-journal # the kernel keeps 15 bytes of a name
    if [ -z "$servers" ] && [ "$elsewhere" = 0 ] && [ "$(id -u)" != 0 ]; then printf 'unobservable: %s' "$unseen"; return; fi
    if [ -z "$servers" ] && [ "$elsewhere" = 0 ]; then printf 'no'; return; fi
  fi
  printf 'yes'
}}
others() {{
  if [ ! -e /proc/self ]; then printf 'others unobservable: /proc is not mounted\\n'; return; fi
  for other in {_OTHERS}; do
    find_servers "$other"
    if [ -n "$servers" ]; then printf 'other %s\\n' "$other"
    elif [ "$elsewhere" != 0 ]; then printf 'others unobservable: %s\\n' "$unseen"; fi
  done
}}
found=''
for file in /usr/lib/systemd/systemd-journald /lib/systemd/systemd-journald; do [ ! -x "$file" ] || found=yes; done
if [ -z "$found" ]; then printf 'absent\\n'
else
  settings=$(
{list_settings("journald.conf", "Journal")}
  )
  storage=auto fault=''
  while IFS= read -r line; do
    case $line in
      fault*) fault=${{line#fault }} ;;
      *': Storage='*) storage=${{line#*: Storage=}} ;;
    esac
  done <<EOS
$settings
EOS
  if [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"
  else
    directory=no
    if [ -d /var/log/journal ]; then directory=yes; fi
    printf 'storage %s\\ndirectory %s\\ncollects %s\\n' "${{storage:-auto}}" "$directory" "$(collects)"
    others
    printf 'end\\n'
  fi
fi
part 0 0"""
_STORAGE = {"auto", "persistent", "volatile", "none"}


def ask(calls: Sequence[Arguments]) -> Question:
    """One reading of journald.conf, one look at /var/log/journal, and at the processes."""
    touches = ("/etc/systemd/journald.conf and its drop-ins", "/var/log/journal", "/run/systemd/system", "/sbin/init")
    return Question(_SCRIPT, (*touches, "/proc/*/{stat,comm,ns/pid}", "readlink"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`storage auto`, `directory yes`, `collects yes`, `other NAME` for each other log program or `others REASON`, then `end`.

    A directory made by hand counts under `auto`: journald writes there once it is told to, or restarted.
    """
    said = reply(answer, "systemd-journald")
    if said:
        return said
    lines = [line.split(" ", 1) for line in closed_lines(answer)]
    words = dict(lines)
    storage, directory = words["storage"], words["directory"]
    collects = _collects(words["collects"])
    if directory not in {"yes", "no"}:
        raise Unreadable(f"expected 'directory yes' or 'directory no', got {directory!r}")
    known = storage in _STORAGE
    unknown = Unobservable(f"Storage={storage[:60]} is not known")
    kept: Value = (storage == "persistent" or (storage == "auto" and directory == "yes")) if known else unknown
    return Observed({
        "persistent": kept if collects is True else collects,
        "storage": storage if known else unknown,
        "directory": directory == "yes",
        "collects": collects,
        "others": _reason(words["others"]) if "others" in words else tuple(name for word, name in lines if word == "other"),
    })  # fmt: skip


def _collects(said: str) -> bool | Unobservable:
    return said == "yes" if said in {"yes", "no"} else _reason(said)


def _reason(said: str) -> Unobservable:
    if not said.startswith("unobservable: "):
        raise Unreadable(f"expected 'unobservable: REASON', got {said[:120]!r}")
    return Unobservable(said.removeprefix("unobservable: "))


PROBE = Probe(
    name="journal_storage",
    summary="Whether the journal of systemd survives a reboot",
    arguments=(),
    attributes=(
        Attribute("persistent", Type.BOOLEAN, "journald runs, and Storage is persistent, or auto while /var/log/journal is there"),
        Attribute("storage", Type.TEXT, "Storage as configured: auto, persistent, volatile or none"),
        Attribute("directory", Type.BOOLEAN, "/var/log/journal is there"),
        Attribute("collects", Type.BOOLEAN, "journald runs under systemd; in a tree that does not run, systemd is its init"),
        Attribute("others", Type.LIST, "other log programs that run, such as rsyslogd"),
    ),
    ask=ask,
    read=read,
    example="storage auto\ndirectory yes\ncollects yes\nother rsyslogd\nend\n",
)
