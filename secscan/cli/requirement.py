"""`secscan requirement`: what is demanded, by whom, how far it was read, and what serves it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli import SpokenGroup
from secscan.cli.content import content_option, load_content
from secscan.cli.language import say, wrapped
from secscan.errors import InputError, UsageError
from secscan.messages import Message, Title, phrase

if TYPE_CHECKING:
    from secscan.content.coverage import Coverage

_WAYS = {
    "checks": phrase("checks"),
    "attestation": phrase("attestation"),
    "parts": phrase("parts"),
    "tool": phrase("tool"),
    "not_automated": phrase("not automated"),
    "open": phrase("open"),
}


@click.group("requirement", cls=SpokenGroup)
def command() -> None:
    """List and show requirements, and what serves them."""


@command.command("list")
@click.argument("words", nargs=-1, metavar="[ID|GROUP|DOCUMENT]...")
@content_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_requirements(words: tuple[str, ...], content: tuple[Path, ...], as_json: bool) -> int:
    """One line per requirement: id, title, where it stands."""
    covered = _choose(_coverage(content, None), words)
    if as_json:
        click.echo(json.dumps([_facts(each) for each in covered], indent=1, ensure_ascii=False))
        return 0
    for each in covered:
        row = each.requirement
        click.echo(wrapped(say("{title} ({place})", title=Title(row.title), place=row.place), f"{row.id:10} ", 11))
    click.echo("\n" + say("requirements: {count}", count=len(covered)))
    return 0


@command.command("show")
@click.argument("words", nargs=-1, required=True, metavar="ID...")
@content_option
def show(words: tuple[str, ...], content: tuple[Path, ...]) -> int:
    """A requirement in full: source, how far it was read, parents, mappings, and what serves it."""
    from secscan.content.pages import requirement_page  # noqa: PLC0415 - keep --help free of it

    library, _ = load_content(content)
    for each in _choose(_coverage(content, None), words):
        click.echo(requirement_page(each, library.checks))
    return 0


@command.command("coverage")
@click.argument("words", nargs=-1, metavar="[ID|GROUP|DOCUMENT]...")
@click.option("-b", "--baseline", "baselines", multiple=True, metavar="ID", help="By this baseline only; may be repeated.")
@click.option("--open", "only_open", is_flag=True, help="Only requirements that nothing serves, and nobody said why.")
@content_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def coverage(words: tuple[str, ...], baselines: tuple[str, ...], only_open: bool, content: tuple[Path, ...], as_json: bool) -> int:
    """What serves each requirement: checks, attestation, derived requirements, secscan itself, or why nothing does.

    Exit code 1 when a requirement is open.
    """
    covered = _choose(_coverage(content, baselines), words)
    found_open = any(each.served == "open" for each in covered)
    shown = [each for each in covered if each.served == "open" or not only_open]
    if as_json:
        click.echo(json.dumps([_facts(each) for each in shown], indent=1, ensure_ascii=False))
        return int(found_open)
    for each in shown:
        click.echo(wrapped(_tell(each), f"{each.requirement.id:10} ", 11))
    counts = Counter(each.served.value for each in covered)
    told = [Message("{way}: {count}", way=Message(_WAYS[name]), count=count) for name, count in counts.most_common()]
    click.echo("\n" + wrapped(say("requirements: {count} ({ways})", count=len(covered), ways=told), hanging=2))
    return int(found_open)


def _coverage(content: tuple[Path, ...], baselines: tuple[str, ...] | None) -> list[Coverage]:
    """Of every requirement, by these baselines; by all for none."""
    from secscan import places  # noqa: PLC0415 - keep --help free of it
    from secscan.cli.options import content_folders  # noqa: PLC0415 - as above
    from secscan.content.coverage import cover  # noqa: PLC0415 - as above
    from secscan.content.requirements import read_requirements  # noqa: PLC0415 - as above
    from secscan.content.sources import read_catalogues  # noqa: PLC0415 - as above

    library, _ = load_content(content)
    folders = [places.baselines(), *content_folders(content)[1]]
    requirements, problems = read_requirements(source.document() for source in read_catalogues(folders))
    if problems:
        raise InputError(problems)
    chosen = [library.baseline(name) for name in baselines or sorted(library.baselines)]
    return list(cover(requirements, chosen, library.checks).values())


def _choose(covered: list[Coverage], words: tuple[str, ...]) -> list[Coverage]:
    """Those that a word names by id, group or document; all for no word."""
    from secscan.documents import did_you_mean  # noqa: PLC0415 - keep --help free of it

    chosen: dict[str, Coverage] = {}
    for word in words:
        found = [each for each in covered if word in (each.requirement.id, each.requirement.group, each.requirement.document)]
        if not found:
            groups = sorted({name for each in covered for name in (each.requirement.group, each.requirement.document)})
            near = did_you_mean(word, [*(each.requirement.id for each in covered), *groups])
            raise UsageError(
                "no requirement is named {word!r}{near}; allowed: an id, or one of {allowed}", word=word, near=near, allowed=groups
            )
        chosen |= {each.requirement.id: each for each in found}
    return list(chosen.values()) if words else covered


def _tell(coverage: Coverage) -> str:
    ways: dict[str, list[str]] = {
        "checks": [*coverage.checks, *(Message("{check} (attested)", check=name) for name in coverage.attested)],
        "attestation": list(coverage.attested),
        "parts": list(coverage.parts),
    }
    told = ways.get(coverage.served.value, coverage.reason) or Title(coverage.requirement.title)
    return say("{way}: {what}", way=Message(_WAYS[coverage.served.value]), what=told)


def _facts(coverage: Coverage) -> dict[str, Any]:
    row = coverage.requirement
    return {
        "id": row.id, "level": row.level, "group": row.group, "title": row.title, "statement": row.statement,
        "document": row.document, "locator": row.locator, "verification": row.verification.value, "parents": list(row.parents),
        "modes": [mode.value for mode in row.modes], "mappings": {name: list(ids) for name, ids in row.mappings.items()},
        "served": coverage.served.value, "checks": list(coverage.checks), "attested": list(coverage.attested),
        "parts": list(coverage.parts), "reason": coverage.reason,
    }  # fmt: skip
