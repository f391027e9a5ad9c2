"""Probes that look at processes, asked while programs run that the test has started in a namespace of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from recorded import PROBES, make_call
from test_shell import SHELLS, run

from secscan.judge.observe import observe, split_batch
from secscan.model.probe import Observed
from secscan.model.values import Absent, Unobservable
from secscan.plan.compile import compile_plan
from secscan.syntax.rpm import ASK_RPM

# A script's process is called as its file is. The words are: name, flags, text of /opt/config, and what to run then.
RUN_PROGRAM = """mount -t tmpfs tmpfs /opt || exit 99
mkfifo /opt/pipe
printf '%s\\n' '#!/bin/sh' 'read -r _ <>/opt/pipe' >"/opt/$1"
chmod 755 "/opt/$1"
printf '%s' "$3" >/opt/config
"/opt/$1" $2 </dev/null >/dev/null 2>&1 &
until [ "$(cat /proc/$!/comm)" = "$1" ]; do sleep 0.05; done
shift 3
exec "$@"
"""
# A program that is replaced ($1 = replaced) or removed while it runs.
REPLACE_PROGRAM = """mount -t tmpfs tmpfs /opt || exit 99
cp "$(command -v sleep)" /opt/naps
/opt/naps 300 </dev/null >/dev/null 2>&1 &
until [ "$(cat /proc/$!/comm)" = naps ]; do sleep 0.05; done
rm /opt/naps
if [ "$1" = replaced ]; then : >/opt/naps; fi
shift
exec "$@"
"""
CONFIGURATION = """---
apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false  # nobody
  webhook:
    enabled: true
  x509:
    clientCAFile: "/etc/kubernetes/pki/ca.crt"
authorization:
  mode: Webhook
clusterDNS:
- 10.96.0.10
# readOnlyPort: 10255
rotateCertificates: true
staticPodURLHeader:
  Authorization: [hunter2]
"""
ENCRYPTION = """kind: EncryptionConfiguration
resources:
  - resources:
      - secrets
      - configmaps  # too
    providers:
      - secretbox:
          keys:
            - name: key1
              secret: aHVudGVyMg==
      - identity: {}
