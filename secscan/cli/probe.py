"""`secscan probe`: what checks can ask, and how they can compare it."""

from __future__ import annotations

import click

from secscan.cli import SpokenGroup
from secscan.errors import UsageError


@click.group("probe", cls=SpokenGroup)
def command() -> None:
    """List and show probes and matchers."""


@command.command("list")
def list_probes() -> int:
    """One line per probe and per matcher."""
    from secscan import plugins  # noqa: PLC0415 - keep --help free of it

    for title, known in (("Probes", plugins.probes()), ("Matchers", plugins.matchers())):
        click.echo(f"{title}:")
        width = max(map(len, known))
        for name in sorted(known):
            click.echo(
                click.wrap_text(f"{name:{width}}  {known[name].summary}", 80, "  ", " " * (width + 4), preserve_paragraphs=False)
            )
    return 0


@command.command("show")
@click.argument("name", metavar="PROBE|MATCHER")
def show(name: str) -> int:
    """Arguments and attributes of a probe with an example answer, or what a matcher compares."""
    from secscan import plugins  # noqa: PLC0415 - keep --help free of it
    from secscan.content.pages import matcher_page, probe_page  # noqa: PLC0415 - as above
    from secscan.documents import did_you_mean  # noqa: PLC0415 - as above

    probes, matchers = plugins.probes(), plugins.matchers()
    if name in probes:
        click.echo(probe_page(probes[name]), nl=False)
    elif name in matchers:
        click.echo(matcher_page(matchers[name]), nl=False)
    else:
        known = sorted((*probes, *matchers))
        near = did_you_mean(name, known)
        raise UsageError("no probe or matcher is named {name!r}{near}; allowed: {allowed}", name=name, near=near, allowed=known)
    return 0
