"""`secscan doctor`: what would stop a run, and how to mend it."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.addresses import without_password
from secscan.cli import SpokenCommand
from secscan.cli.configuration import configuration_of, unread_variables
from secscan.cli.language import say, spoken
from secscan.cli.leaving import demand_own
from secscan.cli.memory import data_folder, history_option, inspect_history
from secscan.cli.options import attestations_options, content_options, load, read_targets, target_options, waivers_option
from secscan.cli.overwriting import demand_room, names_of
from secscan.errors import InputError, SecscanError, UsageError
from secscan.messages import Message, counted, phrase

if TYPE_CHECKING:
    from secscan.cli.channels import Channel
    from secscan.cli.configuration import Configuration
    from secscan.doctor.findings import Finding
    from secscan.model.evidence import Bundle
    from secscan.model.target import Target
    from secscan.pipeline import Engine

_STATES = {"ok": phrase("ok"), "note": phrase("note"), "wrong": phrase("wrong")}
_WORKERS = 16
_PROBLEMS = 20


@click.command("doctor", cls=SpokenCommand)
@target_options
@content_options
@waivers_option
@attestations_options
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Where reports would go.")
@click.option("--prometheus", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="As of secscan run.")
@history_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def command(
    context: click.Context, /, output: Path | None, prometheus: Path | None, history: str | None, as_json: bool, **options: Any
) -> int:
    """Tell what would stop a run, and how to mend it.

    Looks at Python and its packages, at the content, at SSH's files and agent, at the history, the folders and their disks,
    and asks each target its name and time: whether it is reached, known, lets us in and lets us be root. Changes nothing.
    Exit code 1 when something is wrong; notes stop no run.
    """
    folders = [data_folder()]
    folders += [path for path in (output, prometheus.parent if prometheus else None) if path]
    folders += [order.directory for order in configuration_of(context).reports]
    if history and "://" not in history:
        folders.append(Path(history).expanduser().parent)
    found = [*_look(options, history, folders, output), *_look_at_reports(configuration_of(context), output)]
    found += [*_look_at_numbers(prometheus), *_look_at_variables(configuration_of(context))]
    inventory = options["inventory"]
    if output and inventory and Path(inventory).exists():
        found += _tried(Message("folders"), lambda: demand_own(output, options["baseline"], inventory))[1]
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(each) for each in found], indent=1))
    else:
        _show(found)
    return int(any(each.state == "wrong" for each in found))


def _look(options: dict[str, Any], history: str | None, folders: list[Path], output: Path | None) -> Iterator[Finding]:
    """Every finding, in the order in which a run would meet them."""
    from secscan.doctor.machine import look_at_python  # noqa: PLC0415 - keep --help free of it
    from secscan.doctor.ssh_files import look_at_ssh  # noqa: PLC0415 - as above
    from secscan.doctor.storage import look_at_folders, look_at_history  # noqa: PLC0415 - as above

    yield look_at_python(sys.version_info[:3])
    yield from _packages()
    engine, wrong = _tried(Message("content"), lambda: _load(options))
    yield from wrong if engine is None else (_about_content(engine),)
    targets: tuple[Target, ...] | None = ()
    if options["targets"] or options["inventory"]:
        targets, wrong = _tried(Message("inventory"), lambda: read_targets(options))
        yield from wrong
    yield from look_at_ssh(targets or ())
    shown = without_password(history or str(data_folder() / "history.sqlite"))
    yield look_at_history(shown, lambda: inspect_history(history, to_write=True))
    yield from look_at_folders(folders)
    if targets and engine:
        if output:
            yield from _tried(Message("folders"), lambda: demand_room(output, engine.baseline, names_of(engine, targets)))[1]
        yield from _look_at_parameters(engine, targets)
        yield from _ask(engine, targets)


def _look_at_parameters(engine: Engine, targets: tuple[Target, ...]) -> Iterator[Finding]:
    """What the inventory sets for single hosts, as far as a run would refuse it."""
    from secscan.pipeline import localise  # noqa: PLC0415 - keep --help free of it

    for target in targets:
        if target.parameters:
            yield from _tried(Message("inventory"), lambda target=target: localise(engine, target))[1]  # type: ignore[misc] # mypy sees no default of a lambda


def _packages() -> Iterator[Finding]:
    from importlib import metadata  # noqa: PLC0415 - keep --help free of it

    from secscan.doctor.findings import Finding, State  # noqa: PLC0415 - as above
    from secscan.doctor.machine import look_at_packages  # noqa: PLC0415 - as above

    def installed(name: str) -> str | None:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    try:
        yield from look_at_packages(metadata.requires("secscan") or (), installed)
    except metadata.PackageNotFoundError:
        what = Message("secscan runs from its source, so what it needs is not known")
        yield Finding(Message("packages"), State.NOTE, what, "pip install .")


def _tried(about: str, work: Callable[[], Any]) -> tuple[Any, list[Finding]]:
    """What work brings, or None and what was wrong with it."""
    from secscan.doctor.findings import Finding, State  # noqa: PLC0415 - keep --help free of it

    try:
        return work(), []
    except SecscanError as error:
        told = [str(problem) for problem in error.problems[:_PROBLEMS]] if isinstance(error, InputError) else [error.message]
        return None, [Finding(about, State.WRONG, text, Message("mend it at the place that is named")) for text in told]


def _look_at_reports(configuration: Configuration, output: Path | None) -> Iterator[Finding]:
    """What a run would refuse of the project's reports and channels, before it asks any host."""
    from secscan.cli.failing import parse_fail_on  # noqa: PLC0415 - keep --help free of it
    from secscan.cli.redacting import read_redaction  # noqa: PLC0415 - as above
    from secscan.cli.reports import check_formats, choose_words  # noqa: PLC0415 - as above
    from secscan.cli.telling import words_of  # noqa: PLC0415 - as above
    from secscan.history.retention import parse_policy  # noqa: PLC0415 - as above

    said = {name: setting.value for name, setting in configuration.settings.items()}
    language, terms = said.get("language", "en"), Path(said["terms"]) if "terms" in said else None
    key = Path(said["redact_key"]) if "redact_key" in said else None
    works: list[Callable[[], object]] = [
        lambda: _demand_output(configuration, output),
        lambda: check_formats(said.get("formats", ""), output),
        lambda: choose_words(language, terms),
        lambda: parse_fail_on(said.get("fail_on", "low")),
        lambda: read_redaction(said.get("redact", False), key),
        lambda: parse_policy(said["keep"]) if "keep" in said else None,
    ]
    for order in configuration.reports:
        works.append(lambda order=order: check_formats(",".join(order.formats), order.directory))  # type: ignore[misc] # mypy sees no default of a lambda
        works.append(lambda order=order: choose_words(order.language or language, order.terms or terms))  # type: ignore[misc] # as above
    told: set[str] = set()
    for work in works:
        for finding in _tried(Message("reports"), work)[1]:
            if str(finding.what) not in told:  # the project's language is that of further reports too
                yield finding
            told.add(str(finding.what))
    notify = configuration.notify
    if notify:
        yield from _tried(Message("channels"), lambda: words_of(notify, language, terms))[1]
        for channel in notify.channels:
            yield _look_at_channel(channel, output)


