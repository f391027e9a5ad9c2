"""One walk over the local file systems that answers every question about files with unusual permissions at once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.filesystem.entries import ENTRY_FIELDS, FIND_PRINTF, STAT, stat_record
from secscan.filesystem.mounts import LOCAL, VIRTUAL
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply

_KINDS = ("world_writable", "sticky_missing", "unowned", "set_id", "device", "system_writable", "capability")
_CAP = 1000  # entries of one kind
_PRUNED = ("/proc", "/sys", "/dev", "/run")
_CONTAINERS = (
    "/var/lib/docker", "/var/lib/containers/storage", "/var/lib/containerd", "/var/lib/kubelet/pods",
    "/var/lib/lxd", "/var/lib/lxc", "/var/lib/incus", "/var/lib/machines", "/var/lib/flatpak", "/snap", "/var/lib/snapd/snap",
)  # fmt: skip
_SYSTEM = ("/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/usr/", "/boot/")
_SYSTEM_RE = "^(" + "|".join(_SYSTEM).replace("/", "\\/") + ")"
_PRUNE = "-path " + " -o -path ".join((*_PRUNED, *_CONTAINERS))
_ODD = "/(a path with a line break)"

# Where to walk: each local file system once. A mount that shows a part of what another mount shows whole (a bind mount) is left
# out, but on btrfs, where find stops at every subvolume. In a
# chroot the root is no mount point. mountinfo: id parent device root mount_point options ... - type source
_ROOTS = f"""BEGIN {{
  split("{" ".join(LOCAL)}", names, " "); for (i in names) walked[names[i]] = 1
  split("{" ".join(VIRTUAL)}", names, " "); for (i in names) virtual[names[i]] = 1
  split("{" ".join(_PRUNED)}", pruned, " ")
}}
{{
  kind = ""; for (i = 7; i < NF; i++) if ($i == "-") {{ kind = $(i + 1); break }}
  point = $5; hidden = kind in virtual
  for (i in pruned) if (point == pruned[i] || index(point, pruned[i] "/") == 1) hidden = 1
  if (hidden) next
  if (!(kind in walked) && !(kind == "overlay" && point == "/")) {{ skipped[++skips] = kind " " point; next }}
  n++; points[n] = point; devices[n] = $3; shown[n] = $4; kinds[n] = kind
}}
END {{
  for (i = 1; i <= n; i++) {{
    inside = 0
    for (j = 1; j <= n && !inside; j++) {{
      if (i == j || devices[i] != devices[j]) continue
      if (shown[i] == shown[j]) inside = j < i
      else if (kinds[i] != "btrfs") inside = shown[j] == "/" || index(shown[i], shown[j] "/") == 1
    }}
    if (!inside) print "walk " points[i]
    if (points[i] == "/") rooted = 1
  }}
  if (!rooted) print "walk /"
  for (i = 1; i <= skips; i++) print "skip " skipped[i]
}}"""

# One letter of `ls -l` per permission tells which kinds an entry belongs to; capped per kind. A line of getcap begins with a path.
_SORT = f"""function put(kind) {{
  if (++count[kind] <= {_CAP}) print kind " " $0
}}
BEGIN {{ n = split(ENVIRON["skipped"], points, "\\n"); for (i = 1; i <= n; i++) seen[points[i]] = 1 }}
/^\\// {{ if (/ [a-z0-9_,]*[=+-][-+=eip]*$/) put("capability"); else broken = 1; next }}
{{
  type = substr($1, 1, 1); rest = $0
  if ($1 !~ /^[-dlbcps][-rwxsStT]+$/ || NF < 7) {{ odd++; next }}
  for (i = 1; i <= 5; i++) sub(/^[^ ]* /, "", rest)
  path = substr(rest, match(rest, / \\//) + 1)
  if (path in seen) next
  if (type == "d") seen[path] = 1
  owner = rest; sub(/:.*/, "", owner)
  group = substr(rest, length(owner) + 2, index(rest, " /") - length(owner) - 2)
  split($3, ids, ":")
  if (owner == "UNKNOWN" || owner == ids[1] || group == "UNKNOWN" || group == ids[2]) put("unowned")
  if (type == "l") next
  others = substr($1, 9, 1) == "w"
  if (others && type != "d") put("world_writable")
  if (others && type == "d" && substr($1, 10, 1) !~ /[tT]/) put("sticky_missing")
  if (type == "-" && (substr($1, 4, 1) ~ /[sS]/ || substr($1, 7, 1) ~ /[sS]/)) put("set_id")
  if (type == "b" || type == "c") put("device")
  if ((others || substr($1, 6, 1) == "w" || ids[1] != 0) && path ~ /{_SYSTEM_RE}/) put("system_writable")
}}
END {{
  for (kind in count) if (count[kind] > {_CAP}) print kind " unobservable: more than {_CAP} entries"
  if (broken) print "capability unobservable: the path of a program that has some holds a line break"
  if (odd) print "fault " odd " lines of the walk could not be read"
}}"""

# `PATH CLAUSE...` from getcap, or `PATH = CLAUSE...` before libcap 2.41. A clause of no name speaks of all capabilities.
_CLAUSE = r"(?:[a-z0-9_]+(?:,[a-z0-9_]+)*)?[=+-][eip]*(?:[+-][eip]*)*"
_CAPABLE = re.compile(rf"(/.*?)(?: =)?((?: {_CLAUSE})+)")

_SCRIPT = f"""if [ "$(id -u)" != 0 ]; then printf 'unobservable: only root can look into every directory\\n'; exit 0; fi
if [ ! -r /proc/self/mountinfo ]; then printf 'unobservable: /proc/self/mountinfo cannot be read\\n'; exit 0; fi
for tool in find awk stat; do
  if ! have $tool; then printf 'unobservable: there is no %s command\\n' $tool; exit 0; fi
done
nl='
'
IFS=$nl
set -f
set --
skipped=''
for line in $(awk {quote(_ROOTS)} /proc/self/mountinfo); do
  point=${{line#* }}
  case $point in *\\\\*) point=$(printf '%b.' "$point"); point=${{point%.}} ;; esac
  case $line in
    walk*) set -- "$@" "$point"; printf 'walked %s\\n' "${{line#* }}" ;;
    *) skipped=$skipped${{point#* }}$nl; printf 'skipped %s\\n' "${{line#* }}" ;;
  esac
done
for point in {quote(*_CONTAINERS)}; do
  if [ -d "$point" ]; then printf 'skipped containers %s\\n' "$point"; fi
done
prune={quote(_PRUNE)}
# a capability counts for what can be executed only
capable=''
if [ -n "$wanted" ] && have getcap; then capable='-type f -perm /0111 ! -exec getcap {{}} + -o'
elif [ -n "$wanted" ]; then printf 'capability unobservable: there is no getcap command\n'; fi
IFS=' '
if find /dev/null -maxdepth 0 -printf '' 2>/dev/null; then
  # cheap tests first: find reads /etc/passwd anew for every file that it looks up the owner of, and most are root's
  # shellcheck disable=SC2086 # the pruned paths are words
  walk() {{
    find "$@" -xdev -type d \\( $prune \\) -prune -o \\( $capable \\
      ! -uid 0 -nouser -o ! -gid 0 -nogroup -o ! -type l \\( -perm -0002 \\
      -o -type f -perm /6000 -o -type b -o -type c \\
      -o \\( -perm /0022 -o ! -uid 0 \\) \\
      \\( -path '/usr/*' -o -path '/boot/*' -o -path '/lib*' -o -path '/bin/*' -o -path '/sbin/*' \\) \\) \\) \\
      \\( -path "*$nl*" -printf {quote(FIND_PRINTF.replace("%p", _ODD))} -o -printf {quote(FIND_PRINTF)} \\)
  }}
else
  # busybox find knows neither -nouser nor -printf: stat tells about every file, in batches
  # shellcheck disable=SC2086 # the pruned paths are words
  walk() {{
    find "$@" -xdev \\( $prune \\) -prune -o -path "*$nl*" -exec {STAT.replace("%n", _ODD)} {{}} + \\
      -o -exec {STAT} {{}} +
    set -- $? "$@"
    # its -exec is no condition that other tests could follow; 1 tells of a file that is gone, or of one that getcap cannot ask
    if [ $1 -gt 1 ] || [ -z "$capable" ]; then return $1; fi
    shift
    find "$@" -xdev \\( $prune \\) -prune -o -type f -perm /0111 -exec getcap {{}} +
  }}
fi
{{
  complaints=$({{ {{ walk "$@"; printf 'walk ended %s\\n' $? >&2; }} | skipped=$skipped awk {quote(_SORT)} >&5; }} 2>&1 |
    grep -v -e 'No such file or directory' -e '^Failed to get capabilities .*(Operation not supported)' | tail -n 100)
}} 5>&1
IFS=$nl
ended=''
for complaint in $complaints; do
  known=''
  for point in $skipped; do case $complaint in *"$point"*) known=1 ;; esac; done
  case $complaint in
    'walk ended 0' | 'walk ended 1') ended=1 ;;
    *) if [ -z "$known" ]; then printf 'fault %s\\n' "$complaint"; fi ;;
  esac
