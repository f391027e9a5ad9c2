"""The validators that others wrote for the formats we write: found where tests/install-tools.sh puts them, or skipped.

With SECSCAN_LAB=require, as CI sets it, one that is not there is a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / ".tools"


def tool(pattern: str) -> Path:
    """A program below .tools, or one of the system. Skips, or fails where tools are required."""
    found = shutil.which(pattern) if "/" not in pattern else None
    for path in [Path(found)] if found else sorted(TOOLS.glob(pattern)):
        return path
    reason = f"{pattern} is not installed: see tests/install-tools.sh"
    if os.environ.get("SECSCAN_LAB") == "require":
        pytest.fail(f"SECSCAN_LAB=require, and {reason}", pytrace=False)
    pytest.skip(reason)


def run(*command: object, text: str = "") -> str:
    """What a validator says, both streams; fails the test when it is not content."""
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    words = [str(word) for word in command]
    done = subprocess.run(words, input=text, env=environment, text=True, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout + done.stderr


def oscal(model: str, text: str) -> None:
    """compliance-trestle accepts the document: `assessment_results` or `poam`."""
    python = tool("oscal-*/bin/python")
    run(python, "-c", f"import json, sys; from trestle.oscal.{model} import Model; Model(**json.load(sys.stdin))", text=text)


def sarif(path: Path) -> None:
    """Microsoft's validator has neither errors nor warnings, but for the home page that the tool has not."""
    output = path.with_suffix(".validated")
    multitool = tool("node-*/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool")
    run(multitool, "validate", path, "--output", output, "--level", "Error;Warning")
    results = json.loads(output.read_text(encoding="utf-8-sig"))["runs"][0].get("results", [])
    said = [f"{result['ruleId']} {result['message']}" for result in results]
    assert [each for each in said if "ProvideToolnformationUri" not in each] == []


def hdf(text: str) -> list[dict[str, str]]:
    """What inspecjs, and so Heimdall, makes of each profile: status by control."""
    node, module = tool("node"), tool("node-*/node_modules/inspecjs")
    script = """
    const inspecjs = require(process.argv[1]);
    const file = inspecjs.convertFile(require('fs').readFileSync(0, 'utf8'));
    const profiles = inspecjs.contextualizeEvaluation(file['1_0_ExecJson']).contains;
    console.log(JSON.stringify(profiles.map(p => Object.fromEntries(p.contains.map(c => [c.data.id, c.hdf.status])))));
    """
    profiles: list[dict[str, str]] = json.loads(run(node, "-e", script, module, text=text))
    return profiles


def xccdf(path: Path) -> None:
    """OpenSCAP's schema and Schematron rules hold."""
    said = run(tool("oscap"), "xccdf", "validate", path)
    assert "Error" not in said


def xccdf_report(path: Path) -> str:
    """OpenSCAP's own HTML report of our results."""
    return run(tool("oscap"), "xccdf", "generate", "report", path)
