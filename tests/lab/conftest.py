"""One lab for the whole session, booted when the first test asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .hostile import ANSWERS, CONNECTIONS, REFUSALS
from .hosts import Host
from .lab import Lab, build_roots, is_required, reason_to_skip
from .roots import NoRootError
from .scanning import Scanner

HARDEN = Path(__file__).with_name("harden.sh")


def give_up(reason: str) -> None:
    """Skip, or fail where a lab is required."""
    if is_required():
        pytest.fail(f"SECSCAN_LAB=require, and {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def debian_roots() -> dict[str, Path | NoRootError]:
    """Debian roots by suite, built side by side; errors for those that cannot be had."""
    if reason := reason_to_skip():
        give_up(reason)
    return build_roots()


@pytest.fixture(scope="session")
def lab(debian_roots: dict[str, Path | NoRootError], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The session's lab: a network with a client in it, and hosts as they are booted."""
    if isinstance(root := debian_roots["bookworm"], NoRootError):
        give_up(str(root))
    with Lab(tmp_path_factory.mktemp("lab")) as opened:
        yield opened


@pytest.fixture(scope="session")
def boot(lab: Lab, debian_roots: dict[str, Path | NoRootError]) -> Callable[..., Host]:
    """Boots a host of a suite; what Lab.boot takes besides."""

    def boot_one(name: str, suite: str = "bookworm", *arguments: object, **options: object) -> Host:
        root = debian_roots[suite]
        if isinstance(root, NoRootError):
            give_up(str(root))
        return lab.boot(name, root, *arguments, **options)

    return boot_one


@pytest.fixture(scope="session")
def clean(boot: Callable[..., Host]) -> Host:
    """Debian 12 as installed."""
    return boot("clean")


@pytest.fixture(scope="session")
def hardened(boot: Callable[..., Host]) -> Host:
    """Debian 12 after a careful administrator."""
    host = boot("hardened")
    host.run(HARDEN.read_text())
    return host


@pytest.fixture(scope="session")
def busybox(lab: Lab) -> Host:
    """Busybox and dropbear, nothing else."""
    try:
        return lab.boot_busybox("busybox")
    except NoRootError as error:
        give_up(str(error))
        raise


@pytest.fixture(scope="session")
def hostile(lab: Lab) -> dict[str, str]:
    """Servers that behave badly: their names by behaviour."""
    behaviours = (*ANSWERS, *CONNECTIONS, *REFUSALS)
    lab.start_hostile(behaviours)
    return {behaviour: behaviour.replace("_", "-") for behaviour in behaviours}


@pytest.fixture(scope="session")
def scanner(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Scanner:
    """Runs `secscan scan` in the lab."""
    return Scanner(lab, tmp_path_factory.mktemp("scans"))
