"""The Python API: the functions that the command line uses, under secscan's own name."""

from __future__ import annotations

from pathlib import Path

import pytest

import secscan


def test_every_name_of_the_api_is_there():
    for name in secscan.__all__:
        assert getattr(secscan, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'scann'"):
        secscan.scann  # noqa: B018 - the look-up is the test


def test_the_example_of_the_package_runs(tmp_path: Path):
    (tmp_path / "small.yaml").write_text("id: small\ntitle: Small\nrequirements:\n  UNC-IS-07: [kernel_addresses_randomised]\n")
    engine = secscan.load_engine("small", baseline_folders=[tmp_path])
    target = secscan.parse_target("local")
    assessment, bundle = secscan.scan(engine, target)
    assert assessment.host.name == "local"
    assert bundle is not None
    assert secscan.evaluate(engine, bundle).results == assessment.results
    assert secscan.collect(engine, target).origin.target == "local"
