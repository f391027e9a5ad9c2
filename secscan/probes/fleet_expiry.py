"""Everything that ends by itself, over all hosts and in what people have decided: one calendar."""

from __future__ import annotations

from secscan.model.probe import Attribute, Call
from secscan.model.values import Type
from secscan.syntax.told import derived_probe

PROBE = derived_probe(
    name="fleet_expiry",
    summary="Everything that ends by itself, over all hosts: certificates, CRLs, signing keys, signatures, statements, waivers",
    about="organization",
    needs=(Call.of("certificate_file", {}), Call.of("signing_keys", {})),
    attributes=(
        Attribute("hosts", Type.INTEGER, "how many hosts are declared or were read"),
        Attribute(
            "ending", Type.RECORDS, "one record for each thing, the earliest first; before them what could not be looked at",
            (
                Attribute("kind", Type.TEXT, "certificate, CRL, signing key, DNSSEC signature, statement or waiver"),
                Attribute(
                    "name", Type.TEXT,
                    "whom a certificate or a key names, who issued a CRL, a domain, the check of a statement, the id of a waiver",
                ),
                Attribute("place", Type.TEXT, "the hosts and files where it is, the id of a statement, the file of a waiver"),
                Attribute("ends", Type.TIMESTAMP, "when it ends"),
            ),
        ),
    ),
    example={
        "hosts": 1,
        "ending": [
            {"kind": "certificate", "name": "CN=erp.example.org", "place": "web1:/etc/nginx/ssl/erp.crt", "ends": 1798761600}
        ],
    },
)  # fmt: skip