"""


def _may_unshare() -> bool:
    tried = ["unshare", "-m", "-p", "-f", "--mount-proc", "mount", "-t", "tmpfs", "tmpfs", "/opt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not _may_unshare(), reason="needs root and namespaces of its own"
)
every_shell = pytest.mark.parametrize("shell", [pytest.param(name, id=name) for name in SHELLS])


def ask(probe: str, setup: str, *words: str, shell: str = "dash"):
    """What a probe is answered and reads in a namespace of processes that was set up so."""
    if not shutil.which(SHELLS[shell][0]):
        pytest.skip(f"{shell} is not installed")
    call = make_call(PROBES[probe], {"name": "hello"} if probe == "package" else {})
    batch = next(batch for batch in compile_plan([call], PROBES).batches if batch.probe == probe)
    prefix = ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", setup, "sh", *words]
    (exhibit,) = split_batch(run([*prefix, *SHELLS[shell]], batch), PROBES[probe], 0)
    return exhibit.answer, observe(PROBES[probe], call, exhibit.answer)


@every_shell
def test_a_kubelet_is_read_with_its_file_and_nothing_secret_leaves(shell: str):
    answer, seen = ask("kubelet", RUN_PROGRAM, "kubelet", "--config=/opt/config --node-labels a=b", CONFIGURATION, shell=shell)
    assert isinstance(seen, Observed), (seen, answer)
    assert seen.attributes["anonymous"] is False
    assert seen.attributes["client_ca"] == "/etc/kubernetes/pki/ca.crt"
    assert seen.attributes["read_only_port"] == 0
    assert seen.attributes["rotates_certificate"] is True
    assert b"hunter2" not in answer.stdout


def test_a_flag_of_the_kubelet_holds_before_its_file():
    _, seen = ask("kubelet", RUN_PROGRAM, "kubelet", "--config /opt/config --anonymous-auth", CONFIGURATION)
    assert isinstance(seen, Observed)
    assert seen.attributes["anonymous"] is True


def test_a_kubelet_without_any_setting_lets_everybody_in():
    _, seen = ask("kubelet", RUN_PROGRAM, "kubelet", "", "")
    assert isinstance(seen, Observed)
    assert (seen.attributes["anonymous"], seen.attributes["read_only_port"]) == (True, 10255)


@every_shell
def test_of_the_encryption_of_the_api_only_its_kind_is_told(shell: str):
    flags = "--encryption-provider-config=/opt/config --authorization-mode=Node,RBAC --anonymous-auth=false"
    answer, seen = ask("kubernetes_api", RUN_PROGRAM, "kube-apiserver", flags, ENCRYPTION, shell=shell)
    assert isinstance(seen, Observed), (seen, answer)
    assert seen.attributes["secrets_encrypted_by"] == "secretbox"
    assert seen.attributes["authorization"] == ("Node", "RBAC")
    assert b"aHVudGVyMg" not in answer.stdout


@pytest.mark.parametrize("written", ["identity: {}\n      - secretbox: {}", 'secretbox: {}\n  - resources: ["pods"]'])
def test_the_first_provider_of_the_first_entry_with_secrets_counts(written: str):
    text = f"resources:\n  - resources: [secrets, 'configmaps']\n    providers:\n      - {written}\n"
    _, seen = ask("kubernetes_api", RUN_PROGRAM, "kube-apiserver", "--encryption-provider-config /opt/config", text)
    assert isinstance(seen, Observed)
    assert seen.attributes["secrets_encrypted_by"] == written.partition(":")[0]


@every_shell
def test_etcd_is_read_by_its_flags_before_its_environment(shell: str):
    setup = (
        "export ETCD_CLIENT_CERT_AUTH=true ETCD_LISTEN_CLIENT_URLS=http://10.0.0.1:2379 ETCD_ROOT_PASSWORD=hunter2\n" + RUN_PROGRAM
    )
    answer, seen = ask("etcd", setup, "etcd", "--listen-client-urls=https://10.0.0.1:2379", "", shell=shell)
    assert isinstance(seen, Observed), (seen, answer)
    assert seen.attributes["clients_at"] == ("https://10.0.0.1:2379",)
    assert seen.attributes["client_certificates"] is True
    assert b"hunter2" not in answer.stdout


def test_without_these_programs_they_are_absent():
    for probe in ("kubelet", "kubernetes_api", "etcd"):
        assert isinstance(ask(probe, RUN_PROGRAM, "another", "", "")[1], Absent)


@every_shell
@pytest.mark.parametrize("what", ["replaced", "removed"])
def test_a_program_that_was_replaced_while_it_runs_is_told(what: str, shell: str):
    answer, seen = ask("outdated_process", REPLACE_PROGRAM, what, shell=shell)
    assert isinstance(seen, Observed), (seen, answer)
    (use,) = [use for use in seen.attributes["uses"] if use["program"] == "naps"]
    assert use["file"] == "/opt/naps"
    assert isinstance(use["replaced"], Absent) is (what == "removed")


@pytest.mark.parametrize("probe", ["firewall", "listening_port", "pacemaker"])
def test_a_tree_without_proc_tells_nothing_of_the_machine_around_it(probe: str):
    _, seen = ask(probe, 'while umount -l /proc 2>/dev/null; do :; done\nexec "$@"\n')
    assert isinstance(seen, Unobservable)
    assert "/proc is not mounted" in seen.reason


with_journald = pytest.mark.skipif(not Path("/usr/lib/systemd/systemd-journald").exists(), reason="needs systemd-journald")
SYSTEMD_RUNS = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system || exit 99\n"
OPENRC_RUNS = "mount -t tmpfs tmpfs /run && mkdir -p /run/openrc || exit 99\n"


@with_journald
@every_shell
def test_the_journal_collects_where_systemd_runs_and_journald_does(shell: str):
    answer, seen = ask("journal_storage", SYSTEMD_RUNS + RUN_PROGRAM, "systemd-journal", "", "", shell=shell)
    assert isinstance(seen, Observed), (seen, answer)
    assert (seen.attributes["collects"], seen.attributes["others"]) == (True, ())


@with_journald
def test_where_journald_has_stopped_nothing_survives():
    _, seen = ask("journal_storage", SYSTEMD_RUNS + RUN_PROGRAM, "another", "", "")
    assert isinstance(seen, Observed)
    assert (seen.attributes["collects"], seen.attributes["persistent"]) == (False, False)


@with_journald
@every_shell
def test_where_systemd_lies_idle_the_log_program_that_runs_is_told(shell: str):
    answer, seen = ask("journal_storage", OPENRC_RUNS + RUN_PROGRAM, "syslogd", "", "", shell=shell)
    assert isinstance(seen, Observed), (seen, answer)
    assert (seen.attributes["collects"], seen.attributes["persistent"]) == (False, False)
    assert seen.attributes["others"] == ("syslogd",)


@with_journald
def test_in_a_tree_without_proc_nothing_tells_which_log_programs_run():
    _, seen = ask("journal_storage", 'while umount -l /proc 2>/dev/null; do :; done\nexec "$@"\n')
    assert isinstance(seen, Observed)
    assert isinstance(seen.attributes["others"], Unobservable)


# rpm answers nothing to anybody, and what is named is not to be had by root
CLOSED = """mount -t tmpfs tmpfs /opt && mount -t tmpfs tmpfs /var/lib/dpkg && mount -t tmpfs tmpfs /usr/local/bin || exit 99
printf '#!/bin/sh\\nexit 1\\n' >/opt/no
chmod 755 /opt/no /usr/local/bin
cp -p /opt/no /usr/local/bin/rpm
for program; do
  [ "$program" != -- ] || break
  if at=$(command -v "$program"); then mount --bind /opt/no "$(readlink -f "$at")"; fi
