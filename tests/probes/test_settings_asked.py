"""The probes of configuration, asked of this machine with other files in place of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from recorded import PROBES, make_call
from test_shell import SHELLS, run

from secscan.judge.observe import observe, split_batch
from secscan.model.probe import Answer, Observed
from secscan.model.values import Absent, Unobservable
from secscan.plan.compile import compile_plan
from secscan.syntax.rsyslog import LIST_AWK

OVER = """while [ "$1" != -- ]; do
  if [ "$2" = empty ]; then mount -n -t tmpfs tmpfs "$1"; else mount -n --bind "$2" "$1"; fi || exit 99
  shift 2
done
shift
exec "$@"
"""


def _may_unshare() -> bool:
    done = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False)
    return done.returncode == 0


as_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not _may_unshare(), reason="needs root and mount namespaces of its own"
)
with_sshd = pytest.mark.skipif(not shutil.which("sshd") or not Path("/etc/ssh/ssh_host_ed25519_key").exists(), reason="needs sshd")
every_shell = pytest.mark.parametrize("shell", [pytest.param(name, id=name) for name in SHELLS])


def ask(name, over, shell="dash", beside=None, **arguments):
    """What one call is answered when other files or directories lie over those of this machine: {path: replacement or "empty"}.

    With `beside`, in a process space of its own where only that command of bash runs (empty: none).
    """
    call = make_call(PROBES[name], arguments)
    batch = next(batch for batch in compile_plan([call], PROBES).batches if batch.probe == name)
    pairs = [word for path, source in over.items() for word in (path, str(source))]
    if not shutil.which(SHELLS[shell][0]):
        pytest.skip(f"{shell} is not installed")
    prefix = ["unshare", "-m", "sh", "-c", OVER, "sh", *pairs, "--"]
    if beside is not None:
        command = f"{{ {beside or ':'}; }} </dev/null >/dev/null 2>&1 & {'sleep 0.2;' if beside else ''} {OVER}"
        prefix = ["unshare", "-mpf", "--mount-proc", "bash", "-c", command, "sh", *pairs, "--"]
    (exhibit,) = split_batch(run([*prefix, *SHELLS[shell]], batch), PROBES[name], 0)
    return exhibit.answer, observe(PROBES[name], call, exhibit.answer)


@pytest.fixture
def sshd_configuration(tmp_path):
    """A copy of /etc/ssh with a configuration of one's own."""
    target = tmp_path / "ssh"
    shutil.copytree("/etc/ssh", target)

    def write(text: str, **files: str) -> Path:
        (target / "sshd_config").write_text(text)
        for name, content in files.items():
            (target / f"{name}.conf").write_text(content)
        return target

    return write


@as_root
@with_sshd
@every_shell
def test_what_a_match_block_of_an_included_file_sets_is_told(sshd_configuration, shell):
    etc = sshd_configuration(
        "PermitRootLogin no\nMatch Address 10.0.0.0/8\n\tInclude inner.conf\nMatch all\n", inner='permitrootlogin "yes" # why\n'
    )
    _, observed = ask("sshd_option", {"/etc/ssh": etc}, shell, beside="", option="PermitRootLogin")
    (matched,) = observed.attributes["matched"]
    assert observed.attributes["value"] == "no"
    assert (matched["criteria"], matched["value"], matched["file"]) == ("Address 10.0.0.0/8", "yes", "/etc/ssh/inner.conf")


@as_root
@with_sshd
@pytest.mark.parametrize(("address", "value"), [("10.1.2.3", "yes"), ("192.0.2.7", "no"), ("", "no")])
def test_a_match_block_decides_for_the_clients_it_names(sshd_configuration, address, value):
    etc = sshd_configuration("PermitRootLogin no\nMatch Address 10.0.0.0/8 LocalPort 22\nPermitRootLogin yes\n")
    arguments = {"address": address} if address else {}
    _, observed = ask("sshd_option", {"/etc/ssh": etc}, beside="", option="PermitRootLogin", **arguments)
    assert observed.attributes["value"] == value


