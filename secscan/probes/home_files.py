"""Hidden files in the homes of local accounts, which a sign-in runs and trusts: their names and permissions, never their text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.filesystem.entries import ENTRY_FIELDS, LIST_ERRORS, STAT, STAT_FOLLOWING, classify_complaint, stat_record
from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply

_CAP = 20000
# What accounts of services call their home in the system's own directories is none.
_SCRIPT = f"""if [ "$(id -u)" != 0 ]; then printf 'unobservable: needs root to look into every home\\n'; part 0 0; exit 0; fi
if [ ! -r /etc/passwd ]; then printf 'unobservable: there is no /etc/passwd that can be read\\n'; part 0 0; exit 0; fi
if ! have stat; then printf 'unobservable: there is no stat command\\n'; part 0 0; exit 0; fi
{LIST_ERRORS}
look() {{ # HOME: its hidden files, links followed where they lead somewhere
  if [ ! -r "$1" ] || ! cd "$1" 2>/dev/null; then printf 'fault %s cannot be listed by this user\\n' "$1"; return; fi
  whole='' broken=''
  for name in .[!.]* ..?*; do
    case $name in
      *"$nl"*) printf 'fault a file name in %s holds a line break\\n' "$1"; return ;;
      '.[!.]*' | '..?*') if [ ! -e "$name" ]; then continue; fi ;;
    esac
    if [ -e "$name" ]; then whole=$whole$1/$name$nl; elif [ -h "$name" ]; then broken=$broken$1/$name$nl; fi
  done
  set -f
  IFS=$nl
  # shellcheck disable=SC2086 # one path a line
  if [ -n "$whole" ]; then list_errors {STAT_FOLLOWING} -- $whole; fi
  set -f
  IFS=$nl
  # shellcheck disable=SC2086 # one path a line
  if [ -n "$broken" ]; then list_errors {STAT} -- $broken; fi
  set +f
}}
seen=$nl
while IFS=: read -r account _ uid _ _ home _ || [ -n "$account" ]; do
  account=${{account##*[ 	]}}
  uid=${{uid##*[!0-9]}}
  if [ -z "$uid" ]; then continue; fi
  home=${{home%/}}
  case $home in
    '' | [!/]* | /bin | /sbin | /dev | /dev/* | /proc | /proc/* | /sys | /sys/* | /run | /usr | /usr/bin | /usr/sbin) continue ;;
  esac
  [ -d "$home" ] || continue
  printf 'home %s %s %s\\n' "$account" "$uid" "$home"
  case $seen in *"$nl$home$nl"*) continue ;; esac
  seen=$seen$home$nl
  (look "$home")
done </etc/passwd
printf 'end\\n'
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """The shell's own globs, and one `stat` a home."""
    return Question(_SCRIPT, ("/etc/passwd", "hidden files of every home directory (stat)"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`home ACCOUNT UID DIRECTORY` for each account, a line for each hidden file of each directory, then `end`."""
    said = reply(answer, "home directories")
    if said:
        return said
    lines = closed_lines(answer)
    if len(lines) > _CAP:
        return Unobservable(f"more than {_CAP} hidden files")
    homes: dict[str, list[tuple[str, int]]] = {}
    files: list[Record] = []
    for line in lines:
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        if found := re.fullmatch(r"home (\S+) (\d{1,10}) (/.*)", line):
            homes.setdefault(found[3], []).append((found[1], int(found[2])))
        elif not line.startswith("? "):
            files.append(stat_record(line))
        elif (verdict := classify_complaint(line[2:])) != "absent":  # a file that went away meanwhile is not there any more
            return Unobservable(verdict.removeprefix("unobservable: "))
    if not homes:
        raise Unreadable("no home directory before the closing line")
    entries = tuple(record for file in files for record in _of_each(file, homes))
    return Observed({"entries": entries, "homes": tuple(homes), "count": len(entries)})


def _of_each(file: Record, homes: dict[str, list[tuple[str, int]]]) -> list[Record]:
    """The file once for every account whose home it lies in."""
    directory, _, name = str(file["path"]).rpartition("/")
    if directory not in homes:
        raise Unreadable(f"{file['path']} lies in no home directory")
    return [{"account": account, "account_uid": uid, "name": name, **file} for account, uid in homes[directory]]


PROBE = Probe(
    name="home_files",
    summary="Hidden files in the home directories of local accounts: names, owners, permissions",
    arguments=(),
    attributes=(
        Attribute(
            "entries",
            Type.RECORDS,
            "one record per file and account; of a symbolic link what it leads to, where it leads somewhere",
            (
                Attribute("account", Type.TEXT, "account whose home it lies in"),
                Attribute("account_uid", Type.INTEGER, "user id of that account"),
                Attribute("name", Type.TEXT, "name of the file, such as .bashrc"),
                *ENTRY_FIELDS,
            ),
        ),
        Attribute("homes", Type.LIST, "directories that were looked into; those of the system itself are left out"),
        Attribute("count", Type.INTEGER, "how many records"),
    ),
    ask=ask,
    read=read,
    example=(
        "home root 0 /root\n-rw-r--r-- 644 0:0 571 1767225600 root:root /root/.bashrc\n"
        "home alice 1000 /home/alice\n-rw-rw-rw- 666 1000:1000 807 1767225600 alice:alice /home/alice/.profile\nend\n"
    ),
    time_limit_s=60,
    needs_root=True,
)
