"""Checks made for one test, hosts that answer as a test wants, and what secscan makes of both."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secscan import pipeline, plugins
from secscan.ask.exchange import ask_target
from secscan.bundles import write_bundle
from secscan.carrying.commands import LISTEN
from secscan.content.library import load_library
from secscan.content.reading import Vocabulary
from secscan.model.assessment import Assessment
from secscan.model.evidence import Batch, Bundle, Frame, Origin, Part
from secscan.model.target import Exchanged, Target, Transport

UNPRIVILEGED = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups") if os.geteuid() == 0 else ()
"""Words that run a command as a user who is not root; none where the tests are not root's."""


@dataclass(frozen=True)
class Small:
    """One check: what it asks and expects, as YAML in flow style or as data. `more` holds further keys of the file."""

    id: str
    observe: Any
    expect: Any
    more: str = ""


def said(run: str) -> dict[str, dict[str, str]]:
    """The question `said`: what a command prints."""
    return {"said": {"probe": "command", "run": run}}


def write_checks(folder: Path, *checks: Small) -> Path:
    """A folder for --content: each check, and for each a baseline `only_<id>`."""
    for part in ("checks/tests", "baselines/requirements"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "baselines" / "requirements" / "tests.yaml").write_text("requirements: [{id: TESTS-1, title: It is tested}]\n")
    for check in checks:
        (folder / "checks" / "tests" / f"{check.id}.yaml").write_text(check_text(check))
        write_baseline(folder, f"only_{check.id}", f"requirements: {{TESTS-1: [{check.id}]}}\n")
    return folder


def check_text(check: Small) -> str:
    """A whole check file."""
    name = next(iter(check.observe)) if isinstance(check.observe, dict) else "said"
    return (
        f"id: {check.id}\ntitle: A check of the tests\nseverity: high\nrationale: It is needed here.\n"
        "remediation: {text: Mend it., effort: minutes, when: runtime}\n"
        f"observe: {_flow(check.observe)}\nexpect: {_flow(check.expect)}\n{check.more}"
        f"cases:\n  - {{name: good, outcome: pass, {name}: good}}\n  - {{name: bad, outcome: fail, {name}: bad}}\n"
    )


def _flow(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def write_baseline(folder: Path, name: str, text: str) -> None:
    """A baseline file."""
    (folder / "baselines" / f"{name}.yaml").write_text(f"id: {name}\ntitle: {name}\n{text}")


def engine_for(content: Path, baseline: str) -> pipeline.Engine:
    """An engine on the content of a folder alone."""
    vocabulary = Vocabulary(plugins.probes(), plugins.matchers())
    return pipeline.Engine(load_library([content / "checks"], [content / "baselines"], vocabulary, None), vocabulary, baseline)


def shell(
    words: Sequence[str] = (),
    shell_name: str = "sh",
    environment: Mapping[str, str] | None = None,
    edit: Callable[[str], str] = lambda script: script,
) -> Transport:
    """A transport that runs the collector in a shell of this machine: behind other words, in a hostile environment, edited."""

    def exchange(target: Target, request: Any, receive: Callable[[bytes], bool]) -> Exchanged:
        done = subprocess.run(
            [*words, shell_name, "-c", LISTEN],
            input=f"{request.nonce}\n{edit(request.script)}".encode(),
            capture_output=True,
            check=False,
            cwd="/",
            env={**os.environ, **(environment or {})},
        )
        receive(done.stdout)
        return Exchanged(done.returncode, done.stderr)

    return exchange


def ask(engine: pipeline.Engine, transport: Transport) -> Assessment:
    """What secscan says of a host behind a transport."""
    bundle = ask_target(Target("host", "test"), engine.plan, transport, engine.library.sha256, engine.limits, plugins.inquiry)
    return pipeline.evaluate(engine, bundle)


def bundle_of(engine: pipeline.Engine, answers: Mapping[str, str | int | None]) -> Bundle:
    """Evidence of a host that answers each `command` with these lines, exits with that status, or (None) says nothing to it."""
    batches = []
    for planned in engine.plan.batches:
        parts = tuple(
            Part(index, 0, _answer(answer))
            for index, call in enumerate(planned.calls)
            if (answer := answers.get(str(call.mapping().get("run")))) is not None
        )
        frame = Frame(planned.number, parts, exit=0)
        batches.append(Batch(planned.number, planned.probe, planned.calls, planned.script_sha256, frame))
    origin = Origin("host", "192.0.2.1", "test", started_at=1_800_000_000.0, finished_at=1_800_000_001.0)
    return Bundle(origin, engine.plan.script_sha256, "test", engine.library.sha256, tuple(batches))


def _answer(said: str | int) -> bytes:
    if isinstance(said, int):
        return f"exit {said}\n".encode()
    return ("".join(f"| {line}\n" for line in said.splitlines()) + "exit 0\n").encode()


def replay(engine: pipeline.Engine, bundle: Bundle, folder: Path) -> Assessment:
    """What secscan says of evidence that was kept in a file, the whole way through `scan`."""
    _, path = write_bundle(bundle, folder)
    return pipeline.scan(engine, Target("host", "replay", str(path)))[0]


def outcomes(assessment: Assessment) -> dict[str, str]:
    """The outcome of every check by its id."""
    return {result.check: result.outcome.value for result in assessment.results}


def only(assessment: Assessment) -> tuple[str, str]:
    """Outcome and reason of the only check."""
    (result,) = assessment.results
    return result.outcome.value, result.reason
