"""`secscan schedule`: the nightly job by the calendar."""

from __future__ import annotations

import math
import os
import pwd
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secscan.cli import SpokenGroup
from secscan.cli.configuration import FILE, Configuration, configuration_of, read_configuration
from secscan.cli.journal import note
from secscan.cli.language import say, spoken
from secscan.cli.schedule_folders import make_folders
from secscan.cli.schedule_needs import needed_files, needed_variables, seen_by, socket_folders, written_folders
from secscan.errors import UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.model.target import Target
    from secscan.scheduling.planned import Planned
    from secscan.scheduling.systemd import Manager, Status

_HERE = {"local", "chroot", "container", "docker", "podman"}  # transports that look at this machine
_CRON = Path("/etc/cron.d")
_NAME = click.option("--name", default="secscan", show_default=True, metavar="NAME", help="The name of the units.")
_USER = click.option("--user", "own", is_flag=True, help="By your own systemd manager, not the system's.")


@click.group("schedule", cls=SpokenGroup)
def command() -> None:
    """Have a run done by the calendar: by systemd, or by cron where there is none."""


@command.command("install")
@click.option("--on-calendar", required=True, metavar="WHEN", help="As in systemd.time(7): daily, *-*-* 02:30, Mon..Fri 22:00.")
@_USER
@_NAME
@click.option("--config", "path", type=click.Path(path_type=Path), metavar="FILE", help="The project; secscan.yml of this folder.")
@click.option("--run-as", metavar="USER", help="Whose keys and files it uses; who owns the project file unless given.")
@click.option("--random-delay", default="15m", show_default=True, metavar="SPAN", help="Start up to this much later.")
@click.option("--print", "only_print", is_flag=True, help="Only print what would be written.")
@click.pass_context
def install(
    context: click.Context, /, on_calendar: str, own: bool, name: str, path: Path | None, run_as: str | None, random_delay: str,
    only_print: bool,
) -> int:  # fmt: skip
    """Do `secscan run` by the calendar. Units that are as they should be stay as they are.

    A run that was missed while the machine was off is caught up. The service may write only where the run does; where the
    inventory names this very machine, it is not shut in, because it would then see another machine. Secrets belong in private
    files that secscan.yml names (become_password_file) or in an agent, not in units.
    """
    from secscan.scheduling.systemd import is_booted  # noqa: PLC0415 - keep --help free of it

    path = path or configuration_of(context).path
    if path is None:
        raise UsageError(
            "there is no project to run here; allowed: a folder with {file} (secscan init), or --config FILE", file=FILE
        )
    if own and run_as:
        raise UsageError("your own manager runs nothing as others; allowed: --run-as without --user")
    user = "" if own else _owner(path, run_as)
    with seen_by(user):
        configuration = read_configuration(path, {})  # the run has none of our variables
        planned = _plan(configuration, path, name, on_calendar, _seconds(random_delay), user)
    if not is_booted():  # cron mails what is said; a journal keeps it
        planned = replace(planned, command=(*planned.command, "--quiet"))
    if only_print:
        _print(planned, systemd=is_booted())
        return 0
    if is_booted():
        numbers = configuration.settings.get("prometheus")
        make_folders(planned, path, planned.folder / Path(numbers.value).parent if numbers else None)
        written = _manager(own).install(planned)
    else:
        written = _install_cron(planned)
    for each in written:
        note("schedule_written", Message("wrote {path}", path=each), path=str(each))
    if not written:
        note("schedule_unchanged", Message("{name} is there already, as it should be", name=name))
    _tell_limits(planned, configuration, own)
    return 0


@command.command("status")
@_USER
@_NAME
def status(own: bool, name: str) -> int:
    """When the next run is due and how the last one ended. Exit code 1 when none is due, or the last one broke."""
    from secscan.scheduling.systemd import is_booted, is_ours  # noqa: PLC0415 - keep --help free of it

    if not is_booted():
        there = (_CRON / name).exists() and is_ours(_CRON / name)
        scheduled = Message("{name}: cron has a line in {path}", name=name, path=_CRON / name)
        click.echo(spoken(scheduled if there else Message("{name}: nothing is scheduled", name=name)))
        return 0 if there else 1
    told = _manager(own).status(name)
    if told is None:
        click.echo(say("{name}: nothing is scheduled", name=name))
        return 1
    following = told.next or Message("not known")
    click.echo(say("{name}: timer {state}, next run {next}", name=name, state=told.timer, next=following))
    if told.last:
        click.echo("  " + say("last run {moment}: {state}", moment=told.last, state=_ending(told)))
    else:
        click.echo("  " + say("no run since the start of this machine"))
    if told.loaded != "loaded":
        click.echo("  " + say("no run can begin: systemd says {state} of {unit}", state=told.loaded, unit=f"{name}.service"))
    if not told.enabled:
        click.echo("  " + say("the timer is not enabled: after a restart of this machine there are no runs"))
    if own and not _lingers():
        click.echo("  " + spoken(_linger_note()))
    return 0 if told.is_well else 1


def _ending(told: Status) -> Message:
    if told.service == "activating":
        return Message("under way")
    if told.never_ran:
        why = f"{told.result} {told.code}" if told.started else told.result
        return Message("secscan could not be started ({result}); systemctl status tells why", result=why)
    if told.by_signal:
        return Message("{result}, ended by signal {number}", result=told.result, number=str(told.code))
    return Message("{result}, exit code {code}", result=told.result, code=str(told.code))


