"""Whether a server that does not run would start with its host: only where it is known that none would, is it as good as absent."""

from __future__ import annotations

import subprocess

import pytest
from test_settings_asked import OVER, as_root
from test_shell import SHELLS

from secscan.syntax.servers import STARTS_WITH_HOST


@pytest.fixture
def units(tmp_path):
    """A directory of units of one's own, in which a service is installed and nothing starts it."""
    (tmp_path / "multi-user.target.wants").mkdir()
    (tmp_path / "labdb.service").write_text("[Service]\nExecStart=/usr/sbin/labdb\n")
    return tmp_path


def starter(units, shell="dash"):
    """What would start a service labdb or labdb@..., empty for nothing, with these units in place of the machine's own."""
    script = f"""{STARTS_WITH_HOST}if starts_with_host other 'labdb*'; then printf '%s' "$starter"; fi"""
    command = ["unshare", "-m", "sh", "-c", OVER, "sh", "/etc/systemd/system", str(units), "--", *SHELLS[shell], "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@as_root
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_service_that_nothing_wants_does_not_start(units, shell):
    assert starter(units, shell) == ""


@as_root
def test_an_enabled_service_starts(units):
    (units / "multi-user.target.wants/labdb.service").symlink_to("/etc/systemd/system/labdb.service")
    assert starter(units) == "/etc/systemd/system/multi-user.target.wants/labdb.service"


@as_root
def test_an_enabled_instance_of_a_template_starts(units):
    (units / "multi-user.target.wants/labdb@main.service").symlink_to("/etc/systemd/system/labdb@.service")
    assert starter(units).endswith("labdb@main.service")


@as_root
def test_a_service_that_is_masked_does_not_start(units):
    (units / "multi-user.target.wants/labdb.service").symlink_to("/etc/systemd/system/labdb.service")
    (units / "labdb.service").unlink()
    (units / "labdb.service").symlink_to("/dev/null")
    assert starter(units) == ""


@as_root
def test_an_enabled_socket_starts_its_service(units):
    (units / "sockets.target.wants").mkdir()
    (units / "sockets.target.wants/labdb.socket").symlink_to("/etc/systemd/system/labdb.socket")
    assert starter(units).endswith("labdb.socket")


@as_root
@pytest.mark.parametrize("line", ["Requires=labdb.service", "Wants=network.target labdb.service"])
def test_a_service_that_another_one_needs_starts(units, line):
    (units / "shop.service").write_text(f"[Unit]\n{line}\n")
    assert starter(units) == "/etc/systemd/system/shop.service"


@as_root
def test_a_service_that_another_one_only_waits_for_does_not_start(units):
    (units / "shop.service").write_text("[Unit]\nAfter=labdb.service\n")
    assert starter(units) == ""
