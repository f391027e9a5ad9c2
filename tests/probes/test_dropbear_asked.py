"""What dropbear will be started with next, as the services of several distributions tell it."""

from __future__ import annotations

import pytest
from test_processes_asked import ask, every_shell, pytestmark  # noqa: F401 - the mark holds for this module too

from secscan.model.probe import Observed

# One runs with -s, in a host whose /etc is made by the first word.
RUNS = """mount -t tmpfs tmpfs /opt && mkdir /opt/alternatives || exit 99
if [ -d /etc/alternatives ]; then cp -P /etc/alternatives/* /opt/alternatives/; fi # Debian's awk is one of them
mount -t tmpfs tmpfs /etc && cp -PR /opt/alternatives /etc/ || exit 99
mkfifo /opt/pipe
printf '%s\\n' '#!/bin/sh' 'read -r _ <>/opt/pipe' >/opt/dropbear
chmod 755 /opt/dropbear
/opt/dropbear -s -I 600 -jk </dev/null >/dev/null 2>&1 &
until [ "$(cat /proc/$!/comm)" = dropbear ]; do sleep 0.05; done
eval "$1"
shift
exec "$@"
"""
SYSTEMD = """system=/etc/systemd/system
mkdir -p $system/multi-user.target.wants /etc/default
ln -s $system/dropbear.service $system/multi-user.target.wants/
printf '%s\\n' '[Service]' 'ExecStart=/usr/sbin/dropbear -EF -p "$DROPBEAR_PORT" $DROPBEAR_EXTRA_ARGS' >$system/dropbear.service
"""
OPENRC = """mkdir -p /etc/init.d /etc/conf.d /etc/runlevels/default
ln -s /etc/init.d/dropbear /etc/runlevels/default/
echo 'command_args="${DROPBEAR_OPTS}"' >/etc/init.d/dropbear
"""
OPENWRT = """mkdir -p /etc/config
echo "DISTRIB_ID='OpenWrt'" >/etc/openwrt_release
"""


def servers(setup: str, shell: str = "dash"):
    answer, seen = ask("dropbear", RUNS, setup, shell=shell)
    assert isinstance(seen, Observed), (seen, answer)
    assert seen.attributes["count"] == 1
    running, *stored = seen.attributes["servers"]
    assert (running["source"], running["passwords"], running["idle_limit"]) == ("process", False, 600)
    return stored


@every_shell
@pytest.mark.parametrize(
    ("setup", "source"),
    [
        (SYSTEMD + "echo 'DROPBEAR_EXTRA_ARGS=\"-w -s -I 300\"' >/etc/default/dropbear", "/etc/default/dropbear"),
        (OPENRC + "echo 'DROPBEAR_OPTS=\"-ws -I 300\"' >/etc/conf.d/dropbear", "/etc/conf.d/dropbear"),
        (
            OPENWRT
            + "printf '%s\\n' 'config dropbear' \"\toption PasswordAuth 'off'\" ' option RootLogin 0' 'option IdleTimeout 300' "
            ">/etc/config/dropbear",
            "/etc/config/dropbear",
        ),
    ],
    ids=["systemd", "OpenRC", "OpenWrt"],
)
def test_the_options_of_the_next_start_are_judged_as_well(setup, source, shell):
    (stored,) = servers(setup, shell)
    assert (stored["pid"], stored["source"]) == (0, source)
    assert (stored["root"], stored["passwords"], stored["idle_limit"], stored["local_forwarding"]) == (False, False, 300, True)


@pytest.mark.parametrize(
    "setup",
    [
        SYSTEMD,
        SYSTEMD + "echo '#DROPBEAR_EXTRA_ARGS=-s' >/etc/default/dropbear",
        OPENRC + "printf '%s\\n' DROPBEAR_OPTS=-s DROPBEAR_OPTS= >/etc/conf.d/dropbear",
        OPENWRT + "printf '%s\\n' 'config dropbear' 'config other' ' option PasswordAuth off' >/etc/config/dropbear",
    ],
    ids=["no file", "commented out", "set back", "of another section"],
)
def test_without_options_the_next_start_takes_passwords(setup):
    (stored,) = servers(setup)
    assert stored["passwords"] is True


def test_options_of_the_unit_itself_count():
    (stored,) = servers(SYSTEMD + "sed -i 's/-EF/-EF -s/' $system/dropbear.service")
    assert stored["passwords"] is False


@pytest.mark.parametrize("value", ['"$(cat /x)"', '"-c \\"a b\\""', "strange"])
def test_options_that_only_a_shell_would_tell_are_not_guessed(value):
    (stored,) = servers(SYSTEMD + f"echo 'DROPBEAR_EXTRA_ARGS={value}' >/etc/default/dropbear")
    assert "not known" in stored["passwords"].reason


@pytest.mark.parametrize(
    "setup",
    [
        "",
        SYSTEMD + "rm $system/*.wants/*",
        SYSTEMD + "mkdir $system/dropbear.service.d; echo ExecStart= >$system/dropbear.service.d/x.conf",
    ],
    ids=["no service", "not enabled", "another command"],
)
def test_what_no_known_service_starts_is_judged_by_its_process_alone(setup):
    assert servers(setup) == []
