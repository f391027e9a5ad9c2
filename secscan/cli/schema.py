"""`secscan schema`: what editors and other programs need to know about our files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from secscan.cli import SpokenCommand
from secscan.cli.content import content_option, load_content
from secscan.cli.journal import say_aside
from secscan.errors import UsageError
from secscan.messages import Message

KINDS = ("check", "baseline", "inventory", "assessment", "continuity", "benchmark", "attestation", "register", "configuration")


@click.command("schema", cls=SpokenCommand)
@click.argument("kind", type=click.Choice(KINDS))
@content_option
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it to a file.")
def command(kind: str, content: tuple[Path, ...], output: Path | None) -> int:
    """Print the JSON Schema of a kind of file.

    Those of checks and baselines are made from the installed probes and matchers and from the content at hand, own
    content included. In an editor with a YAML language server, name the written file in the first line of yours:

    \b
      # yaml-language-server: $schema=check.schema.json
    """  # noqa: D301 - \b is click's mark for a block that is not wrapped
    text = json.dumps(_schema(kind, content), indent=1, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return 0
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError("{path}: cannot be written: {reason}", path=output, reason=error.strerror) from error
    say_aside(Message("wrote {path}", path=output))
    return 0


def _schema(kind: str, content: tuple[Path, ...]) -> Any:
    if kind in {"assessment", "benchmark", "continuity"}:
        from secscan import places  # noqa: PLC0415 - keep --help free of it

        return json.loads((places.schemas() / f"{kind}-1.schema.json").read_text(encoding="utf-8"))
    if kind == "inventory":
        from secscan.inventory.schema import inventory_schema  # noqa: PLC0415 - as above

        return inventory_schema()
    if kind == "attestation":
        from secscan.attestations.schema import attestation_schema  # noqa: PLC0415 - as above

        return attestation_schema()
    if kind == "configuration":
        from secscan.cli.settings import configuration_schema  # noqa: PLC0415 - as above

        return configuration_schema()
    return _schema_of_content(kind, content)


def _schema_of_content(kind: str, content: tuple[Path, ...]) -> Any:
    """The schemas that name checks, probes or requirements."""
    library, vocabulary = load_content(content)
    if kind == "register":
        from secscan.oversight.schema import register_schema  # noqa: PLC0415 - keep --help free of it

        return register_schema(library.checks, library.requirements)
    if kind == "check":
        from secscan.content.schema import check_schema  # noqa: PLC0415 - as above

        return check_schema(vocabulary)
    from secscan.content.schema_baseline import baseline_schema  # noqa: PLC0415 - as above

    return baseline_schema(library)
