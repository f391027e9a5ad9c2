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
