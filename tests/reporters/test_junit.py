"""JUnit as Jenkins reads it. junit-10.xsd is Jenkins' own (MIT licence, in the file)."""

from pathlib import Path

import pytest
import samples
import xmlschema
from junitparser import Error, Failure, JUnitXml, Skipped

from secscan.assessments import to_document
from secscan.reporters.junit import render

SCENES = {
    "one host": samples.one_host,
    "twelve hosts": samples.twelve_hosts,
    "hostile host": lambda: [to_document(samples.hostile())],
    "nothing judged": lambda: [to_document(samples.nothing_judged())],
    "no host": list,
}


@pytest.fixture(scope="module")
def schema():
    return xmlschema.XMLSchema(Path(__file__).parent / "junit-10.xsd")


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_the_document_is_valid_for_jenkins(scene, schema):
    schema.validate("".join(render(scene())))


@pytest.fixture
def suite():
    return next(iter(JUnitXml.fromstring("".join(render(samples.one_host())).encode())))


def test_fail_is_a_failure_error_an_error_and_the_rest_skipped(suite):
    kinds = {case.name.split("(")[1].rstrip(")"): type(case.result[0]) if case.result else None for case in suite}
    assert kinds["sshd_root_login_disabled"] is Failure
    assert kinds["shadow_hashes_strong"] is Error
    assert kinds["backup_restore_tested"] is Skipped
    assert kinds["grub_password_set"] is Skipped
    assert kinds["journal_survives_reboot"] is None


def test_the_counts_are_those_of_the_cases(suite):
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (12, 5, 1, 2)


def test_a_waived_failure_is_a_failure_that_says_so(suite):
    waived = next(case for case in suite if "security_updates_installed" in case.name)
    assert isinstance(waived.result[0], Failure)
    assert "Decided: waived" in waived.result[0].text


def test_an_unreachable_host_is_one_error_and_not_one_per_check():
    suites = JUnitXml.fromstring("".join(render([to_document(samples.unreachable("lost", "no route to host"))])).encode())
    (case,) = next(iter(suites))
    assert isinstance(case.result[0], Error)
    assert case.result[0].message == "no route to host"
