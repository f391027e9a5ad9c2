"""`secscan baseline`: what the baselines hold."""

from __future__ import annotations

import json
from pathlib import Path

import click

from secscan.cli import SpokenGroup
from secscan.cli.content import about, content_option, load_content, read_content
from secscan.cli.language import say, words
from secscan.errors import InputError, UsageError
from secscan.inert import columns
from secscan.lines import before

_NARROWEST = 11  # columns of a number of checks


@click.group("baseline", cls=SpokenGroup)
def command() -> None:
    """List, show and prove baselines."""


@command.command("list")
@content_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_baselines(content: tuple[Path, ...], as_json: bool) -> int:
    """One line per baseline: id, how many checks, title."""
    library, _ = load_content(content)
    baselines = [library.baseline(name) for name in sorted(library.baselines)]
    if as_json:
        facts = [
            {
                "id": each.id, "title": each.title, "checks": len(each.selections), "not_automated": len(each.not_automated),
                "lineage": list(each.lineage), "path": each.path, "sha256": each.sha256,
            }
            for each in baselines
        ]  # fmt: skip
        click.echo(json.dumps(facts, indent=1, ensure_ascii=False))
        return 0
    width = max(len(each.id) for each in baselines)
    counts = [say("{count} checks", count=len(each.selections)) for each in baselines]
    widest = max(_NARROWEST, *map(columns, counts))
    for each, count in zip(baselines, counts, strict=True):
        click.echo(f"{each.id:{width}}  {before(count, widest)}  {words().content(each.title)}")
    return 0


@command.command("show")
@click.argument("name", metavar="ID")
@content_option
def show(name: str, content: tuple[Path, ...]) -> int:
    """Which checks serve which requirement, how strict, and what differs from the baselines it extends."""
    from secscan.content.pages import baseline_page  # noqa: PLC0415 - keep --help free of it

    library, _ = load_content(content)
    click.echo(baseline_page(library.baseline(name), library.checks, library.requirements), nl=False)
    return 0


@command.command("lint")
@click.argument("chosen", nargs=-1, metavar="[ID|PATH]...")
@content_option
def lint_baselines(chosen: tuple[str, ...], content: tuple[Path, ...]) -> int:
    """Every problem of the baselines, as path:line:column."""
    from secscan.documents import did_you_mean  # noqa: PLC0415 - keep --help free of it

    reading, _ = read_content(content)
    wanted = chosen or tuple(reading.baselines)
    for word in chosen:
        if word not in reading.baselines and not Path(word).exists():
            near, allowed = did_you_mean(word, reading.baselines), sorted(reading.baselines)
            raise UsageError(
                "no baseline is named {name!r}{near}; allowed: {allowed}, or a path", name=word, near=near, allowed=allowed
            )
    problems = [problem for problem in about(reading.problems, wanted) if "baselines" in Path(problem.path).parts]
    if problems:
        raise InputError(problems)
    click.echo(say("no problem (baselines: {baselines})", baselines=len(wanted)))
    return 0