@as_root
@with_sshd
@every_shell
def test_sshd_answers_while_its_service_is_stopped_and_nothing_is_made_in_run(sshd_configuration, tmp_path, shell):
    run_directory = tmp_path / "run"
    run_directory.mkdir()
    etc = sshd_configuration("LoginGraceTime 1m\n")
    _, observed = ask("sshd_option", {"/etc/ssh": etc, "/run": run_directory}, shell, beside="", option="LoginGraceTime")
    assert observed.attributes["seconds"] == 60
    assert not list(run_directory.iterdir())


@as_root
@with_sshd
def test_a_configuration_that_sshd_refuses_is_not_judged(sshd_configuration):
    answer, observation = ask("sshd_option", {"/etc/ssh": sshd_configuration("Bogus yes\n")}, beside="", option="PermitRootLogin")
    assert isinstance(observation, Unobservable)
    assert "Bad configuration option: Bogus" in observation.reason
    assert not answer.stdout


@as_root
@with_sshd
def test_options_on_the_command_line_of_the_service_count(sshd_configuration, tmp_path):
    defaults = tmp_path / "ssh_defaults"
    defaults.write_text('SSHD_OPTS="-oMaxAuthTries=2 -D"\n')
    if not Path("/etc/default/ssh").exists():
        pytest.skip("no /etc/default/ssh here to lie over")
    over = {"/etc/ssh": sshd_configuration("MaxAuthTries 9\n"), "/etc/default/ssh": defaults}
    assert ask("sshd_option", over, beside="", option="MaxAuthTries")[1].attributes["number"] == 2


@as_root
@every_shell
def test_no_part_of_a_password_hash_leaves_the_host(tmp_path, shell):
    secrets = ["yescryptsalt", "yescrypthash", "lockedhash", "abJnggxhB/yWI", "notascheme"]
    shadow = tmp_path / "shadow"
    shadow.write_text(
        "root:$y$j9T$yescryptsalt$yescrypthash:1::::::\ndaemon:!$6$x$lockedhash:1::::::\nbin:abJnggxhB/yWI:1::::::\n"
        "sys:{SSHA}notascheme==:1::::::\nnobody::1::::::\n"
    )
    answer, observed = ask("account", {"/etc/shadow": shadow}, shell)
    classes = {record["name"]: record["password"] for record in observed.attributes["accounts"]}
    assert [classes[name] for name in ("root", "daemon", "bin", "sys", "nobody")] == [
        "yescrypt",
        "locked",
        "des",
        "unknown",
        "empty",
    ]
    assert not [secret for secret in secrets if secret.encode() in answer.stdout + answer.stderr]


@as_root
@every_shell
def test_neither_keys_nor_what_their_options_hold_leave_the_host(tmp_path, shell):
    home = tmp_path / "root"
    (home / ".ssh").mkdir(parents=True)
    blob = "AAAAC3NzaC1lZDI1NTE5AAAAIMTowk84yYFJJcmbcgEB/ZTamvIUpA2yr0kmhpDHdlMc"
    (home / ".ssh/authorized_keys").write_text(
        f'environment="TOKEN=hidden1",command="/bin/x --password hidden2",restrict ssh-ed25519 {blob} hidden3\n'
        "root:$y$hidden4:1:0:99999:7:::\nssh-rsa AAAAhidden5\n"
    )
    os.mkfifo(home / ".ssh/authorized_keys2")
    answer, observed = ask("authorized_keys", {"/root": home}, shell, beside="")
    (key,) = (record for record in observed.attributes["keys"] if record["account"] == "root")
    assert key["restricted"] is True
    assert key["options"] == ('environment="********"', 'command="/bin/x ..."', "restrict")
    assert key["bits"] == 256 or not shutil.which("ssh-keygen")
    assert b"hidden" not in answer.stdout
    assert blob.encode() not in answer.stdout


