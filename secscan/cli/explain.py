"""`secscan explain`: check -> question -> raw answer -> each expectation with expected and actual -> outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli.options import access_options, content_options, load, read_targets
from secscan.errors import UsageError

if TYPE_CHECKING:
    from secscan.pipeline import Engine


@click.command("explain")
@click.argument("target")
@click.argument("check")
@click.option(
    "--saved",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Explain from the evidence that a scan kept in this folder; asks no host.",
)
@content_options
@access_options
def command(target: str, check: str, saved: Path | None, baseline: str, content: tuple[Path, ...], **arguments: Any) -> int:
    """Tell how one check came to its outcome on one target."""
    from secscan.documents import did_you_mean  # noqa: PLC0415 - keep --help free of it
    from secscan.model.check import Subject  # noqa: PLC0415 - as above
    from secscan.pipeline import evaluate, scan  # noqa: PLC0415 - as above

    engine = load(baseline, content, arguments["connect_timeout"], arguments["timeout"])
    selected = [selection.check for selection in engine.rulebook.baseline.selections]
    if check not in selected:
        raise UsageError(
            f"check {check!r} is not in baseline {baseline}{did_you_mean(check, selected)}; "
            f"allowed: its checks, as `secscan baseline show {baseline}` lists them"
        )
    if engine.library.checks[check].subject is not Subject.HOST:
        raise UsageError(f"check {check!r} is about the organization, and no host is asked; allowed: secscan attest report")
    if saved:
        assessment = evaluate(engine, _saved_bundle(engine, saved, target))
    else:
        (asked,) = read_targets({**arguments, "targets": (target,), "limit": ()})
        assessment, _ = scan(engine, asked)
    from secscan.assessments import to_document  # noqa: PLC0415 - as above

    document = to_document(assessment)
    result = next(result for result in document["results"] if result["check"] == check)
    explain(document, result, engine)
    return {"pass": 0, "not_applicable": 0, "fail": 1, "unreachable": 3}.get(result["outcome"], 4)


def _saved_bundle(engine: Engine, folder: Path, target: str) -> Any:
    from secscan.bundles import read_bundle  # noqa: PLC0415 - keep --help free of it

    found = [
        bundle
        for path in sorted((folder / "evidence").glob("*.bundle.json.gz"))
        if (bundle := read_bundle(path)).origin.target == target
    ]
    if not found:
        raise UsageError(
            f"{folder}: keeps no evidence of {target!r}; allowed: a folder that `secscan scan -o` wrote, and a host of that scan"
        )
    return max(found, key=lambda bundle: bundle.origin.finished_at)


def explain(document: Mapping[str, Any], result: Mapping[str, Any], engine: Engine) -> None:
    """Print the story of one result, from the question to the outcome."""
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it

    text = document["checks"][result["check"]]
    host = document["host"]
    click.echo(f"{result['check']}: {text['title']}")
    click.echo(f"  on {visible(host['name'])} ({visible(host['system']) or 'system not told'}), severity {result['severity']}")
    if document["unreachable"]:
        click.echo(f"\nOutcome: unreachable: {visible(document['unreachable'])}")
        return
    for index in result["proofs"]:
        _explain_proof(document["proofs"][index])
    check = engine.library.checks[result["check"]]
    if check.parameters:
        click.echo("\nParameters")
        for name, parameter in check.parameters.items():
            click.echo(
                f"  {name} = {json.dumps((result['parameters'] or {}).get(name), ensure_ascii=False)}   ({parameter.describe})"
            )
    click.echo(
        "\nExpectations that do not hold"
        if result["findings"]
        else "\nEvery expectation holds"
        if result["outcome"] == "pass"
        else ""
    )
    for finding in result["findings"]:
        _explain_finding(finding)
    if result["findings_total"] > len(result["findings"]):
        click.echo(f"  … and {result['findings_total'] - len(result['findings'])} more")
    if result["examined"] is not None:
        click.echo(f"  ({result['examined']} records examined)")
    reason = f": {visible(result['reason'])}" if result["reason"] else ""
    click.echo(f"\nOutcome: {result['outcome'].replace('_', ' ')}{reason}")
    if result["outcome"] == "fail":
        click.echo(click.wrap_text(f"Remedy ({text['effort']}, takes effect at {text['when']}): {text['remedy']}", 80, "", "  "))


def _explain_proof(proof: Mapping[str, Any]) -> None:
    from secscan.inert import block, visible  # noqa: PLC0415 - keep --help free of it

    given = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in proof["arguments"].items())
    click.echo(f"\nQuestion {proof['name']}: {proof['probe']}({visible(given)})")
    who = {0: "root", -1: "unknown"}.get(proof["uid"], str(proof["uid"]))
    asked = "from the scanner's side" if proof["batch"] and not proof["script_sha256"] else f"as uid {who}"
    click.echo(f"  asked {asked}; exit status {proof['exit']}; {proof['stdout_bytes']} bytes, sha256 {proof['stdout_sha256'][:16]}")
    lines = block(proof["stdout"]).splitlines()
    for line in lines[:20]:
        click.echo(f"  | {line}")
    if len(lines) > 20 or proof["truncated"]:
        click.echo("  | … (the bundle has the whole answer)")
    if proof["stderr"].strip():
        click.echo(f"  complaint: {visible(' '.join(proof['stderr'].split()))[:300]}")
    if proof["state"] != "observed":
        click.echo(f"  read as {proof['state']}: {visible(proof['reason'])}")
        return
    for name, value in proof["observation"].items():
        click.echo(f"  {name} = {visible(json.dumps(value, ensure_ascii=False))[:160]}")


def _explain_finding(finding: Mapping[str, Any]) -> None:
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it

    word = "does not hold" if finding["holds"] is False else "cannot be told"
    click.echo(f"  {finding['that']} {finding['matcher']} {json.dumps(finding['expected'], ensure_ascii=False)}: {word}")
    click.echo(f"    actual: {visible(json.dumps(finding['actual'], ensure_ascii=False))[:300]}")
    if finding["reason"]:
        click.echo(f"    reason: {visible(finding['reason'])}")
    if finding["item"]:
        click.echo(f"    in: {visible(json.dumps(finding['item'], ensure_ascii=False))[:400]}")
