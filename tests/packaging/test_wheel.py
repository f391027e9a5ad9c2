"""The built wheel works without the repository, and finds plugins of another package by their entry points."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]


def run(*command: object, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SECSCAN"))}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=environment, text=True, capture_output=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the built wheels of secscan and of the plugin package; the folder of its programs."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    for source in (REPOSITORY, HERE / "outside"):
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "wheels", source, cwd=folder)
    run(python, "-m", "pip", "install", "--quiet", *sorted((folder / "wheels").glob("*.whl")), cwd=folder)
    return folder / "venv" / "bin"


def test_the_wheel_brings_its_content_and_scans_without_the_repository(installed: Path, tmp_path: Path):
    done = run(installed / "secscan", "scan", "local", "-o", "out", cwd=tmp_path, check=False)
    assert done.returncode in {0, 1, 4}, done.stderr
    assert "compliance" in done.stdout
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    assert "kernel_addresses_randomised" in run(installed / "secscan", "check", "list", cwd=tmp_path).stdout
    assert (
        "AC-2(1)"
        in (next(installed.parent.glob("lib/*/site-packages/secscan/_content/baselines/requirements/nist*.csv"))).read_text()
    )
    planned = run(installed / "secscan", "plan", cwd=tmp_path)
    assert "key=kernel.randomize_va_space" in planned.stdout


def test_a_plugin_of_every_kind_works_from_another_package(installed: Path, tmp_path: Path):
    checks = tmp_path / "own" / "checks" / "names"
    checks.mkdir(parents=True)
    (checks / "localhost_is_named.yaml").write_text(
        "id: localhost_is_named\ntitle: The name localhost leads to this host\nseverity: low\nrationale: Programs rely on it.\n"
        "remediation: {text: Add it to /etc/hosts., effort: minutes, when: runtime}\n"
        "observe:\n  entry: {probe: hosts_entry, name: localhost}\n  aslr: {probe: sysctl, key: kernel.randomize_va_space}\n"
        "expect:\n  - {that: entry, contains: 127.0.0.1}\n  - {that: aslr.number, divisible_by: 1}\n"
        'cases:\n  - {name: named, outcome: pass, entry: "127.0.0.1\\nend\\n", aslr: "kernel.randomize_va_space = 2\\n"}\n'
        '  - {name: not named, outcome: fail, entry: "end\\n", aslr: "kernel.randomize_va_space = 2\\n"}\n'
    )
    baselines = tmp_path / "own" / "baselines"
    baselines.mkdir()
    (baselines / "names_only.yaml").write_text("id: names_only\ntitle: Names\nrequirements:\n  UNC-IS-18: [localhost_is_named]\n")
    assert "all hold" in run(installed / "secscan", "check", "test", "--content", "own", "localhost_is_named", cwd=tmp_path).stdout
    scan = run(
        installed / "secscan",
        "scan",
        "jail://here",
        "--content",
        "own",
        "-b",
        "names_only",
        "-f",
        "oneline",
        cwd=tmp_path,
        check=False,
    )
    assert scan.stdout.endswith("1 pass\n"), scan.stdout + scan.stderr


def test_a_plugin_that_does_not_load_stops_the_run_and_is_named(installed: Path, tmp_path: Path):
    broken = tmp_path / "site"
    metadata = broken / "broken-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[secscan.probes]\nbroken = broken_plugin:PROBE\n")
    environment = {"PYTHONPATH": str(broken), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [installed / "secscan", "scan", "local"], cwd=tmp_path, env=environment, text=True, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert "plugin broken_plugin:PROBE cannot be loaded" in done.stderr
    assert "Traceback" not in done.stderr
