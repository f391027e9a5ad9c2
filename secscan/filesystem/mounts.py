"""Mounts as they are and as they are configured to be: the kernel's table, fstab and systemd's mount units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from secscan.model.probe import Attribute
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import quote

# what is neither of these two and not known to be local is treated as local by mounts, and never walked by files
VIRTUAL = (
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fuse.lxcfs",
    "fuse.portal", "fuse.gvfsd-fuse", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "ramfs", "rpc_pipefs",
    "securityfs", "selinuxfs", "sysfs", "tracefs",
)  # fmt: skip
NETWORK = (
    "9p", "afs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs",
    "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "virtiofs",
)  # fmt: skip
LOCAL = (
    "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "nilfs2", "ntfs", "ntfs3", "reiserfs", "tmpfs", "ubifs",
    "ufs", "vfat", "xfs", "zfs",
)  # fmt: skip


_UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_PAIRS = (
    "suid",
    "dev",
    "exec",
    "atime",
    "diratime",
    "relatime",
    "strictatime",
    "auto",
    "user",
    "users",
    "owner",
    "group",
    "iversion",
    "mand",
)
_IMPLIED = {
    "user": ("noexec", "nosuid", "nodev"),
    "users": ("noexec", "nosuid", "nodev"),
    "owner": ("nosuid", "nodev"),
    "group": ("nosuid", "nodev"),
}

# One awk for the kernel's table, fstab and every mount unit; passwords among the options of fstab stay on the host.
_AWK = r"""FILENAME == "/proc/self/mounts" { print "mounted " $0; next }
FILENAME == "/etc/fstab" {
  if ($0 ~ /^[ \t]*(#|$)/) next
  gsub(/(password|pass|passwd|secret)=[^, \t]*/, "password=********")
  print "fstab " $1, $2, $3, $4
  next
}
FNR == 1 { section = "" }
/^[ \t]*\[/ { section = $1; next }
section == "[Mount]" && /^[ \t]*(Where|What|Type|Options)[ \t]*=/ {
  gsub(/(password|pass|passwd|secret)=[^, \t]*/, "password=********")
  sub(/^[ \t]*/, ""); sub(/[ \t]*=[ \t]*/, "=")
  print "unit " FILENAME " " $0
}"""

# prints `mounted LINE`, `fstab LINE`, `unit FILE KEY=VALUE`, `masked FILE`, `wanted NAME` and `hidden FILE`
TABLE = f"""set -- /proc/self/mounts
if [ ! -r "$1" ]; then printf 'unobservable: /proc/self/mounts cannot be read\\n'; exit 0; fi
if ! have awk; then printf 'unobservable: there is no awk command\\n'; exit 0; fi
if [ -r /etc/fstab ]; then set -- "$@" /etc/fstab; elif [ -e /etc/fstab ]; then printf 'hidden /etc/fstab\\n'; fi
for directory in {quote(*_UNIT_DIRECTORIES)}; do
  if [ "$directory" = /lib/systemd/system ] && [ -L /lib ]; then continue; fi
  for file in "$directory"/*.mount "$directory"/*.mount.d/*.conf; do
    if [ ! -e "$file" ]; then continue; fi
    case $file in *[!A-Za-z0-9:_.\\\\/@-]*) printf 'hidden a file with an odd name in %s\\n' "$directory"; continue ;; esac
    if [ ! -f "$file" ]; then printf 'masked %s\\n' "$file"
    elif [ -r "$file" ]; then set -- "$@" "$file"
    else printf 'hidden %s\\n' "$file"; fi
  done
  for file in "$directory"/*.wants/*.mount "$directory"/*.requires/*.mount; do
    if [ -e "$file" ] || [ -L "$file" ]; then printf 'wanted %s\\n' "${{file##*/}}"; fi
  done
done
awk {quote(_AWK)} "$@"
"""

MOUNT_FIELDS = (
    Attribute("options", Type.LIST, "options in force now"),
    Attribute("source", Type.TEXT, "device, share or pseudo file system that is mounted"),
    Attribute("fstype", Type.TEXT, "type of the file system"),
    Attribute("kind", Type.TEXT, "local, network or virtual"),
    Attribute("configured", Type.BOOLEAN, "fstab or an enabled systemd mount unit mounts it at every start"),
    Attribute(
        "configured_options",
        Type.LIST,
        "options in fstab or the mount unit, each once and the last of contrary ones; absent if none",
    ),
    Attribute("configured_by", Type.TEXT, "the file that says so: /etc/fstab or the unit; absent if none"),
)


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system."""

    path: str
    source: str
    fstype: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configured:
    """What fstab or a unit says about one mount point."""

    path: str
    fstype: str
    options: tuple[str, ...]
    file: str


@dataclass(frozen=True, slots=True)
class MountTable:
    """All mounts in the order they were made (a later one covers an earlier one), and what is configured by mount point.

    `hidden` names files of the configuration that could not be read.
    """

    mounts: tuple[Mount, ...]
    configured: Mapping[str, Configured]
    hidden: tuple[str, ...]

    def holding(self, path: str) -> Mount | None:
        """The mount that holds a path: the deepest mount point above or at it."""
        above = [mount for mount in self.mounts if path == mount.path or path.startswith(mount.path.rstrip("/") + "/")]
        return max(enumerate(above), key=lambda pair: (len(pair[1].path), pair[0]))[1] if above else None

    def record(self, mount: Mount, path: str) -> Record:
        """The fields of MOUNT_FIELDS for a path that lies on a mount; what is configured for the path itself goes first."""
        configured = self.configured.get(path) or self.configured.get(mount.path)
        what: Value = Absent(f"a configuration of {path}")
        if not configured and self.hidden:
            what = Unobservable(f"{self.hidden[0]} cannot be read by this user")
        return {
            "options": mount.options,
            "source": mount.source,
            "fstype": mount.fstype,
            "kind": classify_file_system(mount.fstype),
            "configured": what if isinstance(what, Unobservable) else configured is not None,
            "configured_options": configured.options if configured else what,
            "configured_by": configured.file if configured else what,
        }


@lru_cache(maxsize=1024)
def unit_name(path: str) -> str:
    r"""The systemd mount unit of a mount point: /var/my tmp -> var-my\x20tmp.mount. Source: systemd.unit(5), string escaping."""
    trimmed = re.sub(r"/+", "/", path).strip("/")
    if not trimmed:
        return "-.mount"
    escaped = "".join(
        "-" if char == "/" else char if re.fullmatch(r"[A-Za-z0-9:_]", char) or (char == "." and index) else _hexadecimal(char)
        for index, char in enumerate(trimmed)
    )
    return escaped + ".mount"


def _hexadecimal(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


def _unit_path(name: str) -> str:
    stem = name.removesuffix(".mount")
    if stem == "-":
        return "/"
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), stem.replace("-", "/").encode())
    return "/" + raw.decode("utf-8", "replace")