done
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""


@pytest.mark.parametrize("shell", ["dash", "bash", "mksh"])  # the shell of busybox has an rpm and a setpriv of its own
@pytest.mark.parametrize("probe", ["packages", "package", "signing_keys"])
@pytest.mark.parametrize(
    ("closed", "reason"),
    [(("rpm",), "the rpm database cannot be read, or is empty"), (("rpm", "setpriv"), "root cannot become another user here")],
    ids=["database", "user"],
)
def test_where_rpm_tells_nothing_the_reason_is_the_true_one(probe: str, closed: tuple[str, ...], reason: str, shell: str):
    answer, seen = ask(probe, CLOSED, *closed, "--", shell=shell)
    assert isinstance(seen, Unobservable), answer
    assert reason in seen.reason


@every_shell
def test_where_setpriv_is_missing_root_does_not_ask_rpm_and_says_so(shell: str):
    script = f"have() {{ return 1; }}\nrpm() {{ echo asked; }}\n{ASK_RPM}ask_rpm -qa || why_no_rpm"
    told = subprocess.run([*SHELLS[shell], "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == "rpm writes when root asks it, and setpriv, to ask as another user, is missing"


@every_shell
def test_of_the_options_of_dropbear_only_letters_and_the_idle_limit_leave_the_host(shell: str):
    options = "-sw -I 900 -jk -p 127.0.0.1:22 -r/etc/key -c hunter2"
    answer, seen = ask("dropbear", RUN_PROGRAM, "dropbear", options, "", shell=shell)
    assert isinstance(seen, Observed), (seen, answer)
    (server,) = seen.attributes["servers"]
    assert (server["root_passwords"], server["passwords"], server["idle_limit"]) == (False, False, 900)
    assert (server["local_forwarding"], server["remote_forwarding"]) == (False, False)
    assert b"hunter2" not in answer.stdout
