"""What symbolic links in the root of a web server lead to is given out too, and who may change it counts."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from test_settings_asked import as_root, every_shell
from test_shell import SHELLS

from secscan.probes.web_content import _script

pytestmark = as_root


@pytest.fixture
def root(tmp_path):
    """A root of a site that belongs to root, and a place outside it."""
    for directory in (tmp_path, tmp_path / "www", tmp_path / "outside"):
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)
    (tmp_path / "www/index.html").write_text("x")
    (tmp_path / "outside/page").write_text("x")
    return tmp_path / "www"


def _look_script(root):
    body = _script().split("\nlooked='' linked=''\n")[0]
    state = "looked='' linked='' reach='-perm -002 -o -user 33 -o -group 33 -perm -020'"
    return f"{body}\n{state}\nset -f\nIFS=$nl\nlook_at '{root}'\nfollow_links"


def look(root, shell="dash"):
    """The lines about this root, for a worker of user and group 33."""
    if not shutil.which(SHELLS[shell][0]):
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([*SHELLS[shell], "-c", _look_script(root)], capture_output=True, text=True, check=True)
    return [line.replace(str(root.parent), "") for line in done.stdout.splitlines()]


@every_shell
def test_what_a_link_leads_to_can_be_changed(root, shell):
    (root / "uploads").symlink_to(root.parent / "outside")
    shutil.chown(root.parent / "outside", 33, 33)
    told = look(root, shell)
    assert told[:2] == ["root /www", "root /outside"]
    assert [line.rpartition(" ")[2] for line in told[2:]] == ["/outside"]


def test_a_link_to_a_file_is_followed(root):
    (root / "page").symlink_to("../outside/page")
    (root.parent / "outside/page").chmod(0o666)
    assert [line.rpartition(" ")[2] for line in look(root)[2:]] == ["/outside/page"]


def test_links_behind_links_are_followed_and_circles_end(root):
    (root / "one").symlink_to(root.parent / "outside")
    (root.parent / "more").mkdir()
    (root.parent / "outside/two").symlink_to(root.parent / "more")
    (root.parent / "more/back").symlink_to(root)
    shutil.chown(root.parent / "more", 33, 33)
    assert [line.rpartition(" ")[2] for line in look(root)] == ["/www", "/outside", "/more", "/more"]


@every_shell
def test_links_that_stay_within_or_lead_nowhere_add_nothing(root, shell):
    (root / "same").symlink_to("index.html")
    (root / "nowhere").symlink_to("/nowhere/at/all")
    assert look(root, shell) == ["root /www"]


@every_shell
def test_what_is_mounted_in_a_root_is_looked_at_too(root, shell):
    (root / "up loads").mkdir()
    if not shutil.which(SHELLS[shell][0]):
        pytest.skip(f"{shell} is not installed")
    place = f"'{root}/up loads'"
    mount = f"mount -n -t tmpfs -o mode=755 tmpfs {place} && mkdir {place}/one && chown 33 {place}/one || exit 99\n"
    done = subprocess.run(
        ["unshare", "-m", *SHELLS[shell], "-c", mount + _look_script(root)], capture_output=True, text=True, check=True
    )
    assert [line.rpartition(" /")[2] for line in done.stdout.replace(str(root.parent), "").splitlines()] == [
        "www", "www/up loads", "www/up loads/one",
    ]  # fmt: skip
