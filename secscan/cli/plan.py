"""`secscan plan`: what a scan would ask and touch, the very script, and an honest sudoers file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secscan.cli import SpokenCommand
from secscan.cli.language import say, spoken, wrapped
from secscan.cli.options import content_options, load
from secscan.messages import Message, phrase

if TYPE_CHECKING:
    from secscan.model.probe import Call, Probe
    from secscan.plan.compile import Plan

_ASKED = {True: phrase("{count} asked as root"), False: phrase("{count} asked as any user")}
_SUDOERS = """\
# sudoers rule for the collector of secscan, baseline {baseline}.
# Install the script first:  secscan plan -b {baseline} --script > {path}
#                            chown root:root {path} && chmod 0755 {path}
# The digest pins the very bytes: after an update of secscan or of the baseline, install script and rule again.
# What this rule gives: {user} may have these {calls} questions answered as root, and nothing else. The script takes one
# word (a nonce of 0-9 a-f) from standard input, no arguments, and writes nothing.
Defaults!{path} !requiretty, env_reset, !setenv, !log_output
{user} ALL=(root) NOPASSWD: sha256:{digest} {path} ""
# In ~{user}/.ssh/authorized_keys confine the scanning key to it:
#   restrict,command="sudo -n {path}" ssh-ed25519 AAAA... scanner
# What this rule does not give: with `--become` and no pinned script, {user} needs `NOPASSWD: ALL`, since `sh` as root can do
# anything; a list of single commands such as cat, find or awk would be no tighter, because each of them can read or run anything.
"""


@click.command("plan", cls=SpokenCommand)
@content_options
@click.option("--script", is_flag=True, help="Print the very script that is sent, byte for byte.")
@click.option("--sudoers", is_flag=True, help="Print a sudoers file that allows exactly this script.")
@click.option("--user", default="secscan", show_default=True, help="The user of the sudoers file.")
@click.option(
    "--path", default="/usr/local/libexec/secscan-collector", show_default=True, help="Where the script is installed on the host."
)
@click.option("--json", "as_json", is_flag=True, help="The plan as JSON.")
def command(baseline: str, content: tuple[Path, ...], script: bool, sudoers: bool, user: str, path: str, as_json: bool) -> int:
    """Show every question, file and command, or print the very script.

    Nothing is asked of any host.
    """
    engine = load(baseline, content)
    plan = engine.plan
    if script:
        click.echo(plan.script, nl=False)
        return 0
    if sudoers:
        filled = _SUDOERS.format(baseline=baseline, path=path, user=user, calls=plan.calls, digest=plan.script_sha256)
        click.echo(filled, nl=False)
        return 0
    probes = engine.vocabulary.probes
    if as_json:
        click.echo(_as_json(baseline, plan, probes))
        return 0
    sizes = {"questions": plan.calls, "batches": len(plan.batches), "size": len(plan.script) // 1024 + 1}
    text = phrase("Baseline {baseline}: {questions} questions in {batches} batches; one exchange, {size} KiB there.")
    click.echo(wrapped(say(text, baseline=baseline, **sizes), hanging=2))
    for batch in plan.batches:
        probe = probes[batch.probe]
        asked = Message(_ASKED[probe.needs_root], count=len(batch.calls))
        told = Message("{asked}, at most {seconds} s", asked=asked, seconds=batch.time_limit_s) if batch.time_limit_s else asked
        click.echo("\n" + wrapped(f"{batch.probe}: {probe.summary} ({spoken(told)})", hanging=2))
        for call in batch.calls:
            if given := _given(call):
                click.echo(f"  - {given}")
        if batch.touches:
            click.echo(wrapped(say("touches: {paths}", paths=list(dict.fromkeys(batch.touches))), "  ", 4))
    _say_inquiries(plan, probes)
    script_of = f"secscan plan -b {baseline} --script"
    text = phrase("Nothing is written on the host. Script: {command} (sha256 {digest}…)")
    click.echo("\n" + wrapped(say(text, command=script_of, digest=plan.script_sha256[:16]), hanging=2))
    return 0


def _as_json(baseline: str, plan: Plan, probes: Mapping[str, Probe]) -> str:
    batches = [
        {
            "probe": batch.probe, "calls": [call.mapping() for call in batch.calls], "touches": batch.touches,
            "needs_root": probes[batch.probe].needs_root, "time_limit_s": batch.time_limit_s,
            "script_sha256": batch.script_sha256,
        }
        for batch in plan.batches
    ]  # fmt: skip
    outside = [
        {
            "probe": inquiry.call.probe, "call": inquiry.call.mapping(), "contacts": inquiry.contacts,
            "time_limit_s": inquiry.time_limit_s,
        }
        for inquiry in plan.inquiries
    ]  # fmt: skip
    return json.dumps({"baseline": baseline, "script_sha256": plan.script_sha256, "batches": batches, "outside": outside}, indent=1)


def _say_inquiries(plan: Plan, probes: Mapping[str, Probe]) -> None:
    if plan.inquiries:
        text = phrase("From the scanner's side, meanwhile: {count} questions. They are no part of the script.")
        click.echo("\n" + wrapped(say(text, count=len(plan.inquiries)), hanging=2))
    for inquiry in plan.inquiries:
        told = say("asked from outside, at most {seconds} s", seconds=inquiry.time_limit_s)
        click.echo("\n" + wrapped(f"{inquiry.call.probe}: {probes[inquiry.call.probe].summary} ({told})", hanging=2))
        if given := _given(inquiry.call):
            click.echo(f"  - {given}")
        click.echo(wrapped(say("contacts: {places}", places=list(inquiry.contacts)), "  ", 4))


def _given(call: Call) -> str:
    return ", ".join(f"{name}={_show(value)}" for name, value in call.arguments if value not in (None, ""))


def _show(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
