"""Of files of servers only what is asked for leaves the host, and never a password, whichever awk it has."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from test_masking import AWKS

from secscan.probes import php_setting
from secscan.syntax import apache_files, redis
from secscan.syntax.yaml_settings import REDUCE_AWK

SECRET = "hunter2"
REDIS = """requirepass "hunter2"
REQUIREPASS hunter2
masterauth hunter2
user default on >hunter2 #hunter2hash ~* +@all
user app on >hunter2 ~* +@all
bind 127.0.0.1 # no comment here
tls-key-file-pass hunter2
"""
APACHE = """AuthLDAPBindPassword hunter2
RequestHeader set Authorization "Basic hunter2"
Header set X-Api-Token "hunter2"
SetEnv DB_PASSWORD hunter2
ProxyPass / http://user:hunter2@127.0.0.1/
DBDParams "host=db pass=hunter2"
Define DB_PASSWORD hunter2
# a comment that goes on \\
ServerTokens hunter2
ServerTokens Prod
<If "%{HTTP:X-Token} == 'hunter2'">
SessionCryptoPassphrase \\
  hunter2
</If>
RewriteRule hunter2 -
"""
PHP = """[PHP]
display_errors = Off
mysqli.default_pw = hunter2
session.save_path = "tcp://127.0.0.1?auth=hunter2"
"""
YAML = """security:
  authorization: enabled
  keyFile: hunter2
net.tls.certificateKeyFilePassword: hunter2
hosts:
  - hunter2
script: |
  hunter2 and more
"""


def reduced(awk, program, text, **variables):
    if not shutil.which(awk[0]):
        pytest.skip(f"{awk[0]} is not installed")
    settings = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
    return subprocess.run([*awk, *settings, program], input=text, text=True, capture_output=True, check=True).stdout


def awk_programs(script):
    """The texts between single quotes of a script, as the shell would give them to awk."""
    return [text.replace("'\"'\"'", "'") for text in re.findall(r"^\w+='((?:[^']|'\"'\"')*)'$", script, re.MULTILINE)]


every_awk = pytest.mark.parametrize("awk", AWKS.values(), ids=AWKS)


@every_awk
def test_of_passwords_of_redis_only_that_there_is_one_leaves_the_host(awk):
    (program, *_) = [text for text in awk_programs(redis.fetch_servers()) if "requirepass" in text]
    told = reduced(awk, program, REDIS)
    assert SECRET not in told
    assert told.splitlines()[:3] == ["| requirepass set", "| requirepass set", "| user on password password"]


@every_awk
def test_of_directives_of_apache_no_secret_leaves_the_host(awk):
    script = apache_files.fetch([line.split()[0] for line in APACHE.splitlines() if line[:1].isalpha()])
    (program, *_) = [text for text in awk_programs(script) if "wanted[each" in text]
    (names,) = [text for text in awk_programs(script) if text.startswith("define undefine")]
    told = reduced(awk, program, APACHE, names=names.replace("rewriterule", ""))
    assert SECRET not in told
    assert "| ServerTokens Prod\n" in told


@every_awk
def test_of_php_and_yaml_what_is_not_asked_for_stays_on_the_host(awk):
    (program, *_) = [text for text in awk_programs(php_setting.ask([{"name": "display_errors"}]).script) if "pools" in text]
    assert reduced(awk, program, PHP, names="display_errors", pools="0") == "| display_errors = Off\n"
    told = reduced(awk, REDUCE_AWK, YAML, names="security authorization")
    assert SECRET not in told
    assert "|   authorization: enabled\n" in told


@every_awk
def test_what_a_pool_of_php_sets_for_good_holds_over_its_other_values(awk):
    (program, *_) = [text for text in awk_programs(php_setting.ask([{"name": "display_errors"}]).script) if "pools" in text]
    pools = """[www]
php_admin_flag[display_errors] = on
php_flag[display_errors] = off
[other]
php_flag[display_errors] = off
"""
    told = reduced(awk, program, pools, names="display_errors", pools="1").splitlines()
    off, on = "| display_errors = off", "| display_errors = on"
    assert told == ["| [www]", off, on, "| [other]", off]


@every_awk
def test_of_other_users_of_an_acl_of_redis_only_what_they_must_prove_leaves_the_host(awk):
    (program, *_) = [text for text in awk_programs(redis.fetch_servers()) if "requirepass" in text]
    told = reduced(awk, program, "user hunter2 on nopass ~hunter2 +@all\nuser off2 off\n")
    assert told.splitlines() == ["| other on nopass", "| other off"]