done
if [ -z "$ended" ]; then printf 'fault the walk broke off\\n'; fi
printf 'end\\n'"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `find` for all calls; what is of no kind is dropped on the host."""
    wanted = any(call["kind"] == "capability" for call in calls)
    touches = ("all local file systems", "/proc/self/mountinfo", "find", "awk", "stat", *(("getcap",) if wanted else ()))
    return Question(f"wanted={'yes' if wanted else ''}\n{_SCRIPT}", touches)


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """The joint answer as one answer per kind: its entries, what was walked and skipped, `end`."""
    if answer.stdout.startswith(b"unobservable: "):
        return [answer] * len(calls)
    lines = closed_lines(answer)
    scope = [line for line in lines if line.startswith(("walked /", "skipped ", "fault "))]
    answers = []
    for call in calls:
        prefix = f"{call['kind']} "
        own = [*(line.removeprefix(prefix) for line in lines if line.startswith(prefix)), *scope, "end"]
        answers.append(Answer(("\n".join(own) + "\n").encode(), answer.stderr, answer.exit, answer.fault, answer.uid))
    return answers


def read(call: Arguments, answer: Answer) -> Observation:
    """A line per entry, then `walked PATH` and `skipped TYPE PATH` per file system, then `end`.

    An entry is a line about a file; for capabilities it is `PATH CAPABILITIES` as getcap prints it.
    """
    said = reply(answer, "files")
    if said:
        return said
    capable = call["kind"] == "capability"
    entries: list[Record] = []
    grants: list[Record] = []
    scope: dict[str, list[str]] = {"walked": [], "skipped": []}
    for line in closed_lines(answer):
        word, _, rest = line.partition(" ")
        if word in {"fault", "unobservable:"}:
            return Unobservable(rest)
        if word in scope:
            scope[word].append(rest)
            continue
        if capable:
            grants += _grants(line)
            continue
        record = stat_record(line)
        if not is_of_kind(record, str(call["kind"])):
            raise Unreadable(f"{record['path']} is not {call['kind']}")
        entries.append(record)
    if not scope["walked"]:
        raise Unreadable("no file system was walked")
    return Observed({
        "entries": Unobservable("of capabilities the grants are told") if capable else tuple(entries),
        "count": len(grants if capable else entries),
        "grants": tuple(grants) if capable else Unobservable("only told of the kind capability"),
        "walked": tuple(scope["walked"]),
        "skipped": tuple(scope["skipped"]),
    })  # fmt: skip