def read_table(lines: Iterable[str]) -> MountTable:
    """The table from the lines that TABLE prints; lines of other kinds are passed over."""
    mounts: list[Mount] = []
    fstab: dict[str, Configured] = {}
    units: dict[str, dict[str, dict[str, str]]] = {}
    wanted, masked, hidden = set(), [], []
    for line in lines:
        word, _, rest = line.partition(" ")
        columns = rest.split()
        if word in {"mounted", "fstab"} and len(columns) > 3 and columns[1].startswith("/"):
            path = unescape_mount(columns[1])
            if word == "mounted":
                mounts.append(Mount(path, unescape_mount(columns[0]), columns[2], tuple(columns[3].split(","))))
            else:
                path = path.rstrip("/") or "/"
                options = settle_options(columns[3])
                if path in fstab:  # systemd takes the first line of a path, others the last: what both say holds
                    options = tuple(option for option in fstab[path].options if option in options)
                fstab[path] = Configured(path, columns[2], options, "/etc/fstab")
        elif word == "unit":
            file, _, setting = rest.partition(" ")
            key, _, value = setting.partition("=")
            units.setdefault(_unit_of(file), {}).setdefault(file, {})[key] = value
        elif word == "wanted":
            wanted.add(rest)
        elif word == "masked":
            masked.append(rest)
        elif word == "hidden":
            hidden.append(rest)
    paths = {**fstab, **{_unit_path(name): None for name in units}}
    merged = {path: _merge(path, fstab.get(path), units.get(unit_name(path), {}), masked, wanted) for path in paths}
    return MountTable(tuple(mounts), {path: found for path, found in merged.items() if found and _comes_back(found)}, tuple(hidden))


def _comes_back(configured: Configured) -> bool:
    """Whether it is mounted at every start, or when somebody enters it."""
    return "noauto" not in configured.options or "x-systemd.automount" in configured.options


def _unit_of(file: str) -> str:
    """The unit a file belongs to: its own name, or that of the drop-in directory it lies in."""
    parts = file.split("/")
    return parts[-2].removesuffix(".d") if parts[-2].endswith(".mount.d") else parts[-1]


def _merge(
    path: str, fstab: Configured | None, files: Mapping[str, Mapping[str, str]], masked: Sequence[str], wanted: Iterable[str]
) -> Configured | None:
    """As systemd does: a unit in /etc or /run replaces fstab, which replaces one in /usr/lib; then drop-ins by name."""
    name = unit_name(path)
    above, below = _UNIT_DIRECTORIES[:2], _UNIT_DIRECTORIES[2:]
    found = fstab
    for directories in (below, above):
        for directory in reversed(directories):
            file = f"{directory}/{name}"
            if file in masked and (directories is above or not fstab):
                found = None
            elif file in files and (directories is above or not fstab):
                unit = files[file]
                enabled = name in wanted
                found = Configured(path, unit.get("Type", ""), settle_options(unit.get("Options", "")), file) if enabled else None
    dropins: dict[str, str] = {}
    for directory in reversed(_UNIT_DIRECTORIES):
        dropins |= {file.rpartition("/")[2]: file for file in (*files, *masked) if file.startswith(f"{directory}/{name}.d/")}
    for _, file in sorted(dropins.items()):
        options = files.get(file, {}).get("Options")
        if found and options is not None:
            found = Configured(path, found.fstype, settle_options(options), file)
    return found


def settle_options(text: str) -> tuple[str, ...]:
    """Mount options in order, each once; of contrary ones (suid, nosuid) the last holds. `user` implies noexec, nosuid, nodev."""
    settled: dict[str, None] = {}
    for word in filter(None, text.split(",")):
        for option in (word, *_IMPLIED.get(word, ())):
            for rival in (option, _contrary(option)):
                settled.pop(rival, None)
            settled[option] = None
    return tuple(settled)


def _contrary(option: str) -> str:
    if option in {"ro", "rw"}:
        return "rw" if option == "ro" else "ro"
    if option in {"sync", "async"}:
        return "async" if option == "sync" else "sync"
    plain = option.removeprefix("no")
    return (plain if option != plain else f"no{option}") if plain in _PAIRS else option


def classify_file_system(kind: str) -> str:
    """local, network or virtual, by the type of a file system as the kernel names it."""
    if kind in NETWORK:
        return "network"
    return "virtual" if kind in VIRTUAL else "local"


def unescape_mount(text: str) -> str:
    r"""The octal escapes of /proc/mounts and fstab undone: `\040` is a blank."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text) if "\\" in text else text