@as_root
@pytest.mark.skipif(not shutil.which("sudo"), reason="needs sudo")
@every_shell
def test_sudoers_follows_the_includes_that_sudo_follows(tmp_path, shell):
    directory = tmp_path / "sudoers.d"
    directory.mkdir()
    (directory / "a").write_text("alice ALL = (root) \\\n  NOPASSWD: /bin/a\n#include more\n")
    (directory / "more").write_text("carol ALL=(ALL) ALL")
    for name in ("b.bak", "b~", ".hidden"):
        (directory / name).write_text("mallory ALL=(ALL) NOPASSWD: ALL\n")
    main = tmp_path / "sudoers"
    main.write_text("root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n")
    _, observed = ask("sudoers", {"/etc/sudoers": main, "/etc/sudoers.d": directory}, shell)
    rules = [(record["users"], record["nopasswd"], record["line"]) for record in observed.attributes["rules"]]
    assert rules == [(("root",), False, 1), (("alice",), True, 1), (("carol",), False, 1), (("carol",), False, 1)]


@as_root
@pytest.mark.skipif(not shutil.which("sudo"), reason="needs sudo")
def test_sudoers_that_includes_itself_is_not_judged_and_ends(tmp_path):
    main = tmp_path / "sudoers"
    main.write_text("root ALL=(ALL) ALL\n@include /etc/sudoers\n")
    _, observation = ask("sudoers", {"/etc/sudoers": main})
    assert isinstance(observation, Unobservable)
    assert "include each other" in observation.reason


@as_root
@every_shell
def test_a_stack_is_put_together_as_pam_does(tmp_path, shell):
    (tmp_path / "svc").write_text("auth include inner\n@include both # why\naccount required pam_nologin.so\n")
    (tmp_path / "inner").write_text("auth [success=1 \\\n default=ignore] pam_unix.so nullok\naccount required pam_deny.so\n")
    (tmp_path / "both").write_text("-session optional pam_x.so password=hidden\n")
    (tmp_path / "svc.rpmnew").write_text("auth required pam_old.so\n")
    _, observed = ask("pam", {"/etc/pam.d": tmp_path}, shell, service="svc")
    rules = [(rule["type"], rule["control"], rule["module"], rule["arguments"]) for rule in observed.attributes["rules"]]
    assert rules == [
        ("auth", "[success=1 default=ignore]", "pam_unix.so", ("nullok",)),
        ("session", "optional", "pam_x.so", ("password=********",)),
        ("account", "required", "pam_nologin.so", ()),
    ]


@as_root
def test_stacks_that_include_each_other_or_nothing_are_not_judged(tmp_path):
    (tmp_path / "a").write_text("@include b\n")
    (tmp_path / "b").write_text("@include a\nauth required pam_deny.so\n")
    (tmp_path / "c").write_text("@include gone\n")
    for service in ("a", "c"):
        assert isinstance(ask("pam", {"/etc/pam.d": tmp_path}, service=service)[1], Unobservable)


@as_root
@pytest.mark.skipif(not Path("/usr/lib/systemd/systemd-journald").exists(), reason="needs systemd-journald")
@every_shell
def test_journald_drop_ins_are_merged_and_masked(tmp_path, shell):
    directory = tmp_path / "journald.conf.d"
    directory.mkdir()
    (tmp_path / "journald.conf").write_text("[Journal]\nStorage=volatile\nSeal=no\n[Other]\nCompress=no\n")
    (directory / "10-a.conf").write_text("[Journal]\nStorage = persistent")
    (directory / "20-b.conf").write_text("[Journal]\nSeal=\n")
    run = tmp_path / "run"
    (run / "systemd/system").mkdir(parents=True)
    over = {"/etc/systemd": tmp_path, "/run": run}
    assert ask("journald", over, shell, key="Storage")[1].attributes["value"] == "persistent"
    assert isinstance(ask("journald", over, shell, key="Seal")[1], Absent)
    assert isinstance(ask("journald", over, shell, key="Compress")[1], Absent)
    assert ask("journal_storage", over, shell)[1].attributes["storage"] == "persistent"
    over["/run"] = "empty"  # another program is process 1, and nothing reads these files
    assert isinstance(ask("journald", over, shell, key="Storage")[1], Unobservable)
    assert ask("journal_storage", over, shell)[1].attributes["persistent"] is False