def _look_at_numbers(prometheus: Path | None) -> Iterator[Finding]:
    """Whether the collector will read them."""
    from secscan.cli.conclusion import never_collected  # noqa: PLC0415 - keep --help free of it
    from secscan.doctor.findings import Finding, State  # noqa: PLC0415 - as above

    if prometheus and (told := never_collected(prometheus)):
        yield Finding(Message("reports"), State.NOTE, told, f"prometheus: {prometheus.with_suffix('.prom')}")


def _look_at_variables(configuration: Configuration) -> Iterator[Finding]:
    """Whether something is said that nobody hears."""
    from secscan.doctor.findings import Finding, State  # noqa: PLC0415 - keep --help free of it

    for name, told in unread_variables(configuration, os.environ).items():
        yield Finding(Message("environment"), State.NOTE, told, f"unset {name}")


def _demand_output(configuration: Configuration, output: Path | None) -> None:
    if configuration.path and output is None:
        raise UsageError("{path} names no output; allowed: output: DIR, where a run keeps what it finds", path=configuration.path)


def _look_at_channel(channel: Channel, output: Path | None) -> Finding:
    """Whether there is a URL to send to, which nobody is told, and the last message arrived; a run does not stop for it."""
    from importlib.util import find_spec  # noqa: PLC0415 - keep --help free of it

    from secscan.cli.confidential import SOURCES  # noqa: PLC0415 - as above
    from secscan.cli.telling import last_failure  # noqa: PLC0415 - as above
    from secscan.doctor.findings import Finding, State  # noqa: PLC0415 - as above

    about, mend = Message("channels"), Message("then try it: `secscan notify test`")
    if find_spec("apprise") is None:
        return Finding(about, State.NOTE, Message("{name} is not installed", name="apprise"), "pip install 'secscan[notify]'")
    try:
        SOURCES[channel.kind](channel.place, "URL")
    except SecscanError as error:
        return Finding(about, State.NOTE, Message("{about}: {what}", about=channel.name, what=error.message), mend)
    if output and (failed := last_failure(output, channel.name)):
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(failed.at))
        lost = Message(
            "{channel}: its last message did not arrive ({complaint}; {moment})",
            channel=channel.name,
            complaint=failed.complaint,
            moment=when,
        )
        return Finding(about, State.NOTE, lost, mend)
    return Finding(about, State.OK, Message("{channel}: its URL is at hand", channel=channel.name))


