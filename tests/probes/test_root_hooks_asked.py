"""What root starts by start scripts, hooks, rules and jobs of at, asked of this machine with other files in place of its own."""

from __future__ import annotations

import shutil

from test_root_programs_asked import host, programs, write, wrong
from test_settings_asked import as_root, ask, every_shell

__all__ = ["host"]
pytestmark = as_root


def started(host, over, of="hooks", shell="dash"):
    """What root starts when `over` ({path of this machine: path below the host}) is all of it that there is."""
    empty = dict.fromkeys(("/etc", "/usr/lib/systemd", "/usr/lib/udev", "/usr/local", "/var/spool", "/root"), "empty")
    (host / "made").mkdir(exist_ok=True)
    shutil.copytree("/etc/alternatives", host / "etc/alternatives", symlinks=True, dirs_exist_ok=True)
    tree = {"/etc": host / "etc", "/var/spool": host / "spool", "/root": host / "made"}
    return ask("root_programs", empty | tree | {"/srv": host / "srv"} | over, shell, of=of)[1].attributes


def own(told):
    return [path for path in programs(told) if path.startswith("/srv/")]


@every_shell
def test_the_command_of_a_service_of_openrc_counts_unless_it_runs_as_somebody_else(host, shell):
    head = "#!/sbin/openrc-run\nname=x\n"
    write(host / "etc/init.d/a", head + 'command=${APP_HOME:-/srv/a}/bin/run\ncommand_args="--fast ${X}"\n')
    write(host / "etc/conf.d/a", "APP_HOME=/srv/b\n", 0o644)
    write(host / "etc/init.d/c", head + 'command="/srv/c"\ncommand_user="app:app"\n')
    write(host / "etc/init.d/d", head + ': ${command_user:=app}\ncommand="/usr/bin/python3"\ncommand_args="-u /srv/d.py"\n')
    write(host / "etc/conf.d/d", 'command_user="root"\n', 0o644)
    write(host / "etc/init.d/e", head + "start() {\n\tstart-stop-daemon --start --user app --exec /srv/e -- -x\n}\n")
    write(host / "etc/init.d/f", head + 'start() {\n\tstart-stop-daemon --start \\\n\t  --exec "/srv/$RC_SVCNAME" -- -x\n}\n')
    write(host / "srv/b/bin/run", "#!/bin/sh\n", uid=1000)
    told = started(host, {}, shell=shell)
    assert own(told) == ["/srv/b/bin/run", "/srv/d.py", "/srv/f"]
    assert wrong(told) == ["/srv/b/bin/run"]
    assert {record["started_by"] for record in told["programs"] if record["path"] == "/srv/f"} == {"/etc/init.d/f"}


@every_shell
def test_start_scripts_are_followed_as_far_as_their_words_tell(host, shell):
    write(
        host / "etc/rc.local",
        "#!/bin/sh -e\n# /srv/comment\nDAEMON=/srv/daemon\nOPTIONS='a\n/srv/no_command b'\n"
        "cat <<END\n/srv/text\nEND\ncase $1 in\n  /srv/pattern|/srv/other) ;;\nesac\nlist=(/srv/element)\n"
        "[ -x /srv/tested ] && $DAEMON $OPTIONS\n. /srv/sourced\nsu - app -c /srv/of_app\nsudo -u app /srv/of_app\n"
        "nohup /srv/left &\nsh <<END\n/srv/fed\nEND\nexit 0\n",
    )
    write(host / "etc/init.d/x", "#!/bin/sh\nstart-stop-daemon --start --chuid app --exec /srv/of_app\n/srv/x\n")
    write(host / "etc/init.d/README", "/srv/no\n", 0o644)
    told = started(host, {}, shell=shell)
    assert own(told) == ["/srv/daemon", "/srv/fed", "/srv/left", "/srv/sourced", "/srv/x"]


@every_shell
def test_the_files_of_hooks_count_with_the_way_to_what_their_links_lead_to(host, shell):
    write(host / "srv/app/up.sh", "#!/bin/sh\n/srv/next\n")
    (host / "srv/app").chmod(0o777)
    (host / "etc/network/if-up.d").mkdir(parents=True)
    (host / "etc/network/if-up.d/app").symlink_to("/srv/app/up.sh")
    write(host / "etc/NetworkManager/dispatcher.d/pre-up.d/x", "#!/bin/bash\n/srv/pre_up\n", uid=1000)
    write(host / "etc/dhcp/dhclient-exit-hooks.d/x", "/srv/lease\n", 0o644)
    write(host / "etc/profile.d/app.sh", '[ -f /srv/env.sh ] && . /srv/env.sh\nexport A="$(/srv/no)"\n', 0o644)
    write(host / "etc/profile", "for i in /etc/profile.d/*.sh; do . $i; done\n", 0o644)
    write(host / "etc/systemd/system-generators/g", "#!/usr/bin/python3\n/srv/no_shell\n")
    write(host / "made/.bashrc", "source /srv/of_root\n. ~/.env\n. $HOME/more\n")
    told = started(host, {}, shell=shell)
    assert own(told) == ["/srv/env.sh", "/srv/lease", "/srv/next", "/srv/of_root", "/srv/pre_up"]
    assert wrong(told) == ["/etc/NetworkManager/dispatcher.d/pre-up.d/x", "/srv/app"]
    assert {"/etc/systemd/system-generators/g", "/root/.env", "/root/more"} <= set(programs(told))


