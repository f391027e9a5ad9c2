"""`secscan check`: everything an author of checks does, none of it needing a host but `record`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli import SpokenGroup
from secscan.cli.content import SELECTION, about, choose, content_option, load_content, read_content
from secscan.cli.journal import say_aside
from secscan.cli.language import named, say, wrapped
from secscan.cli.options import access_options, read_targets
from secscan.errors import InputError, UsageError
from secscan.messages import Message, Title, phrase

if TYPE_CHECKING:
    from secscan.model.check import Check


@click.group("check", cls=SpokenGroup)
def command() -> None:
    """List, show, write and prove checks."""


@command.command("list")
@click.argument("words", nargs=-1, metavar=SELECTION)
@content_option
@click.option("-b", "--baseline", metavar="ID", help="Only checks of this baseline.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_checks(words: tuple[str, ...], content: tuple[Path, ...], baseline: str | None, as_json: bool) -> int:
    """One line per check: id, severity, title."""
    library, _ = load_content(content)
    chosen = choose(library.checks, words)
    if baseline:
        selected = {selection.check for selection in library.baseline(baseline).selections}
        chosen = [check for check in chosen if check.id in selected]
    if as_json:
        facts = [
            {
                "id": check.id, "domain": check.domain, "severity": check.severity.value, "title": check.title,
                "probes": sorted({ask.probe for ask in check.asks}), "attested": bool(check.questions),
                "references": {name: list(ids) for name, ids in check.references.items()}, "path": check.path,
            }
            for check in chosen
        ]  # fmt: skip
        click.echo(json.dumps(facts, indent=1, ensure_ascii=False))
        return 0
    domain = ""
    for check in sorted(chosen, key=lambda check: (check.domain, check.id)):
        if check.domain != domain:
            click.echo(("\n" if domain else "") + check.domain)
            domain = check.domain
        told = say("{severity}: {title}", severity=named(check.severity.value), title=Title(check.title))
        click.echo(f"  {check.id}\n{wrapped(told, '      ', 6)}")
    click.echo("\n" + say("checks: {count}", count=len(chosen)))
    return 0


@command.command("show")
@click.argument("words", nargs=-1, required=True, metavar=SELECTION)
@content_option
def show(words: tuple[str, ...], content: tuple[Path, ...]) -> int:
    """What a check is about, how it looks, what it expects, its remedy, cases and mappings."""
    library, vocabulary = load_content(content)
    from secscan.content.catalogue import requirements_served  # noqa: PLC0415 - keep --help free of it
    from secscan.content.pages import check_page  # noqa: PLC0415 - as above
    from secscan.documents import read_document  # noqa: PLC0415 - as above

    served = requirements_served(library)
    for check in choose(library.checks, words):
        data = read_document(Path(check.path)).data
        requirements = [library.requirements[name] for name in sorted(served.get(check.id, ()))]
        click.echo(check_page(check, data, vocabulary.probes, requirements))
    return 0


@command.command("pages")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@content_option
@click.option("--check", "compare", is_flag=True, help="Write nothing; exit code 1 when a page is out of date.")
def pages(folder: Path, content: tuple[Path, ...], compare: bool) -> int:
    """Write the catalogue: a page for each check into FOLDER/DOMAIN/, and an index of all."""
    library, vocabulary = load_content(content)
    from secscan.content.catalogue import compare_catalogue, left_over, write_catalogue  # noqa: PLC0415 - keep --help free of it

    written = write_catalogue(library, vocabulary.probes)
    if compare:
        wrong = list(compare_catalogue(folder, written))
        for line in wrong:
            click.echo(line)
        return 1 if wrong else 0
    try:
        for place, text in written.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
        for path in left_over(folder, written):
            path.unlink()
    except OSError as error:
        raise UsageError("{path}: cannot be written: {reason}", path=error.filename or folder, reason=error.strerror) from error
    click.echo(say("pages: {count}", count=len(written)))
    return 0


@command.command("lint")
@click.argument("words", nargs=-1, metavar=SELECTION)
@content_option
def lint_checks(words: tuple[str, ...], content: tuple[Path, ...]) -> int:
    """Every problem of every check and baseline, as path:line:column."""
    from secscan.content.lint import lint  # noqa: PLC0415 - keep --help free of it

    reading, _ = read_content(content, words)
    every = lint(reading)
    problems = about(every, words)
    if problems:
        raise InputError(problems)
    chosen = choose(reading.checks, words, every)
    counts = {"checks": len(chosen)} if words else {"checks": len(chosen), "baselines": len(reading.baselines)}
    some, every_one = phrase("no problem (checks: {checks})"), phrase("no problem (checks: {checks}, baselines: {baselines})")
    click.echo(say(some if words else every_one, **counts))
    return 0


@command.command("test")
@click.argument("words", nargs=-1, metavar=SELECTION)
@content_option
@click.option("-v", "--verbose", is_flag=True, help="Name every written case.")
def test(words: tuple[str, ...], content: tuple[Path, ...], verbose: bool) -> int:
    """Run the cases of checks, and the ones nobody writes: spoilt answers must never pass.

    Exit code 1 when a case does not hold, 2 when a file cannot be loaded.
    """
    from secscan.cases import run_cases  # noqa: PLC0415 - keep --help free of it

    reading, vocabulary = read_content(content, words)
    problems = about(reading.problems, words)
    started = time.monotonic()
    chosen = choose(reading.checks, words, reading.problems)
    written = unwritten = broken = 0
    for check in chosen:
        for result in run_cases(check, vocabulary.probes, vocabulary.matchers):
            written, unwritten = written + bool(result.line), unwritten + (not result.line)
            broken += not result.holds
            if not result.holds:
                place = f"{check.path}:{result.line or 1}"
                reason = f" ({result.reason})" if result.reason else ""
                click.echo(f"{place}: case {result.case!r}: expected {result.expected}, got {result.actual}{reason}")
            elif verbose and result.line:
                click.echo(f"{check.path}:{result.line}: {result.actual}: {result.case}")
    done = Message(
        "checks: {checks}, written cases: {written}, unwritten cases: {unwritten}; {seconds} s",
        checks=len(chosen),
        written=written,
        unwritten=unwritten,
        seconds=f"{time.monotonic() - started:.1f}",
    )
    click.echo(say("{broken} do not hold ({done})", broken=broken, done=done) if broken else say("all hold ({done})", done=done))
    if problems:
        raise InputError(problems)
    return 1 if broken else 0


@command.command("new")
@click.argument("name", metavar="ID")
@click.option("--probe", "probe_name", required=True, metavar="PROBE", help="What is asked (see secscan probe list).")
@click.option("--domain", required=True, metavar="DOMAIN", help="The folder below checks/ that it goes to.")
@click.option("-a", "--argument", "given", multiple=True, metavar="NAME=VALUE", help="An argument of the probe; lists with commas.")
@click.option("--into", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="The folder that holds checks/.")
def new(name: str, probe_name: str, domain: str, given: tuple[str, ...], into: Path) -> int:
    """Write a new check file that loads, with every part an author fills in."""
    from secscan import plugins  # noqa: PLC0415 - keep --help free of it
    from secscan.content.skeleton import check_skeleton  # noqa: PLC0415 - as above
    from secscan.documents import did_you_mean  # noqa: PLC0415 - as above

    probes = plugins.probes()
    if probe_name not in probes:
        near, allowed = did_you_mean(probe_name, probes), sorted(probes)
        raise UsageError("no probe is named {name!r}{near}; allowed: {allowed}", name=probe_name, near=near, allowed=allowed)
    if wrong := [each for each in given if "=" not in each]:
        raise UsageError("--argument {argument}: has no value; allowed: NAME=VALUE", argument=wrong[0])
    arguments = dict(each.split("=", 1) for each in given)
    text = check_skeleton(name, probes[probe_name], arguments)
    path = into / "checks" / domain / f"{name}.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError("{path}: is there already, and stays as it is; allowed: an id that no file has", path=path) from None
    except OSError as error:
        raise UsageError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    click.echo(str(path))
    say_aside(Message("next: edit it, then `secscan check test {path}`, then add {name} to a baseline", path=path, name=name))
    return 0


@command.command("record")
@click.argument("target")
@click.argument("name", metavar="CHECK")
@click.option("--case", "case_name", metavar="NAME", help="The name of the case; the host's system unless given.")
@click.option("--write", is_flag=True, help="Add the case to the check's file instead of printing it.")
@content_option
@access_options
def record(target: str, name: str, case_name: str | None, write: bool, content: tuple[Path, ...], **arguments: Any) -> int:
    """Ask a host the questions of one check and turn its raw answers into a case.

    The outcome is what secscan makes of the answers now. Read it: a recorded case proves what was recorded, not that
    it is right.
    """
    from secscan.recording import add_case, record_case  # noqa: PLC0415 - keep --help free of it

    reading, vocabulary = read_content(content)
    check = _one(choose(reading.checks, [name], reading.problems), name)
    (asked,) = read_targets({**arguments, "targets": (target,), "limit": ()})
    from secscan.ask.exchange import Limits  # noqa: PLC0415 - as above

    limits = Limits(connect_s=arguments["connect_timeout"], total_s=arguments["timeout"])
    case = record_case(check, asked, vocabulary, case_name, limits)
    if not write:
        click.echo(case.text, nl=False)
        return 0
    add_case(reading.documents[check.id], case, vocabulary)
    text = phrase("{path}: added case {case!r}, outcome {outcome}")
    click.echo(say(text, path=check.path, case=case.name, outcome=case.outcome), err=True)
    return 0


def _one(chosen: list[Check], name: str) -> Check:
    if len(chosen) != 1:
        raise UsageError("{name!r} names {count} checks; allowed: one check", name=name, count=len(chosen))
    return chosen[0]