@command.command("remove")
@_USER
@_NAME
def remove(own: bool, name: str) -> int:
    """Take the schedule away. What runs found stays."""
    from secscan.scheduling.systemd import is_booted, is_ours  # noqa: PLC0415 - keep --help free of it

    if is_booted():
        gone = _manager(own).remove(name)
    else:
        path = _CRON / name
        gone = [path] if path.exists() and is_ours(path) else []
        for each in gone:
            each.unlink()
    for each in gone:
        note("schedule_removed", Message("removed {path}", path=each), path=str(each))
    if not gone:
        note("schedule_unchanged", Message("nothing is scheduled as {name}", name=name))
    return 0


def _tell_limits(planned: Planned, configuration: Configuration, own: bool) -> None:
    """Say what somebody who ran it by hand may not expect of the service."""
    from secscan.scheduling.systemd import is_booted  # noqa: PLC0415 - keep --help free of it

    if planned.sees_machine and is_booted():  # cron shuts nothing in
        text = Message("note: the inventory names this very machine, so the service is not shut in")
        note("schedule_open", text, "warning")
    if names := ", ".join(needed_variables(configuration)):
        text = Message("note: the service has no variables of your session: {names} must come from a drop-in", names=names)
        note("schedule_variables", text, "warning")
    if own and not _lingers():
        note("schedule_linger", _linger_note(), "warning")


def _plan(configuration: Configuration, path: Path, name: str, on_calendar: str, delay_s: int, user: str) -> Planned:
    from secscan.scheduling.planned import Planned  # noqa: PLC0415 - keep --help free of it

    path = path.absolute()
    me = not user or user == _me()
    environment = {key: os.environ[key] for key in ("XDG_DATA_HOME", "XDG_CACHE_HOME") if me and os.environ.get(key)}
    targets = _targets(configuration)
    return Planned(
        name=name,
        on_calendar=on_calendar,
        command=(sys.executable, "-m", "secscan", "--config", str(path), "run"),
        folder=path.parent,
        user=user,
        random_delay_s=delay_s,
        writes=tuple(dict.fromkeys(written_folders(configuration, path.parent, targets))),
        sockets=tuple(dict.fromkeys(socket_folders(configuration, targets))),
        reads=tuple(dict.fromkeys(needed_files(configuration, path.parent, targets))),
        environment=environment,
        sees_machine=any(target.transport in _HERE for target in targets),
    )


def _targets(configuration: Configuration) -> tuple[Target, ...]:
    from secscan.inventory import read_inventory  # noqa: PLC0415 - keep --help free of it

    if "inventory" not in configuration.settings:
        raise UsageError("{path} names no inventory; allowed: inventory: FILE", path=configuration.path)
    return read_inventory(configuration.settings["inventory"].value).targets


def _install_cron(planned: Planned) -> list[Path]:
    from secscan.scheduling.cron import cron_file  # noqa: PLC0415 - keep --help free of it
    from secscan.scheduling.systemd import is_ours, write_unit  # noqa: PLC0415 - as above

    path, text = _CRON / planned.name, cron_file(planned)
    if not _CRON.is_dir():
        raise UsageError(
            "neither systemd nor {folder} is there; allowed: --print, and its line where jobs are kept here", folder=_CRON
        )
    if not planned.user:
        raise UsageError("there is no systemd here; allowed: without --user as root, or --print and then crontab -e")
    if path.exists() and not is_ours(path):
        raise UsageError("{path} is not a file that secscan wrote, and stays as it is; allowed: another --name", path=path)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return []
    write_unit(path, text)
    return [path]


def _print(planned: Planned, *, systemd: bool) -> None:
    from secscan.scheduling.cron import cron_file, cron_table  # noqa: PLC0415 - keep --help free of it
    from secscan.scheduling.units import service_text, timer_text  # noqa: PLC0415 - as above

    if systemd:
        click.echo(f"{service_text(planned)}\n{timer_text(planned)}", nl=False)
    else:
        click.echo(cron_file(planned) if planned.user else cron_table(planned), nl=False)


def _owner(path: Path, run_as: str | None) -> str:
    """Who runs it: who was named, or who owns the project file; empty where there is no file, which its reader tells."""
    try:
        if run_as:
            return pwd.getpwnam(run_as).pw_name
        return pwd.getpwuid(path.stat().st_uid).pw_name if path.exists() else ""
    except KeyError:
        raise UsageError("--run-as {run_as}: there is no such user; allowed: a user of this machine", run_as=run_as or "") from None


def _lingers() -> bool:
    return Path(f"/var/lib/systemd/linger/{_me()}").exists()


def _linger_note() -> Message:
    return Message("note: it runs only while you are signed in; for always: loginctl enable-linger {user}", user=_me())


def _me() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _manager(own: bool) -> Manager:
    from secscan.scheduling.systemd import system_manager, user_manager  # noqa: PLC0415 - keep --help free of it

    return user_manager() if own else system_manager()


def _seconds(span: str) -> int:
    from secscan.model.values import WRITTEN, Type, read_duration  # noqa: PLC0415 - keep --help free of it

    try:
        return math.ceil(read_duration(span))
    except ValueError:
        raise UsageError(
            "--random-delay cannot be {span!r}; allowed: {written}", span=span, written=WRITTEN[Type.DURATION]
        ) from None
