"""Which messages rsyslog sends elsewhere, as far as a selector says it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from secscan.syntax.rsyslog import LIST_AWK, parse_rsyslog

CONFIGURATION = """mail.* /var/log/mail.log
& @one.example.org
mail.*\tstop
*.*;auth,authpriv.none action(type="omfwd" target="two.example.org")
AuthPriv.*  @@three.example.org:6514;format
:msg, contains, "x" action(type="omfwd" target="four.example.org")
& @five.example.org
action(type="omfwd"
  target="six.example.org")
*.* {
  action(type="omrelp" target="seven.example.org" port="20514")
}
kern.=info,local7.*
if $programname == "x" then @eight.example.org
"""


@pytest.mark.parametrize("awk", ["awk", "busybox awk", "mawk", "gawk"])
def test_the_selector_before_an_action_is_told(tmp_path, awk):
    if not shutil.which(awk.split()[0]):
        pytest.skip(f"{awk} is not installed")
    (tmp_path / "rsyslog.conf").write_text(CONFIGURATION)
    command = [*awk.split(), "-v", f"main={tmp_path}/rsyslog.conf", LIST_AWK]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    told = {target.host.partition(".")[0]: target.selector for target in parse_rsyslog(lines).targets}
    assert told == {
        "one": "mail.*",
        "two": "*.*;auth,authpriv.none",
        "three": "authpriv.*",
        "four": "property",
        "five": "property",
        "six": "*.*",
        "seven": "*.*",
        "eight": "*.*",
    }


SEND = 'action(type="omfwd" target="logs.example.org")'
REACHED = {
    "nothing before it": (SEND, True),
    "a noise filter of one program": (f':programname, isequal, "snmpd" stop\n*.* {SEND}', True),
    "the file of cloud-init": (f':syslogtag, isequal, "[CLOUDINIT]" /var/log/cloud-init.log\n& stop\n{SEND}', True),
    "a block of one program": (':programname, startswith, "haproxy" {\n  /var/log/h.log\n  stop\n}\n*.* @@logs.example.org', True),
    "mail is not sent": (f"mail.* stop\n*.* {SEND}", True),
    "what comes from elsewhere is not sent": (f"if $fromhost-ip != '127.0.0.1' then {{ ?Remote\n stop }}\n{SEND}", True),
    "a facility in words": (f"if $syslogfacility-text == 'mail' then stop\n{SEND}", True),
    "two programs": (f"if ($programname == 'a' or $programname startswith 'b') then {{ stop }}\n{SEND}", True),
    "it is sent before": (f"*.* {SEND}\n*.* stop", True),
    "a filter of sign-ins": (f"if $syslogfacility-text == 'authpriv' then {SEND}", True),
    "a block of sign-ins": (f"auth,authpriv.* {{\n  {SEND}\n}}", True),
    "a ruleset that is called": (f'ruleset(name="out") {{\n  {SEND}\n}}\ncall out', True),
    "a template with a block": (f'template(name="t" type="list") {{\n  constant(value="x")\n}}\n*.* {SEND}', True),
    "everything is discarded": (f"stop\n{SEND}", False),
    "everything of a selector": (f"*.* stop\n*.* {SEND}", False),
    "the old sign": (f"*.* ~\n*.* {SEND}", False),
    "sign-ins are written and discarded": (f"auth,authpriv.* /var/log/auth.log\n& stop\n*.* {SEND}", False),
    "the same with the old sign": (f"authpriv.info /var/log/auth.log\n& ~\n*.* {SEND}", False),
    "one program of sign-ins": (f':programname, isequal, "sshd" stop\n*.* {SEND}', False),
    "a name of nothing": (f':programname, contains, "" stop\n*.* {SEND}', False),
    "a name that is not": (f':programname, !isequal, "backup" stop\n*.* {SEND}', False),
    "a condition over two lines": (f"if $programname == 'sudo'\n  or $programname == 'su' then stop\n{SEND}", False),
    "a block of everything": (f"*.* {{\n  /var/log/all\n  stop\n}}\n{SEND}", False),
    "only mail is sent": (f"mail.* {{\n  {SEND}\n}}", False),
    "only one program is sent": (f"if $programname == 'backup' then {SEND}", False),
    "only what comes from elsewhere": (f"if $fromhost-ip != '127.0.0.1' then {{\n{SEND}\n}}", False),
    "a text that a message may hold": (f':msg, contains, "session opened" stop\n*.* {SEND}', None),
    "a text of a message in words": (f"if $msg contains 'x' then stop\n{SEND}", None),
    "a pattern": (f':programname, ereregex, "^s" ~\n*.* {SEND}', None),
    "what is otherwise": (f"if $programname == 'x' then {{ /var/log/x\n}} else {{\n stop }}\n{SEND}", None),
    "a ruleset that nobody calls": (f'ruleset(name="out") {{\n  {SEND}\n}}', None),
    "a ruleset of the old words": (f"$RuleSet remote\n*.* {SEND}", None),
    "local messages go to another ruleset": (f'module(load="imuxsock" ruleset="x")\n{SEND}', None),
    "after a ruleset that discards": (f'ruleset(name="x") {{\n  stop\n}}\ncall x\n{SEND}', None),
    "one that stands in for another": (SEND[:-1] + ' action.execOnlyWhenPreviousIsSuspended="on")', None),
    "a loop": (f"foreach ($.x in $!y) do {{\n stop }}\n{SEND}", None),
}  # fmt: skip


@pytest.mark.parametrize("awk", ["awk", "busybox awk", "mawk", "gawk"])
@pytest.mark.parametrize(("text", "reached"), REACHED.values(), ids=REACHED)
def test_what_is_discarded_before_an_action_does_not_reach_it(tmp_path, awk, text, reached):
    if not shutil.which(awk.split(maxsplit=1)[0]):
        pytest.skip(f"{awk} is not installed")
    (tmp_path / "rsyslog.conf").write_text(f"$IncludeConfig {tmp_path}/*.cf\n")
    (tmp_path / "one.cf").write_text(f"{text}\n")
    command = [*awk.split(), "-v", f"main={tmp_path}/rsyslog.conf", LIST_AWK]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    (target,) = parse_rsyslog(lines).targets
    assert target.reached is reached, lines
    assert bool(target.doubt) is (reached is None)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ('module(load="imuxsock") # local', False),
        ('module(load="imjournal"\n  StateFile="imjournal.state")', True),
        ("$ModLoad imjournal", True),
        ("#$ModLoad imjournal", False),
    ],
)
def test_what_reads_the_journal_itself_is_told(tmp_path, text, reads):
    (tmp_path / "rsyslog.conf").write_text(f"{text}\n")
    command = ["awk", "-v", f"main={tmp_path}/rsyslog.conf", LIST_AWK]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert parse_rsyslog(lines).reads_journal is reads


def test_conditions_that_stop_nothing_stay_on_the_host(tmp_path):
    (tmp_path / "rsyslog.conf").write_text(
        ':msg, contains, "verysecret" /var/log/x\nif $msg == "verysecret" then { /var/log/y\n}\n'
    )
    command = ["awk", "-v", f"main={tmp_path}/rsyslog.conf", LIST_AWK]
    assert "verysecret" not in subprocess.run(command, capture_output=True, text=True, check=True).stdout
