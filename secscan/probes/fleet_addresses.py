"""Addresses that hosts take over from each other, and how many of them hold each one at the moment."""

from __future__ import annotations

from secscan.model.probe import Attribute, Call
from secscan.model.values import Type
from secscan.syntax.told import derived_probe

PROBE = derived_probe(
    name="fleet_addresses",
    summary="Addresses that several hosts share by keepalived, and which hosts hold them",
    about="organization",
    needs=(Call.of("keepalived", {}),),
    attributes=(
        Attribute("hosts", Type.INTEGER, "how many hosts are declared or were read"),
        Attribute(
            "addresses", Type.RECORDS, "one record per address, and one for each host that could not be looked at",
            (
                Attribute("address", Type.TEXT, "the address"),
                Attribute("members", Type.LIST, "the hosts that may hold it"),
                Attribute("member_count", Type.INTEGER, "how many hosts may hold it"),
                Attribute("holders", Type.LIST, "the hosts that hold it"),
                Attribute("holder_count", Type.INTEGER, "how many hosts hold it"),
            ),
        ),
    ),
    example={
        "hosts": 2,
        "addresses": [
            {
                "address": "192.0.2.10", "members": ["lb1", "lb2"], "member_count": 2, "holders": ["lb1"], "holder_count": 1,
            }
        ],
    },
)  # fmt: skip