@every_shell
def test_programs_of_udev_rules_count_as_the_rules_override_each_other(host, shell):
    write(
        host / "etc/udev/rules.d/10-a.rules",
        '# RUN+="/srv/comment"\nKERNEL=="sd*", RUN+="/srv/plug %k $env{X}", \\\n  ENV{RUN}="/srv/no", PROGRAM=="/srv/ask \'a b\'"\n'
        'IMPORT{program}="/srv/import", IMPORT{file}="/srv/data", RUN{builtin}+="kmod load /srv/no"\n'
        'RUN{program}+="/bin/sh -c \'/srv/in_shell %k\'", RUN+="helper x", RUN="%c/y"\n',
        0o644,
    )
    write(host / "etc/udev/rules.d/20-b.rules", "", 0o644)
    write(host / "lib/rules.d/20-b.rules", 'RUN+="/srv/masked"\n', 0o644)
    write(host / "lib/rules.d/30-c.rules", 'RUN+="/srv/of_package"\n', 0o644)
    write(host / "lib/helper", "#!/bin/sh\n", uid=1000)
    told = started(host, {"/usr/lib/udev": host / "lib"}, shell=shell)
    assert wrong(told) == ["/usr/lib/udev/helper"]
    assert own(told) == ["/srv/ask", "/srv/import", "/srv/in_shell", "/srv/of_package", "/srv/plug"]
    assert told["not_looked_at"] == ("/etc/udev/rules.d/10-a.rules RUN a program that a variable or a pattern names",)


@every_shell
def test_commands_of_packages_and_of_the_rotation_of_logs_count(host, shell):
    write(host / "etc/apt/apt.conf.d/10x", 'DPkg::Post-Invoke { "if true; then /srv/post; fi"; };\n// "/srv/comment";\n', 0o644)
    write(
        host / "etc/apt/apt.conf.d/20x",
        'APT::Update { Pre-Invoke {"/srv/pre || true";}; };\nAcquire::http::Proxy-Auto-Detect "/srv/proxy";\n',
    )
    write(host / "etc/dpkg/dpkg.cfg.d/x", "# pre-invoke=/srv/comment\npost-invoke=/srv/dpkg a\n", 0o644)
    write(host / "etc/logrotate.conf", "include /etc/logrotate.d\ninclude /srv/more\ncompresscmd /srv/press\n", 0o644)
    write(
        host / "etc/logrotate.d/x",
        "/var/log/x {\n  postrotate\n    A=1\n    /srv/rotated >/dev/null\n  endscript\n  /srv/no\n}\n",
        0o644,
    )
    write(host / "srv/more/y", "/var/log/y {\n  firstaction\n  /srv/first\n  endscript\n}\n", 0o644)
    write(host / "etc/inittab", "# a\nid:2345:respawn:/srv/respawned a\n::sysinit:-/srv/sysinit\n", 0o644)
    told = started(host, {}, shell=shell)
    expected = ["dpkg", "first", "post", "pre", "press", "proxy", "respawned", "rotated", "sysinit"]
    assert own(told) == [f"/srv/{name}" for name in expected]


@every_shell
def test_jobs_of_at_and_scripts_of_periods_are_followed(host, shell):
    head = "#!/bin/sh\n# atrun uid={0} gid={0}\n# mail anna 0\nA=x; export A\ncd /srv || {{\n\t echo 'no' >&2\n\t exit 1\n}}\n"
    write(host / "spool/cron/atjobs/a00001", head.format(0) + "/srv/at\n", 0o700)
    write(host / "spool/cron/atjobs/a00002", head.format(1000) + "/srv/hers\n", 0o700, uid=1000)
    write(host / "spool/at/a00003", head.format(0) + "${SHELL:-/bin/sh} << 'marcinDELIMITER1'\n/srv/fed\nmarcinDELIMITER1\n", 0o700)
    write(host / "etc/cron.daily/x", "#!/bin/sh\nset -e\n/srv/daily\n")
    told = started(host, {}, "jobs", shell)
    assert own(told) == ["/srv/at", "/srv/daily", "/srv/fed"]
