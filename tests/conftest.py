"""What holds for every test here."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

LAB = Path(__file__).with_name("lab")

# A busy machine proves nothing about the code, so nothing has a deadline. The same examples for everybody: a red run is about
# the change it tests. `make search` looks for others, and what it finds gets a case of its own.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=4000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")

_data = tempfile.TemporaryDirectory(prefix="secscan-tests-")  # kept until the interpreter ends
os.environ["LC_ALL"] = "C.UTF-8"  # commands speak English here, whatever the locale of the person who runs the tests
os.environ["XDG_DATA_HOME"] = _data.name  # no test touches what the person who runs it has remembered


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side (`-n`) the lab goes first: it takes longest."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LAB not in item.path.parents)


class OneLab(LoadScopeScheduling):
    """Side by side the tests of a module share a worker, and so do all of the lab, for there is one."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return "lab" if Path(module).parts[:2] == ("tests", "lab") else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneLab:
    """Who runs what."""
    return OneLab(config, log)
