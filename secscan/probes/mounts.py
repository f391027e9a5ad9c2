"""Every mounted file system, and what is configured to be mounted and is not."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.mounts import MOUNT_FIELDS, TABLE, read_table
from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply


def ask(calls: Sequence[Arguments]) -> Question:
    """The whole table, once: there are no arguments."""
    return Question(f"{TABLE}printf 'end\\n'\npart 0 0", ("/proc/self/mounts", "/etc/fstab", "systemd mount units"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`mounted` and a line of /proc/mounts, `fstab` and a line of fstab, `unit`, `wanted`, `masked`, `hidden`, then `end`."""
    said = reply(answer, "mounts")
    if said:
        return said
    table = read_table(closed_lines(answer))
    if not table.mounts:
        raise Unreadable("no mounts at all")
    uncovered = {mount.path: mount for mount in table.mounts}
    missing = tuple(
        path
        for path, configured in table.configured.items()
        if path not in uncovered and "noauto" not in configured.options and configured.file.startswith("/etc/")
    )
    return Observed({
        "mounts": tuple({"path": path, **table.record(mount, path)} for path, mount in uncovered.items()),
        "unmounted": Unobservable(f"{table.hidden[0]} cannot be read by this user") if table.hidden else missing,
    })  # fmt: skip


PROBE = Probe(
    name="mounts",
    summary="Every mounted file system, and what should be mounted and is not",
    arguments=(),
    attributes=(
        Attribute(
            "mounts", Type.RECORDS, "one record per mount point; the uppermost mount where several lie on one",
            (Attribute("path", Type.TEXT, "mount point"), *MOUNT_FIELDS),
        ),
        Attribute("unmounted", Type.LIST, "mount points that fstab or a unit in /etc configures (not noauto) and nothing mounts"),
    ),
    ask=ask,
    read=read,
    example=(
        "mounted /dev/sda1 / ext4 rw,relatime 0 0\nmounted backup:/export /srv/backup nfs4 rw,nosuid,nodev 0 0\n"
        "fstab UUID=6a8c / ext4 errors=remount-ro\nend\n"
    ),
    time_limit_s=30,
)  # fmt: skip
