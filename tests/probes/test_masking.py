"""Secrets in command lines stay on the host, whichever awk it has."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from secscan.probing import MASK_COMMAND_AWK

AWKS = {"mawk": ["mawk"], "gawk": ["gawk"], "original-awk": ["original-awk"], "busybox": ["busybox", "awk"]}
SECRET = "hunter2"
COMMANDS = [
    ("restic -r s3:https://key:hunter2@host/b backup", "restic -r s3:https://***@host/b backup"),
    ("restic backup --token=hunter2 /srv", "restic backup --token=*** /srv"),
    ("mysqldump -u root -phunter2 db", "mysqldump -u *** -p*** db"),
    ("PGPASSWORD=hunter2 pg_dump x", "PGPASSWORD=*** pg_dump x"),
    ('RESTIC_PASSWORD="hunter2 hunter2" restic backup', "RESTIC_PASSWORD=*** restic backup"),
    ("curl -H 'Authorization: Bearer hunter2' https://x", "curl -H 'Authorization: Bearer *** https://x"),
    ("curl --user bob:hunter2 https://x", "curl --user *** https://x"),
    ('curl -H "X-Api-Key: hunter2" http://u:hunter2@h/x', 'curl -H "X-Api-Key:*** *** http://***@h/x'),
    ("sshpass -p hunter2 ssh host", "sshpass -p *** ssh host"),
    ("redis-server --requirepass hunter2 --port 1", "redis-server --requirepass *** --port 1"),
    ("vault login -token hunter2", "vault login -token ***"),
    ("openssl rsa -passin pass:hunter2", "openssl rsa -passin ***"),
    ("java -Djavax.net.ssl.keyStorePassword=hunter2 -jar x", "java -Djavax.net.ssl.keyStorePassword=*** -jar x"),
    ("cmd --secret 'a hunter2 b' rest", "cmd --secret *** rest"),
    ('psql "host=x password=hunter2 user=y"', 'psql "host=x password=*** user=y"'),
    ("snmpget -v2c -c hunter2 host", "snmpget -v2c -c *** host"),
    ("mount -o username=x,password=hunter2 //a/b", "mount -o username=x,password=*** //a/b"),
    ("ldapsearch -x -w hunter2 -D cn=admin", "ldapsearch -x -w *** -D cn=admin"),
    ("aws --secret-key hunter2 s3 ls", "aws --secret-key *** s3 ls"),
    ("smbclient //h/s -U user%hunter2", "smbclient //h/s -U user%***"),
]
HARMLESS = [
    "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
    "/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main",
    "restic --password-file=/etc/restic.key backup /srv",
    "ssh -p 22 -i /root/.ssh/id host",
    "tar --exclude=passwd.txt -czf x",
    "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet mitigations=auto rd.vconsole.keymap=us",
]


def masked(awk: list[str], lines: list[str]) -> list[str]:
    if not shutil.which(awk[0]):
        pytest.skip(f"{awk[0]} is not installed")
    program = MASK_COMMAND_AWK + '{ many = split($0, words, " "); print mask_command(words, many) }'
    done = subprocess.run([*awk, program], input="\n".join(lines) + "\n", text=True, capture_output=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("awk", AWKS.values(), ids=AWKS)
def test_no_secret_of_these_commands_leaves_the_host(awk: list[str]):
    written, expected = zip(*COMMANDS, strict=True)
    found = masked(awk, list(written))
    assert SECRET not in "\n".join(found)
    assert found == list(expected)


@pytest.mark.parametrize("awk", AWKS.values(), ids=AWKS)
def test_a_command_without_a_secret_stays_as_it_is(awk: list[str]):
    assert masked(awk, HARMLESS) == HARMLESS


@pytest.mark.parametrize("awk", AWKS.values(), ids=AWKS)
def test_an_endless_command_line_is_cut_and_says_so(awk: list[str]):
    (line,) = masked(awk, ["x" * 9000])
    assert len(line) == 4003
    assert line.endswith("...")