@pytest.mark.parametrize("awk", [["awk"], ["busybox", "awk"]], ids=["awk", "busybox"])
def test_statements_of_rsyslog_with_passwords_stay_on_the_host(tmp_path, awk):
    if not shutil.which(awk[0]):
        pytest.skip(f"{awk[0]} is not installed")
    (tmp_path / "more.conf").write_text("*.* @@[::1]:6514\n")
    (tmp_path / "rsyslog.conf").write_text(
        'action(type="ommysql" pwd="hidden1 @@x") action(type="omfwd" target="a#b" # hidden2\n  protocol="tcp")\n'
        f"*.* :ommysql:db,name,user,hidden3@x\n$ActionLibpqPassword hidden4\n$IncludeConfig {tmp_path}/m*.conf\n"
        "/* *.* @hidden5\n*/\n"
        'module(load="imrelp" tls.key="hidden6")\n'
    )
    done = subprocess.run([*awk, "-v", f"main={tmp_path}/rsyslog.conf", LIST_AWK], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert [line.partition(": ")[2] for line in lines] == [
        'action(type="omfwd" target="a#b"    protocol="tcp")',
        "*.* @@[::1]:6514",
    ]
    assert "hidden" not in done.stdout


@pytest.mark.parametrize("pattern", ["/etc/$(touch /tmp/x)", "/etc/`id`", "/etc/a;id", "/etc/a b", "/etc/'"])
def test_an_include_of_rsyslog_cannot_run_anything(tmp_path, pattern):
    (tmp_path / "rsyslog.conf").write_text(f"$IncludeConfig {pattern}\n")
    done = subprocess.run(["awk", "-v", f"main={tmp_path}/rsyslog.conf", LIST_AWK], capture_output=True, text=True, check=True)
    assert "fault" in done.stdout
    assert not done.stderr


@as_root
@every_shell
def test_settings_of_a_shell_are_read_and_never_run(tmp_path, shell):
    profile = tmp_path / "profile.d"
    profile.mkdir()
    (profile / "a.sh").write_text(f"touch {tmp_path}/ran\nTMOUT=900; readonly TMOUT\n  umask 077 # umask 000\n#TMOUT=0\n")
    _, observed = ask("shell_environment", {"/etc/profile.d": profile}, shell)
    assert isinstance(observed, Observed)
    assert (observed.attributes["tmout"], observed.attributes["tmout_readonly"], observed.attributes["umask"]) == (900, True, 0o077)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("systemd", "linked", "value"),
    [(True, False, "1"), (True, True, "0"), (False, False, "0")],
    ids=["systemd passes over it", "systemd reads a link to it", "another init system reads it last"],
)
def test_the_main_file_of_sysctl_counts_only_for_who_reads_it(tmp_path, systemd, linked, value):
    folder = tmp_path / "sysctl.d"
    folder.mkdir()
    (folder / "60-hard.conf").write_text("kernel.kptr_restrict = 1\n")
    (tmp_path / "sysctl.conf").write_text("kernel.kptr_restrict = 0\n")
    if linked:
        (folder / "99-sysctl.conf").symlink_to("../sysctl.conf")
    arguments = {"path": f"{tmp_path}/sysctl.conf", "key": "kernel.kptr_restrict", "style": "sysctl", "main": "last"}
    call = make_call(PROBES["config"], {**arguments, "dropins": [str(folder)]})
    script = PROBES["config"].ask([call.mapping()]).script
    script = script.replace("systemd_is_init() {", f"systemd_is_init() {{ return {int(not systemd)}", 1)
    library = 'have() { command -v "$1" >/dev/null 2>&1; }\npart() { :; }\n'
    done = subprocess.run(["sh", "-c", library + script], capture_output=True, check=True, timeout=60)
    (answer,) = PROBES["config"].split([call.mapping()], Answer(done.stdout))
    observed = observe(PROBES["config"], call, answer)
    assert isinstance(observed, Observed)
    assert observed.attributes["value"] == value
