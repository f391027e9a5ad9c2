"""Which private keys more than one host has: told by the digests of their public halves, for keys never leave a host."""

from __future__ import annotations

from secscan.model.probe import Attribute, Call
from secscan.model.values import Type
from secscan.syntax.told import derived_probe

PROBE = derived_probe(
    name="fleet_keys",
    summary="The private keys of all hosts, and which hosts have the same",
    about="organization",
    needs=(Call.of("ssh_host_key", {}), Call.of("certificate_file", {})),
    attributes=(
        Attribute("hosts", Type.INTEGER, "how many hosts are declared or were read"),
        Attribute(
            "keys", Type.RECORDS, "one record per key, and one for each that could not be looked at",
            (
                Attribute("kind", Type.TEXT, "SSH host key or certificate key"),
                Attribute("fingerprint", Type.TEXT, "digest of its public half"),
                Attribute("hosts", Type.LIST, "the hosts that have it"),
                Attribute("count", Type.INTEGER, "how many hosts have it"),
                Attribute("paths", Type.LIST, "where, as HOST:PATH"),
            ),
        ),
    ),
    example={
        "hosts": 2,
        "keys": [
            {
                "kind": "SSH host key", "fingerprint": "SHA256:zZbq", "hosts": ["db1"], "count": 1,
                "paths": ["db1:/etc/ssh/ssh_host_ed25519_key"],
            }
        ],
    },
)  # fmt: skip
