"""Whether the journal survives a reboot: what journald.conf says, and whether the directory is there that decides under `auto`."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.systemd import list_settings

_SCRIPT = f"""found=''
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
    printf 'storage %s\\ndirectory %s\\nend\\n' "${{storage:-auto}}" "$directory"
  fi
fi
part 0 0"""
_STORAGE = {"auto", "persistent", "volatile", "none"}


def ask(calls: Sequence[Arguments]) -> Question:
    """One reading of journald.conf and one look at /var/log/journal."""
    return Question(_SCRIPT, ("/etc/systemd/journald.conf and its drop-ins", "/var/log/journal"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`storage auto`, `directory yes`, then `end`.

    A directory made by hand counts under `auto`: journald writes there once it is told to, or restarted.
    """
    said = reply(answer, "systemd-journald is not installed")
    if said:
        return said
    words = dict(line.split(" ", 1) for line in closed_lines(answer))
    storage, directory = words["storage"], words["directory"]
    if directory not in {"yes", "no"}:
        raise Unreadable(f"expected 'directory yes' or 'directory no', got {directory!r}")
    known = storage in _STORAGE
    unknown = Unobservable(f"Storage={storage[:60]} is not known")
    return Observed({
        "persistent": (storage == "persistent" or (storage == "auto" and directory == "yes")) if known else unknown,
        "storage": storage if known else unknown,
        "directory": directory == "yes",
    })  # fmt: skip


PROBE = Probe(
    name="journal_storage",
    summary="Whether the journal of systemd survives a reboot",
    arguments=(),
    attributes=(
        Attribute("persistent", Type.BOOLEAN, "Storage is persistent, or auto while /var/log/journal is there"),
        Attribute("storage", Type.TEXT, "Storage as configured: auto, persistent, volatile or none"),
        Attribute("directory", Type.BOOLEAN, "/var/log/journal is there"),
    ),
    ask=ask,
    read=read,
    example="storage auto\ndirectory yes\nend\n",
)
