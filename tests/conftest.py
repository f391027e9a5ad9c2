"""What holds for every test here."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

LAB = Path(__file__).with_name("lab")

settings.register_profile("patient", deadline=None)  # a machine that is busy with other things proves nothing about the code
settings.load_profile("patient")

_data = tempfile.TemporaryDirectory(prefix="secscan-tests-")  # kept until the interpreter ends
os.environ["LC_ALL"] = "C.UTF-8"  # commands speak English here, whatever the locale of the person who runs the tests
os.environ["XDG_DATA_HOME"] = _data.name  # no test touches what the person who runs it has remembered


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side (`-n`) the tests of a module share a worker. So does the whole lab, for there is one, and it goes first."""
    if not hasattr(config, "workerinput"):
        return
    items.sort(key=lambda item: LAB not in item.path.parents)
    for item in items:
        item.add_marker(pytest.mark.xdist_group("lab" if LAB in item.path.parents else str(item.path)))
