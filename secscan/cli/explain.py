"""`secscan explain`: check -> question -> raw answer -> each expectation with expected and actual -> outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secscan.cli import SpokenCommand
from secscan.cli.language import named, say, say_count, spoken, words, wrapped
from secscan.cli.options import access_options, content_options, load, read_targets
from secscan.errors import UsageError
from secscan.messages import Message, Title

if TYPE_CHECKING:
    from secscan.pipeline import Engine


@click.command("explain", cls=SpokenCommand)
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
            "check {check!r} is not in baseline {baseline}{near}; allowed: its checks, as `secscan baseline show "
            "{baseline}` lists them",
            check=check,
            baseline=baseline,
            near=did_you_mean(check, selected),
        )
    if engine.library.checks[check].subject is not Subject.HOST:
        raise UsageError(
            "check {check!r} is about the organization, and no host is asked; allowed: secscan attest report", check=check
        )
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
            "{folder}: keeps no evidence of {target!r}; allowed: a folder that `secscan scan -o` wrote, and a host of that scan",
            folder=folder,
            target=target,
        )
    return max(found, key=lambda bundle: bundle.origin.finished_at)


def explain(document: Mapping[str, Any], result: Mapping[str, Any], engine: Engine) -> None:
    """Print the story of one result, from the question to the outcome."""
    text = document["checks"][result["check"]]
    host = document["host"]
    click.echo(wrapped(say("{check}: {title}", check=result["check"], title=Title(text["title"])), hanging=2))
    about = {"host": host["name"], "system": host["system"] or Message("system not told")}
    click.echo("  " + say("on {host} ({system}), severity {severity}", **about, severity=named(result["severity"])))
    if document["unreachable"]:
        click.echo("\n" + say("Outcome: unreachable: {reason}", reason=document["unreachable"]))
        return
    for index in result["proofs"]:
        _explain_proof(document["proofs"][index])
    check = engine.library.checks[result["check"]]
    if check.parameters:
        click.echo("\n" + say("Parameters"))
        for name, parameter in check.parameters.items():
            click.echo(
                f"  {name} = {json.dumps((result['parameters'] or {}).get(name), ensure_ascii=False)}   ({parameter.describe})"
            )
    every = "\n" + say("Every expectation holds") if result["outcome"] == "pass" else ""
    click.echo("\n" + say("Expectations that do not hold") if result["findings"] else every)
    for finding in result["findings"]:
        _explain_finding(finding)
    if result["findings_total"] > len(result["findings"]):
        click.echo("  … " + say("and {count} more", count=result["findings_total"] - len(result["findings"])))
    if result["examined"] is not None:
        click.echo("  " + say_count("({count} record examined)", "({count} records examined)", result["examined"]))
    came = Message("Outcome: {outcome}", outcome=named(result["outcome"]))
    click.echo("\n" + (say("{outcome}: {reason}", outcome=came, reason=result["reason"]) if result["reason"] else spoken(came)))
    if result["outcome"] == "fail":
        terms = Message(words().remedy_terms(text))
        click.echo(wrapped(say("Remedy ({terms}): {remedy}", terms=terms, remedy=Title(text["remedy"])), hanging=2))


def _explain_proof(proof: Mapping[str, Any]) -> None:
    from secscan.inert import block, visible  # noqa: PLC0415 - keep --help free of it
    from secscan.terms import STATES  # noqa: PLC0415 - as above

    given = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in proof["arguments"].items())
    click.echo("\n" + say("Question {name}: {call}", name=proof["name"], call=f"{proof['probe']}({given})"))
    who = {0: "root", -1: Message("unknown")}.get(proof["uid"], str(proof["uid"]))
    outside = proof["batch"] and not proof["script_sha256"]
    asked = Message("asked from the scanner's side") if outside else Message("asked as uid {uid}", uid=who)
    told = say_count(
        "{asked}; exit status {status}; {count} byte, sha256 {digest}",
        "{asked}; exit status {status}; {count} bytes, sha256 {digest}",
        proof["stdout_bytes"],
        asked=asked,
        status=str(proof["exit"]),
        digest=proof["stdout_sha256"][:16],
    )
    click.echo(f"  {told}")
    lines = block(proof["stdout"]).splitlines()
    for line in lines[:20]:
        click.echo(f"  | {line}")
    if len(lines) > 20 or proof["truncated"]:
        click.echo("  | … " + say("(the bundle has the whole answer)"))
    if proof["stderr"].strip():
        click.echo("  " + say("complaint: {text}", text=visible(" ".join(proof["stderr"].split()))[:300]))
    if proof["state"] != "observed":
        state = proof["state"]
        click.echo("  " + say("read as {state}: {reason}", state=Message(STATES[state]), reason=proof["reason"]))
        return
    for name, value in proof["observation"].items():
        click.echo(f"  {name} = {visible(json.dumps(value, ensure_ascii=False))[:160]}")


def _explain_finding(finding: Mapping[str, Any]) -> None:
    from secscan.inert import visible  # noqa: PLC0415 - keep --help free of it

    expected = f"{finding['that']} {finding['matcher']} {json.dumps(finding['expected'], ensure_ascii=False)}"
    broken = finding["holds"] is False
    click.echo("  " + (say("{text}: does not hold", text=expected) if broken else say("{text}: cannot be told", text=expected)))
    click.echo("    " + say("actual: {value}", value=visible(json.dumps(finding["actual"], ensure_ascii=False))[:300]))
    if finding["reason"]:
        click.echo("    " + say("reason: {reason}", reason=finding["reason"]))
    if finding["item"]:
        click.echo("    " + say("in: {record}", record=visible(json.dumps(finding["item"], ensure_ascii=False))[:400]))
