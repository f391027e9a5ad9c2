"""Sets a booted host up well, then wrong in many ways at once, and puts it right again, as the files of flips/ say."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import secscan
from secscan.model.target import Become, Target

from .conftest import HARDEN
from .hosts import Host
from .lab import Lab
from .roots import PACKAGES, PASSWORD

FLIPS = Path(__file__).with_name("flips")
SERVICES = (*PACKAGES, "apache2", "at", "auditd", "fail2ban", "libapache2-mod-php", "libpam-google-authenticator",
            "libpam-pwquality", "logrotate", "mariadb-server", "memcached", "opendoas", "postfix", "postgresql", "redis-server",
            "unattended-upgrades", "openscap-scanner")  # fmt: skip
LABELS = {"backup": "files", "role": "mail", "risk": "high", "criticality": "critical"}
Outcomes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Round:
    """What is set up wrong at once: a command by check. `also`: checks that must change too, with the reason."""

    wrong: Mapping[str, str]
    also: Mapping[str, str]


def read_rounds() -> list[Round]:
    """The rounds of the table. Raises ValueError when one names a check twice, which YAML would pass over."""
    text = (FLIPS / "table.yaml").read_text()
    rounds = [Round(each["wrong"], each.get("also", {})) for each in yaml.load(text, yaml.BaseLoader)]
    written = re.findall(r"^    ([a-z0-9_]+):", text, re.MULTILINE)
    if len(written) != sum(len(each.wrong) + len(each.also) for each in rounds):
        raise ValueError("a check is named twice in a round")
    return rounds


def what_is_there(each: Round, host: Host) -> Round:
    """The round without what this machine's kernel has no place for: a line `: needs PATH` says so."""
    needs = {check: re.findall(r"^: needs (\S+)$", command, re.MULTILINE) for check, command in each.wrong.items()}
    there = {
        check: command for check, command in each.wrong.items() if all(Path(f"{host.root}{path}").exists() for path in needs[check])
    }
    return Round(there, each.also)


def play_machine(host: Host) -> None:
    """Let it look like a machine of its own: no container, and the kernel's auditing within reach."""
    host.run(f"{ways()}{(FLIPS / 'machine.sh').read_text()}")


def set_up_well(host: Host) -> None:
    """Make every check of the table hold, on a host that plays a machine."""
    host.run(HARDEN.read_text())
    host.run(f"{ways()}{(FLIPS / 'good.sh').read_text()}", timeout_s=300)


def set_wrong(host: Host, each: Round) -> None:
    """Run a round's commands. Raises RuntimeError with the check whose command fails."""
    commands = "".join(f"echo {check} >$state/at\n(\n{command}\n)\n" for check, command in each.wrong.items())
    try:
        host.run(f"{ways()}{commands}", timeout_s=300)
    except RuntimeError as error:
        raise RuntimeError(f"{host.run('cat /run/flips/at').strip()} was not set up wrong: {error}") from error


def put_right(host: Host) -> None:
    """Undo what the last round did."""
    host.run(f"{ways()}put_right\n", timeout_s=300)


def ways() -> str:
    """The words of the table."""
    return (FLIPS / "ways.sh").read_text()


def load_checks_of_hosts(folder: Path, parameters: Mapping[str, str]) -> secscan.Engine:
    """Every check that is asked on a host itself, some with parameters; `folder` is where its baseline goes."""
    shipped = secscan.load_engine(cache=folder / "cache")
    probes = shipped.vocabulary.probes
    checks = [
        check.id
        for check in shipped.library.checks.values()
        if not any(probes[ask.probe].outside or probes[ask.probe].derived for ask in check.asks)
    ]
    lines = "".join(
        f"    - {{{check}: {parameters[check]}}}\n" if check in parameters else f"    - {check}\n" for check in sorted(checks)
    )
    (folder / "flips.yaml").write_text(f"id: flips\ntitle: Every check of hosts\nrequirements:\n  UNC-IS-07:\n{lines}")
    return secscan.load_engine("flips", baseline_folders=[folder], cache=folder / "cache")


@contextmanager
def ready_to_scan(lab: Lab) -> Iterator[None]:
    """This process takes the lab's SSH settings for its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in lab.client.environment.items():
            patch.setenv(name, value)
        yield


def scan(lab: Lab, engine: secscan.Engine, host: Host) -> Outcomes:
    """Outcome by check of a scan in this process, by a thread that goes to the lab's network."""
    options = {"ssh_config": str(lab.client.config)}
    target = Target(host.name, "ssh", host.name, user="scanpw", labels=LABELS, become=Become(password=PASSWORD), options=options)
    told: list[Outcomes] = []

    def go() -> None:
        lab.enclosure.enter_network()
        assessment, _ = secscan.scan(engine, target)
        told.append({result.check: str(result.outcome) for result in assessment.results})

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    return told[0]
