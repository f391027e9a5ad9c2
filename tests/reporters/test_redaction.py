"""A redacted report tells nobody who, where and what exactly, in any format, and says that it is redacted."""

from __future__ import annotations

import copy
import itertools
import json
import re
from typing import Any

import decided
import pytest
import samples

from secscan import plugins
from secscan.assessments import to_document, validate_document
from secscan.model.assessment import ATTESTATION
from secscan.pseudonyms import choose_pseudonyms
from secscan.redaction import Published, redact, redact_in_order
from secscan.wording import ENGLISH

KEY = b"0123456789abcdef"
FORMATS = plugins.reporter_names()
PLANTED = {
    "name": "vault-gva-7.corp.example",
    "hostname": "gva7vault",
    "site": "Palais des Nations",
    "organization": "Universal Postal Bureau",
    "IPv4": "203.0.113.77",
    "IPv6": "2001:db8:4711::beef",
    "MAC": "52:54:00:c0:ff:ee",
    "user": "jdoe_admin",
    "secret": "hunter2-canary",
    "person": "Ms Canary Owner",
}
"""What must not be found again."""
ALL = " ".join(PLANTED.values())
PUBLISHED = Published(
    frozenset(check.sha256 for check in samples.CHECKS.values() if check.sha256),
    frozenset(
        {
            "ssh",
            "accounts",
            *itertools.chain.from_iterable((r.title, r.source, r.not_automated) for r in samples.REQUIREMENTS.values()),
        }
    ),
)
KEPT = {"format", "outcome", "severity", "disposition", "standing", "state", "matcher", "sha256", "content_sha256", "fingerprint",
        "script_sha256", "bundle_sha256", "stdout_sha256", "started_at", "finished_at", "starts_at", "expires_at", "performed_at",
        "valid_until", "transport", "result"}  # fmt: skip
"""Fields whose values the schema limits so that no text fits in."""


def plain(number: int = 0) -> dict[str, Any]:
    document = to_document(samples.assessment(samples.host(f"host{number}.example")))
    for result in document["results"]:
        result["subject"] = f"host{number}.example"
    return document


def planted() -> dict[str, Any]:
    """A document with every planted text in every place that takes a text."""
    document = copy.deepcopy(plain())
    document["attestations"] = {
        "A-1": {
            "id": "A-1", "statement": "it is so", "scope": "field office", "result": "pass", "owner": "x", "approver": "y",
            "performed_at": "2026-01-01T00:00:00.000Z", "valid_until": "2027-01-01T00:00:00.000Z", "answers": {"a": "b"},
            "metrics": {"minutes": 5}, "open_actions": 1,
            "evidence": [{"file": "a.pdf", "sha256": "", "state": "kept", "locations": ["safe"]}],
        }
    }  # fmt: skip
    document["results"][0] |= {"attestation": "A-1", "standing": "holds"}
    document["provenance"] |= {"run": "night", "origin": {"tool": "other", "format": "arf", "sha256": "1" * 64}}
    document["problems"] = ["slow"]
    document["unreachable"] = "timed out"
    planted = _plant(document, "")
    for number, requirement in enumerate(planted["requirements"].values()):
        requirement["not_automated"] = ALL if number else ""
    for text in planted["checks"].values():
        text["sha256"] = ""
    validate_document(planted, "planted")
    return planted


FREE = {"labels", "parameters", "arguments", "observation", "item", "answers", "metrics", "waivers", "attestations", "checks",
        "requirements", "references", "expected", "actual"}  # fmt: skip
"""Fields whose keys are not of the schema."""


def _named(text: str) -> str:
    return f"{text} {ALL}"