def _load(options: dict[str, Any]) -> Engine:
    engine = load(
        options["baseline"], options["content"], options["connect_timeout"], options["timeout"], options["waivers"],
        options["attestations"], options["organization"],
    )  # fmt: skip
    _ = engine.plan  # the baseline is there, and what it asks can be asked
    return engine


def _about_content(engine: Engine) -> Finding:
    from secscan.doctor.findings import Finding, State  # noqa: PLC0415 - keep --help free of it

    counts = counted(
        "{count} check, {chosen} of them in {baseline}",
        "{count} checks, {chosen} of them in {baseline}",
        len(engine.library.checks),
        chosen=len(engine.rulebook.baseline.selections),
        baseline=engine.baseline,
    )
    return Finding(Message("content"), State.OK, counts)


def _ask(engine: Engine, targets: tuple[Target, ...]) -> Iterator[Finding]:
    """Ask all targets at once, and tell of them in their order."""
    from secscan.doctor.findings import Finding, State  # noqa: PLC0415 - keep --help free of it
    from secscan.doctor.hosts import look_at_target  # noqa: PLC0415 - as above
    from secscan.fleet import run_all  # noqa: PLC0415 - as above
    from secscan.judge.assess import PLATFORM  # noqa: PLC0415 - as above
    from secscan.pipeline import collect  # noqa: PLC0415 - as above
    from secscan.plan.compile import compile_plan  # noqa: PLC0415 - as above

    short = compile_plan([PLATFORM], engine.vocabulary.probes)

    def ask(target: Target) -> Bundle:
        strict = replace(target, options={**target.options, "host_key_policy": "strict"})  # or a new key would be remembered
        return collect(engine, strict, None if target.pinned else short)

    asked = run_all(targets, lambda target: list(look_at_target(target, ask)), _WORKERS)
    answers = {target.name: found for target, found in asked}
    for target in targets:
        found = answers[target.name]
        if isinstance(found, Exception):
            what = Message("secscan failed: {kind}: {error}", kind=type(found).__name__, error=str(found))
            yield Finding(target.name, State.WRONG, what, Message("report it to us"))
        else:
            yield from found


def _show(found: list[Finding]) -> None:
    from secscan.inert import columns  # noqa: PLC0415 - keep --help free of it
    from secscan.lines import pad  # noqa: PLC0415 - as above

    states = {state: say(word) for state, word in _STATES.items()}
    width = max(6, *map(columns, states.values()))
    for each in found:
        told = Message("{about}: {what}", about=each.about, what=each.what)
        text = say("{finding}; mend: {mend}", finding=told, mend=each.mend) if each.mend else spoken(told)
        click.echo(f"{pad(states[each.state.value], width)} {text}")
    wrong = sum(each.state == "wrong" for each in found)
    click.echo("\n" + (say("things wrong: {count}", count=wrong) if wrong else say("nothing is wrong")))
