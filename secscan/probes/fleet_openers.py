"""Which keys open root on which hosts over SSH: what one stolen key would be worth."""

from __future__ import annotations

from secscan.model.probe import Attribute, Call
from secscan.model.values import Type
from secscan.syntax.told import derived_probe

PROBE = derived_probe(
    name="fleet_openers",
    summary="The SSH keys that open root, over all hosts",
    about="organization",
    needs=(Call.of("authorized_keys", {}),),
    attributes=(
        Attribute("hosts", Type.INTEGER, "how many hosts are declared or were read"),
        Attribute(
            "keys", Type.RECORDS, "one record per key, and one for each host that could not be looked at",
            (
                Attribute("fingerprint", Type.TEXT, "SHA256:... of the public key"),
                Attribute("opens", Type.LIST, "the hosts where it opens an account with user id 0"),
                Attribute("count", Type.INTEGER, "how many hosts"),
                Attribute("restricted", Type.BOOLEAN, "every entry limits it to addresses or one command"),
            ),
        ),
    ),
    example={
        "hosts": 2,
        "keys": [{"fingerprint": "SHA256:uGJ3", "opens": ["db1", "web1"], "count": 2, "restricted": True}],
    },
)  # fmt: skip