def _plant(value: Any, field: str) -> Any:
    if isinstance(value, dict):
        free = field in FREE
        return {(_named(key) if free else key): _plant(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_plant(each, field) for each in value]
    if isinstance(value, str) and field not in KEPT and (value or field not in {"waiver", "attestation"}):
        return _named(value)
    return value


def redacted(*documents: dict[str, Any], key: bytes = KEY, lasting: bool = False) -> list[dict[str, Any]]:
    pseudonyms = choose_pseudonyms(documents, key, lasting=lasting)
    return list(redact_in_order([lambda each=each: each for each in documents], pseudonyms, PUBLISHED))


def told(text: str) -> set[str]:
    return {name for name, plant in PLANTED.items() if plant.casefold() in text.casefold()}


def written(name: str, documents: list[dict[str, Any]]) -> str:
    reporter = plugins.reporter(name)
    if reporter.files:
        return "".join(path + "".join(pieces) for path, pieces in reporter.files(iter(documents), ENGLISH))
    return "".join(reporter.write(iter(documents), ENGLISH))


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_planted_is_found_in_a_redacted_report(name):
    document = planted()
    assert told(written(name, [document])) or name in {"nagios", "prometheus"}, "what is never shown proves nothing"
    for documents in (
        [document],
        [document, plain(1)],
        [document | {"unreachable": ""}, plain(1)],
        [document | {"unreachable": ""}],
    ):
        text = written(name, redacted(*documents))
        assert told(text) == set()
        assert "redacted" in text.lower()


def test_a_redacted_document_is_a_document():
    for document in (planted(), plain(), decided.document(), to_document(samples.unreachable("a", "10.0.0.1: refused"))):
        for each in redacted(document):
            validate_document(each, "redacted")
            assert each["provenance"]["redacted"] is True


def test_what_ships_with_secscan_and_every_count_stays():
    before, (after,) = plain(), redacted(plain())
    assert after["tally"] == before["tally"]
    told = ("check", "outcome", "severity", "requirements", "findings_total", "examined", "disposition")
    assert [[each[key] for key in told] for each in after["results"]] == [[each[key] for key in told] for each in before["results"]]
    assert after["checks"].keys() == before["checks"].keys()
    assert after["requirements"] == before["requirements"]


def test_texts_of_an_organizations_own_checks_are_left_out_and_their_identifiers_stay():
    document = plain()
    for text in document["checks"].values():
        text["sha256"] = "0" * 64
    (after,) = redacted(document)
    assert {text["title"] for text in after["checks"].values()} == set(document["checks"])
    assert {text["remedy"] for text in after["checks"].values()} == {""}


def test_an_identifier_with_a_name_in_it_gets_a_pseudonym():
    document = plain()
    old = next(iter(document["checks"]))
    document["checks"]["host0_is_up"] = document["checks"].pop(old) | {"id": "host0_is_up", "sha256": ""}
    for result in document["results"]:
        result["check"] = "host0_is_up" if result["check"] == old else result["check"]
    (after,) = redacted(document)
    assert [name for name in after["checks"] if "host0" in name] == []
    assert [name for name in after["checks"] if re.fullmatch(r"check-\d\d", name)]


@pytest.mark.parametrize(
    "identifier",
    [
        "vault_gva_7_is_up",  # the host, its words joined as identifiers are
        "vaultgva7_is_up",
        "vpn_to_upb_encrypted",  # a part of the domain
        "palais_des_nations_gate_closed",
        "ms_canary_owner_laptop_locked",
        "reaches_203_0_113_77",
        "reaches_2001_db8_4711_beef",
        "db_7_is_up",  # short
    ],
)
def test_a_name_in_an_identifier_is_found_however_its_words_are_joined(identifier):
    document = plain() | {
        "host": plain()["host"] | {"name": "Vault-GVA-7.upb.example.org", "site": PLANTED["site"], "hostname": "db-7"}
    }
    document["host"] |= {"address": PLANTED["IPv6"], "labels": {"owner": PLANTED["person"]}}
    pseudonyms = choose_pseudonyms([document], KEY, lasting=False)
    assert pseudonyms.betrayed_by(identifier)
    assert not any(map(pseudonyms.betrayed_by, ("backup_taken_daily", "gate_closed", "org_chart_kept", "port_7_closed")))


def test_values_are_told_by_their_kind():
    (after,) = redacted(plain())
    found = [finding for result in after["results"] for finding in result["findings"]]
    told = {json.dumps(finding[side]) for finding in found for side in ("expected", "actual")}
    assert found
    assert told <= {'"(text)"', '"(number)"', '"(list)"', '"(record)"', '"(nothing)"', '"(yes or no)"', '{"absent": ""}',
                    '{"unobservable": "left out"}'}  # fmt: skip
    assert after["proofs"] == []


def test_a_host_is_called_the_same_throughout_a_report_and_otherwise_in_the_next():
    documents = [plain(number) for number in range(12)]
    documents[3]["results"][0]["subject"] = "host5.example"
    pseudonyms = choose_pseudonyms(documents, KEY, lasting=False)
    one, other = (redact(documents[number], pseudonyms, PUBLISHED) for number in (3, 5))
    assert one["results"][0]["subject"] == other["host"]["name"]
    assert one["results"][1]["subject"] == one["host"]["name"]
    again = choose_pseudonyms(documents, b"another key of the next report", lasting=False)
    assert again.names != pseudonyms.names
    assert sorted(name for (kind, _), name in again.names.items() if kind == "host") == [f"host-{n:02}" for n in range(1, 13)]


def test_a_key_makes_pseudonyms_that_last_whatever_else_is_in_the_report():
    few, many = (choose_pseudonyms([plain(n) for n in range(count)], KEY, lasting=True) for count in (1, 5))
    assert few.of("host", "host0.example") == many.of("host", "host0.example")
    assert choose_pseudonyms([plain()], b"another", lasting=True).of("host", "host0.example") != few.of("host", "host0.example")


def test_the_order_of_hosts_does_not_tell_the_order_of_their_names():
    documents = [plain(number) for number in range(20)]
    assert [each["host"]["name"] for each in redacted(*documents)] == [f"host-{number:02}" for number in range(1, 21)]
    pseudonyms = choose_pseudonyms(documents, KEY, lasting=False)
    assert [pseudonyms.of("host", f"host{number}.example") for number in range(20)] != [f"host-{n:02}" for n in range(1, 21)]


def test_the_organization_is_called_so():
    document = plain()
    document["host"] |= {"name": PLANTED["organization"], "transport": ATTESTATION}
    (after,) = redacted(document)
    assert after["host"]["name"] == "organization-01"