def _grants(line: str) -> list[Record]:
    match = _CAPABLE.fullmatch(line)
    if not match:
        raise Unreadable(f"not a line about capabilities: {line[:120]!r}")
    path = match[1]
    names = [name or "all" for clause in match[2].split() if clause != "=" for name in re.split("[=+-]", clause)[0].split(",")]
    return [{"path": path, "capability": name, "grant": f"{path} {name}"} for name in dict.fromkeys(names)]


def is_of_kind(record: Record, kind: str) -> bool:
    """Whether an entry belongs to a kind, judged as the host's own sorting does."""
    mode, is_type = record["mode"], record["type"]
    if not isinstance(mode, int):
        return False
    return {
        "world_writable": bool(mode & 0o002) and is_type not in {"directory", "symlink"},
        "sticky_missing": bool(mode & 0o002) and not mode & 0o1000 and is_type == "directory",
        "unowned": isinstance(record["owner"], Absent) or isinstance(record["group"], Absent),
        "set_id": bool(mode & 0o6000) and is_type == "regular",
        "device": is_type in {"block", "character"},
        "system_writable": (bool(mode & 0o022) or record["uid"] != 0) and str(record["path"]).startswith(_SYSTEM),
    }[kind]


PROBE = Probe(
    name="files",
    summary="Files of one unusual kind, found by a walk over the local file systems that all kinds share",
    arguments=(
        Argument(
            "kind", Type.TEXT,
            "world_writable: anything but a directory that everybody may write; sticky_missing: directories that everybody may "
            "write, without the sticky bit; unowned: user or group id without a name; set_id: programs with set-user-id or "
            "set-group-id; device: device files outside /dev; system_writable: programs, libraries and kernels that others than "
            "root may write; capability: programs with capabilities of the kernel, told by getcap",
            required=True, choices=_KINDS,
        ),
    ),
    attributes=(
        Attribute("entries", Type.RECORDS, f"one record per file, at most {_CAP}", ENTRY_FIELDS),
        Attribute("count", Type.INTEGER, "how many entries or grants"),
        Attribute(
            "grants",
            Type.RECORDS,
            "of the kind capability: one record per program and capability",
            (
                Attribute("path", Type.TEXT, "the program"),
                Attribute("capability", Type.TEXT, "such as cap_net_raw; all: every one that there is"),
                Attribute("grant", Type.TEXT, "both, such as /usr/bin/ping cap_net_raw"),
            ),
        ),
        Attribute("walked", Type.LIST, "mount points of the file systems that were walked"),
        Attribute("skipped", Type.LIST, "type and mount point of those that were not: network, unknown, of containers"),
    ),
    ask=ask,
    read=read,
    split=split,
    example="-rwsr-xr-x 4755 0:0 59976 1767225600 root:root /usr/bin/chfn\nwalked /\nskipped nfs4 /srv/share\nend\n",
    time_limit_s=240,
    needs_root=True,
)  # fmt: skip
