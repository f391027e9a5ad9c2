"""What secscan's own checks say of real servers: good ones pass, and each fault turns the check that is about it, and no other."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from peer_servers import NAME

from secscan import pipeline, places
from secscan.model.target import Target

MODERN = ("-cipher", "ECDHE+AESGCM")
TLS = [
    "tls_1_3_offered", "tls_broken_suites_refused", "tls_certificates_not_self_signed", "tls_certificates_renewed_in_time",
    "tls_certificates_valid", "tls_chains_trusted", "tls_diffie_hellman_long", "tls_forward_secret", "tls_keys_long_enough",
    "tls_lifetimes_limited", "tls_names_match", "tls_old_versions_refused", "tls_renegotiation_safe", "tls_revocation_checkable",
    "tls_signatures_modern", "tls_ssl_refused",
]  # fmt: skip
ALWAYS = {"tls_revocation_checkable"}  # the authority of the tests names no responder


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Engine:
    """The checks of TLS alone, so that a test takes a moment only."""
    folder = tmp_path_factory.mktemp("content")
    (folder / "seen.yaml").write_text(f"id: seen\ntitle: Seen\nrequirements:\n  UNC-PK-04: [{', '.join(TLS)}]\n")
    return pipeline.load_engine("seen", baseline_folders=(folder,), cache=tmp_path_factory.mktemp("cache"))


def outcomes(engine: pipeline.Engine, port: int, authority: str, name: str = NAME) -> dict[str, str]:
    """The outcome of each check for the server on a port."""
    parameters: dict[str, dict[str, object]] = {check: {"endpoints": [f"{name}:{port}"]} for check in TLS}
    parameters["tls_chains_trusted"]["authorities"] = authority
    assessment, bundle = pipeline.scan(engine, Target("here", "local", parameters=parameters))
    assert bundle is not None
    again = pipeline.evaluate(engine, bundle, Target("here", "local", parameters=parameters))
    assert again.results == assessment.results
    return {result.check: result.outcome.value for result in assessment.results}


def failing(found: dict[str, str]) -> set[str]:
    assert set(found.values()) <= {"pass", "fail"}, found
    return {check for check, outcome in found.items() if outcome == "fail"}


def test_a_good_server_fails_nothing_but_what_its_authority_leaves_out(engine, authority, tls_server):
    certified = authority.issue()
    assert failing(outcomes(engine, tls_server(certified, *MODERN), str(certified.authority))) == ALWAYS


ANONYMOUS = ("-cipher", "AECDH:ECDHE+AESGCM:@SECLEVEL=0", "-no_tls1", "-no_tls1_1")
OLD = {"tls_1_3_offered", "tls_old_versions_refused", "tls_broken_suites_refused"}
FAULTS = [
    pytest.param({"days": (-30, -1)}, MODERN, {"tls_certificates_valid", "tls_certificates_renewed_in_time"}, id="expired"),
    pytest.param({"days": (1, 60)}, MODERN, {"tls_certificates_valid"}, id="not-yet-valid"),
    pytest.param({"days": (-40, 5)}, MODERN, {"tls_certificates_renewed_in_time"}, id="expires-soon"),
    pytest.param({"days": (-1, 1000)}, MODERN, {"tls_lifetimes_limited"}, id="lives-too-long"),
    pytest.param({"own": True}, MODERN, {"tls_certificates_not_self_signed", "tls_chains_trusted"}, id="self-signed"),
    pytest.param({"name": "other.example.org"}, MODERN, {"tls_names_match"}, id="another-name"),
    pytest.param({"bits": 1024}, ("-cipher", "ECDHE+AESGCM:@SECLEVEL=0"), {"tls_keys_long_enough"}, id="short-key"),
    pytest.param({"bits": 2048}, ("-cipher", "AESGCM"), {"tls_forward_secret"}, id="no-forward-secrecy"),
    pytest.param({}, (*MODERN, "-tls1_2"), {"tls_1_3_offered"}, id="no-tls-1.3"),
    pytest.param({}, ("-tls1", "-cipher", "ECDHE:@SECLEVEL=0"), OLD, id="tls-1.0"),
    pytest.param({}, ANONYMOUS, {"tls_broken_suites_refused", "tls_forward_secret"}, id="without-proof"),
]


@pytest.mark.parametrize(("made", "words", "expected"), FAULTS)
def test_each_fault_turns_the_checks_that_are_about_it_and_no_other(engine, authority, tls_server, made, words, expected):
    made = dict(made)
    bits = made.pop("bits", 0)
    certified = authority.issue(**made, key=rsa.generate_private_key(65537, bits) if bits else None)
    assert failing(outcomes(engine, tls_server(certified, *words), str(certified.authority))) == expected | ALWAYS


def test_where_nothing_listens_nothing_is_judged(engine, authority):
    closed = outcomes(engine, 1, str(authority.folder / "authority.pem"))
    assert set(closed.values()) == {"not_applicable"}


def test_every_check_of_tls_is_proven_here():
    assert sorted(TLS) == sorted(path.stem for path in (places.checks() / "tls").glob("*.yaml"))
