"""The clock of a host whose time service and its tool are stand-ins that say what the real ones were heard to say."""

from __future__ import annotations

import pytest
from test_processes_asked import ask, every_shell, pytestmark  # noqa: F401 - the mark holds for this module too

from secscan.model.probe import Observed

# The words are: name of the service, name of its tool, a shell script that stands for the tool, and what to run then.
STAND_IN = """mount -t tmpfs tmpfs /opt || exit 99
mkfifo /opt/pipe
printf '%s\\n' '#!/bin/sh' 'read -r _ <>/opt/pipe' >"/opt/$1"
printf '%s\\n' '#!/bin/sh' "$3" >"/opt/$2"
chmod 755 "/opt/$1" "/opt/$2"
"/opt/$1" </dev/null >/dev/null 2>&1 &
until [ "$(cat /proc/$!/comm)" = "$1" ]; do sleep 0.05; done
place=$(command -v "$2") || { mount -t tmpfs tmpfs /usr/local/bin && place=/usr/local/bin/$2 && : >"$place"; }
mount --bind "/opt/$2" "$place" || exit 99
shift 3
exec "$@"
"""
# what chronyc 4.3 tells of a chronyd that has `local stratum 10` and no source
CHRONY_ALONE = "7F7F0101,,10,1795287381.027986964,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,0.0,0.0,0.0,Normal"
CHRONY_LED = "C0000201,192.0.2.1,3,1795287381.027986964,0.000046007,0.0,0.0,0.000,0.000,0.000,0.0,0.0,64.2,Normal"
NTP = "associd=0 status=0615 leap_none,\nleap=00, stratum={stratum}, offset=0.012, reftime=ed1d7c4b.8a3d70a4,\nrefid={refid}"
PEERS = """     remote           refid      st t when poll reach   delay   offset  jitter
==============================================================================
*{peer}     .LOCL.           5 l   12   64  377    0.000    0.000   0.001"""


def clock(service: str, tool: str, script: str, shell: str):
    answer, seen = ask("time_sync", STAND_IN, service, tool, script, shell=shell)
    assert isinstance(seen, Observed), (seen, answer)
    return seen.attributes


def chronyc(tracking: str) -> str:
    return f"case $3 in tracking) echo {tracking} ;; esac"


def ntpq(told: str, peers: str) -> str:
    return f"case $* in *rv*) cat <<'E' ;;\n{told}\nE\n*) cat <<'E' ;;\n{peers}\nE\nesac"


@every_shell
def test_chrony_that_follows_its_own_clock_is_not_synchronised(shell):
    told = clock("chronyd", "chronyc", chronyc(CHRONY_ALONE), shell)
    assert told["synchronised"] is False
    assert not isinstance(told["age"], float)  # nothing was compared with anything


@every_shell
def test_chrony_that_follows_a_source_is_synchronised(shell):
    told = clock("chronyd", "chronyc", chronyc(CHRONY_LED), shell)
    assert (told["synchronised"], told["offset"]) == (True, 0.000046007)


@every_shell
@pytest.mark.parametrize(
    ("refid", "peer"),
    [("127.127.1.0", "127.127.1.0"), ("LOCAL(0)", "LOCAL(0)"), ("127.0.0.1", "127.127.1.1")],
    ids=["address", "name", "orphan"],
)
def test_ntpd_that_follows_its_own_clock_is_not_synchronised(refid, peer, shell):
    told = clock("ntpd", "ntpq", ntpq(NTP.format(stratum=6, refid=refid), PEERS.format(peer=peer)), shell)
    assert told["synchronised"] is False
    assert told["reachable_sources"] == 0


@every_shell
def test_ntpd_that_follows_a_source_is_synchronised(shell):
    told = clock("ntpd", "ntpq", ntpq(NTP.format(stratum=3, refid="192.0.2.1"), PEERS.format(peer="192.0.2.1")), shell)
    assert told["synchronised"] is True
    assert told["reachable_sources"] == 1
