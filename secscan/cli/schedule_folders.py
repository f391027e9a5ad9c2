"""Making the folders that a scheduled run writes in, by the rights of who will write there.

The project file is often that of a user, and names any folder. Where root made that and gave it to them, they could have folders
of their own in the middle of the system, by which its services run what they like.
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from pathlib import Path

from secscan.errors import UsageError
from secscan.scheduling.planned import Planned

_PRIVATE, _PUBLIC = 0o700, 0o755


def make_folders(planned: Planned, project: Path, numbers: Path | None) -> None:
    """Make the folders that are missing: a sandbox lets nobody make them later. Raises UsageError.

    All are private, but for that of the `numbers`, which others collect. What the user may not make, root makes for them where
    nobody else had a say: the project file, and the folder that the new one comes into, can be changed by root alone.
    """
    account = pwd.getpwnam(planned.user) if planned.user else None
    other = account if account and account.pw_uid != os.geteuid() else None
    for folder in planned.writes:
        mode = _PUBLIC if folder == numbers else _PRIVATE
        if folder.exists():
            continue
        if other and os.geteuid() == 0 and not _made_by(other, folder, mode):
            _give(folder, mode, other, project)
        elif not other:
            _make(_missing(folder), mode)


def _made_by(account: pwd.struct_passwd, folder: Path, mode: int) -> bool:
    """Whether a user could make a folder, with nobody else's rights."""
    done = subprocess.run(  # noqa: S603 - words are given one by one, and what they may do is what the user may
        ["/bin/mkdir", "-p", "--", str(folder)], user=account.pw_uid, group=account.pw_gid, umask=0o777 & ~mode, cwd="/",
        extra_groups=os.getgrouplist(account.pw_name, account.pw_gid), capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


def _give(folder: Path, mode: int, account: pwd.struct_passwd, project: Path) -> None:
    """Make a folder as root, and give it away when all is made, so that nobody changes it meanwhile."""
    made = _missing(folder)
    if not (_is_of_root_alone(project) and _is_of_root_alone(made[0].parent)):
        raise UsageError(
            "{folder}: {user} may not make it; allowed: install -d -m 700 -o {user} {folder}",
            folder=folder,
            user=account.pw_name,
        )
    _make(made, mode)
    for each in reversed(made):
        os.chown(each, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _make(folders: list[Path], mode: int) -> None:
    for each in folders:
        try:
            each.mkdir(mode=_PRIVATE)
            each.chmod(mode)
        except OSError as error:
            raise UsageError(
                "{folder}: cannot be made: {reason}; allowed: to be root, or --user", folder=each, reason=error.strerror
            ) from error


def _missing(folder: Path) -> list[Path]:
    """A folder and those above it that are not there, the topmost first."""
    return [path for path in reversed((folder, *folder.parents)) if not path.exists()]


def _is_of_root_alone(path: Path) -> bool:
    """Whether nobody else can change a file or folder, the way to it included."""
    places = {path.absolute(), path.resolve()}
    return all(_is_roots(each.lstat()) for place in places for each in (place, *place.parents) if not each.is_symlink())


def _is_roots(state: os.stat_result) -> bool:
    others = state.st_mode & (stat.S_IWOTH | (stat.S_IWGRP if state.st_gid else 0))
    return state.st_uid == 0 and (not others or (stat.S_ISDIR(state.st_mode) and bool(state.st_mode & stat.S_ISVTX)))
